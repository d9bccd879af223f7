"""A mission knows the letter that reports it; what makes a form's draft one stands under its agency, as every unique
constraint does.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_FORM, _DRAFTS = "uq_outgoing_document_form_key", "outgoing_document"


def _change(*columns: str) -> None:
    op.drop_index(_FORM, _DRAFTS)
    op.create_index(
        _FORM, _DRAFTS, list(columns), unique=True, postgresql_where=sa.text("form_key IS NOT NULL")
    )


def upgrade() -> None:
    """Apply."""
    _change("agency_id", "form_key")
    op.add_column("mission", sa.Column("letter_id", sa.Integer(), sa.ForeignKey("document.id")))
    op.create_index(
        "ix_mission_letter", "mission", ["letter_id"], postgresql_where=sa.text("letter_id IS NOT NULL")
    )


def downgrade() -> None:
    """Apply the reverse."""
    op.drop_index("ix_mission_letter", "mission")
    op.drop_column("mission", "letter_id")
    _change("form_key")
