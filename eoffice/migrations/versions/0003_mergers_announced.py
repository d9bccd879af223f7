"""Mergers are told to the axis once they have been rehearsed; those planned before were told at once."""

import sqlalchemy as sa
from alembic import op

import eoffice.core.db

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "merger", sa.Column("announced_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True)
    )
    op.execute("UPDATE merger SET announced_at = planned_at")


def downgrade() -> None:
    """Apply the reverse."""
    op.drop_column("merger", "announced_at")
