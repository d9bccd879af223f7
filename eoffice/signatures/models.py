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


class KeyKind(StrEnum):
    """Where a key lies, and so how it is opened."""

    #: a PKCS#12 container, kept here as encrypted as it came; only its owner's PIN opens it
    FILE = "file"
    #: the hardware module of this installation, through PKCS#11
    MODULE = "module"
    #: a remote signing service, by the Cloud Signature Consortium's interface
    REMOTE = "remote"
    #: a token at the signer's own machine; it signs in two steps, through the agent there
    TOKEN = "token"  # noqa: S105 - a word, no password

    @property
    def word(self) -> LazyString:
        """As the administrator chooses it."""
        return _KEY_KINDS[self]

    @property
    def asks_pin(self) -> bool:
        """Whether the PIN is typed on our page; a token's is typed at the agent."""
        return self is not KeyKind.TOKEN


_KEY_KINDS = {
    KeyKind.FILE: _l("PKCS#12 file, kept here under its PIN"),
    KeyKind.MODULE: _l("Hardware module of this installation (PKCS#11)"),
    KeyKind.REMOTE: _l("Remote signing service (CSC)"),
    KeyKind.TOKEN: _l("The signer's own USB token"),
}


class SigningKey(Base):
    """A key that signs, or where it lies; nothing here signs without its owner's PIN."""

    __tablename__ = "signing_key"
    __table_args__ = (
        sa.CheckConstraint("(kind = 'file') = (pkcs12 IS NOT NULL)", name="file"),
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
    kind: Mapped[KeyKind] = mapped_column(enum_column(KeyKind), default=KeyKind.FILE)
    pkcs12: Mapped[bytes | None] = mapped_column(sa.LargeBinary, deferred=True)
    #: in the module its RFC 7512 address, with the service its credential; a PIN never
    address: Mapped[str] = mapped_column(default="")
    #: DER, and of those above it
    certificate: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    chain: Mapped[list[bytes]] = mapped_column(sa.ARRAY(sa.LargeBinary), deferred=True)
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
    #: the key, or the PIN of one in the module; worthless without the cookie, and after the person has signed out: it
    #: is bound to the session's stamp
    wrapped: Mapped[bytes] = mapped_column(sa.LargeBinary)
    expires_at: Mapped[datetime]


class AwaitedSigning(Base):
    """Somebody is signing something in two steps; until it is done, given up or over, it is his to go on with."""

    __tablename__ = "awaited_signing"
    id: Mapped[int] = mapped_column(primary_key=True)
    #: what is being signed, e.g. `outgoing:5`
    about: Mapped[str] = mapped_column(sa.String(60), unique=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    key_id: Mapped[int] = mapped_column(sa.ForeignKey("signing_key.id"))
    #: as the others read it who have to wait
    who: Mapped[str]
    #: what the person agrees to once, many documents or one
    batch: Mapped[str] = mapped_column(sa.String(40), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class AwaitedSignature(Base):
    """One signature of it: the document with room, then the value, then the result."""

    __tablename__ = "awaited_signature"
    __table_args__ = (sa.UniqueConstraint("signing_id", "source_sha256", "field"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    signing_id: Mapped[int] = mapped_column(sa.ForeignKey("awaited_signing.id", ondelete="CASCADE"))
    source_sha256: Mapped[str] = mapped_column(sa.String(64))
    field: Mapped[str] = mapped_column(sa.String(60))
    #: the prepared document is these stored bytes and what follows them
    base_sha256: Mapped[str] = mapped_column(sa.String(64))
    tail: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    #: `signing.twostep.Prepared` as data
    prepared: Mapped[dict[str, Any]]
    value: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    result_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    result_size: Mapped[int | None] = mapped_column(sa.BigInteger)


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


class FetchedList(Base):
    """The newest list of revoked certificates from an address. One worker fetches it for every machine."""

    __tablename__ = "fetched_list"
    url: Mapped[str] = mapped_column(primary_key=True)
    der: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    #: SHA-256 of the DER encoding, hex
    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    fetched_at: Mapped[datetime]


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
    #: not tried again before, where trying at once would fail as well
    retry_at: Mapped[datetime | None]


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
