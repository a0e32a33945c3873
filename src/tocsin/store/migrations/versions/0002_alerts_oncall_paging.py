"""On call, alerts and paging in full: what the foundation's tables did not hold yet."""

import sqlalchemy as sa
from alembic import op

from tocsin.store.columns import Instant, Json  # noqa: F401

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables and columns; what an older database holds stays as it is."""
    op.drop_index("uq_alerts_open", "alerts")
    op.drop_index("ix_alerts_episodes", "alerts")
    place = sa.text("(CASE WHEN (state = 'firing') THEN '' ELSE id END)")
    op.create_index("uq_alerts_episodes", "alerts", ["integration_id", "dedup_key", place], unique=True)
