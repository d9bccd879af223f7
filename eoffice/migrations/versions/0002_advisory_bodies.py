"""Advisory bodies that issue under their own name, each in a series of its own."""

import sqlalchemy as sa
from alembic import op

import eoffice.core.db

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "advisory_body",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("abbreviation", sa.String(length=15), nullable=False),
        sa.Column("code", sa.String(length=15), nullable=False),
        sa.Column("decision", sa.String(length=300), nullable=False),
        sa.Column("ended_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_advisory_body_agency_id_agency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_advisory_body")),
        sa.UniqueConstraint("agency_id", "code", name=op.f("uq_advisory_body_agency_id_code")),
    )
    for table in ("register", "outgoing_document"):
        op.add_column(table, sa.Column("body_id", sa.Integer(), nullable=True))
        name = op.f(f"fk_{table}_body_id_advisory_body")
        op.create_foreign_key(name, table, "advisory_body", ["body_id"], ["id"])


def downgrade() -> None:
    """Numbers given in the series of a body would lose their register."""
    raise NotImplementedError("what was numbered for a body cannot be given back; restore the backup instead")
