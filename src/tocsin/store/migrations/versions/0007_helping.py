"""Pages by which more people are asked to help."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the page for which help is asked; what an older database holds is none."""
    op.add_column("pages", sa.Column("helps_with", sa.Text(), nullable=True))
    op.create_index("ix_pages_helps_with", "pages", ["helps_with"])
