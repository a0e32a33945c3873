"""Alerts that others than their senders call over, and how often a group opened lately."""

import sqlalchemy as sa
from alembic import op

from tocsin.store.columns import Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, empty: until now only senders said that something is over."""
    op.add_column("alerts", sa.Column("resolved_by", sa.Text(), nullable=True))
    op.add_column("groups", sa.Column("resolve_seconds", sa.Integer(), nullable=True))
    op.add_column("groups", sa.Column("resolve_due", Instant(), nullable=True))
    op.add_column("groups", sa.Column("resolved_by", sa.Text(), nullable=True))
    op.create_index("ix_groups_key", "groups", ["route", "key", "opened_at"])
