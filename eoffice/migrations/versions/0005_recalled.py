"""That an outgoing document was recalled stands in its row, for lists, books and whoever wants to copy it."""

import sqlalchemy as sa
from alembic import op

import eoffice.core.db

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply; what was recalled before is known by the packet that told of it."""
    op.add_column(
        "outgoing_document",
        sa.Column("recalled_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
    )
    op.execute(
        "UPDATE outgoing_document AS d SET recalled_at = r.at FROM (SELECT document_id, min(created_at) AS at"
        " FROM dispatch WHERE business = 'recall' GROUP BY document_id) AS r WHERE r.document_id = d.id"
    )


def downgrade() -> None:
    """Apply the reverse."""
    op.drop_column("outgoing_document", "recalled_at")
