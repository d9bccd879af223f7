"""The common row of every document, its files, its recipients, and the registers that number it."""

import re
from datetime import date, datetime, time
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from eoffice.core import clock
from eoffice.core.db import Base, enum_column
from eoffice.documents.kinds import Kind, kind


class Direction(StrEnum):
    """Which way a document went."""

    IN = "in"
    OUT = "out"


class Urgency(IntEnum):
    """Levels of urgency (Decree 30/2020, Appendix I-III.2.b); numbers as edXML Priority."""

    NORMAL = 0
    URGENT = 1
    VERY_URGENT = 2
    FLASH = 3

    @property
    def word(self) -> LazyString:
        """The word in a form."""
        return URGENCY_WORDS[self]

    @property
    def stamp(self) -> str:
        """The stamp as the law writes it; it is not translated."""
        return ("", "KHẨN", "THƯỢNG KHẨN", "HỎA TỐC")[self]


URGENCY_WORDS = {
    Urgency.NORMAL: _l("Normal"),
    Urgency.URGENT: _l("Urgent"),
    Urgency.VERY_URGENT: _l("Very urgent"),
    Urgency.FLASH: _l("Flash"),
}


class Steering(IntEnum):
    """Whether a document directs others, or reports to who directed (edXML, SteeringType)."""

    NONE = 0
    DIRECTS = 1
    REPORTS = 2

    @property
    def word(self) -> LazyString:
        """What people call it."""
        return STEERING_WORDS[self]


STEERING_WORDS = {
    Steering.NONE: _l("No directive"),
    Steering.DIRECTS: _l("Directive: its sender waits for a report"),
    Steering.REPORTS: _l("Report on a directive"),
}


class _Numbered(sa.TypeDecorator[Any]):
    """An enumeration by its numbers, which are those on the wire."""

    impl = sa.SmallInteger
    kind: type[IntEnum]

    def process_bind_param(self, value: int | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002 - base
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> IntEnum | None:  # noqa: ARG002 - base
        return None if value is None else self.kind(value)


class _UrgencyType(_Numbered):
    kind, cache_ok = Urgency, True


class _SteeringType(_Numbered):
    kind, cache_ok = Steering, True


class _Words(sa.types.TypeDecorator[str]):
    """Written as text, found by its words."""

    impl, cache_ok = TSVECTOR, True

    def bind_expression(self, bindvalue: sa.BindParameter[str]) -> sa.ColumnElement[str]:
        return sa.func.to_tsvector("simple", sa.type_coerce(bindvalue, sa.Text))


class Document(Base):
    """What incoming and outgoing documents have in common (fields of Decree 30/2020, Appendix VI, part II)."""

    __tablename__ = "document"
    __table_args__: Any = (
        sa.Index("ix_document_list", "agency_id", "direction", "listed_at", "id"),
        sa.Index("ix_document_all", "agency_id", "listed_at", "id"),
        # the agency too: a word that is common elsewhere is as fast as one's own documents are few
        sa.Index("ix_document_words", "agency_id", "words", postgresql_using="gin"),
        sa.Index("ix_document_code", "agency_id", "code_number", "code_notation"),
        sa.Index("ix_document_uid", sa.text("lower(document_uid)")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    direction: Mapped[Direction] = mapped_column(enum_column(Direction))
    kind_code: Mapped[str] = mapped_column(sa.String(10))
    #: number on the page; text, since others' numbers hold letters
    code_number: Mapped[str] = mapped_column(sa.String(11), default="")
    code_notation: Mapped[str] = mapped_column(sa.String(30), default="")
    issued_on: Mapped[date | None]
    issuer_name: Mapped[str] = mapped_column(sa.String(200))
    issuer_code: Mapped[str] = mapped_column(sa.String(35), default="")
    subject: Mapped[str] = mapped_column(sa.String(500))
    urgency: Mapped[Urgency] = mapped_column(_UrgencyType, default=Urgency.NORMAL)
    signer_name: Mapped[str] = mapped_column(sa.String(100), default="")
    signer_title: Mapped[str] = mapped_column(sa.String(100), default="")
    page_count: Mapped[int] = mapped_column(default=0)
    #: last day, by working days and the official calendar; None: no deadline
    due_on: Mapped[date | None]
    #: hour of that day here, for what is urgent; None: its end
    due_time: Mapped[time | None]
    #: mã định danh văn bản: issuer code, date, number/notation (Decision 28/2018)
    document_uid: Mapped[str] = mapped_column(sa.String(150), default="")
    #: what it is among the directions of one agency to another
    steering: Mapped[Steering] = mapped_column(_SteeringType, default=Steering.NONE, server_default="0")
    #: what it says beside its subject to who gets it, such as the tasks it gives (edXML, Content)
    summary: Mapped[str] = mapped_column(sa.String(500), default="", server_default="")
    #: number in the agency's register, once given
    register_number: Mapped[int | None]
    #: whose register that is, by name, where the agency that gave the number was merged; empty: the agency's own
    register_of: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")
    #: the system it was numbered in before the agency changed over; empty: made or received here
    taken_over_from: Mapped[str] = mapped_column(sa.String(100), default="")
    created_at: Mapped[datetime]
    #: the moment that orders lists: arrival, or creation and then issue
    listed_at: Mapped[datetime]
    #: folded words of the fields and pages
    words: Mapped[str | None] = mapped_column(_Words, deferred=True)
    version: Mapped[int] = mapped_column()

    if TYPE_CHECKING:
        #: `due_on` and `due_time` as 202611241430, so that lists are ordered and paged by it; without an hour the end
        #: of the day, without a day the end of time
        due_by: Mapped[str]

    files: Mapped[list["DocumentFile"]] = relationship(order_by="DocumentFile.id", viewonly=True)
    recipients: Mapped[list["Recipient"]] = relationship(order_by="Recipient.position", viewonly=True)

    __mapper_args__ = {"polymorphic_on": "direction", "version_id_col": version}

    @staticmethod
    def class_of(direction: Direction) -> "type[Document]":
        """What documents of one direction are."""
        return sa.inspect(Document).polymorphic_map[direction].class_

    @property
    def kind(self) -> Kind:
        """The kind by law."""
        return kind(self.kind_code)

    @property
    def is_over(self) -> bool:
        """Whether nobody has anything left to do with it: each direction knows which of its states are the last."""
        raise NotImplementedError

    @property
    def code(self) -> str:
        """Số, ký hiệu: "125/SNV-VP"; dots while there is no number."""
        if not self.code_notation:
            return self.code_number
        return f"{self.code_number or '…'}/{self.code_notation}"


Document.due_by = column_property(
    sa.func.coalesce(sa.func.to_char(Document.__table__.c.due_on, "YYYYMMDD"), sa.literal("99991231"))
    + sa.func.coalesce(sa.func.to_char(Document.__table__.c.due_time, "HH24MI"), sa.literal("2400")),
    deferred=True,
)


class FileRole(StrEnum):
    """What a file is to its document."""

    #: the document as it arrived, never changed
    ORIGINAL = "original"
    #: one version of a draft
    DRAFT = "draft"
    #: the Word file a draft was made from
    SOURCE = "source"
    #: after the leader's signature, after number, after seal
    SIGNED = "signed"
    NUMBERED = "numbered"
    #: what was issued
    ISSUED = "issued"
    ATTACHMENT = "attachment"
    #: the page on which a leader wrote his direction by hand
    DIRECTION = "direction"
    #: an issued file with what proves its signatures later on
    ARCHIVE = "archive"

    @property
    def word(self) -> LazyString:
        """What people call it."""
        return FILE_WORDS[self]


FILE_WORDS = {
    FileRole.ORIGINAL: _l("original"),
    FileRole.DRAFT: _l("draft"),
    FileRole.SOURCE: _l("source file"),
    FileRole.SIGNED: _l("signed by the leader"),
    FileRole.NUMBERED: _l("numbered"),
    FileRole.ISSUED: _l("issued"),
    FileRole.ATTACHMENT: _l("attachment"),
    FileRole.DIRECTION: _l("handwritten direction"),
    FileRole.ARCHIVE: _l("archive copy"),
}


#: endings that Windows or an office suite runs code for
PROGRAM_ENDINGS = re.compile(
    r"\.(bat|chm|cmd|com|cpl|dll|docm|dotm|exe|hta|inf|iso|jar|jse?|lnk|ms[ip]|pif|pptm|ps1|reg|scr|sh|vb[es]"
    r"|ws[fh]|xlam|xlsm|xltm)$",
    re.IGNORECASE,
)


class DocumentFile(Base):
    """One file of a document: bytes by hash, everything else here."""

    __tablename__ = "document_file"
    __table_args__ = (
        sa.Index(
            "ix_document_file_sealed", "agency_id",
            postgresql_where=sa.text("sealed_at IS NOT NULL AND destroyed_at IS NULL"),
        ),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"), index=True)
    role: Mapped[FileRole] = mapped_column(enum_column(FileRole))
    #: 1, 2, … among the drafts of a document; 0 for the rest
    version_no: Mapped[int] = mapped_column(default=0)
    name: Mapped[str] = mapped_column(sa.String(200))
    media_type: Mapped[str] = mapped_column(sa.String(100))
    size: Mapped[int] = mapped_column(sa.BigInteger)
    sha256: Mapped[str] = mapped_column(sa.String(64), index=True)
    page_count: Mapped[int] = mapped_column(default=0)
    #: width and height of each page in points as drawn, for a viewer without layout shift
    page_sizes: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(default="")
    #: when the bytes were destroyed by decision; name, length and hash stay
    destroyed_at: Mapped[datetime | None]
    #: when the mark of a state secret was found on it: nobody reads it until the officer for secrets has decided
    sealed_at: Mapped[datetime | None]
    #: the officer for secrets who has looked at the paper and found none; it is not sealed again by itself
    cleared_by: Mapped[str | None]

    document: Mapped[Document] = relationship(viewonly=True)

    @property
    def is_open(self) -> bool:
        """Whether there are bytes that somebody may read."""
        return self.destroyed_at is None and self.sealed_at is None

    @property
    def is_pdf(self) -> bool:
        """Whether it can be shown page by page and signed."""
        return self.media_type == "application/pdf" and self.is_open

    @property
    def may_run(self) -> bool:
        """Whether a desktop would run it rather than show it; it travels as sent, and is warned about."""
        return PROGRAM_ENDINGS.search(self.name) is not None


class PageText(Base):
    """Words of one page, kept to be searched and shown."""

    __tablename__ = "page_text"
    file_id: Mapped[int] = mapped_column(sa.ForeignKey("document_file.id"), primary_key=True)
    page: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    text: Mapped[str]
    #: of a page read from its picture: for each line its words with their boxes, [text, x0, y0, x1, y1]
    recognised: Mapped[list[Any] | None] = mapped_column(sa.JSON(none_as_null=True))


class Channel(StrEnum):
    """How a recipient is reached."""

    AXIS = "axis"
    PAPER = "paper"


class Medium(StrEnum):
    """What a document is made of."""

    PAPER = "paper"
    ELECTRONIC = "electronic"


class Recipient(Base):
    """Where a document goes; names and codes as they were on the day of issue."""

    __tablename__ = "recipient"
    __table_args__ = (
        # who is in no directory has no code; there may be several
        sa.Index(
            "uq_recipient_code", "document_id", "code", unique=True, postgresql_where=sa.text("code <> ''")
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"), index=True)
    code: Mapped[str] = mapped_column(sa.String(35))
    name: Mapped[str] = mapped_column(sa.String(200))
    channel: Mapped[Channel] = mapped_column(enum_column(Channel), default=Channel.AXIS)
    position: Mapped[int] = mapped_column(default=0)
    #: what names it on the page with others: "Các sở, ban, ngành tỉnh" (Appendix I, part II.9); empty: its own name
    line: Mapped[str] = mapped_column(sa.String(200), default="")


class RecipientGroup(Base):
    """Agencies that are often written to together: chosen one by one, found in the directory by a rule, or both."""

    __tablename__ = "recipient_group"
    __table_args__ = (
        # two of one name cannot be told apart while typing: not among those of an agency, nor of a person
        sa.Index(
            "uq_recipient_group_shared", "agency_id", "folded", unique=True, postgresql_where=sa.text("shared")
        ),
        sa.Index(
            "uq_recipient_group_own", "agency_id", "person_id", "folded", unique=True,
            postgresql_where=sa.text("NOT shared"),
        ),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    #: who keeps it
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    #: everybody in the agency may use it; then it is the agency's, not one person's
    shared: Mapped[bool] = mapped_column(default=False)
    name: Mapped[str] = mapped_column(sa.String(100))
    #: as it stands on the page; empty: its name
    line: Mapped[str] = mapped_column(sa.String(200), default="")
    #: code of the agency whose direct subordinates on the axis belong to it, whoever they are that day
    under: Mapped[str] = mapped_column(sa.String(35), default="")
    #: of those, only the ones whose names begin so, separated by commas: "Sở, Ban"; empty: all
    beginnings: Mapped[str] = mapped_column(sa.String(200), default="")
    #: folded name, for type-ahead
    folded: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}

    @property
    def printed(self) -> str:
        """What stands for its members on the page."""
        return self.line or self.name


class RecipientGroupMember(Base):
    """An agency that was put into a group by hand."""

    __tablename__ = "recipient_group_member"
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    group_id: Mapped[int] = mapped_column(
        sa.ForeignKey("recipient_group.id", ondelete="CASCADE"), primary_key=True
    )
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), primary_key=True)
    position: Mapped[int]


class LinkKind(StrEnum):
    """What one document is to another."""

    REPLY = "reply"
    #: in force instead of it, or its corrected text
    REPLACES = "replaces"
    #: says what is wrong in its form or in how it was issued; it stays in force (Article 18.3)
    CORRECTS = "corrects"
    #: a certified copy of it
    COPIES = "copies"


class DocumentLink(Base):
    """A document refers to another one of the same agency."""

    __tablename__ = "document_link"
    __table_args__ = (sa.UniqueConstraint("source_id", "target_id", "kind"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    source_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"), index=True)
    target_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"), index=True)
    kind: Mapped[LinkKind] = mapped_column(enum_column(LinkKind))


class DocumentMove(Base):
    """A document was open when its agency was merged, and went to one that follows."""

    __tablename__ = "document_move"
    id: Mapped[int] = mapped_column(primary_key=True)
    #: where it lay before
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"), index=True)
    at: Mapped[datetime]


class DocumentAccess(Base):
    """A unit or a person was brought in: the one list that opens a document beyond the whole-agency roles."""

    __tablename__ = "document_access"
    __table_args__ = (
        sa.UniqueConstraint("document_id", "unit_id", "person_id", postgresql_nulls_not_distinct=True),
        sa.CheckConstraint("(unit_id IS NULL) <> (person_id IS NULL)", name="one_of_two"),
        sa.Index("ix_document_access_unit", "unit_id", "document_id"),
        sa.Index("ix_document_access_person", "person_id", "document_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"))
    unit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("unit.id"))
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    given_at: Mapped[datetime] = mapped_column(default=clock.now)


class Register(Base):
    """One series of numbers of one year (Decree 30/2020, Articles 15 and 22)."""

    __tablename__ = "register"
    __table_args__ = (sa.UniqueConstraint("agency_id", "year", "code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    #: by Asia/Ho_Chi_Minh
    year: Mapped[int]
    direction: Mapped[Direction] = mapped_column(enum_column(Direction))
    #: short name inside the agency, e.g. DEN, CV, QD
    code: Mapped[str] = mapped_column(sa.String(20))
    name: Mapped[str] = mapped_column(sa.String(200))
    #: kinds numbered here; empty: all that no other register of the year takes
    kind_codes: Mapped[list[str]]
    #: the advisory body whose documents alone it numbers; None: the agency's own
    body_id: Mapped[int | None] = mapped_column(sa.ForeignKey("advisory_body.id"))
    #: the number before the first one given here; 0 unless taken over, then entries up to it are the old system's
    opening_number: Mapped[int] = mapped_column(default=0)
    last_number: Mapped[int] = mapped_column(default=0)
    #: date of the last number: no later number may bear an earlier one
    last_dated_on: Mapped[date | None]
    #: by which the head opened it otherwise than usual, and closed it before the year's end
    decision: Mapped[str] = mapped_column(sa.String(602), default="")
    #: from then on it gives no number
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str] = mapped_column(default="")

    @property
    def kept_elsewhere(self) -> bool:
        """Whether every number of it was given in the system before: its book was bound there."""
        return self.closed_at is not None and 0 < self.opening_number == self.last_number


class RegisterEntry(Base):
    """A number, given once; a void one stays with its reason."""

    __tablename__ = "register_entry"
    __table_args__ = (sa.UniqueConstraint("agency_id", "register_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    register_id: Mapped[int] = mapped_column(sa.ForeignKey("register.id"), index=True)
    number: Mapped[int]
    dated_on: Mapped[date]
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"), index=True)
    given_at: Mapped[datetime]
    given_by: Mapped[str]
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str] = mapped_column(default="")
    #: what was corrected in the line since, as the register's own remark
    note: Mapped[str] = mapped_column(default="")

    register: Mapped[Register] = relationship(lazy="joined")
