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
    """Apply the reverse."""
    for name in ("dropped_why", "dropped_by", "dropped_at"):
        op.drop_column("destruction", name)
