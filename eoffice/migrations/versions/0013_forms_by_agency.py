"""What makes a form's draft one stands under its agency, as every unique constraint does."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_NAME, _TABLE = "uq_outgoing_document_form_key", "outgoing_document"


def _change(*columns: str) -> None:
    op.drop_index(_NAME, _TABLE)
    op.create_index(
        _NAME, _TABLE, list(columns), unique=True, postgresql_where=sa.text("form_key IS NOT NULL")
    )


def upgrade() -> None:
    """Apply."""
    _change("agency_id", "form_key")


def downgrade() -> None:
    """Apply the reverse."""
    _change("form_key")
