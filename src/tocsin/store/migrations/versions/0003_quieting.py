"""Causes that keep other alerts quiet, and urgency by the hour."""

import sqlalchemy as sa
from alembic import op

from tocsin.store.columns import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables and columns; what an older database holds stays as it is."""
    op.add_column("groups", sa.Column("urgency_until", Instant(), nullable=True))
    op.add_column("groups", sa.Column("inhibits", sa.Boolean(), server_default=sa.false(), nullable=False))
