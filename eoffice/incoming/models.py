"""An incoming document."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from eoffice.core.db import Base, enum_column
from eoffice.core.states import Look
from eoffice.directory.models import Assignment
from eoffice.documents.models import Direction, Document
from eoffice.incoming.states import OPEN, Doubt, State


class Source(StrEnum):
    """How it came."""

    AXIS = "axis"
    SCAN = "scan"
    #: attached to a mail
    MAIL = "mail"


class IncomingDocument(Document):
    """A document that came from somebody else; its received bytes are never changed."""

    __tablename__ = "incoming_document"
    __table_args__ = (
        sa.Index("ix_incoming_document_state", "agency_id", "state"),
        sa.Index(
            "uq_incoming_document_mail", "agency_id", "mail_id", unique=True,
            postgresql_where=sa.text("mail_id IS NOT NULL"),
        ),
    )  # fmt: skip
    __mapper_args__ = {"polymorphic_identity": Direction.IN}
    id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"), primary_key=True)
    #: the document's, here too: an agency's open work is found without looking at other agencies'
    agency_id: Mapped[int] = column_property(
        sa.Column(sa.ForeignKey("agency.id"), nullable=False), Document.__table__.c.agency_id
    )
    source: Mapped[Source] = mapped_column(enum_column(Source))
    state: Mapped[State] = mapped_column(enum_column(State))
    arrived_at: Mapped[datetime]
    #: when số đến was given
    registered_at: Mapped[datetime | None]
    #: the leader it is submitted to
    submitted_to_id: Mapped[int | None] = mapped_column(sa.ForeignKey("assignment.id"))
    #: the direction that somebody has prepared for the leader, see `prepared.Prepared`; None: nobody has
    prepared: Mapped[dict[str, Any] | None]
    #: address of the mail it came with; what anybody wrote there
    sent_from: Mapped[str] = mapped_column(sa.String(320), default="")
    #: SHA-256 of that mail: the same one is taken in once
    mail_id: Mapped[str | None] = mapped_column(sa.String(64))
    #: whether it ever went on to another agency: most never do, and need no look for copies
    passed_on: Mapped[bool] = mapped_column(default=False)
    #: why it was returned; a `Doubt` while it needs a look
    reason: Mapped[str] = mapped_column(default="")

    submitted_to: Mapped[Assignment | None] = relationship(foreign_keys=[submitted_to_id])

    @property
    def look(self) -> Look:
        """How its condition looks."""
        return self.state.look

    @property
    def is_over(self) -> bool:
        """Done, returned, withdrawn or discarded."""
        return self.state not in OPEN

    @property
    def bears_secret(self) -> bool:
        """Whether the mark of a state secret was found on it, and the officer for them has not cleared it."""
        return self.reason == Doubt.SECRET or any(file.sealed_at is not None for file in self.files)


class EnvelopeSign(StrEnum):
    """What is stamped on an envelope that the clerk does not open; never more is known of it here."""

    #: tuyệt mật, tối mật, mật
    A = "A"
    B = "B"
    C = "C"
    #: only the person named may open it
    NAMED = "named"

    @property
    def word(self) -> LazyString:
        """As people say it."""
        return _SIGN_WORDS[self]


_SIGN_WORDS = {
    EnvelopeSign.A: _l("A - top secret"),
    EnvelopeSign.B: _l("B - secret of the second level"),
    EnvelopeSign.C: _l("C - secret of the third level"),
    EnvelopeSign.NAMED: _l("Only who is named opens it"),
}


class Envelope(Base):
    """A sealed envelope that came: what stands on its outside, and into whose hands it went.

    A register of its own (Decree 30/2020, Articles 21.1 and 22.4): no subject, no file, no page of what lies in it.
    """

    __tablename__ = "envelope"
    __table_args__ = (
        sa.UniqueConstraint("agency_id", "year", "number"),
        sa.Index("ix_envelope_waiting", "to_id", postgresql_where=sa.text("received_at IS NULL")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    year: Mapped[int]
    #: in the agency's own series of the year, from 1, without gaps
    number: Mapped[int]
    sign: Mapped[EnvelopeSign] = mapped_column(enum_column(EnvelopeSign))
    #: who sent it, and number and notation, as written outside
    sender: Mapped[str] = mapped_column(sa.String(200))
    code: Mapped[str] = mapped_column(sa.String(60), default="")
    arrived_at: Mapped[datetime]
    entered_by: Mapped[str]
    #: who is to get it: the one named on it, or the officer for state secrets
    to_id: Mapped[int] = mapped_column(sa.ForeignKey("assignment.id"))
    received_at: Mapped[datetime | None]
    received_by: Mapped[str] = mapped_column(default="")
    #: whether the seal was whole when it was handed over
    intact: Mapped[bool | None]
    #: when the line was made void, as one entered twice; its number stays used
    voided_at: Mapped[datetime | None]
    #: what was corrected, by whom and why, or why it is void: a remark of the register, never what lies inside
    note: Mapped[str] = mapped_column(default="", server_default="")

    to: Mapped[Assignment] = relationship(lazy="joined", innerjoin=True)

    @classmethod
    def with_clerk(cls) -> sa.ColumnElement[bool]:
        """Those that nobody has taken over and that are not void."""
        return sa.and_(cls.received_at.is_(None), cls.voided_at.is_(None))


class SourceAway(Base):
    """A mail box or scanners' folder that cannot be read, or not wholly; the row goes when that is over."""

    __tablename__ = "source_away"
    #: which one: "mail:H01.12", "scan"; see `sources` for what is read and holds what is not taken in
    key: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    #: whose documents do not come in; None: every agency's
    agency_id: Mapped[int | None] = mapped_column(sa.ForeignKey("agency.id"))
    source: Mapped[Source] = mapped_column(enum_column(Source))
    #: server or folder
    place: Mapped[str] = mapped_column(sa.String(300))
    #: what the server or the system said; for administrators
    why: Mapped[str]
    since: Mapped[datetime]
    tried_at: Mapped[datetime]
