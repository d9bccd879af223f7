"""Who is asked in one go waits for the others of it alone; a form that is sent again makes one draft; progress of tasks
and corrections of registered documents are kept."""

import sqlalchemy as sa
from alembic import op

from eoffice.core.db import UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply; what was asked before stays in one row, as it was answered until now."""
    op.add_column("consultation", sa.Column("series", sa.Integer(), nullable=False, server_default="1"))
    op.alter_column("consultation", "series", server_default=None)
    op.add_column("outgoing_document", sa.Column("form_key", sa.String(64)))
    op.add_column("task", sa.Column("progress", sa.Text(), nullable=False, server_default=""))
    op.alter_column("task", "progress", server_default=None)
    op.add_column("task", sa.Column("progress_at", UtcDateTime()))
    op.add_column("register_entry", sa.Column("note", sa.Text(), nullable=False, server_default=""))
    op.alter_column("register_entry", "note", server_default=None)
    op.create_index(
        "uq_outgoing_document_form_key", "outgoing_document", ["form_key"], unique=True,
        postgresql_where=sa.text("form_key IS NOT NULL"),
    )  # fmt: skip


def downgrade() -> None:
    """Apply the reverse."""
    op.drop_column("register_entry", "note")
    op.drop_column("task", "progress_at")
    op.drop_column("task", "progress")
    op.drop_index("uq_outgoing_document_form_key", "outgoing_document")
    op.drop_column("outgoing_document", "form_key")
    op.drop_column("consultation", "series")
