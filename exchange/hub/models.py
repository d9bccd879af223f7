"""The state of the axis."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from eoffice.core.db import UtcDateTime, enum_column
from exchange.model import MessageKind
from exchange.vxp import Delivery as DeliveryState


class Base(DeclarativeBase):
    """Tables of the axis; a metadata of its own, since it has a database of its own."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: UtcDateTime(),
        dict[str, Any]: JSONB,
        str: sa.Text(),
        MessageKind: enum_column(MessageKind),
        DeliveryState: enum_column(DeliveryState),
    }


#: every change of the directory takes the next version, so that it can be synchronised by differences
DIRECTORY_VERSION = sa.Sequence("directory_version", metadata=Base.metadata)


class System(Base):
    """A software installation that sends and receives; it may serve many agencies."""

    __tablename__ = "system"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    #: the shared secret, encrypted with a key that is not in the database
    sealed_secret: Mapped[bytes]
    #: the secret before it, which still opens until then: a change needs no moment of silence
    sealed_former: Mapped[bytes | None]
    former_until: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True)
    #: calls a second on the average, over all processes of the axis; 0: as the axis has it
    quota: Mapped[int] = mapped_column(default=0, server_default="0")
    #: another axis that is reached there with a secret of its own: messages for its agencies are forwarded
    url: Mapped[str] = mapped_column(default="", server_default="")
    sealed_key: Mapped[bytes | None]
    #: directory version of that axis up to which this one has followed, and of ours up to which it was told
    followed: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    announced: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class Agency(Base):
    """An entry of the directory."""

    __tablename__ = "agency"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    #: the 13-character code of QCVN 102:2016, which senders still use
    old_code: Mapped[str | None] = mapped_column(unique=True)
    parent_code: Mapped[str] = mapped_column(default="")
    name: Mapped[str]
    mail: Mapped[str] = mapped_column(default="")
    system_id: Mapped[str] = mapped_column(sa.ForeignKey("system.id"), index=True)
    #: known, but nothing can be sent to it now
    locked: Mapped[bool] = mapped_column(default=False)
    deleted: Mapped[bool] = mapped_column(default=False)
    #: first day without this agency; from then on its successors get what is addressed to it
    closed_on: Mapped[date | None]
    #: the decision that closed it
    legal_basis: Mapped[str] = mapped_column(default="", server_default="")
    version: Mapped[int] = mapped_column(
        sa.BigInteger, DIRECTORY_VERSION, onupdate=DIRECTORY_VERSION.next_value(), index=True
    )
    modified_at: Mapped[datetime] = mapped_column(server_default=sa.func.now(), onupdate=sa.func.now())


class Succession(Base):
    """An agency that takes over from a closed one; mail goes to the first, the others are named to senders."""

    __tablename__ = "succession"
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), primary_key=True)
    place: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    successor_code: Mapped[str] = mapped_column(index=True)


class Packet(Base):
    """One message as it was taken in."""

    __tablename__ = "packet"
    __table_args__ = (
        sa.UniqueConstraint("system_id", "key"),
        sa.Index(None, "system_id", "sha256"),
        # the sender's list of what he sent, newest first
        sa.Index(None, "system_id", "kind", "accepted_at"),
        # an operator looks for a document by its number
        sa.Index("ix_packet_notation", sa.text("lower(notation)")),
    )
    #: the DocId of the sending side
    id: Mapped[str] = mapped_column(primary_key=True)
    #: who sent it
    system_id: Mapped[str] = mapped_column(sa.ForeignKey("system.id"))
    #: `id:` and the sender's message id, or `sha256:` and the hash: what makes a repeat a repeat
    key: Mapped[str]
    message_id: Mapped[str]
    sender_code: Mapped[str]
    kind: Mapped[MessageKind]
    sha256: Mapped[str]
    size: Mapped[int] = mapped_column(sa.BigInteger)
    priority: Mapped[int] = mapped_column(sa.SmallInteger)
    document_id: Mapped[str]
    #: số, ký hiệu and trích yếu for the sender's list of what he sent
    notation: Mapped[str]
    title: Mapped[str]
    accepted_at: Mapped[datetime]
    #: axes it came through before, as they name themselves
    trace: Mapped[list[str]] = mapped_column(sa.ARRAY(sa.Text), server_default="{}")
    receipt: Mapped[dict[str, Any]]


class Delivery(Base):
    """One message for one recipient. Rows of one message for one system share `doc_id` and state."""

    __tablename__ = "delivery"
    __table_args__ = (
        sa.UniqueConstraint("packet_id", "recipient"),
        # What a system still has to fetch, in the order it gets it; the only list that is read often.
        sa.Index(
            "ix_delivery_waiting",
            "system_id",
            "kind",
            sa.text("priority DESC"),
            "id",
            postgresql_where=sa.text("leads AND status IN ('initial', 'processing')"),
        ),
        # what a sender has not heard yet
        sa.Index(
            "ix_delivery_untold",
            "sender_id",
            "id",
            postgresql_where=sa.text("NOT told AND status IN ('done', 'fail')"),
        ),
        # what has to be forwarded, and what failed
        sa.Index(
            "ix_delivery_due",
            "due_at",
            postgresql_where=sa.text("forwards AND leads AND status IN ('initial', 'processing')"),
        ),
        sa.Index("ix_delivery_dead", "updated_at", postgresql_where=sa.text("status = 'fail'")),
    )
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    #: the DocId of the receiving side
    doc_id: Mapped[str] = mapped_column(index=True)
    packet_id: Mapped[str] = mapped_column(sa.ForeignKey("packet.id"))
    #: current code of the agency
    recipient: Mapped[str]
    #: the code and, when it was another agency's then, the name under which the sender wrote to it
    addressed: Mapped[str] = mapped_column(default="", server_default="")
    addressed_name: Mapped[str] = mapped_column(default="", server_default="")
    #: the system that sent it
    sender_id: Mapped[str]
    #: the system that serves it, and the only one that may read the message
    system_id: Mapped[str] = mapped_column(sa.ForeignKey("system.id"))
    kind: Mapped[MessageKind]
    priority: Mapped[int] = mapped_column(sa.SmallInteger)
    #: the row that stands for all with the same `doc_id` in lists
    leads: Mapped[bool]
    status: Mapped[DeliveryState] = mapped_column(default=DeliveryState.INITIAL)
    description: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    #: first download
    fetched_at: Mapped[datetime | None]
    #: signed when the receiving system confirmed, names this recipient alone
    receipt: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    #: the sender's system took notice of how it ended
    told: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    #: handed on to another axis: its DocId there, tries so far, and when the next one is due
    forwards: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    forwarded_as: Mapped[str] = mapped_column(default="", server_default="")
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    due_at: Mapped[datetime | None]


class Stamp(Base):
    """A time stamp over the signatures of many receipts: RFC 3161 token over the root of their hash tree."""

    __tablename__ = "stamp"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    #: DER of the token
    token: Mapped[bytes]
    made_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class Seal(Base):
    """A signature under receipts, which may be many, waiting for its time stamp or holding a place in one."""

    __tablename__ = "seal"
    __table_args__ = (
        sa.Index("ix_seal_waiting", "made_at", postgresql_where=sa.text("stamp_id IS NULL")),
        sa.UniqueConstraint("stamp_id", "place"),
    )
    #: leaf hash of the signature
    leaf: Mapped[bytes] = mapped_column(primary_key=True)
    made_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    stamp_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stamp.id"))
    #: leaf of the stamp's tree, from 0
    place: Mapped[int | None]


#: the row of `traffic` under this minute is the sum of all minutes of a system
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


class Traffic(Base):
    """What a system did in one minute, summed over all processes."""

    __tablename__ = "traffic"
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    system_id: Mapped[str] = mapped_column(primary_key=True)
    calls: Mapped[int] = mapped_column(sa.BigInteger)
    #: calls that were refused or told to come again
    refused: Mapped[int] = mapped_column(sa.BigInteger)
    packets: Mapped[int] = mapped_column(sa.BigInteger)
    #: of those packets
    bytes: Mapped[int] = mapped_column(sa.BigInteger)
    #: how many of its messages were confirmed within 0.05 s, 0.1 s, 0.2 s and so on, the last: later
    waits: Mapped[list[int]] = mapped_column(sa.ARRAY(sa.BigInteger))


class Operator(Base):
    """Somebody who may use the console."""

    __tablename__ = "operator"
    name: Mapped[str] = mapped_column(primary_key=True)
    #: argon2id
    password: Mapped[str]
    #: wrong passwords in a row, and until when no further one is tried
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class Deed(Base):
    """What an operator did; written in the transaction that did it, never changed."""

    __tablename__ = "deed"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    operator: Mapped[str]
    what: Mapped[str]
    about: Mapped[str]
