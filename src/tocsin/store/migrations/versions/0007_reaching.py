"""What browsers subscribed to, and further ways to reach people."""

import sqlalchemy as sa  # noqa: F401
from alembic import op  # noqa: F401

from tocsin.store.columns import Instant, Json  # noqa: F401

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables and columns; what an older database holds stays as it is."""
