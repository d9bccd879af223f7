"""The log of changes: written in the transaction that changes, never changed itself.

The application's database role may only insert and read; a trigger refuses the rest for everyone. A job
seals finished entries into a hash chain, so that a missing, added or altered entry is found
(Decree 30/2020, Appendix VI, part I-III.5.a).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, LiteralString

import sqlalchemy as sa
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Mapped, Session, mapped_column

from eoffice.core import clock
from eoffice.core.db import Base, run
from eoffice.core.permissions import Actor


class Action(str):
    """`feature.deed`, in the past tense. Declared once, by the feature that owns it."""

    __slots__ = ()


DECLARED: dict[Action, LazyString] = {}


def action(name: str, description: LazyString) -> Action:
    """Declare an action. Raises ValueError when the name is taken."""
    value = Action(name)
    if value in DECLARED:
        raise ValueError(f"audit action {name} is declared twice")
    DECLARED[value] = description
    return value


class AuditEntry(Base):
    """One change. It names its object without a foreign key: it outlives the object."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        sa.Index("ix_audit_entry_object", "object_type", "object_id", "id"),
        sa.Index("ix_audit_entry_agency_id_id", "agency_id", "id"),
    )
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    #: the writing transaction: tells which entries can no longer be joined by older ones
    txid: Mapped[int] = mapped_column(
        sa.BigInteger, server_default=sa.text("pg_current_xact_id()::text::bigint")
    )
    at: Mapped[datetime]
    agency_id: Mapped[int | None]
    user_id: Mapped[int | None]
    #: name and title as they were then
    actor: Mapped[str]
    action: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[int | None]
    details: Mapped[dict[str, Any]]


class AuditSeal(Base):
    """The hash over all entries up to one, each seal over the one before."""

    __tablename__ = "audit_seal"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    #: entries of transactions below this are covered by this seal or an earlier one
    up_to_txid: Mapped[int] = mapped_column(sa.BigInteger, unique=True)
    entries: Mapped[int]
    #: SHA-256, hex, over the previous seal and the entries in order of (txid, id)
    sha256: Mapped[str]


@dataclass(frozen=True)
class Written:
    """An entry that was written."""

    id: int
    agency_id: int | None


def record(session: Session, actor: Actor, what: Action, obj: object, **details: Any) -> Written:
    """Write one entry about `obj` in the caller's transaction; `details` hold old and new values."""
    if getattr(obj, "id", None) is None:
        session.flush()  # it gets the id that the entry names
    agency_id = getattr(obj, "agency_id", None) or actor.agency_id
    about = About(type(obj), getattr(obj, "id", None), agency_id, details)
    return record_all(session, actor, what, [about])[0]


@dataclass(frozen=True)
class About:
    """What one of many entries names."""

    kind: type
    object_id: int | None
    agency_id: int | None
    details: Mapping[str, Any]


_INSERT: LiteralString = """
INSERT INTO audit_entry (at, agency_id, user_id, actor, action, object_type, object_id, details)
SELECT %(at)s, agency_id, %(user_id)s, %(actor)s, %(action)s, object_type, object_id, details
FROM jsonb_to_recordset(%(about)s::jsonb) AS a(object_type text, object_id int, agency_id int, details jsonb)
RETURNING id, agency_id
"""


def record_all(session: Session, actor: Actor, what: Action, about: Sequence[About]) -> list[Written]:
    """As `record`, about many objects at once."""
    if what not in DECLARED:
        raise ValueError(f"audit action {what} is not declared")
    rows = [
        {
            "object_type": one.kind.__name__,
            "object_id": one.object_id,
            "agency_id": one.agency_id,
            "details": {key: _plain(value) for key, value in one.details.items() if value is not None},
        }
        for one in about
    ]
    given = {
        "at": clock.now(),
        "user_id": actor.user_id,
        "actor": ", ".join(part for part in (actor.name, actor.title) if part),
        "action": what,
        "about": json.dumps(rows, ensure_ascii=False),
    }
    return [Written(row.id, row.agency_id) for row in run(session, _INSERT, given)]


def history(session: Session, *objects: object, limit: int = 200) -> list[AuditEntry]:
    """Entries about these objects, newest first."""
    pairs = [(type(obj).__name__, getattr(obj, "id", None)) for obj in objects]
    query = sa.select(AuditEntry).where(sa.tuple_(AuditEntry.object_type, AuditEntry.object_id).in_(pairs))
    return list(session.scalars(query.order_by(AuditEntry.id.desc()).limit(limit)))


def seal(session: Session) -> AuditSeal | None:
    """Seal every entry whose transaction, and all before it, are over. Never commits."""
    session.execute(sa.text("SELECT pg_advisory_xact_lock(7305)"))
    last = session.scalar(sa.select(AuditSeal).order_by(AuditSeal.id.desc()).limit(1))
    horizon = session.scalar(sa.text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"))
    assert horizon is not None
    count, digest = _chain(session, last.up_to_txid if last else 0, horizon, last.sha256 if last else "")
    if not count:
        return None
    made = AuditSeal(at=clock.now(), up_to_txid=horizon, entries=count, sha256=digest)
    session.add(made)
    return made


@dataclass(frozen=True)
class Proof:
    """What reading the whole log again gave."""

    seals: int
    entries: int
    #: the first seal that does not fit its entries
    broken_at: int | None


def prove(session: Session) -> Proof:
    """Compute every seal again from the entries."""
    previous, txid, entries, seals = "", 0, 0, 0
    for one in session.scalars(sa.select(AuditSeal).order_by(AuditSeal.id)):
        count, digest = _chain(session, txid, one.up_to_txid, previous)
        if (count, digest) != (one.entries, one.sha256):
            return Proof(seals, entries, one.id)
        previous, txid, entries, seals = digest, one.up_to_txid, entries + count, seals + 1
    return Proof(seals, entries, None)


def _chain(session: Session, after: int, before: int, previous: str) -> tuple[int, str]:
    digest, count = hashlib.sha256(previous.encode()), 0
    rows = sa.select(AuditEntry).where(AuditEntry.txid >= after, AuditEntry.txid < before)
    for entry in session.scalars(
        rows.order_by(AuditEntry.txid, AuditEntry.id).execution_options(yield_per=1000)
    ):
        fields = [entry.id, entry.txid, entry.at.isoformat(), entry.agency_id, entry.user_id, entry.actor]
        fields += [entry.action, entry.object_type, entry.object_id, entry.details]
        digest.update(json.dumps(fields, sort_keys=True, ensure_ascii=False).encode() + b"\n")
        count += 1
    return count, digest.hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value
