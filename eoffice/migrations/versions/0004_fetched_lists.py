"""Lists of revoked certificates that were fetched, for all machines."""

import sqlalchemy as sa
from alembic import op

import eoffice.core.db

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply; the next fetch fills it."""
    op.create_table(
        "fetched_list",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("fetched_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_fetched_list")),
    )


def downgrade() -> None:
    """Apply the reverse."""
    op.drop_table("fetched_list")
