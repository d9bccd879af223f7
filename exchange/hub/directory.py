"""Systems and agencies: who may call, and which system serves which agency."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core.clock import now, today
from exchange.answers import DirectoryEntry
from exchange.hub.axis import Axis
from exchange.hub.models import Agency, Succession, System
from exchange.hub.refusal import Code, Refusal
from exchange.hub.remembering import Remembered


@dataclass(frozen=True)
class NewAgency:
    """An entry as its system registers it."""

    code: str
    name: str
    old_code: str = ""
    parent_code: str = ""
    mail: str = ""


#: what stands in the headers of calls, in addresses and in file names
_SYSTEM_ID = re.compile(r"[0-9A-Za-z]+([._-][0-9A-Za-z]+)*")


def is_system_id(text: str) -> bool:
    """Whether a system can be called so."""
    return len(text) <= 35 and _SYSTEM_ID.fullmatch(text) is not None


def add_system(axis: Axis, session: Session, system_id: str, secret: str, name: str = "") -> System:
    """Register a system, or change its secret and name. Repeating it changes nothing. Raises Refusal."""
    system = session.get(System, system_id, with_for_update=True)
    if system is None:
        if not is_system_id(system_id):
            raise Refusal(Code.BAD_REQUEST, f"{system_id!r} cannot be the code of a system")
        system = System(id=system_id, name=name or system_id, sealed_secret=axis.seal(secret))
        session.add(system)
    else:
        system.name = name or system.name
        if axis.unseal(system.sealed_secret) != secret:
            system.sealed_secret = axis.seal(secret)
    session.flush()
    return system


def connect(axis: Axis, session: Session, system_id: str, url: str, secret: str) -> System:
    """Know another axis, where this one is a system under its own name with that secret."""
    system = session.get(System, system_id, with_for_update=True)
    if system is None:
        system = add_system(axis, session, system_id, secrets.token_urlsafe(32))
    system.url, system.sealed_key = url, axis.seal(secret)
    return system


def rotate_secret(axis: Axis, session: Session, system_id: str, secret: str, keep: timedelta) -> System:
    """Give a system a new secret; the one it has still opens for `keep`, so that nobody is shut out meanwhile.

    Raises Refusal when there is no such system.
    """
    system = session.get(System, system_id, with_for_update=True)
    if system is None:
        raise Refusal(Code.BAD_CREDENTIALS, f"There is no system {system_id}")
    if axis.unseal(system.sealed_secret) != secret:
        system.sealed_former, system.former_until = system.sealed_secret, now() + keep
        system.sealed_secret = axis.seal(secret)
    return system


def put_agency(session: Session, system_id: str, new: NewAgency) -> Agency:
    """Register or change an agency of this system. Raises Refusal when another system has it."""
    if not new.code or not new.name or len(new.code) > 35:
        raise Refusal(Code.BAD_REQUEST, "Agency code (at most 35 characters) and name are required")
    known = session.scalars(sa.select(Agency).where(Agency.code == new.code).with_for_update()).one_or_none()
    if known is not None and known.system_id != system_id:
        raise Refusal(Code.UNKNOWN_SENDER, f"Agency {new.code} belongs to another system")
    agency = known or Agency(code=new.code, system_id=system_id)
    agency.name, agency.parent_code, agency.mail = new.name, new.parent_code, new.mail
    agency.old_code = new.old_code or agency.old_code
    agency.deleted = False
    session.add(agency)
    session.flush()
    return agency


def take_over(session: Session, system_id: str, entries: Sequence[DirectoryEntry]) -> None:
    """Write what another axis says of its agencies; those that a system here serves are left alone."""
    rows = [
        {
            "code": entry.code, "name": entry.name, "old_code": entry.old_code or None, "mail": entry.mail,
            "parent_code": entry.parent_code, "system_id": system_id, "locked": entry.locked,
            "deleted": entry.deleted, "closed_on": entry.closed_on or None, "legal_basis": entry.legal_basis,
        }
        for entry in entries
        if entry.code and entry.name
    ]  # fmt: skip
    taken = session.execute(_TAKE_OVER, {"rows": json.dumps(rows), "system": system_id}).tuples()
    numbers: dict[str, int] = dict(taken.all())
    session.execute(sa.delete(Succession).where(Succession.agency_id.in_(numbers.values())))
    following = [
        {"agency_id": numbers[entry.code], "place": place, "successor_code": code}
        for entry in entries
        if entry.code in numbers
        for place, code in enumerate(entry.successors)
    ]
    if following:
        session.execute(sa.insert(Succession), following)


#: An old code that another entry has already stays with that one.
_TAKE_OVER = sa.text("""
INSERT INTO agency AS a
    (code, name, old_code, mail, parent_code, system_id, locked, deleted, closed_on, legal_basis, version)
SELECT r.code, r.name, CASE WHEN NOT EXISTS (SELECT FROM agency o WHERE o.old_code = r.old_code AND o.code <> r.code)
       THEN r.old_code END, r.mail, r.parent_code, r.system_id, r.locked, r.deleted, r.closed_on, r.legal_basis,
       nextval('directory_version')
FROM json_populate_recordset(NULL::agency, CAST(:rows AS json)) AS r
ON CONFLICT (code) DO UPDATE SET name = excluded.name, old_code = excluded.old_code, mail = excluded.mail,
    parent_code = excluded.parent_code, locked = excluded.locked, deleted = excluded.deleted,
    closed_on = excluded.closed_on, legal_basis = excluded.legal_basis, version = excluded.version, modified_at = now()
WHERE a.system_id = :system
RETURNING a.code, a.id
""")


def delete_agency(session: Session, system_id: str, code: str) -> None:
    """Take an agency out of the directory; what waits for it stays."""
    named = sa.or_(Agency.code == code, Agency.old_code == code)
    agency = session.scalars(sa.select(Agency).where(named).order_by(Agency.code != code)).first()
    if agency is None or agency.system_id != system_id:
        raise Refusal(Code.UNKNOWN_SENDER, f"Agency {code} is not one of this system")
    agency.deleted = True


def close_agency(
    session: Session, code: str, on: date, successors: Sequence[str], legal_basis: str
) -> Agency:
    """From `on` its successors get what is addressed to it, the first of them the mail. Raises Refusal.

    Repeating it replaces what was said before; no successors: nobody can be sent to under this code any more.
    """
    agency = session.scalars(sa.select(Agency).where(Agency.code == code).with_for_update()).one_or_none()
    if agency is None:
        raise Refusal(Code.UNKNOWN_RECIPIENT, f"There is no agency {code}")
    known = set(session.scalars(sa.select(Agency.code).where(Agency.code.in_(successors))))
    if missing := [name for name in successors if name not in known or name == code]:
        raise Refusal(Code.UNKNOWN_RECIPIENT, f"No successor: {', '.join(missing)}")
    agency.closed_on, agency.legal_basis = on, legal_basis
    session.execute(sa.delete(Succession).where(Succession.agency_id == agency.id))
    session.add_all(
        Succession(agency_id=agency.id, place=n, successor_code=name) for n, name in enumerate(successors)
    )
    session.flush()
    return agency


def own(session: Session, system_id: str, code: str) -> None:
    """See that an agency is one of this system's. Raises Refusal."""
    if session.scalar(sa.select(Agency.system_id).where(Agency.code == code)) != system_id:
        raise Refusal(Code.UNKNOWN_SENDER, f"Agency {code} is not one of this system")


def reopen_agency(session: Session, code: str) -> None:
    """Undo a closing. Raises Refusal."""
    agency = session.scalars(sa.select(Agency).where(Agency.code == code).with_for_update()).one_or_none()
    if agency is None:
        raise Refusal(Code.UNKNOWN_RECIPIENT, f"There is no agency {code}")
    session.execute(sa.delete(Succession).where(Succession.agency_id == agency.id))
    agency.closed_on, agency.legal_basis = None, ""


def successors(session: Session, agency_ids: Collection[int]) -> dict[int, list[str]]:
    """Successors of each, the first gets the mail."""
    rows = sa.select(Succession).where(Succession.agency_id.in_(agency_ids)).order_by(Succession.place)
    found: dict[int, list[str]] = {}
    for row in session.scalars(rows):
        found.setdefault(row.agency_id, []).append(row.successor_code)
    return found


def agencies(session: Session, *, deleted: bool = False) -> Sequence[Agency]:
    """The directory by code; with `deleted` also what was taken out."""
    query = sa.select(Agency).order_by(Agency.code)
    return session.scalars(query if deleted else query.where(~Agency.deleted)).all()


def changes(session: Session, after: int, most: int | None) -> Sequence[Agency]:
    """What changed after a version, in the order of versions, with what was taken out; at most `most`."""
    query = sa.select(Agency).where(Agency.version > after).order_by(Agency.version).limit(most)
    return session.scalars(query).all()


def ids(session: Session, codes: Collection[str]) -> dict[str, str]:
    """Directory ids by code."""
    query = sa.select(Agency.code, sa.cast(Agency.id, sa.Text)).where(Agency.code.in_(codes))
    return dict(session.execute(query).tuples().all())


@dataclass(frozen=True)
class Entry:
    """What the axis needs to know of an agency, or of a system addressed by its id, to deliver to it."""

    code: str
    name: str
    system_id: str
    #: its system is another axis
    forwards: bool
    active: bool
    locked: bool
    closed_on: date | None
    legal_basis: str
    successors: tuple[str, ...]

    @property
    def closed(self) -> bool:
        """Whether its successors get what is addressed to it today."""
        return self.closed_on is not None and self.closed_on <= today()


@dataclass(frozen=True)
class Target:
    """Where one recipient of a message is served."""

    recipient: str
    system_id: str
    forwards: bool
    #: as the sender wrote it, and whose name that is when it is another agency's by now
    addressed: str
    addressed_name: str


class Directory:
    """The directory as calls read it, up to a second behind changes that another process makes."""

    def __init__(self, axis: Axis) -> None:
        self._ledger = axis.ledger
        self._entries = Remembered[str, Entry](self._ask)

    def forget(self) -> None:
        """After a change made here."""
        self._entries.forget()

    def _ask(self, codes: Collection[str]) -> dict[str, Entry]:
        """Agencies by current code, before old code, before id of a system."""
        found: dict[str, Entry] = {}
        names = [field.name for field in fields(Entry)]
        for row in self._ledger.agencies(codes):
            entry = Entry(**{name: row[name] for name in names} | {"successors": tuple(row["successors"])})
            if row["asked"] not in found or entry.code == row["asked"] != entry.system_id:
                found[row["asked"]] = entry
        return found

    def route(self, system_id: str, senders: Iterable[str], recipients: Sequence[str]) -> list[Target]:
        """Where the recipients are served, in the order given, each agency once.

        Takes new and old codes, and the ids of systems; who is closed is served at the successor. Raises Refusal
        naming a sender that is not the calling system nor an agency of it, or recipients that are unknown or locked.
        """
        own = {code for code in senders if code != system_id}
        known = self._entries([*own, *recipients])
        for code in sorted(own):
            if code not in known or not self._speaks(system_id, known[code]):
                raise Refusal(Code.UNKNOWN_SENDER, f"Sender {code} is not registered by system {system_id}")
        if unknown := [code for code in recipients if code not in known or not known[code].active]:
            raise Refusal(Code.UNKNOWN_RECIPIENT, f"Unknown recipient: {', '.join(unknown)}")
        served = {code: self.serving(known[code]) for code in recipients}
        if locked := [code for code, entry in served.items() if entry is None or entry.locked]:
            raise Refusal(Code.LOCKED_RECIPIENT, f"Locked, or closed without successor: {', '.join(locked)}")
        targets: dict[str, Target] = {}
        for code, entry in served.items():
            assert entry is not None  # refused above
            name = "" if entry.code == known[code].code else known[code].name
            targets.setdefault(entry.code, Target(entry.code, entry.system_id, entry.forwards, code, name))
        return list(targets.values())

    def _speaks(self, system_id: str, entry: Entry) -> bool:
        """Whether the system serves the agency, or whoever has taken over from it."""
        if entry.system_id == system_id:
            return entry.active
        following = self.serving(entry) if entry.closed else None
        return following is not None and following.system_id == system_id

    def serving(self, entry: Entry) -> Entry | None:
        """Who gets the mail of an agency today: itself, or a successor's successor; None when there is none."""
        seen: set[str] = set()
        while entry.closed:
            seen.add(entry.code)
            following = self._entries(entry.successors[:1])
            if not following or following[entry.successors[0]].code in seen:
                return None
            entry = following[entry.successors[0]]
        return entry if entry.active else None

    def find(self, codes: Sequence[str]) -> dict[str, Entry]:
        """The entries there are under these codes."""
        return self._entries(codes)
