"""What a packet speaks of, and what waits under an authority that ends, is found among however many."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply."""
    for table in ("document", "packet"):
        op.create_index(f"ix_{table}_uid", table, [sa.text("lower(document_uid)")])
        op.drop_index(f"ix_{table}_document_uid", table)
    op.create_index(
        "ix_packet_recall", "packet", ["sender_code"], postgresql_where=sa.text("business = 'recall'")
    )
    op.create_index("ix_arrival_sender", "arrival", ["agency_id", "sender_code"])
    op.drop_index("ix_arrival_agency_id", "arrival")
    waits = sa.text("state IN ('signature', 'permission') AND delegation_id IS NOT NULL")
    op.create_index(
        "ix_outgoing_document_lent", "outgoing_document", ["delegation_id"], postgresql_where=waits
    )


def downgrade() -> None:
    """Apply the reverse."""
    op.drop_index("ix_outgoing_document_lent", "outgoing_document")
    op.create_index("ix_arrival_agency_id", "arrival", ["agency_id"])
    op.drop_index("ix_arrival_sender", "arrival")
    op.drop_index("ix_packet_recall", "packet")
    for table in ("document", "packet"):
        op.create_index(f"ix_{table}_document_uid", table, ["document_uid"])
        op.drop_index(f"ix_{table}_uid", table)
