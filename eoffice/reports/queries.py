"""Reads of registers and their books."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import clock, jobs
from eoffice.core.errors import NotFound
from eoffice.core.permissions import Actor
from eoffice.directory.models import Agency
from eoffice.documents.models import Register, RegisterEntry
from eoffice.reports import binding
from eoffice.reports.models import RegisterBook


class Binding(StrEnum):
    """How far the book of a register is."""

    #: the register gives numbers
    OPEN = "open"
    UNDER_WAY = "under way"
    #: the job has failed for good: somebody has it done again
    STOPPED = "stopped"
    DONE = "done"


@dataclass(frozen=True)
class Line:
    """One register in the list of a year."""

    register: Register
    void: int
    #: volumes set, and those of them that are signed
    books: int
    signed: int
    #: the merged agency it was of; empty: the actor's own
    former: str


def years(session: Session, actor: Actor) -> Sequence[int]:
    """The years the agency has registers of, and this one, newest first."""
    query = sa.select(Register.year).where(Register.agency_id.in_(actor.houses)).distinct()
    return sorted({*session.scalars(query), clock.today().year}, reverse=True)


def lines(session: Session, actor: Actor, year: int) -> Sequence[Line]:
    """The registers of a year: one query."""
    void = (
        sa.select(sa.func.count())
        .where(RegisterEntry.register_id == Register.id, RegisterEntry.voided_at.is_not(None))
        .scalar_subquery()
    )
    own = RegisterBook.register_id == Register.id
    books = sa.select(sa.func.count()).where(own).scalar_subquery()
    signed = sa.select(sa.func.count()).where(own, RegisterBook.signed_at.is_not(None)).scalar_subquery()
    query = sa.select(Register, void, books, signed)
    merged = sa.case((Register.agency_id != actor.agency_id, Agency.name), else_="")
    query = query.add_columns(merged).join(Agency, Agency.id == Register.agency_id)
    query = query.where(Register.agency_id.in_(actor.houses), Register.year == year)
    found = session.execute(query.order_by(merged, Register.direction, Register.id))
    return [Line(*row) for row in found]


def one(session: Session, actor: Actor, register_id: int) -> Register:
    """A register of the actor's agency, or of one merged into it. Raises NotFound."""
    register = session.get(Register, register_id)
    if register is None or (actor.agency_id is not None and register.agency_id not in actor.houses):
        raise NotFound
    return register


def books(session: Session, register: Register) -> Sequence[RegisterBook]:
    """The volumes of a register, in order."""
    query = sa.select(RegisterBook).where(RegisterBook.register_id == register.id)
    return session.scalars(query.order_by(RegisterBook.volume)).all()


def binding_of(session: Session, register: Register) -> Binding:
    """Whether the volumes of a register are there, or still coming."""
    if register.closed_at is None:
        return Binding.OPEN
    # asked before the volumes are counted: a job that ends in between has left them there
    waiting = jobs.pending(session, "reports.bind", register_id=register.id)
    if len(books(session, register)) == binding.volumes(register):
        return Binding.DONE
    return Binding.UNDER_WAY if waiting else Binding.STOPPED


def book(session: Session, actor: Actor, book_id: int) -> RegisterBook:
    """A volume of the actor's agency, or of one merged into it. Raises NotFound."""
    found = session.get(RegisterBook, book_id)
    if found is None or found.agency_id not in actor.houses:
        raise NotFound
    return found
