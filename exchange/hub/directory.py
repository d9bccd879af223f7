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


def route(
    session: Session, system_id: str, senders: Iterable[str], recipients: Sequence[str]
) -> dict[str, str]:
    """Recipient → system that serves it, by current code, in the order given and each once.

    Takes new and old codes, and the ids of systems. Raises Refusal naming a sender that is not the calling
    system nor an agency of it, or recipients that are unknown or locked.
    """
    own = {code for code in senders if code != system_id}
    known = _by_code(session, [*own, *recipients])
    for code in sorted(own):
        if code not in known or known[code].system_id != system_id or known[code].deleted:
            raise Refusal(Code.UNKNOWN_SENDER, f"Sender {code} is not registered by system {system_id}")
    open_ = {code for code in recipients if code in known and not known[code].deleted}
    systems = _systems(session, [code for code in recipients if code not in open_])
    if unknown := [code for code in recipients if code not in open_ and code not in systems]:
        raise Refusal(Code.UNKNOWN_RECIPIENT, f"Unknown recipient: {', '.join(unknown)}")
    if locked := [code for code in recipients if code in open_ and known[code].locked]:
        raise Refusal(Code.LOCKED_RECIPIENT, f"Locked recipient: {', '.join(locked)}")
    return dict((known[c].code, known[c].system_id) if c in open_ else (c, c) for c in recipients)


def _systems(session: Session, ids: Sequence[str]) -> set[str]:
    return (
        set(session.scalars(sa.select(System.id).where(System.id.in_(ids), System.active))) if ids else set()
    )


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
