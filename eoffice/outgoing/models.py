"""An outgoing document: who wrote, approved, checked, signed, numbered and issued it."""

from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import (
    Mapped,
    column_property,
    mapped_column,
    object_session,
    query_expression,
    relationship,
)

from eoffice.core.db import Base, enum_column
from eoffice.core.errors import Conflict
from eoffice.core.states import Look
from eoffice.directory.models import AdvisoryBody, Assignment, Delegation, Unit
from eoffice.documents.models import Direction, Document, Medium, Recipient
from eoffice.outgoing.states import OPEN, RECALLED, REPLACED, State


class DraftSource(StrEnum):
    """Where the page comes from."""

    #: fields and text, typeset here to the official layout
    TEMPLATE = "template"
    #: a PDF or Word file of the drafter
    UPLOAD = "upload"


class OutgoingDocument(Document):
    """A document of ours, from draft to issue; once issued nothing of it changes."""

    __tablename__ = "outgoing_document"
    __table_args__ = (
        sa.Index("ix_outgoing_document_state", "agency_id", "state"),
        # what waits for a signature: whether who is to give it still can is asked by the minute
        sa.Index(
            "ix_outgoing_document_to_sign", "signer_id", "delegation_id",
            postgresql_where=sa.text("state IN ('signature', 'permission')"),
        ),
        sa.Index(
            "uq_outgoing_document_form_key", "agency_id", "form_key", unique=True,
            postgresql_where=sa.text("form_key IS NOT NULL"),
        ),
    )  # fmt: skip
    __mapper_args__ = {"polymorphic_identity": Direction.OUT}
    id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"), primary_key=True)
    #: the document's, here too: an agency's open work is found without looking at other agencies'
    agency_id: Mapped[int] = column_property(
        sa.Column(sa.ForeignKey("agency.id"), nullable=False), Document.__table__.c.agency_id
    )
    state: Mapped[State] = mapped_column(enum_column(State))
    draft_source: Mapped[DraftSource] = mapped_column(enum_column(DraftSource))
    #: what the template is filled with, see `drafting.Text`; empty for an upload
    content: Mapped[dict[str, Any]]
    #: how often it was changed: who saves says which of them he began from
    revision: Mapped[int] = mapped_column(default=0)
    drafter_id: Mapped[int] = mapped_column(sa.ForeignKey("assignment.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("unit.id"), index=True)
    #: the leader who signs
    signer_id: Mapped[int] = mapped_column(sa.ForeignKey("assignment.id"), index=True)
    #: lines above the signature on the day of drafting
    authority: Mapped[str]
    #: in whose name it is issued, where that is a council or committee of the agency
    body_id: Mapped[int | None] = mapped_column(sa.ForeignKey("advisory_body.id"))
    #: under which the signer signs in another's stead; None: in his own right
    delegation_id: Mapped[int | None] = mapped_column(sa.ForeignKey("delegation.id"))
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str] = mapped_column(default="")
    form_checked_at: Mapped[datetime | None]
    form_checked_by: Mapped[str] = mapped_column(default="")
    signed_at: Mapped[datetime | None]
    numbered_at: Mapped[datetime | None]
    sealed_at: Mapped[datetime | None]
    issued_at: Mapped[datetime | None]
    #: when its recipients were asked to destroy it: it stays as it was issued, and counts no more
    recalled_at: Mapped[datetime | None]
    #: why it was sent back or made void
    reason: Mapped[str] = mapped_column(default="")
    #: box of the number line on page 1 in points, origin bottom left: x0, y0, x1, y1; by template or by hand
    number_box: Mapped[list[Any] | None] = mapped_column(sa.JSON)
    #: page (from 1) and box between the signer's title and name: page, x0, y0, x1, y1; None: not found
    signature_place: Mapped[list[Any] | None] = mapped_column(sa.JSON)

    #: what the form that began it was filled with, as a digest; None: no form, or one of before
    form_key: Mapped[str | None] = mapped_column(sa.String(64), deferred=True)
    #: whether anybody was ever asked for an opinion: most drafts need no look for one
    consulted: Mapped[bool] = mapped_column(default=False)
    #: of a certified copy, what it is made as: the clerk makes it, no draft goes before; None: no copy
    copied_to: Mapped[Medium | None] = mapped_column(enum_column(Medium))

    #: while it is not issued, deadline of what it answers; read with the row, see `queries.answer_by`
    answer_on: Mapped[date | None] = query_expression()
    answer_at: Mapped[time | None] = query_expression()
    #: how many remarks on it are not done; read with the row of a page
    open_remarks: Mapped[int | None] = query_expression()

    #: whether another one was issued in its place; read with the row of a page or list, see `queries.shown`
    is_replaced: Mapped[bool | None] = query_expression()

    @property
    def look(self) -> Look:
        """How its condition looks: issued and recalled or replaced is no step of its way, and all that counts of it."""
        if self.recalled_at is not None:
            return RECALLED
        return REPLACED if self.is_replaced else self.state.look

    @property
    def due(self) -> tuple[date | None, time | None]:
        """Until when it must be done: what it answers says so first, then the day its recipients are told."""
        return (self.answer_on, self.answer_at) if self.answer_on else (self.due_on, None)

    @property
    def drafted_by(self) -> str:
        """Who drafted it; of a document issued elsewhere nobody knows here."""
        return "" if self._issued_elsewhere else self.drafter.person.full_name

    @property
    def signed_by(self) -> str:
        """Who signs it, or signed it elsewhere."""
        return self.signer_name if self._issued_elsewhere else self.signer.person.full_name

    @property
    def is_over(self) -> bool:
        """Issued, its number void, or a copy that was not allowed."""
        return self.state not in OPEN

    @property
    def _issued_elsewhere(self) -> bool:
        return bool(self.taken_over_from) and self.state is State.ISSUED

    drafter: Mapped[Assignment] = relationship(foreign_keys=[drafter_id])
    signer: Mapped[Assignment] = relationship(foreign_keys=[signer_id])
    unit: Mapped[Unit | None] = relationship()
    delegation: Mapped[Delegation | None] = relationship()
    body: Mapped[AdvisoryBody | None] = relationship()


class Remark(Base):
    """What somebody who may read a draft says of one version of it."""

    __tablename__ = "remark"
    __table_args__ = (sa.Index("ix_remark_open", "document_id", postgresql_where=sa.text("done_at IS NULL")),)
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("outgoing_document.id"), index=True)
    #: of the draft it was written on
    version_no: Mapped[int]
    #: from 1; None: on the whole
    page: Mapped[int | None]
    #: words of the draft it is about
    passage: Mapped[str] = mapped_column(default="")
    words: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    #: name and title on that day
    written_by: Mapped[str]
    written_at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(default="")
    answered_by: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]
    #: None: open
    done_at: Mapped[datetime | None]
    done_by: Mapped[str] = mapped_column(default="")


class Stance(StrEnum):
    """What somebody who was asked thinks of a draft."""

    AGREE = "agree"
    WITH_CHANGES = "with_changes"
    DISAGREE = "disagree"

    @property
    def word(self) -> LazyString:
        """What people call it."""
        return _STANCES[self]


_STANCES = {
    Stance.AGREE: _l("Agrees"),
    Stance.WITH_CHANGES: _l("Agrees with changes"),
    Stance.DISAGREE: _l("Does not agree"),
}


class Consultation(Base):
    """One colleague asked for an opinion on a draft, and the opinion given."""

    __tablename__ = "consultation"
    __table_args__ = (
        # one question at a time, whoever asks
        sa.Index(
            "uq_consultation_open", "document_id", "asked_id", unique=True,
            postgresql_where=sa.text("answered_at IS NULL AND withdrawn_at IS NULL"),
        ),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("outgoing_document.id"), index=True)
    asker_id: Mapped[int] = mapped_column(sa.ForeignKey("assignment.id"))
    asked_id: Mapped[int] = mapped_column(sa.ForeignKey("assignment.id"), index=True)
    #: those asked in one go; nobody waits for who was asked in another
    series: Mapped[int]
    #: within a series equal turns answer in parallel, a higher one after every lower one
    turn: Mapped[int]
    question: Mapped[str]
    due_on: Mapped[date | None]
    asked_at: Mapped[datetime]
    stance: Mapped[Stance | None] = mapped_column(enum_column(Stance))
    answer: Mapped[str]
    answered_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]

    document: Mapped[OutgoingDocument] = relationship(viewonly=True)
    asker: Mapped[Assignment] = relationship(foreign_keys=[asker_id], lazy="joined")
    asked: Mapped[Assignment] = relationship(foreign_keys=[asked_id], lazy="joined")

    @property
    def open(self) -> bool:
        """Whether an answer is still waited for."""
        return self.answered_at is None and self.withdrawn_at is None


class Carrier(StrEnum):
    """How a document on paper gets to its recipient."""

    POST = "post"
    #: by hand, against a signature
    HAND = "hand"

    @property
    def word(self) -> LazyString:
        """What people call it."""
        return _l("By post") if self is Carrier.POST else _l("By hand")


class PostingState(StrEnum):
    """Where a paper document is on its way."""

    WAITING = "waiting"
    SENT = "sent"
    RECEIVED = "received"
    #: could not be delivered
    CAME_BACK = "came_back"

    @property
    def word(self) -> LazyString:
        """The one word for it."""
        return _POSTINGS[self]


_POSTINGS = {
    PostingState.WAITING: _l("To be sent"), PostingState.SENT: _l("Sent, no receipt yet"),
    PostingState.RECEIVED: _l("Received on paper"), PostingState.CAME_BACK: _l("Came back"),
}  # fmt: skip


class Posting(Base):
    """A line of the dispatch book: one recipient of an issued document who gets it on paper."""

    __tablename__ = "posting"
    __table_args__ = (
        sa.UniqueConstraint("recipient_id"),
        sa.Index("ix_posting_book", "agency_id", "state", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("outgoing_document.id"), index=True)
    recipient_id: Mapped[int] = mapped_column(sa.ForeignKey("recipient.id"))
    state: Mapped[PostingState] = mapped_column(enum_column(PostingState), default=PostingState.WAITING)
    carrier: Mapped[Carrier | None] = mapped_column(enum_column(Carrier))
    sent_on: Mapped[date | None]
    #: number of the item at the post
    tracking: Mapped[str] = mapped_column(sa.String(40), default="")
    #: day of the receipt, or on which it came back
    settled_on: Mapped[date | None]
    #: who signed for it, or why it came back
    receipt: Mapped[str] = mapped_column(sa.String(200), default="")

    document: Mapped[OutgoingDocument] = relationship(viewonly=True)
    recipient: Mapped[Recipient] = relationship(lazy="joined", innerjoin=True, viewonly=True)


class ReturnedPosting(Base):
    """A posting that came back and was followed by another: it stays a line of the dispatch book."""

    __tablename__ = "returned_posting"
    id: Mapped[int] = mapped_column(primary_key=True)
    posting_id: Mapped[int] = mapped_column(sa.ForeignKey("posting.id"), index=True)
    carrier: Mapped[Carrier] = mapped_column(enum_column(Carrier))
    sent_on: Mapped[date] = mapped_column(index=True)
    tracking: Mapped[str] = mapped_column(sa.String(40))
    #: day on which it came back, and why
    settled_on: Mapped[date]
    receipt: Mapped[str] = mapped_column(sa.String(200))


class Frozen(Conflict):
    """Issued documents never change (Decree 30/2020, Article 18.3)."""

    message = _l("The document is issued and locked. Issue a new one that amends or replaces it.")


@sa.event.listens_for(OutgoingDocument, "before_update")
@sa.event.listens_for(OutgoingDocument, "before_delete")
def _freeze(_mapper: object, _connection: object, document: OutgoingDocument) -> None:
    """Whatever the code path, nothing but the step that issues writes a row that says issued; that it was recalled is
    noted beside what stays as it was."""
    seen, session = sa.inspect(document), object_session(document)
    state = seen.attrs.state.history
    columns = (one.key for one in seen.mapper.column_attrs if one.key != "recalled_at")
    changed = session is not None and any(seen.attrs[key].history.has_changes() for key in columns)
    leaves = State.ISSUED in (state.deleted or ())
    stays = State.ISSUED in (state.unchanged or ())
    if leaves or (stays and (changed or (session is not None and document in session.deleted))):
        raise Frozen
