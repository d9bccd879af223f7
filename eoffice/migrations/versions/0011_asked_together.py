"""Who is asked in one go waits for the others of it alone; a form that is sent again makes one draft; progress of tasks
and corrections of registered documents are kept."""

import sqlalchemy as sa
from alembic import op

from eoffice.core.db import UtcDateTime

revision = "0011"
down_revision = "0010"


_BEFORE = (
    "draft", "approval", "form_check", "signature", "numbering", "sealing", "issuing", "issued", "sent_back", "void",
    "permission", "refused",
)  # fmt: skip


def _states(*states: str) -> None:
    """What an outgoing document can be."""
    op.drop_constraint("ck_outgoing_document_state", "outgoing_document")
    op.create_check_constraint("state", "outgoing_document", sa.column("state").in_(states))


def upgrade() -> None:
    """Apply; what was asked before stays in one row, as it was answered until now."""
    op.drop_constraint("ck_dossier_retention", "dossier")
    op.create_check_constraint(
        "retention", "dossier", sa.column("retention").in_([f"{n:02}" for n in range(1, 8)])
    )
    op.add_column("dossier", sa.Column("other_years", sa.Integer()))
    _states(*_BEFORE, "discarded")
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
    """Apply the reverse; a draft that was given up is one again."""
    op.execute("UPDATE outgoing_document SET state = 'draft' WHERE state = 'discarded'")
    _states(*_BEFORE)
    # the longer term of the list, so that nothing is destroyed before its time
    longer = "CASE WHEN other_years <= 10 THEN '06' WHEN other_years <= 20 THEN '05' WHEN other_years <= 30 THEN '04'"
    longer += " WHEN other_years <= 50 THEN '03' ELSE '02' END"
    op.execute(f"UPDATE dossier SET retention = {longer} WHERE retention = '07'")  # noqa: S608 - our own words
    op.drop_constraint("ck_dossier_retention", "dossier")
    op.create_check_constraint(
        "retention", "dossier", sa.column("retention").in_([f"{n:02}" for n in range(1, 7)])
    )
    op.drop_column("dossier", "other_years")
    op.drop_column("register_entry", "note")
    op.drop_column("task", "progress_at")
    op.drop_column("task", "progress")
    op.drop_index("uq_outgoing_document_form_key", "outgoing_document")
    op.drop_column("outgoing_document", "form_key")
    op.drop_column("consultation", "series")
