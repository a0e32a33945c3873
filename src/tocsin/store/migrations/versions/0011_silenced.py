"""How many alerts were silenced lately, without looking at those that were not."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index. It holds what is silenced alone, so that the other alerts cost nothing."""
    silenced = sa.text("silenced_by IS NOT NULL")
    op.create_index(
        "ix_alerts_silenced", "alerts", ["received_at"], sqlite_where=silenced, postgresql_where=silenced
    )
