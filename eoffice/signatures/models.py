"""Keys, pictures of signatures and seals, and what checking a file found."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Mapped, mapped_column

from eoffice.core.db import Base, enum_column
from signing.sign import Level


class KeyPurpose(StrEnum):
    """Whose key it is and what it signs."""

    PERSON = "person"
    AGENCY = "agency"
    #: receipts of this installation only, never documents
    SYSTEM = "system"


class SigningKey(Base):
    """A PKCS#12 container, kept as encrypted as it came; only its owner's PIN opens it."""

    __tablename__ = "signing_key"
    __table_args__ = (
        sa.Index(
            "uq_signing_key_active", "agency_id", "person_id", "purpose",
            unique=True, postgresql_where=sa.text("active"), postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(primary_key=True)
    #: None for the system key of the installation
    agency_id: Mapped[int | None] = mapped_column(sa.ForeignKey("agency.id"))
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    purpose: Mapped[KeyPurpose] = mapped_column(enum_column(KeyPurpose))
    pkcs12: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    subject: Mapped[str]
    issuer: Mapped[str]
    #: SHA-256 of the certificate, hex
    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    active: Mapped[bool] = mapped_column(default=True)
    #: wrong PINs in a row; see settings
    failed_tries: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]


class OpenedKey(Base):
    """A key its owner opened for many signatures in a row, under a secret that only the cookie of that person has."""

    __tablename__ = "opened_key"
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), primary_key=True)
    key_id: Mapped[int] = mapped_column(sa.ForeignKey("signing_key.id"))
    #: worthless without the cookie, and after the person has signed out: it is bound to the session's stamp
    wrapped: Mapped[bytes] = mapped_column(sa.LargeBinary)
    expires_at: Mapped[datetime]


class ImageKind(StrEnum):
    """What a picture shows."""

    #: handwriting, blue, transparent (Decree 30/2020, Appendix I-II.7.d)
    SIGNATURE = "signature"
    #: seal, red, transparent, real size (Appendix I-II.8.a)
    SEAL = "seal"


class SignatureImage(Base):
    """Picture of a person's signature or an agency's seal."""

    __tablename__ = "signature_image"
    __table_args__ = (
        sa.UniqueConstraint("agency_id", "person_id", "kind", postgresql_nulls_not_distinct=True),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    kind: Mapped[ImageKind] = mapped_column(enum_column(ImageKind))
    png: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    #: real width on paper in millimetres
    width_mm: Mapped[float]


class Believed(StrEnum):
    """What an entry of trust is good for."""

    ROOT = "root"
    INTERMEDIATE = "intermediate"
    REVOCATION_LIST = "revocation_list"

    @property
    def word(self) -> LazyString:
        """As the administrator reads it."""
        return _BELIEVED[self]


_BELIEVED = {
    Believed.ROOT: _l("Root certificate"),
    Believed.INTERMEDIATE: _l("Intermediate certificate"),
    Believed.REVOCATION_LIST: _l("List of revoked certificates"),
}


class TrustEntry(Base):
    """A certificate or list that the whole installation believes, entered by its administrator; never deleted."""

    __tablename__ = "trust_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    purpose: Mapped[Believed] = mapped_column(enum_column(Believed))
    der: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    #: empty for a list
    subject: Mapped[str]
    issuer: Mapped[str]
    #: SHA-256 of the DER encoding, hex
    fingerprint: Mapped[str] = mapped_column(sa.String(64), index=True)
    not_before: Mapped[datetime]
    #: of a list: when the next one is due, where it says so
    not_after: Mapped[datetime | None]
    added_at: Mapped[datetime]
    added_by: Mapped[str]
    #: from this day on it is believed no more
    retired_on: Mapped[date | None]
    retired_reason: Mapped[str] = mapped_column(default="")


class SigningLevel(Base):
    """The level an agency chose for its signatures; without a row the installation's counts."""

    __tablename__ = "signing_level"
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), primary_key=True)
    level: Mapped[Level] = mapped_column(enum_column(Level))


class ArchiveCopy(Base):
    """An issued file that is to be provable for as long as it is kept, and its newest archive copy."""

    __tablename__ = "archive_copy"
    source_id: Mapped[int] = mapped_column(sa.ForeignKey("document_file.id"), primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    #: None while there is none yet
    file_id: Mapped[int | None] = mapped_column(sa.ForeignKey("document_file.id"))
    #: whose time stamp is the last one
    authority: Mapped[str] = mapped_column(default="")
    stamped_at: Mapped[datetime | None]
    #: end of that authority's certificate: until then the copy must be stamped again
    good_until: Mapped[datetime | None] = mapped_column(index=True)
    #: why the last try failed, in English as the library says it; empty when it did not
    problem: Mapped[str] = mapped_column(default="")


class FileCheck(Base):
    """The verdict on one file; checked again, the newer one replaces it and the log keeps both."""

    __tablename__ = "file_check"
    file_id: Mapped[int] = mapped_column(sa.ForeignKey("document_file.id"), primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    #: value of signing's verdict: valid, indeterminate, invalid, unreadable, unsigned
    verdict: Mapped[str] = mapped_column(sa.String(20))
    #: the whole report as data, findings as codes with parameters
    report: Mapped[dict[str, Any]]
    checked_at: Mapped[datetime]
