"""Tasks keep whom their direction named, also when they are handed on to who follows."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply; of tasks that were handed on before, the log alone knows."""
    op.add_column("task", sa.Column("first_named", sa.Text(), nullable=False, server_default=""))
    op.alter_column("task", "first_named", server_default=None)


def downgrade() -> None:
    """Apply the reverse."""
    op.drop_column("task", "first_named")
