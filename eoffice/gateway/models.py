"""What leaves, what arrives, and what each side was told about it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eoffice.core.db import Base, enum_column
from eoffice.directory.models import Agency
from eoffice.documents.models import Document

#: business of a packet of ours that passes on what came in; on the wire it is a new document
FORWARD = "forward"


class DispatchState(StrEnum):
    """Where a packet of ours is."""

    #: in the outbox: the axis has not confirmed it
    WAITING = "waiting"
    #: the axis's signed receipt is stored
    ACCEPTED = "accepted"
    #: refused for good, or the deadline is over: kept whole until a person decides
    FAILED = "failed"


class Posting:
    """A row of the outbox: handed to the axis under one id, again and again, until the axis has it."""

    #: the code it goes under
    sender_code: Mapped[str] = mapped_column(sa.String(35))
    #: what it says, as written when it was put out, see `gateway.messages`; no page needs it
    message: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    #: the same on every try, so that the axis recognises a repeat
    message_id: Mapped[str] = mapped_column(sa.String(36), unique=True)
    state: Mapped[DispatchState] = mapped_column(enum_column(DispatchState), default=DispatchState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime]
    #: a sender is at it until then; later than that it was killed, and another takes over
    held_until: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(default="")
    accepted_at: Mapped[datetime | None]


class Dispatch(Posting, Base):
    """One packet to the axis: written in the issuing transaction, built once, sent until the receipt is stored."""

    __tablename__ = "dispatch"
    __table_args__ = (
        sa.UniqueConstraint("agency_id", "document_id", "business", "round"),
        sa.Index(
            "ix_dispatch_waiting", sa.text("urgent DESC"), "id", postgresql_where=sa.text("state = 'waiting'")
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"), index=True)
    #: new, recall, update, replace, forward
    business: Mapped[str] = mapped_column(sa.String(10), default="new")
    #: it goes before what is not
    urgent: Mapped[bool] = mapped_column(default=False)
    #: counted from 1: later rounds go to recipients that returned it or could not read it
    round: Mapped[int] = mapped_column(default=1)
    #: why, for a recall
    reason: Mapped[str] = mapped_column(default="")
    #: the packet's bytes, built once
    packet_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    packet_size: Mapped[int | None] = mapped_column(sa.BigInteger)
    #: the axis's id of the packet
    hub_id: Mapped[str | None] = mapped_column(sa.String(64), index=True)
    #: the axis's signed receipt as it came
    receipt: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    #: when the axis was last asked what became of it
    asked_at: Mapped[datetime | None]

    document: Mapped[Document] = relationship()
    deliveries: Mapped[list["Delivery"]] = relationship(back_populates="dispatch", order_by="Delivery.id")


class Hop(StrEnum):
    """How far one recipient's copy has come, in order."""

    WAITING = "waiting"
    ON_AXIS = "on_axis"
    FETCHED = "fetched"
    ARRIVED = "arrived"
    REGISTERED = "registered"
    ASSIGNED = "assigned"
    PROCESSING = "processing"
    DONE = "done"
    REFUSED = "refused"
    #: given back to us, or destroyed at our recall
    WITHDRAWN = "withdrawn"
    #: the recipient's system could not read the packet
    UNREADABLE = "unreadable"
    FAILED = "failed"

    @property
    def word(self) -> LazyString:
        """The one word for it."""
        return HOP_WORDS[self]


HOP_WORDS = {
    Hop.WAITING: _l("Waiting for the axis"),
    Hop.ON_AXIS: _l("Waiting to be fetched"),
    Hop.FETCHED: _l("Fetched"),
    Hop.ARRIVED: _l("Arrived"),
    Hop.REGISTERED: _l("Received"),
    Hop.ASSIGNED: _l("Assigned"),
    Hop.PROCESSING: _l("In progress"),
    Hop.DONE: _l("Completed"),
    Hop.REFUSED: _l("Refused"),
    Hop.WITHDRAWN: _l("Withdrawn"),
    Hop.UNREADABLE: _l("Unreadable there"),
    Hop.FAILED: _l("Could not be sent"),
}


class Delivery(Base):
    """One recipient of a dispatch and every step that was proven."""

    __tablename__ = "delivery"
    __table_args__ = (sa.UniqueConstraint("dispatch_id", "recipient_code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    dispatch_id: Mapped[int] = mapped_column(sa.ForeignKey("dispatch.id"))
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"), index=True)
    recipient_code: Mapped[str] = mapped_column(sa.String(35))
    recipient_name: Mapped[str] = mapped_column(sa.String(200))
    hop: Mapped[Hop] = mapped_column(enum_column(Hop), default=Hop.WAITING, index=True)
    on_axis_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    registered_at: Mapped[datetime | None]
    assigned_at: Mapped[datetime | None]
    processing_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]
    #: time stamp inside the newest status taken: an older one never overwrites it
    last_status_at: Mapped[datetime | None]
    #: the axis's signed word that the recipient's system has confirmed these bytes
    receipt: Mapped[dict[str, Any] | None]
    #: what the other side wrote with its newest status
    note: Mapped[str] = mapped_column(default="")

    dispatch: Mapped[Dispatch] = relationship(back_populates="deliveries")
    requests: Mapped[list["Request"]] = relationship(back_populates="delivery", order_by="Request.id")


class PacketState(StrEnum):
    """What became of a packet we fetched."""

    STORED = "stored"
    #: it could not be read, or names no agency of ours: kept aside here and told to the axis
    DAMAGED = "damaged"


class Packet(Base):
    """A packet fetched from the axis, bytes kept as they came."""

    __tablename__ = "packet"
    __table_args__ = (
        sa.Index("ix_packet_uid", sa.text("lower(document_uid)")),
        sa.Index(
            "ix_packet_code", "sender_code", sa.text("(content ->> 'code_number')"),
            sa.text("(content ->> 'code_notation')"), postgresql_where=sa.text("message_type = 'edoc'"),
        ),
        # documents that recalls speak of
        sa.Index(
            "ix_packet_recall", sa.text("(lower(content ->> 'targets')::jsonb)"), postgresql_using="gin",
            postgresql_where=sa.text("business = 'recall'"),
        ),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(primary_key=True)
    #: the axis's id: the same packet again changes nothing
    hub_id: Mapped[str] = mapped_column(sa.String(64), unique=True)
    #: edoc or status
    message_type: Mapped[str] = mapped_column(sa.String(10))
    sender_code: Mapped[str] = mapped_column(sa.String(35), default="")
    document_uid: Mapped[str] = mapped_column(sa.String(150), default="")
    business: Mapped[str] = mapped_column(sa.String(10), default="new")
    sha256: Mapped[str] = mapped_column(sa.String(64))
    size: Mapped[int] = mapped_column(sa.BigInteger)
    #: what its header says and which files it holds, see `gateway.contents`
    content: Mapped[dict[str, Any]]
    state: Mapped[PacketState] = mapped_column(enum_column(PacketState), default=PacketState.STORED)
    #: why it was put aside, or what was odd, in Vietnamese; the first is told to the sender with `fail`
    error: Mapped[str] = mapped_column(default="")
    #: the same in English
    error_en: Mapped[str] = mapped_column(default="")
    #: codes it is addressed to, as far as axis and header tell
    addressed: Mapped[list[str]] = mapped_column(default=list)
    received_at: Mapped[datetime]
    #: when the axis was told `done` (or `fail`)
    acknowledged_at: Mapped[datetime | None]


class Unreadable(Base):
    """A packet put aside, at one agency it names: in sight there until a person or a later packet settles it."""

    __tablename__ = "unreadable_packet"
    __table_args__ = (
        sa.UniqueConstraint("agency_id", "packet_id"),
        sa.Index("ix_unreadable_packet_open", "agency_id", postgresql_where=sa.text("settled_at IS NULL")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    #: None when it names no agency of this installation: only an administrator can see to it
    agency_id: Mapped[int | None] = mapped_column(sa.ForeignKey("agency.id"))
    packet_id: Mapped[int] = mapped_column(sa.ForeignKey("packet.id"), index=True)
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    #: the later packet in which the same document came whole
    mended_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("packet.id"))

    packet: Mapped[Packet] = relationship(foreign_keys=[packet_id])
    mended_by: Mapped[Packet | None] = relationship(foreign_keys=[mended_by_id])
    agency: Mapped[Agency | None] = relationship()


class Followed(Base):
    """How far an axis's directory was taken over."""

    __tablename__ = "followed_directory"
    #: its address
    axis: Mapped[str] = mapped_column(primary_key=True)
    #: version of the newest entry
    version: Mapped[int] = mapped_column(sa.BigInteger)
    asked_at: Mapped[datetime]


class Arrival(Base):
    """A packet at one of our agencies: exactly one for each, whatever is repeated."""

    __tablename__ = "arrival"
    __table_args__ = (
        sa.UniqueConstraint("agency_id", "packet_id"),
        sa.Index("ix_arrival_sender", "agency_id", "sender_code"),
        sa.Index("ix_arrival_stored", "arrived_at", postgresql_where=sa.text("taken_in_at IS NULL")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    packet_id: Mapped[int] = mapped_column(sa.ForeignKey("packet.id"), index=True)
    sender_code: Mapped[str] = mapped_column(sa.String(35))
    sender_name: Mapped[str] = mapped_column(sa.String(200))
    #: as addressed, kept even when a successor takes it, with the closed agency's name then
    addressed_code: Mapped[str] = mapped_column(sa.String(35))
    addressed_name: Mapped[str] = mapped_column(sa.String(200), default="")
    document_uid: Mapped[str] = mapped_column(sa.String(150))
    arrived_at: Mapped[datetime]
    #: when it was given to the features above; the axis is told `done` before, the clerk sees it after
    taken_in_at: Mapped[datetime | None]
    #: the incoming document made of it
    document_id: Mapped[int | None] = mapped_column(sa.ForeignKey("document.id"), unique=True)
    #: an earlier arrival with the same sender, document id and business in another packet
    repeats_id: Mapped[int | None] = mapped_column(sa.ForeignKey("arrival.id"))

    packet: Mapped[Packet] = relationship()
    reports: Mapped[list["Report"]] = relationship(back_populates="arrival", order_by="Report.id")
    #: what its sender asked of it
    requests: Mapped[list["Request"]] = relationship(viewonly=True, order_by="Request.id")


class Asked(StrEnum):
    """What a sender asks of a copy that is already at its recipient (QCVN 102:2016)."""

    #: status 13: this one recipient gives it back
    TAKE_BACK = "take_back"
    #: business kind 1: every recipient destroys it (Decree 30/2020, Article 18.4)
    RECALL = "recall"
    #: business kinds 2 and 3: another packet takes its place
    UPDATE = "update"
    REPLACE = "replace"

    @property
    def word(self) -> LazyString:
        """What people call it."""
        return ASKED_WORDS[self]

    @property
    def withdraws(self) -> bool:
        """Whether the copy is destroyed when the recipient agrees."""
        return self in (Asked.TAKE_BACK, Asked.RECALL)


ASKED_WORDS = {
    Asked.TAKE_BACK: _l("Taking back"),
    Asked.RECALL: _l("Recall"),
    Asked.UPDATE: _l("Update"),
    Asked.REPLACE: _l("Replacement"),
}


class Answer(StrEnum):
    """What the recipient said to it."""

    OPEN = "open"
    #: status 15
    AGREED = "agreed"
    #: status 16
    REFUSED = "refused"


class Request(Base):
    """The sender wants a sent document back, destroyed or superseded: kept at his side and at the recipient's."""

    __tablename__ = "change_request"
    __table_args__ = (
        sa.CheckConstraint("(delivery_id IS NULL) <> (arrival_id IS NULL)", name="one_side"),
        # one thing at a time is asked of a copy; the same packet again asks nothing new
        sa.Index("uq_change_request_open_delivery", "delivery_id", unique=True,
                 postgresql_where=sa.text("answer = 'open'")),
        sa.Index("ix_change_request_open_arrival", "arrival_id", postgresql_where=sa.text("answer = 'open'")),
        sa.UniqueConstraint("arrival_id", "packet_id"),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    kind: Mapped[Asked] = mapped_column(enum_column(Asked))
    #: at the sender: the copy it is about
    delivery_id: Mapped[int | None] = mapped_column(sa.ForeignKey("delivery.id"), index=True)
    #: at the sender: the packet that asks, for a recall or a replacement; a status asks otherwise
    dispatch_id: Mapped[int | None] = mapped_column(sa.ForeignKey("dispatch.id"), index=True)
    #: at the recipient: the copy, and the packet that asked
    arrival_id: Mapped[int | None] = mapped_column(sa.ForeignKey("arrival.id"))
    packet_id: Mapped[int | None] = mapped_column(sa.ForeignKey("packet.id"))
    reason: Mapped[str]
    asked_at: Mapped[datetime]
    #: person at the sender; "" at the recipient
    asked_by: Mapped[str] = mapped_column(default="")
    answer: Mapped[Answer] = mapped_column(enum_column(Answer), default=Answer.OPEN)
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")

    delivery: Mapped[Delivery | None] = relationship(back_populates="requests")
    arrival: Mapped[Arrival | None] = relationship()


class Report(Posting, Base):
    """A status of ours: to the sender of an arrival, once per code and question, or 13 to one of our recipients."""

    __tablename__ = "status_report"
    __table_args__ = (
        sa.UniqueConstraint(
            "agency_id", "arrival_id", "code", "request_id", postgresql_nulls_not_distinct=True
        ),
        sa.CheckConstraint("arrival_id IS NOT NULL OR request_id IS NOT NULL", name="about_something"),
        sa.Index("ix_status_report_waiting", "id", postgresql_where=sa.text("state = 'waiting'")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    arrival_id: Mapped[int | None] = mapped_column(sa.ForeignKey("arrival.id"), index=True)
    #: what 13 asks, or what 15 and 16 answer
    request_id: Mapped[int | None] = mapped_column(sa.ForeignKey("change_request.id"), index=True)
    #: 01 to 06, 13, 15, 16 (Decision 28/2018; QCVN 102:2016)
    code: Mapped[str] = mapped_column(sa.String(2))
    description: Mapped[str]
    staff_name: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]

    arrival: Mapped[Arrival | None] = relationship(back_populates="reports")
    request: Mapped[Request | None] = relationship()
