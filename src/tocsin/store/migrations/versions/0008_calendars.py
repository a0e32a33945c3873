"""What somebody else's calendar says of a schedule."""

import sqlalchemy as sa
from alembic import op

from tocsin.store.columns import Instant, Json

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, empty."""
    op.create_table(
        "schedule_calendars",
        sa.Column("schedule_id", sa.Text(), nullable=False),
        sa.Column("url_hash", sa.Text(), nullable=False),
        sa.Column("tried_at", Instant(), nullable=True),
        sa.Column("fetched_at", Instant(), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("modified", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("problems", Json(), nullable=False),
        sa.Column("shifts", Json(), nullable=False),
        sa.PrimaryKeyConstraint("schedule_id", name=op.f("pk_schedule_calendars")),
    )
