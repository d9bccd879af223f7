"""Systems and agencies: who may call, and which system serves which agency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from exchange.hub.axis import Axis
from exchange.hub.models import Agency, System
from exchange.hub.refusal import Code, Refusal


@dataclass(frozen=True)
class NewAgency:
    """An entry as its system registers it."""

    code: str
    name: str
    old_code: str = ""
    parent_code: str = ""
    mail: str = ""


def add_system(axis: Axis, session: Session, system_id: str, secret: str, name: str = "") -> System:
    """Register a system, or change its secret and name. Repeating it changes nothing."""
    system = session.get(System, system_id, with_for_update=True)
    if system is None:
        system = System(id=system_id, name=name or system_id, sealed_secret=axis.seal(secret))
        session.add(system)
    else:
        system.name = name or system.name
        if axis.unseal(system.sealed_secret) != secret:
            system.sealed_secret = axis.seal(secret)
    session.flush()
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


def delete_agency(session: Session, system_id: str, code: str) -> None:
    """Take an agency out of the directory; what waits for it stays."""
    agency = _by_code(session, [code]).get(code)
    if agency is None or agency.system_id != system_id:
        raise Refusal(Code.UNKNOWN_SENDER, f"Agency {code} is not one of this system")
    agency.deleted = True


def agencies(session: Session, *, deleted: bool = False) -> Sequence[Agency]:
    """The directory by code; with `deleted` also what was taken out."""
    query = sa.select(Agency).order_by(Agency.code)
    return session.scalars(query if deleted else query.where(~Agency.deleted)).all()


def check_sender(session: Session, system_id: str, codes: Iterable[str]) -> None:
    """Raises Refusal unless each code is the system itself or an agency that it serves."""
    wanted = {code for code in codes if code != system_id}
    known = _by_code(session, wanted)
    for code in sorted(wanted):
        agency = known.get(code)
        if agency is None or agency.system_id != system_id or agency.deleted:
            raise Refusal(Code.UNKNOWN_SENDER, f"Sender {code} is not registered by system {system_id}")


def resolve(session: Session, codes: Sequence[str]) -> dict[str, str]:
    """Recipient → system that serves it, by current code, in the order given and each once.

    Takes new and old codes, and the ids of systems. Raises Refusal naming what is unknown or locked.
    """
    known = _by_code(session, codes)
    systems = set(session.scalars(sa.select(System.id).where(System.id.in_(codes), System.active)))
    unknown = [code for code in codes if code not in systems and (code not in known or known[code].deleted)]
    if unknown:
        raise Refusal(Code.UNKNOWN_RECIPIENT, f"Unknown recipient: {', '.join(unknown)}")
    locked = [code for code in codes if code in known and known[code].locked]
    if locked:
        raise Refusal(Code.LOCKED_RECIPIENT, f"Locked recipient: {', '.join(locked)}")
    found = [(known[code].code, known[code].system_id) if code in known else (code, code) for code in codes]
    return dict(found)


def _by_code(session: Session, codes: Iterable[str]) -> dict[str, Agency]:
    """Agencies under each of the codes asked for, current code before old."""
    wanted = list(codes)
    if not wanted:
        return {}
    rows = session.scalars(
        sa.select(Agency).where(Agency.code.in_(wanted) | Agency.old_code.in_(wanted))
    ).all()
    by_old = {agency.old_code: agency for agency in rows if agency.old_code in wanted}
    return by_old | {agency.code: agency for agency in rows if agency.code in wanted}
