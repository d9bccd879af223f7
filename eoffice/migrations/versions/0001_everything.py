"""Everything there is."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

import eoffice.core.db
import eoffice.documents.models

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply."""
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
    # the first two letters of every word, for type-ahead over agencies
    op.execute(
        "CREATE FUNCTION agency_beginnings(folded text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE"
        " RETURN (SELECT array_agg(DISTINCT left(word, 2)) FROM string_to_table(folded, ' ') AS word"
        " WHERE length(word) > 1)"
    )
    op.create_table(
        "agency",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=35), nullable=False),
        sa.Column("old_code", sa.String(length=35), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("short_name", sa.String(length=200), nullable=False),
        sa.Column("abbreviation", sa.String(length=30), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("parent_code", sa.String(length=35), server_default="", nullable=False),
        sa.Column("parent_name", sa.String(length=200), nullable=False),
        sa.Column("place", sa.String(length=50), nullable=False),
        sa.Column("address", sa.String(length=250), nullable=False),
        sa.Column("email", sa.String(length=100), nullable=False),
        sa.Column("telephone", sa.String(length=20), nullable=False),
        sa.Column("hosted", sa.Boolean(), nullable=False),
        sa.Column("on_axis", sa.Boolean(), nullable=False),
        sa.Column("collective", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("successor_id", sa.Integer(), nullable=True),
        sa.Column("successor_codes", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("kept_by_id", sa.Integer(), nullable=True),
        sa.Column("sort_key", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["kept_by_id"], ["agency.id"], name=op.f("fk_agency_kept_by_id_agency")),
        sa.ForeignKeyConstraint(["parent_id"], ["agency.id"], name=op.f("fk_agency_parent_id_agency")),
        sa.ForeignKeyConstraint(["successor_id"], ["agency.id"], name=op.f("fk_agency_successor_id_agency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency")),
        sa.UniqueConstraint("code", name=op.f("uq_agency_code")),
        sa.UniqueConstraint("old_code", name=op.f("uq_agency_old_code")),
    )
    op.create_index(
        "ix_agency_folded_trgm",
        "agency",
        ["folded"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"folded": "gin_trgm_ops"},
    )
    op.create_index(op.f("ix_agency_hosted"), "agency", ["hosted"], unique=False)
    op.create_index(
        "ix_agency_kept_by", "agency", ["kept_by_id"], postgresql_where=sa.text("kept_by_id IS NOT NULL")
    )
    op.create_index(
        "ix_agency_beginnings",
        "agency",
        [sa.literal_column("agency_beginnings(folded)")],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index(
        "ix_agency_order", "agency", [sa.literal_column("hosted DESC"), "sort_key", "id"], unique=False
    )
    op.create_index(op.f("ix_agency_parent_id"), "agency", ["parent_id"], unique=False)
    op.create_index(op.f("ix_agency_sort_key"), "agency", ["sort_key"], unique=False)
    op.create_table(
        "merger",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("to_id", sa.Integer(), nullable=False),
        sa.Column("also", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("legal_basis", sa.String(length=300), nullable=False),
        sa.Column("posts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("units", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("planned_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("planned_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("done_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.Column("axis_told_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("axis_refusal", sa.Text(), nullable=False),
        sa.CheckConstraint("agency_id <> to_id", name=op.f("ck_merger_two_agencies")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_merger_agency_id_agency")),
        sa.ForeignKeyConstraint(["to_id"], ["agency.id"], name=op.f("fk_merger_to_id_agency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merger")),
    )
    op.create_index(op.f("ix_merger_to_id"), "merger", ["to_id"], unique=False)
    op.create_index(
        "uq_merger_open",
        "merger",
        ["agency_id"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_table(
        "followed_directory",
        sa.Column("axis", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("axis", name=op.f("pk_followed_directory")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "txid",
            sa.BigInteger(),
            server_default=sa.text("pg_current_xact_id()::text::bigint"),
            nullable=False,
        ),
        sa.Column("at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Integer(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_agency_id_id", "audit_entry", ["agency_id", "id"], unique=False)
    op.create_index("ix_audit_entry_object", "audit_entry", ["object_type", "object_id", "id"], unique=False)
    op.create_table(
        "access_change",
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("gained_by", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["audit_entry.id"], name=op.f("fk_access_change_entry_id_audit_entry")
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_access_change")),
    )
    op.create_index(
        "ix_access_change_open",
        "access_change",
        ["agency_id", "entry_id"],
        unique=False,
        postgresql_where=sa.text("confirmed_at IS NULL"),
    )
    op.create_table(
        "audit_seal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("up_to_txid", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_seal")),
        sa.UniqueConstraint("up_to_txid", name=op.f("uq_audit_seal_up_to_txid")),
    )
    op.create_table(
        "visit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column(
            "what",
            sa.Enum(
                "document",
                "dossier",
                "system",
                name="visited",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("object_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("who", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
    )
    op.create_index("ix_visit_at", "visit", ["at", "agency_id", "what"], unique=False)
    op.create_index("ix_visit_object", "visit", ["what", "object_id", "id"], unique=False)
    op.create_table(
        "visit_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column(
            "what",
            sa.Enum(
                "document",
                "dossier",
                "system",
                name="visited",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "agency_id", "what", name=op.f("pk_visit_day")),
    )
    op.create_table(
        "packet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hub_id", sa.String(length=64), nullable=False),
        sa.Column("message_type", sa.String(length=10), nullable=False),
        sa.Column("sender_code", sa.String(length=35), nullable=False),
        sa.Column("document_uid", sa.String(length=150), nullable=False),
        sa.Column("business", sa.String(length=10), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "stored", "damaged", name="packetstate", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("error_en", sa.Text(), nullable=False),
        sa.Column("addressed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_packet")),
        sa.UniqueConstraint("hub_id", name=op.f("uq_packet_hub_id")),
    )
    op.create_index(op.f("ix_packet_document_uid"), "packet", ["document_uid"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("full_name", sa.String(length=100), nullable=False),
        sa.Column("sort_key", sa.Text(), nullable=False),
        sa.Column("email", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_index(op.f("ix_person_sort_key"), "person", ["sort_key"], unique=False)
    op.create_table(
        "document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column(
            "direction",
            sa.Enum("in", "out", name="direction", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("kind_code", sa.String(length=10), nullable=False),
        sa.Column("code_number", sa.String(length=11), nullable=False),
        sa.Column("code_notation", sa.String(length=30), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("issuer_name", sa.String(length=200), nullable=False),
        sa.Column("issuer_code", sa.String(length=35), nullable=False),
        sa.Column("subject", sa.String(length=500), nullable=False),
        sa.Column("urgency", eoffice.documents.models._UrgencyType(), nullable=False),
        sa.Column("signer_name", sa.String(length=100), nullable=False),
        sa.Column("signer_title", sa.String(length=100), nullable=False),
        sa.Column("page_count", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_time", sa.Time(), nullable=True),
        sa.Column("document_uid", sa.String(length=150), nullable=False),
        sa.Column("steering", eoffice.documents.models._SteeringType(), server_default="0", nullable=False),
        sa.Column("summary", sa.String(length=500), server_default="", nullable=False),
        sa.Column("register_number", sa.Integer(), nullable=True),
        sa.Column("taken_over_from", sa.String(length=100), nullable=False),
        sa.Column("created_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("listed_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_document_agency_id_agency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
    )
    op.create_index("ix_document_all", "document", ["agency_id", "listed_at", "id"], unique=False)
    op.create_index(
        "ix_document_code", "document", ["agency_id", "code_number", "code_notation"], unique=False
    )
    op.create_index(op.f("ix_document_document_uid"), "document", ["document_uid"], unique=False)
    op.create_index(
        "ix_document_list", "document", ["agency_id", "direction", "listed_at", "id"], unique=False
    )
    op.create_index(
        "ix_document_words", "document", ["agency_id", "words"], unique=False, postgresql_using="gin"
    )
    op.create_table(
        "register",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column(
            "direction",
            sa.Enum("in", "out", name="direction", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind_codes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("opening_number", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("last_dated_on", sa.Date(), nullable=True),
        sa.Column("decision", sa.String(length=602), nullable=False),
        sa.Column("closed_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_register_agency_id_agency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register")),
        sa.UniqueConstraint("agency_id", "year", "code", name=op.f("uq_register_agency_id_year_code")),
    )
    op.create_index(op.f("ix_register_agency_id"), "register", ["agency_id"], unique=False)
    op.create_table(
        "signature_image",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "signature", "seal", name="imagekind", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.Column("width_mm", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_signature_image_agency_id_agency")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_signature_image_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature_image")),
        sa.UniqueConstraint(
            "agency_id",
            "person_id",
            "kind",
            name=op.f("uq_signature_image_agency_id_person_id_kind"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "trust_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "root",
                "intermediate",
                "revocation_list",
                name="believed",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("not_before", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("not_after", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("added_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("retired_on", sa.Date(), nullable=True),
        sa.Column("retired_reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trust_entry")),
    )
    op.create_index(op.f("ix_trust_entry_fingerprint"), "trust_entry", ["fingerprint"], unique=False)
    op.create_table(
        "signing_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column(
            "purpose",
            sa.Enum(
                "person",
                "agency",
                "system",
                name="keypurpose",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "file",
                "module",
                "remote",
                "token",
                name="keykind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("pkcs12", sa.LargeBinary(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("chain", sa.ARRAY(sa.LargeBinary()), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("not_before", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("not_after", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("failed_tries", sa.Integer(), nullable=False),
        sa.Column("locked_until", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(kind = 'file') = (pkcs12 IS NOT NULL)", name=op.f("ck_signing_key_file")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_signing_key_agency_id_agency")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_signing_key_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_key")),
    )
    op.create_index(
        "uq_signing_key_active",
        "signing_key",
        ["agency_id", "person_id", "purpose"],
        unique=True,
        postgresql_where=sa.text("active"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "unit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("abbreviation", sa.String(length=30), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_unit_agency_id_agency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("agency_id", "abbreviation", name=op.f("uq_unit_agency_id_abbreviation")),
    )
    op.create_index(op.f("ix_unit_agency_id"), "unit", ["agency_id"], unique=False)
    op.create_table(
        "user_account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=60), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("failed_tries", sa.Integer(), nullable=False),
        sa.Column("locked_until", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_sign_in_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("session_stamp", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_user_account_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("person_id", name=op.f("uq_user_account_person_id")),
        sa.UniqueConstraint("username", name=op.f("uq_user_account_username")),
    )
    op.create_table(
        "opened_key",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["key_id"], ["signing_key.id"], name=op.f("fk_opened_key_key_id_signing_key")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_opened_key_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_opened_key")),
    )
    op.create_table(
        "awaited_signing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("about", sa.String(length=60), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("batch", sa.String(length=40), nullable=False),
        sa.Column("expires_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_awaited_signing_agency_id_agency")
        ),
        sa.ForeignKeyConstraint(
            ["key_id"], ["signing_key.id"], name=op.f("fk_awaited_signing_key_id_signing_key")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_awaited_signing_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_awaited_signing")),
        sa.UniqueConstraint("about", name=op.f("uq_awaited_signing_about")),
    )
    for column in ("agency_id", "batch", "expires_at", "user_id"):
        op.create_index(op.f(f"ix_awaited_signing_{column}"), "awaited_signing", [column], unique=False)
    op.create_table(
        "awaited_signature",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("signing_id", sa.Integer(), nullable=False),
        sa.Column("source_sha256", sa.String(length=64), nullable=False),
        sa.Column("field", sa.String(length=60), nullable=False),
        sa.Column("base_sha256", sa.String(length=64), nullable=False),
        sa.Column("tail", sa.LargeBinary(), nullable=False),
        sa.Column("prepared", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("result_sha256", sa.String(length=64), nullable=True),
        sa.Column("result_size", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["signing_id"],
            ["awaited_signing.id"],
            name=op.f("fk_awaited_signature_signing_id_awaited_signing"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_awaited_signature")),
        sa.UniqueConstraint(
            "signing_id",
            "source_sha256",
            "field",
            name=op.f("uq_awaited_signature_signing_id_source_sha256_field"),
        ),
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("scopes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_api_token_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_api_token_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("sha256", name=op.f("uq_api_token_sha256")),
    )
    op.create_index(op.f("ix_api_token_user_id"), "api_token", ["user_id"], unique=False)
    op.create_table(
        "arrival",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("packet_id", sa.Integer(), nullable=False),
        sa.Column("sender_code", sa.String(length=35), nullable=False),
        sa.Column("sender_name", sa.String(length=200), nullable=False),
        sa.Column("addressed_code", sa.String(length=35), nullable=False),
        sa.Column("addressed_name", sa.String(length=200), nullable=False),
        sa.Column("document_uid", sa.String(length=150), nullable=False),
        sa.Column("arrived_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("taken_in_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("document_id", sa.Integer(), nullable=True),
        sa.Column("repeats_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_arrival_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_arrival_document_id_document")
        ),
        sa.ForeignKeyConstraint(["packet_id"], ["packet.id"], name=op.f("fk_arrival_packet_id_packet")),
        sa.ForeignKeyConstraint(["repeats_id"], ["arrival.id"], name=op.f("fk_arrival_repeats_id_arrival")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrival")),
        sa.UniqueConstraint("agency_id", "packet_id", name=op.f("uq_arrival_agency_id_packet_id")),
        sa.UniqueConstraint("document_id", name=op.f("uq_arrival_document_id")),
    )
    op.create_index(op.f("ix_arrival_agency_id"), "arrival", ["agency_id"], unique=False)
    op.create_index(op.f("ix_arrival_packet_id"), "arrival", ["packet_id"], unique=False)
    op.create_index(
        "ix_arrival_stored",
        "arrival",
        ["arrived_at"],
        unique=False,
        postgresql_where=sa.text("taken_in_at IS NULL"),
    )
    op.create_table(
        "unreadable_packet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=True),
        sa.Column("packet_id", sa.Integer(), nullable=False),
        sa.Column("settled_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("mended_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_unreadable_packet_agency_id_agency")
        ),
        sa.ForeignKeyConstraint(
            ["mended_by_id"], ["packet.id"], name=op.f("fk_unreadable_packet_mended_by_id_packet")
        ),
        sa.ForeignKeyConstraint(
            ["packet_id"], ["packet.id"], name=op.f("fk_unreadable_packet_packet_id_packet")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unreadable_packet")),
        sa.UniqueConstraint("agency_id", "packet_id", name=op.f("uq_unreadable_packet_agency_id_packet_id")),
    )
    op.create_index(
        "ix_unreadable_packet_open",
        "unreadable_packet",
        ["agency_id"],
        unique=False,
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_index(op.f("ix_unreadable_packet_packet_id"), "unreadable_packet", ["packet_id"], unique=False)
    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "clerk",
                "leader",
                "secretary",
                "chief_of_office",
                "unit_head",
                "specialist",
                "archivist",
                "administrator",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("assists_id", sa.Integer(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_assignment_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["assists_id"], ["assignment.id"], name=op.f("fk_assignment_assists_id_assignment")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_assignment_person_id_person")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_assignment_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    op.create_index(op.f("ix_assignment_agency_id"), "assignment", ["agency_id"], unique=False)
    op.create_index(op.f("ix_assignment_person_id"), "assignment", ["person_id"], unique=False)
    op.create_index(op.f("ix_assignment_unit_id"), "assignment", ["unit_id"], unique=False)
    op.create_table(
        "dispatch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("business", sa.String(length=10), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sender_code", sa.String(length=35), nullable=False),
        sa.Column("message", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "accepted",
                "failed",
                name="dispatchstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("packet_sha256", sa.String(length=64), nullable=True),
        sa.Column("packet_size", sa.BigInteger(), nullable=True),
        sa.Column("hub_id", sa.String(length=64), nullable=True),
        sa.Column("receipt", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("held_until", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("created_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("asked_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_dispatch_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_dispatch_document_id_document")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch")),
        sa.UniqueConstraint(
            "agency_id",
            "document_id",
            "business",
            "round",
            name=op.f("uq_dispatch_agency_id_document_id_business_round"),
        ),
        sa.UniqueConstraint("message_id", name=op.f("uq_dispatch_message_id")),
    )
    op.create_index(op.f("ix_dispatch_document_id"), "dispatch", ["document_id"], unique=False)
    op.create_index(op.f("ix_dispatch_hub_id"), "dispatch", ["hub_id"], unique=False)
    op.create_index(
        "ix_dispatch_waiting",
        "dispatch",
        [sa.literal_column("urgent DESC"), "id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "document_access",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("given_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(unit_id IS NULL) <> (person_id IS NULL)", name=op.f("ck_document_access_one_of_two")
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_document_access_agency_id_agency")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_document_access_document_id_document")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_document_access_person_id_person")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_document_access_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_access")),
        sa.UniqueConstraint(
            "document_id",
            "unit_id",
            "person_id",
            name=op.f("uq_document_access_document_id_unit_id_person_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        "ix_document_access_person", "document_access", ["person_id", "document_id"], unique=False
    )
    op.create_index("ix_document_access_unit", "document_access", ["unit_id", "document_id"], unique=False)
    op.create_table(
        "document_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "original",
                "draft",
                "source",
                "signed",
                "numbered",
                "issued",
                "attachment",
                "direction",
                "archive",
                name="filerole",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("page_count", sa.Integer(), nullable=False),
        sa.Column("page_sizes", sa.JSON(), nullable=False),
        sa.Column("created_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("destroyed_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("sealed_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("cleared_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_document_file_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_document_file_document_id_document")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_file")),
    )
    op.create_index(op.f("ix_document_file_agency_id"), "document_file", ["agency_id"], unique=False)
    op.create_index(op.f("ix_document_file_document_id"), "document_file", ["document_id"], unique=False)
    op.create_index(op.f("ix_document_file_sha256"), "document_file", ["sha256"], unique=False)
    op.create_index(
        "ix_document_file_sealed",
        "document_file",
        ["agency_id"],
        unique=False,
        postgresql_where=sa.text("sealed_at IS NOT NULL AND destroyed_at IS NULL"),
    )
    op.create_table(
        "document_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "reply",
                "replaces",
                "corrects",
                "copies",
                name="linkkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_document_link_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["source_id"], ["document.id"], name=op.f("fk_document_link_source_id_document")
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["document.id"], name=op.f("fk_document_link_target_id_document")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_link")),
        sa.UniqueConstraint(
            "source_id", "target_id", "kind", name=op.f("uq_document_link_source_id_target_id_kind")
        ),
    )
    op.create_index(op.f("ix_document_link_source_id"), "document_link", ["source_id"], unique=False)
    op.create_index(op.f("ix_document_link_target_id"), "document_link", ["target_id"], unique=False)
    op.create_table(
        "recipient",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=35), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("axis", "paper", name="channel", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_recipient_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_recipient_document_id_document")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipient")),
    )
    op.create_index(
        "uq_recipient_code",
        "recipient",
        ["document_id", "code"],
        unique=True,
        postgresql_where=sa.text("code <> ''"),
    )
    op.create_index(op.f("ix_recipient_agency_id"), "recipient", ["agency_id"], unique=False)
    op.create_index(op.f("ix_recipient_document_id"), "recipient", ["document_id"], unique=False)
    op.create_table(
        "recipient_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("line", sa.String(length=200), nullable=False),
        sa.Column("under", sa.String(length=35), nullable=False),
        sa.Column("beginnings", sa.String(length=200), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("changed_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_recipient_group_agency_id_agency")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_recipient_group_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipient_group")),
    )
    op.create_index(op.f("ix_recipient_group_agency_id"), "recipient_group", ["agency_id"], unique=False)
    op.create_index(
        "uq_recipient_group_own",
        "recipient_group",
        ["agency_id", "person_id", "folded"],
        unique=True,
        postgresql_where=sa.text("NOT shared"),
    )
    op.create_index(
        "uq_recipient_group_shared",
        "recipient_group",
        ["agency_id", "folded"],
        unique=True,
        postgresql_where=sa.text("shared"),
    )
    op.create_table(
        "recipient_group_member",
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_recipient_group_member_agency_id_agency")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["recipient_group.id"],
            name=op.f("fk_recipient_group_member_group_id_recipient_group"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["agency.id"], name=op.f("fk_recipient_group_member_member_id_agency")
        ),
        sa.PrimaryKeyConstraint("group_id", "member_id", name=op.f("pk_recipient_group_member")),
    )
    op.create_table(
        "register_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("register_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("dated_on", sa.Date(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("given_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("voided_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_register_entry_agency_id_agency")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_register_entry_document_id_document")
        ),
        sa.ForeignKeyConstraint(
            ["register_id"], ["register.id"], name=op.f("fk_register_entry_register_id_register")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_entry")),
        sa.UniqueConstraint(
            "agency_id", "register_id", "number", name=op.f("uq_register_entry_agency_id_register_id_number")
        ),
    )
    op.create_table(
        "register_book",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("register_id", sa.Integer(), nullable=False),
        sa.Column("volume", sa.Integer(), nullable=False),
        sa.Column("first_number", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("page_count", sa.Integer(), nullable=False),
        sa.Column("seal_place", sa.JSON(), nullable=False),
        sa.Column("made_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("signed_sha256", sa.String(length=64), nullable=True),
        sa.Column("signed_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("signed_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_register_book_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["register_id"], ["register.id"], name=op.f("fk_register_book_register_id_register")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_book")),
        sa.UniqueConstraint(
            "agency_id", "register_id", "volume", name=op.f("uq_register_book_agency_id_register_id_volume")
        ),
    )
    op.create_index(op.f("ix_register_entry_document_id"), "register_entry", ["document_id"], unique=False)
    op.create_index(op.f("ix_register_entry_register_id"), "register_entry", ["register_id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("dispatch_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("recipient_code", sa.String(length=35), nullable=False),
        sa.Column("recipient_name", sa.String(length=200), nullable=False),
        sa.Column(
            "hop",
            sa.Enum(
                "waiting",
                "on_axis",
                "fetched",
                "arrived",
                "registered",
                "assigned",
                "processing",
                "done",
                "refused",
                "withdrawn",
                "unreadable",
                "failed",
                name="hop",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("on_axis_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("fetched_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("registered_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("assigned_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("processing_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("done_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("refused_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_status_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("receipt", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_delivery_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatch.id"], name=op.f("fk_delivery_dispatch_id_dispatch")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_delivery_document_id_document")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint(
            "dispatch_id", "recipient_code", name=op.f("uq_delivery_dispatch_id_recipient_code")
        ),
    )
    op.create_index(op.f("ix_delivery_agency_id"), "delivery", ["agency_id"], unique=False)
    op.create_index(op.f("ix_delivery_document_id"), "delivery", ["document_id"], unique=False)
    op.create_index(op.f("ix_delivery_hop"), "delivery", ["hop"], unique=False)
    op.create_table(
        "direction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("by_assignment_id", sa.Integer(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("by_title", sa.Text(), nullable=False),
        sa.Column("parent_task_id", sa.Integer(), nullable=True),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_time", sa.Time(), nullable=True),
        sa.Column("given_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("typed_by", sa.Text(), nullable=False),
        sa.Column("scan_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_direction_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["by_assignment_id"], ["assignment.id"], name=op.f("fk_direction_by_assignment_id_assignment")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_direction_document_id_document")
        ),
        sa.ForeignKeyConstraint(
            ["scan_id"], ["document_file.id"], name=op.f("fk_direction_scan_id_document_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_direction")),
    )
    op.create_index(op.f("ix_direction_agency_id"), "direction", ["agency_id"], unique=False)
    op.create_index(op.f("ix_direction_document_id"), "direction", ["document_id"], unique=False)
    op.create_table(
        "saved_search",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_saved_search_agency_id_agency")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_saved_search_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_search")),
        sa.UniqueConstraint(
            "agency_id", "person_id", "name", name=op.f("uq_saved_search_agency_id_person_id_name")
        ),
    )
    op.create_index(op.f("ix_saved_search_person_id"), "saved_search", ["person_id"], unique=False)
    op.create_table(
        "directing_help",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.Column("lead", sa.String(length=20), nullable=False),
        sa.Column("coordinating", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("inform", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_directing_help_agency_id_agency")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_directing_help_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directing_help")),
    )
    op.create_index(op.f("ix_directing_help_agency_id"), "directing_help", ["agency_id"], unique=False)
    op.create_table(
        "file_check",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("checked_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_file_check_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["file_id"], ["document_file.id"], name=op.f("fk_file_check_file_id_document_file")
        ),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_file_check")),
    )
    op.create_index(op.f("ix_file_check_agency_id"), "file_check", ["agency_id"], unique=False)
    op.create_table(
        "archive_copy",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=True),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("stamped_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("good_until", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("retry_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_archive_copy_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["file_id"], ["document_file.id"], name=op.f("fk_archive_copy_file_id_document_file")
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["document_file.id"], name=op.f("fk_archive_copy_source_id_document_file")
        ),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_archive_copy")),
    )
    op.create_index(op.f("ix_archive_copy_agency_id"), "archive_copy", ["agency_id"], unique=False)
    op.create_index(op.f("ix_archive_copy_good_until"), "archive_copy", ["good_until"], unique=False)
    op.create_table(
        "signing_level",
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "b-b",
                "b-t",
                "b-lt",
                "b-lta",
                name="level",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_signing_level_agency_id_agency")),
        sa.PrimaryKeyConstraint("agency_id", name=op.f("pk_signing_level")),
    )
    op.create_table(
        "absence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("stand_in_id", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("ended_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_absence_period")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_absence_agency_id_agency")),
        sa.ForeignKeyConstraint(["post_id"], ["assignment.id"], name=op.f("fk_absence_post_id_assignment")),
        sa.ForeignKeyConstraint(
            ["stand_in_id"], ["assignment.id"], name=op.f("fk_absence_stand_in_id_assignment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index(op.f("ix_absence_agency_id"), "absence", ["agency_id"], unique=False)
    op.create_index(op.f("ix_absence_post_id"), "absence", ["post_id"], unique=False)
    op.create_index(op.f("ix_absence_stand_in_id"), "absence", ["stand_in_id"], unique=False)
    op.create_table(
        "delegation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("from_id", sa.Integer(), nullable=False),
        sa.Column("to_id", sa.Integer(), nullable=False),
        sa.Column(
            "form",
            sa.Enum(
                "KT",
                "TL",
                "TUQ",
                "Q",
                name="signingform",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("kind_codes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("starts_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("basis", sa.String(length=300), nullable=False),
        sa.Column("revoked_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_delegation_period")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_delegation_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["from_id"], ["assignment.id"], name=op.f("fk_delegation_from_id_assignment")
        ),
        sa.ForeignKeyConstraint(["to_id"], ["assignment.id"], name=op.f("fk_delegation_to_id_assignment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegation")),
    )
    op.create_index(op.f("ix_delegation_agency_id"), "delegation", ["agency_id"], unique=False)
    op.create_index(op.f("ix_delegation_to_id"), "delegation", ["to_id"], unique=False)
    op.create_table(
        "envelope",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "sign",
            sa.Enum(
                "A",
                "B",
                "C",
                "named",
                name="envelopesign",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("sender", sa.String(length=200), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("arrived_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("to_id", sa.Integer(), nullable=False),
        sa.Column("received_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("received_by", sa.Text(), nullable=False),
        sa.Column("intact", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_envelope_agency_id_agency")),
        sa.ForeignKeyConstraint(["to_id"], ["assignment.id"], name=op.f("fk_envelope_to_id_assignment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_envelope")),
        sa.UniqueConstraint("agency_id", "year", "number", name=op.f("uq_envelope_agency_id_year_number")),
    )
    op.create_index(
        "ix_envelope_waiting",
        "envelope",
        ["to_id"],
        unique=False,
        postgresql_where=sa.text("received_at IS NULL"),
    )
    op.create_table(
        "source_away",
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=True),
        sa.Column(
            "source",
            sa.Enum(
                "axis", "scan", "mail", name="source", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("place", sa.String(length=300), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("since", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("tried_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_source_away_agency_id_agency")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_source_away")),
    )
    op.create_table(
        "incoming_document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "axis", "scan", "mail", name="source", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "check",
                "registered",
                "submitted",
                "forwarded",
                "in_progress",
                "done",
                "returned",
                "withdrawn",
                "discarded",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("arrived_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("registered_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("submitted_to_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("prepared", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("sent_from", sa.String(length=320), nullable=False),
        sa.Column("mail_id", sa.String(length=64), nullable=True),
        sa.Column("passed_on", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_incoming_document_agency_id_agency")
        ),
        sa.ForeignKeyConstraint(["id"], ["document.id"], name=op.f("fk_incoming_document_id_document")),
        sa.ForeignKeyConstraint(
            ["submitted_to_id"],
            ["assignment.id"],
            name=op.f("fk_incoming_document_submitted_to_id_assignment"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incoming_document")),
    )
    op.create_index("ix_incoming_document_state", "incoming_document", ["agency_id", "state"], unique=False)
    op.create_index(
        "uq_incoming_document_mail",
        "incoming_document",
        ["agency_id", "mail_id"],
        unique=True,
        postgresql_where=sa.text("mail_id IS NOT NULL"),
    )
    op.create_table(
        "outgoing_document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "approval",
                "form_check",
                "signature",
                "numbering",
                "sealing",
                "issuing",
                "issued",
                "sent_back",
                "void",
                "permission",
                "refused",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "draft_source",
            sa.Enum(
                "template", "upload", name="draftsource", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("drafter_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("signer_id", sa.Integer(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("delegation_id", sa.Integer(), nullable=True),
        sa.Column("approved_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("form_checked_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("form_checked_by", sa.Text(), nullable=False),
        sa.Column("signed_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("numbered_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("sealed_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("issued_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("number_box", sa.JSON(), nullable=True),
        sa.Column("signature_place", sa.JSON(), nullable=True),
        sa.Column("consulted", sa.Boolean(), nullable=False),
        sa.Column(
            "copied_to",
            sa.Enum(
                "paper", "electronic", name="medium", native_enum=False, create_constraint=True, length=40
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_outgoing_document_agency_id_agency")
        ),
        sa.ForeignKeyConstraint(
            ["drafter_id"], ["assignment.id"], name=op.f("fk_outgoing_document_drafter_id_assignment")
        ),
        sa.ForeignKeyConstraint(
            ["delegation_id"], ["delegation.id"], name=op.f("fk_outgoing_document_delegation_id_delegation")
        ),
        sa.ForeignKeyConstraint(["id"], ["document.id"], name=op.f("fk_outgoing_document_id_document")),
        sa.ForeignKeyConstraint(
            ["signer_id"], ["assignment.id"], name=op.f("fk_outgoing_document_signer_id_assignment")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_outgoing_document_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_document")),
    )
    op.create_index(
        op.f("ix_outgoing_document_drafter_id"), "outgoing_document", ["drafter_id"], unique=False
    )
    op.create_index(op.f("ix_outgoing_document_signer_id"), "outgoing_document", ["signer_id"], unique=False)
    op.create_index("ix_outgoing_document_state", "outgoing_document", ["agency_id", "state"], unique=False)
    op.create_index(op.f("ix_outgoing_document_unit_id"), "outgoing_document", ["unit_id"], unique=False)
    op.create_table(
        "destruction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "proposed",
                "decided",
                "done",
                name="destructionstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("proposed_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("decision", sa.String(length=300), nullable=False),
        sa.Column("decided_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("done_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.Column("certificate_sha256", sa.String(length=64), nullable=True),
        sa.Column("seal_place", sa.JSON(), nullable=True),
        sa.Column("signed_sha256", sa.String(length=64), nullable=True),
        sa.Column("signed_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("signed_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_destruction_agency_id_agency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destruction")),
    )
    op.create_index(op.f("ix_destruction_agency_id"), "destruction", ["agency_id"], unique=False)
    op.create_table(
        "dossier_hand_over",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.Column("handed_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("handed_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_dossier_hand_over_agency_id_agency")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossier_hand_over")),
    )
    op.create_index(op.f("ix_dossier_hand_over_agency_id"), "dossier_hand_over", ["agency_id"], unique=False)
    op.create_table(
        "dossier_plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("decision", sa.String(length=300), nullable=False),
        sa.Column("approved_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_dossier_plan_agency_id_agency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossier_plan")),
        sa.UniqueConstraint("agency_id", "year", name=op.f("uq_dossier_plan_agency_id_year")),
    )
    op.create_table(
        "dossier_heading",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("abbreviation", sa.String(length=15), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_dossier_heading_agency_id_agency")
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["dossier_plan.id"], name=op.f("fk_dossier_heading_plan_id_dossier_plan")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_dossier_heading_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossier_heading")),
        sa.UniqueConstraint(
            "agency_id",
            "plan_id",
            "abbreviation",
            name=op.f("uq_dossier_heading_agency_id_plan_id_abbreviation"),
        ),
    )
    op.create_index(op.f("ix_dossier_heading_plan_id"), "dossier_heading", ["plan_id"], unique=False)
    op.create_table(
        "dossier",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("heading_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("notation", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column(
            "retention",
            sa.Enum(
                "01",
                "02",
                "03",
                "04",
                "05",
                "06",
                name="retention",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "rights",
            sa.Enum("01", "02", name="rights", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("language", sa.String(length=50), nullable=False),
        sa.Column("description", sa.String(length=500), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "open",
                "closed",
                "handed_over",
                "returned",
                "archived",
                "destroyed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("creator_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("start_on", sa.Date(), nullable=True),
        sa.Column("end_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("hand_over_id", sa.Integer(), nullable=True),
        sa.Column("archived_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("created_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("taken_over_from", sa.String(length=100), nullable=False),
        sa.Column("maker", sa.String(length=60), nullable=False),
        sa.Column("shelf", sa.String(length=200), nullable=False),
        sa.Column("last_ordinal", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_dossier_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["creator_id"], ["assignment.id"], name=op.f("fk_dossier_creator_id_assignment")
        ),
        sa.ForeignKeyConstraint(
            ["hand_over_id"], ["dossier_hand_over.id"], name=op.f("fk_dossier_hand_over_id_dossier_hand_over")
        ),
        sa.ForeignKeyConstraint(
            ["heading_id"], ["dossier_heading.id"], name=op.f("fk_dossier_heading_id_dossier_heading")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_dossier_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossier")),
        sa.UniqueConstraint(
            "agency_id", "heading_id", "notation", name=op.f("uq_dossier_agency_id_heading_id_notation")
        ),
    )
    op.create_index(op.f("ix_dossier_creator_id"), "dossier", ["creator_id"], unique=False)
    op.create_index(op.f("ix_dossier_hand_over_id"), "dossier", ["hand_over_id"], unique=False)
    op.create_index(op.f("ix_dossier_heading_id"), "dossier", ["heading_id"], unique=False)
    op.create_index("ix_dossier_list", "dossier", ["agency_id", "state", "id"], unique=False)
    op.create_index(op.f("ix_dossier_unit_id"), "dossier", ["unit_id"], unique=False)
    op.create_table(
        "destruction_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("destruction_id", sa.Integer(), nullable=False),
        sa.Column("dossier_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_destruction_item_agency_id_agency")
        ),
        sa.ForeignKeyConstraint(
            ["destruction_id"],
            ["destruction.id"],
            name=op.f("fk_destruction_item_destruction_id_destruction"),
        ),
        sa.ForeignKeyConstraint(
            ["dossier_id"], ["dossier.id"], name=op.f("fk_destruction_item_dossier_id_dossier")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destruction_item")),
        sa.UniqueConstraint(
            "destruction_id", "dossier_id", name=op.f("uq_destruction_item_destruction_id_dossier_id")
        ),
    )
    op.create_index(op.f("ix_destruction_item_dossier_id"), "destruction_item", ["dossier_id"], unique=False)
    op.create_table(
        "dossier_document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("dossier_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("filed_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("filed_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_dossier_document_agency_id_agency")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_dossier_document_document_id_document")
        ),
        sa.ForeignKeyConstraint(
            ["dossier_id"], ["dossier.id"], name=op.f("fk_dossier_document_dossier_id_dossier")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossier_document")),
        sa.UniqueConstraint(
            "dossier_id", "document_id", name=op.f("uq_dossier_document_dossier_id_document_id")
        ),
        sa.UniqueConstraint("dossier_id", "ordinal", name=op.f("uq_dossier_document_dossier_id_ordinal")),
    )
    op.create_index(
        op.f("ix_dossier_document_document_id"), "dossier_document", ["document_id"], unique=False
    )
    op.create_table(
        "legal_hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("dossier_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("placed_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("lifted_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.Text(), nullable=False),
        sa.Column("lift_reason", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_legal_hold_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["dossier_id"], ["dossier.id"], name=op.f("fk_legal_hold_dossier_id_dossier")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_hold")),
    )
    op.create_index(op.f("ix_legal_hold_dossier_id"), "legal_hold", ["dossier_id"], unique=False)
    op.create_table(
        "consultation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("asker_id", sa.Integer(), nullable=False),
        sa.Column("asked_id", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("asked_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "stance",
            sa.Enum(
                "agree",
                "with_changes",
                "disagree",
                name="stance",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_consultation_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["outgoing_document.id"],
            name=op.f("fk_consultation_document_id_outgoing_document"),
        ),
        sa.ForeignKeyConstraint(
            ["asker_id"], ["assignment.id"], name=op.f("fk_consultation_asker_id_assignment")
        ),
        sa.ForeignKeyConstraint(
            ["asked_id"], ["assignment.id"], name=op.f("fk_consultation_asked_id_assignment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation")),
    )
    op.create_index(op.f("ix_consultation_agency_id"), "consultation", ["agency_id"], unique=False)
    op.create_index(op.f("ix_consultation_asked_id"), "consultation", ["asked_id"], unique=False)
    op.create_index(op.f("ix_consultation_document_id"), "consultation", ["document_id"], unique=False)
    op.create_index(
        "uq_consultation_open",
        "consultation",
        ["document_id", "asked_id"],
        unique=True,
        postgresql_where=sa.text("answered_at IS NULL AND withdrawn_at IS NULL"),
    )
    op.create_table(
        "remark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("passage", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column("written_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.Column("answered_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("done_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_remark_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["outgoing_document.id"], name=op.f("fk_remark_document_id_outgoing_document")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_remark_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remark")),
    )
    op.create_index(op.f("ix_remark_agency_id"), "remark", ["agency_id"], unique=False)
    op.create_index(op.f("ix_remark_document_id"), "remark", ["document_id"], unique=False)
    op.create_index(
        "ix_remark_open",
        "remark",
        ["document_id"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "posting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("recipient_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "sent",
                "received",
                "came_back",
                name="postingstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "carrier",
            sa.Enum("post", "hand", name="carrier", native_enum=False, create_constraint=True, length=40),
            nullable=True,
        ),
        sa.Column("sent_on", sa.Date(), nullable=True),
        sa.Column("tracking", sa.String(length=40), nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("receipt", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_posting_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["outgoing_document.id"], name=op.f("fk_posting_document_id_outgoing_document")
        ),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipient.id"], name=op.f("fk_posting_recipient_id_recipient")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting")),
        sa.UniqueConstraint("recipient_id", name=op.f("uq_posting_recipient_id")),
    )
    op.create_index("ix_posting_book", "posting", ["agency_id", "state", "id"], unique=False)
    op.create_index(op.f("ix_posting_document_id"), "posting", ["document_id"], unique=False)
    op.create_table(
        "returned_posting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("posting_id", sa.Integer(), nullable=False),
        sa.Column(
            "carrier",
            sa.Enum("post", "hand", name="carrier", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.Column("tracking", sa.String(length=40), nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=False),
        sa.Column("receipt", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["posting_id"], ["posting.id"], name=op.f("fk_returned_posting_posting_id_posting")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_returned_posting")),
    )
    op.create_index(op.f("ix_returned_posting_posting_id"), "returned_posting", ["posting_id"], unique=False)
    op.create_index(op.f("ix_returned_posting_sent_on"), "returned_posting", ["sent_on"], unique=False)
    op.create_table(
        "mission",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.String(length=1000), nullable=False),
        sa.Column("recipient_code", sa.String(length=35), nullable=False),
        sa.Column("recipient_name", sa.String(length=200), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "open",
                "reported",
                "done",
                "withdrawn",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("given_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("given_by_id", sa.Integer(), nullable=False),
        sa.Column("report", sa.String(length=1000), nullable=False),
        sa.Column("reported_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reported_by", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("closed_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reminded_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(recipient_code = '') <> (unit_id IS NULL)", name=op.f("ck_mission_agency_or_unit")
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_mission_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["outgoing_document.id"], name=op.f("fk_mission_document_id_outgoing_document")
        ),
        sa.ForeignKeyConstraint(
            ["given_by_id"], ["assignment.id"], name=op.f("fk_mission_given_by_id_assignment")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_mission_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mission")),
    )
    op.create_index(op.f("ix_mission_document_id"), "mission", ["document_id"], unique=False)
    op.create_index("ix_mission_list", "mission", ["agency_id", "state", "due_on", "id"], unique=False)
    op.create_index("ix_mission_unit", "mission", ["unit_id", "state"], unique=False)
    op.create_table(
        "page_text",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("recognised", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_page_text_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["file_id"], ["document_file.id"], name=op.f("fk_page_text_file_id_document_file")
        ),
        sa.PrimaryKeyConstraint("file_id", "page", name=op.f("pk_page_text")),
    )
    op.create_table(
        "change_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "take_back",
                "recall",
                "update",
                "replace",
                name="asked",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("dispatch_id", sa.Integer(), nullable=True),
        sa.Column("arrival_id", sa.Integer(), nullable=True),
        sa.Column("packet_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column(
            "answer",
            sa.Enum(
                "open",
                "agreed",
                "refused",
                name="answer",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("answered_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(delivery_id IS NULL) <> (arrival_id IS NULL)", name=op.f("ck_change_request_one_side")
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_change_request_agency_id_agency")
        ),
        sa.ForeignKeyConstraint(
            ["arrival_id"], ["arrival.id"], name=op.f("fk_change_request_arrival_id_arrival")
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_change_request_delivery_id_delivery")
        ),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatch.id"], name=op.f("fk_change_request_dispatch_id_dispatch")
        ),
        sa.ForeignKeyConstraint(
            ["packet_id"], ["packet.id"], name=op.f("fk_change_request_packet_id_packet")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_request")),
        sa.UniqueConstraint("arrival_id", "packet_id", name=op.f("uq_change_request_arrival_id_packet_id")),
    )
    op.create_index(op.f("ix_change_request_agency_id"), "change_request", ["agency_id"], unique=False)
    op.create_index(
        "ix_change_request_open_arrival",
        "change_request",
        ["arrival_id"],
        unique=False,
        postgresql_where=sa.text("answer = 'open'"),
    )
    op.create_index(op.f("ix_change_request_delivery_id"), "change_request", ["delivery_id"], unique=False)
    op.create_index(op.f("ix_change_request_dispatch_id"), "change_request", ["dispatch_id"], unique=False)
    op.create_index(
        "uq_change_request_open_delivery",
        "change_request",
        ["delivery_id"],
        unique=True,
        postgresql_where=sa.text("answer = 'open'"),
    )
    op.create_table(
        "status_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("arrival_id", sa.Integer(), nullable=True),
        sa.Column("request_id", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(length=2), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("staff_name", sa.Text(), nullable=False),
        sa.Column("at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("sender_code", sa.String(length=35), nullable=False),
        sa.Column("message", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "accepted",
                "failed",
                name="dispatchstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("held_until", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("accepted_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_status_report_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["arrival_id"], ["arrival.id"], name=op.f("fk_status_report_arrival_id_arrival")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["change_request.id"], name=op.f("fk_status_report_request_id_change_request")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_report")),
        sa.UniqueConstraint(
            "agency_id",
            "arrival_id",
            "code",
            "request_id",
            name=op.f("uq_status_report_agency_id_arrival_id_code_request_id"),
            postgresql_nulls_not_distinct=True,
        ),
        sa.CheckConstraint(
            "arrival_id IS NOT NULL OR request_id IS NOT NULL",
            name=op.f("ck_status_report_about_something"),
        ),
        sa.UniqueConstraint("message_id", name=op.f("uq_status_report_message_id")),
    )
    op.create_index(op.f("ix_status_report_arrival_id"), "status_report", ["arrival_id"], unique=False)
    op.create_index(op.f("ix_status_report_request_id"), "status_report", ["request_id"], unique=False)
    op.create_index(
        "ix_status_report_waiting",
        "status_report",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("direction_id", sa.Integer(), nullable=False),
        sa.Column(
            "part",
            sa.Enum(
                "lead",
                "coordinate",
                "inform",
                name="part",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("assignment_id", sa.Integer(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_time", sa.Time(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "new",
                "seen",
                "working",
                "done",
                "withdrawn",
                name="taskstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("seen_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("done_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("wanted_due_on", sa.Date(), nullable=True),
        sa.Column("wanted_reason", sa.Text(), nullable=False),
        sa.Column("reminded_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reminded_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(unit_id IS NULL) <> (assignment_id IS NULL)", name=op.f("ck_task_unit_or_person")
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_task_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("fk_task_assignment_id_assignment")
        ),
        sa.ForeignKeyConstraint(
            ["direction_id"], ["direction.id"], name=op.f("fk_task_direction_id_direction")
        ),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_task_document_id_document")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_task_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
    )
    op.create_index(
        "ix_task_asked", "task", ["agency_id"], unique=False,
        postgresql_where=sa.text("wanted_due_on IS NOT NULL"),
    )  # fmt: skip
    op.create_index(op.f("ix_task_agency_id"), "task", ["agency_id"], unique=False)
    op.create_index(op.f("ix_task_direction_id"), "task", ["direction_id"], unique=False)
    op.create_index(op.f("ix_task_document_id"), "task", ["document_id"], unique=False)
    op.create_index("ix_task_open_person", "task", ["assignment_id", "part", "state"], unique=False)
    op.create_index("ix_task_open_unit", "task", ["unit_id", "part", "state"], unique=False)
    op.create_index(
        "uq_task_one_lead", "task", ["direction_id"], unique=True, postgresql_where=sa.text("part = 'lead'")
    )
    op.create_table(
        "task_reading",
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("read_at", eoffice.core.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_task_reading_agency_id_agency")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_task_reading_person_id_person")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_task_reading_task_id_task")),
        sa.PrimaryKeyConstraint("task_id", "person_id", name=op.f("pk_task_reading")),
    )
    # a task belongs to a direction, and a direction may hand a task on: the second half of the circle
    op.create_foreign_key(
        op.f("fk_direction_parent_task_id_task"), "direction", "task", ["parent_task_id"], ["id"]
    )

    # the job library's own tables; exec_driver_sql, since its text holds colons and percent signs
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
    op.get_bind().exec_driver_sql((Path(__file__).parent.parent / "audit.sql").read_text().replace("%", "%%"))


def downgrade() -> None:
    """There is nothing before this."""
    raise NotImplementedError("the first migration cannot be undone; drop the database instead")
