"""Where documents lay before a merger moved them, whose register their numbers stand in, what closed registers said;
what waits for a signature by who is to give it.
"""

import sqlalchemy as sa
from alembic import op

from eoffice.core.db import UtcDateTime

revision = "0015"
down_revision = "0014"

#: the log says of each document that it was moved, the plan from where: both were written in one transaction, the plan
#: last
MOVED = """
INSERT INTO document_move (agency_id, document_id, at)
SELECT plan.agency_id, entry.object_id, entry.at
FROM audit_entry entry
JOIN document ON document.id = entry.object_id
CROSS JOIN LATERAL (
    SELECT merger.agency_id FROM merger WHERE merger.done_at >= entry.at ORDER BY merger.done_at LIMIT 1
) plan
WHERE entry.action = 'documents.moved' AND entry.object_type IN ('IncomingDocument', 'OutgoingDocument')
ORDER BY entry.id
"""
NAMED = """
UPDATE document SET register_of = agency.name
FROM register_entry entry JOIN agency ON agency.id = entry.agency_id
WHERE entry.document_id = document.id AND entry.voided_at IS NULL AND entry.agency_id <> document.agency_id
"""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "document_move",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("agency_id", sa.Integer(), sa.ForeignKey("agency.id"), nullable=False),
        sa.Column("document_id", sa.Integer(), sa.ForeignKey("document.id"), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_document_move_agency_id", "document_move", ["agency_id"])
    op.create_index("ix_document_move_document_id", "document_move", ["document_id"])
    op.add_column(
        "document", sa.Column("register_of", sa.String(length=200), server_default="", nullable=False)
    )
    op.create_table(
        "book_lines",
        sa.Column("register_id", sa.Integer(), sa.ForeignKey("register.id"), primary_key=True),
        sa.Column("agency_id", sa.Integer(), sa.ForeignKey("agency.id"), nullable=False),
        sa.Column("volumes", sa.JSON(), nullable=False),
    )
    op.drop_index("ix_outgoing_document_lent", "outgoing_document")
    op.create_index(
        "ix_outgoing_document_to_sign", "outgoing_document", ["signer_id", "delegation_id"],
        postgresql_where=sa.text("state IN ('signature', 'permission')"),
    )  # fmt: skip
    op.execute(MOVED)
    op.execute(NAMED)


def downgrade() -> None:
    """Apply the reverse."""
    op.drop_index("ix_outgoing_document_to_sign", "outgoing_document")
    lent = sa.text("state IN ('signature', 'permission') AND delegation_id IS NOT NULL")
    op.create_index(
        "ix_outgoing_document_lent", "outgoing_document", ["delegation_id"], postgresql_where=lent
    )
    op.drop_table("book_lines")
    op.drop_column("document", "register_of")
    op.drop_table("document_move")
