"""Roles that an agency makes for itself: what each allowed and which post had it, from when until when."""

import sqlalchemy as sa
from alembic import op

from eoffice.core.db import UtcDateTime

revision = "0014"
down_revision = "0013"

#: the standard roles as they stood when this was written
_ROLES = (
    "clerk", "leader", "secretary", "chief_of_office", "unit_head", "specialist", "archivist", "administrator",
)  # fmt: skip


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "own_role",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("agency_id", sa.Integer(), sa.ForeignKey("agency.id"), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column(
            "base", sa.Enum(*_ROLES, name="role", native_enum=False, create_constraint=True, length=40), nullable=False
        ),
        sa.Column("ended_at", UtcDateTime()),
    )  # fmt: skip
    now = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_own_role_name", "own_role", ["agency_id", "folded"], unique=True, postgresql_where=now
    )
    now = sa.text("until IS NULL")
    op.create_table(
        "own_role_rights",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("role_id", sa.Integer(), sa.ForeignKey("own_role.id"), nullable=False),
        sa.Column("rights", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime()),
    )
    op.create_index(
        "uq_own_role_rights_now", "own_role_rights", ["role_id"], unique=True, postgresql_where=now
    )
    op.create_table(
        "own_role_holder",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("role_id", sa.Integer(), sa.ForeignKey("own_role.id"), nullable=False),
        sa.Column("post_id", sa.Integer(), sa.ForeignKey("assignment.id"), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime()),
    )
    op.create_index(
        "uq_own_role_holder_now", "own_role_holder", ["post_id"], unique=True, postgresql_where=now
    )
    op.create_index("ix_own_role_holder_post", "own_role_holder", ["post_id"])
    op.create_index("ix_own_role_holder_role", "own_role_holder", ["role_id"])


def downgrade() -> None:
    """Apply the reverse: everybody has the standard role's rights again."""
    for table in ("own_role_holder", "own_role_rights", "own_role"):
        op.drop_table(table)
