"""What a status speaks of by number, and the recall of a document that comes, are found among however many."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply."""
    code = (sa.text("(content ->> 'code_number')"), sa.text("(content ->> 'code_notation')"))
    op.create_index(
        "ix_packet_code", "packet", ["sender_code", *code], postgresql_where=sa.text("message_type = 'edoc'")
    )
    op.drop_index("ix_packet_recall", "packet")
    op.create_index(
        "ix_packet_recall", "packet", [sa.text("(lower(content ->> 'targets')::jsonb)")],
        postgresql_using="gin", postgresql_where=sa.text("business = 'recall'"),
    )  # fmt: skip


def downgrade() -> None:
    """Apply the reverse."""
    op.drop_index("ix_packet_recall", "packet")
    op.create_index(
        "ix_packet_recall", "packet", ["sender_code"], postgresql_where=sa.text("business = 'recall'")
    )
    op.drop_index("ix_packet_code", "packet")
