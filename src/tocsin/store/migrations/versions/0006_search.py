"""Segments, postings and what changed since, by which old alerts are found."""

import sqlalchemy as sa
from alembic import op

from tocsin.store.columns import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, empty: what an older database holds is indexed once it is served."""
    op.create_table(
        "alert_segments",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("after_at", Instant(), nullable=False),
        sa.Column("after_id", sa.Text(), nullable=False),
        sa.Column("to_at", Instant(), nullable=False),
        sa.Column("to_id", sa.Text(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("filled_at", Instant(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("ids", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_segments")),
    )
    op.create_index("uq_alert_segments_after", "alert_segments", ["after_at", "after_id"], unique=True)
    op.create_table(
        "alert_postings",
        sa.Column("segment", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("segment", "bucket", name=op.f("pk_alert_postings")),
    )
    op.create_table(
        "changed_alerts",
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_changed_alerts")),
    )
    op.create_index("ix_changed_alerts_received_at", "changed_alerts", ["received_at"])
