"""Units that are closed: kept for what was done under their names, offered no more."""

import sqlalchemy as sa
from alembic import op

import eoffice.core.db

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply; every unit is open."""
    op.add_column("unit", sa.Column("closed_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Apply the reverse; closed units are open again."""
    op.drop_column("unit", "closed_at")
