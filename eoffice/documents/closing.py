"""Registers begin at a number taken over and end with a proof that none is missing; the caller's use case commits.

Decree 30/2020, Articles 15 and 22; what a change-over in mid-year needs is the head's decision.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.errors import Conflict, Invalid
from eoffice.core.events import publish
from eoffice.core.permissions import Actor
from eoffice.core.text import whole
from eoffice.documents import bodies, registers
from eoffice.documents.events import RegisterEnded
from eoffice.documents.kinds import COPIES, EVERY
from eoffice.documents.models import Direction, Document, Register, RegisterEntry

OPENING_SET = audit.action("documents.opening_set", _l("Opening number of a register set"))
REGISTER_CLOSED = audit.action("documents.register_closed", _l("Register closed"))


class NeedsDecision(Invalid):
    """Only the head of the agency decides otherwise than the calendar."""

    message = _l("Give number and date of the head's decision; the register keeps it.")


class WrongCode(Invalid):
    """Short names stand in lists and file names."""

    message = _l("A register's short name has 1 to 20 capital letters or digits, without accents.")


class CodeTaken(Conflict):
    """One short name a year."""

    message = _l("There is a register “%(code)s” of %(year)s already. Choose another short name.")


class KindTaken(Conflict):
    """Each kind is numbered in one series."""

    message = _l("“%(kind)s” is numbered in the register “%(name)s”. Take it off one of the two.")


class NumbersGiven(Conflict):
    """The series has begun."""

    message = _l("The register has given number %(number)s already, so its opening number stays.")


class TakenOver(Conflict):
    """Numbers up to the opening one are those of the system before."""

    message = _l("No. %(number)s was taken over from the system before. Give that number or a higher one.")


class WrongOpening(Invalid):
    """Numbers count from one."""

    message = _l("The last number given before is 0 or more.")


@dataclass(frozen=True)
class NewRegister:
    """A register as the head decides it (Article 15.1.c)."""

    year: int
    direction: Direction
    code: str
    name: str
    #: empty: all kinds that no other register of the year takes
    kind_codes: tuple[str, ...] = ()
    #: the last number given elsewhere before
    opening_number: int = 0
    decision: str = ""
    #: the advisory body whose documents alone it numbers
    body_id: int | None = None


class GivenElsewhere(Conflict):
    """Two series of one notation would give a number twice (Decree 30/2020, Article 15.1)."""

    message = _l(
        "Numbers up to %(number)s were given to “%(kind)s” in %(year)s already, in the register “%(name)s”. Enter "
        "%(number)s or more as the last number given before."
    )


def open_one(session: Session, actor: Actor, agency_id: int, new: NewRegister) -> Register:
    """Open a register. Raises NeedsDecision, WrongCode, CodeTaken, KindTaken, WrongOpening, WrongBody,
    GivenElsewhere."""
    code, decision = new.code.strip().upper(), whole(new.decision, 300, "decision")
    if not re.fullmatch(r"[A-Z0-9]{1,20}", code):
        raise WrongCode(field="code")
    if new.opening_number < 0:
        raise WrongOpening(field="opening_number")
    if not decision:
        raise NeedsDecision(field="decision")
    if new.body_id is not None and new.direction is not Direction.OUT:
        raise bodies.WrongBody(field="body_id")
    body = bodies.present(session, agency_id, new.body_id)
    registers.keep_rules(session, agency_id, change=True)
    known = registers.registers(session, agency_id, new.year)
    if any(one.code == code for one in known):
        raise CodeTaken(code=code, year=new.year, field="code")
    _refuse_taken(known, new)
    _refuse_given(session, known, agency_id, new)
    return registers.open_register(
        session, actor, agency_id, new.year, new.direction, code, whole(new.name, 200, "name"), new.kind_codes,
        new.opening_number, decision, body.id if body else None,
    )  # fmt: skip


def _refuse_taken(known: Sequence[Register], new: NewRegister) -> None:
    for one in known:
        if one.direction is not new.direction or one.body_id != new.body_id or one.closed_at is not None:
            continue
        shared = next((kind for kind in new.kind_codes if kind in one.kind_codes), None)
        if shared is not None:
            raise KindTaken(kind=EVERY[shared].name, name=one.name, field="kind_codes")
        if not new.kind_codes and not one.kind_codes:
            raise KindTaken(kind=str(_l("All other kinds")), name=one.name, field="kind_codes")


def _refuse_given(session: Session, known: Sequence[Register], agency_id: int, new: NewRegister) -> None:
    """Raises GivenElsewhere: what goes out bears number and notation, and no two of a year bear the same."""
    if new.direction is not Direction.OUT:
        return
    whose = Register.body_id.is_not_distinct_from(new.body_id)
    query = (
        sa.select(RegisterEntry.number, Document.kind_code, Register.name)
        .join(Register, RegisterEntry.register_id == Register.id)
        .join(Document, RegisterEntry.document_id == Document.id)
        .where(
            Register.agency_id == agency_id, Register.year == new.year, Register.direction == Direction.OUT, whose,
            RegisterEntry.number > new.opening_number,
        )
        .order_by(RegisterEntry.number.desc())
        .limit(1)
    )  # fmt: skip
    if new.kind_codes:
        query = query.where(Document.kind_code.in_(new.kind_codes))
    else:
        # a register for all others never goes on for a kind whose own was closed, nor for copies: their numbers leave
        # no gap in it
        beside = [one for one in known if (one.direction, one.body_id) == (new.direction, new.body_id)]
        own = {kind for one in beside for kind in one.kind_codes} | set(COPIES)
        query = query.where(Document.kind_code.not_in(own))
    highest = session.execute(query).first()
    if highest is not None:
        raise GivenElsewhere(
            number=highest.number, kind=EVERY[highest.kind_code].name, year=new.year, name=highest.name,
            field="opening_number",
        )  # fmt: skip


def set_opening(session: Session, actor: Actor, register: Register, number: int, decision: str) -> None:
    """Begin after the last number given elsewhere. Raises WrongOpening, NeedsDecision, NumbersGiven, TakenOver,
    GivenElsewhere."""
    if number < 0:
        raise WrongOpening(field="opening_number")
    decision = whole(decision, 300, "decision")
    if not decision:
        raise NeedsDecision(field="decision")
    registers.keep_rules(session, register.agency_id, change=True)
    session.refresh(register, with_for_update=True)
    if register.last_number != register.opening_number:
        raise NumbersGiven(number=register.last_number)
    highest = session.scalar(
        sa.select(sa.func.max(RegisterEntry.number)).where(RegisterEntry.register_id == register.id)
    )
    if highest is not None and number < highest:
        raise TakenOver(number=highest, field="opening_number")
    known = registers.registers(session, register.agency_id, register.year)
    as_new = NewRegister(
        register.year, register.direction, register.code, register.name, tuple(register.kind_codes), number,
        body_id=register.body_id,
    )  # fmt: skip
    _refuse_given(session, known, register.agency_id, as_new)
    before = register.opening_number
    register.opening_number = register.last_number = number
    register.decision = decision
    audit.record(
        session, actor, OPENING_SET, register, before=before, after=number, decision=register.decision
    )


def close(session: Session, actor: Actor, register: Register, decision: str) -> None:
    """Let a register give no further number. Raises NeedsDecision before its year is over, RegisterClosed."""
    decision = whole(decision, 300, "decision")
    session.refresh(register, with_for_update=True)
    if register.closed_at is not None:
        raise registers.RegisterClosed(name=register.name)
    if register.year >= clock.today().year and not decision:
        raise NeedsDecision(field="decision")
    register.closed_at = clock.now()
    register.closed_by = ", ".join(part for part in (actor.name, actor.title) if part)
    register.decision = "; ".join(part for part in (register.decision, decision) if part)
    audit.record(
        session, actor, REGISTER_CLOSED, register,
        year=register.year, code=register.code, last_number=register.last_number, decision=decision or None,
    )  # fmt: skip
    publish(session, RegisterEnded(register.id))


@dataclass(frozen=True)
class Gaps:
    """What reading a register from its opening to its last number found."""

    first: int
    last: int
    given: int
    #: void numbers, each with its reason
    void: tuple[tuple[int, str], ...]
    #: numbers between the first and the last that no entry holds: must be none
    missing: tuple[int, ...]
    #: numbers that bear an earlier date than the one before: must be none
    back_dated: tuple[int, ...]

    @property
    def sound(self) -> bool:
        """Whether the series is whole and in the order of time."""
        return not self.missing and not self.back_dated


def gaps(session: Session, register: Register) -> Gaps:
    """Read the whole series given here: every number once, in the order of time."""
    query = sa.select(
        RegisterEntry.number, RegisterEntry.dated_on, RegisterEntry.void_reason, RegisterEntry.voided_at
    ).where(RegisterEntry.register_id == register.id, RegisterEntry.number > register.opening_number)
    rows = session.execute(query.order_by(RegisterEntry.number)).all()
    numbers = {row.number for row in rows}
    expected = range(register.opening_number + 1, register.last_number + 1)
    pairs = pairwise(rows)
    return Gaps(
        first=register.opening_number + 1,
        last=register.last_number,
        given=len(rows),
        void=tuple((row.number, row.void_reason) for row in rows if row.voided_at is not None),
        missing=tuple(number for number in expected if number not in numbers),
        back_dated=tuple(later.number for earlier, later in pairs if later.dated_on < earlier.dated_on),
    )
