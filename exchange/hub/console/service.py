"""What operators do: one use case, one transaction, one line in the record."""

from __future__ import annotations

import secrets
from datetime import date, timedelta

import sqlalchemy as sa

from exchange.hub import directory, wakeup
from exchange.hub.axis import Axis
from exchange.hub.console.operators import record
from exchange.hub.console.words import N_, NotPossible
from exchange.hub.intake import renew
from exchange.hub.models import Delivery, System
from exchange.hub.refusal import Refusal
from exchange.vxp import Delivery as State

#: how long a secret still opens beside the one that takes its place
KEPT = timedelta(hours=72)
_NO_SYSTEM = N_("There is no such system.")


def add_system(axis: Axis, operator: str, system_id: str, name: str) -> str:
    """Register a system; its secret, shown this once. Raises NotPossible when the code is taken or empty."""
    if not directory.is_system_id(system_id):
        raise NotPossible(
            N_("A code has 1 to 35 letters and digits without accents, joined by dots or hyphens.")
        )
    secret = secrets.token_urlsafe(32)
    with axis.sessions.begin() as session:
        if session.get(System, system_id) is not None:
            raise NotPossible(N_("There is a system with this code already."))
        directory.add_system(axis, session, system_id, secret, name)
        record(session, operator, N_("system added"), system_id)
    return secret


def rotate_secret(axis: Axis, operator: str, system_id: str) -> str:
    """A new secret, shown this once; the present one opens for three more days. Raises NotPossible."""
    secret = secrets.token_urlsafe(32)
    with axis.sessions.begin() as session:
        try:
            directory.rotate_secret(axis, session, system_id, secret, KEPT)
        except Refusal as refusal:
            raise NotPossible(_NO_SYSTEM) from refusal
        record(session, operator, N_("secret changed"), system_id)
    return secret


def set_system(axis: Axis, operator: str, system_id: str, *, active: bool, quota: int) -> None:
    """Let a system in or not, and set its calls a second; 0: as the axis has it. Raises NotPossible."""
    with axis.sessions.begin() as session:
        system = session.get(System, system_id, with_for_update=True)
        if system is None:
            raise NotPossible(_NO_SYSTEM)
        system.active, system.quota = active, quota
        record(session, operator, N_("system changed"), f"{system_id}: active {active}, quota {quota}")


def close_agency(
    axis: Axis, operator: str, code: str, on: date, successors: list[str], legal_basis: str
) -> None:
    """Close an agency in favour of its successors. Raises NotPossible."""
    if not legal_basis:
        raise NotPossible(N_("The legal basis is missing."))
    with axis.sessions.begin() as session:
        try:
            directory.close_agency(session, code, on, successors, legal_basis)
        except Refusal as refusal:
            raise NotPossible(
                N_("A successor is not in the directory, or is the agency itself.")
            ) from refusal
        record(
            session,
            operator,
            N_("agency closed"),
            f"{code} from {on}: {', '.join(successors)} ({legal_basis})",
        )


def replay(axis: Axis, operator: str, doc_id: str) -> None:
    """Offer a dead message again to its receiver, under the same id. Raises NotPossible."""
    with axis.sessions.begin() as session:
        dead = sa.select(Delivery).where(Delivery.doc_id == doc_id, Delivery.status == State.FAIL)
        rows = session.scalars(dead.with_for_update()).all()
        if not rows:
            raise NotPossible(N_("This message is not dead any more."))
        for row in rows:
            renew(row)
        wakeup.notify(session, {wakeup.topic(row.kind, row.system_id) for row in rows})
        record(session, operator, N_("message offered again"), doc_id)
