"""A line of the register of sealed envelopes says what was corrected in it, or that it is void."""

import sqlalchemy as sa
from alembic import op

import eoffice.core.db

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply; every line stands as it was entered."""
    op.add_column(
        "envelope", sa.Column("voided_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True)
    )
    op.add_column("envelope", sa.Column("note", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    """Apply the reverse; void lines stand as if they held, what was corrected is known to the log alone."""
    op.drop_column("envelope", "note")
    op.drop_column("envelope", "voided_at")
