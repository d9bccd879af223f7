"""A list of destruction can be refused or taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply."""
    op.add_column("destruction", sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True))
    for name, kind in (("dropped_by", sa.Text()), ("dropped_why", sa.String(500))):
        op.add_column("destruction", sa.Column(name, kind, nullable=False, server_default=""))
        op.alter_column("destruction", name, server_default=None)


def downgrade() -> None:
    """Apply the reverse; a list that was dropped would be carried out by a program that knows nothing of that."""
    dropped = "SELECT id FROM destruction WHERE dropped_at IS NOT NULL"
    op.execute(f"DELETE FROM destruction_item WHERE destruction_id IN ({dropped})")  # noqa: S608 - no words from outside
    op.execute("DELETE FROM destruction WHERE dropped_at IS NOT NULL")
    for name in ("dropped_why", "dropped_by", "dropped_at"):
        op.drop_column("destruction", name)
