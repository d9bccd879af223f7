"""Numbers: given once per register and year, without gaps (Decree 30/2020, Articles 15 and 22).

Giving a number is a short transaction of its own: the row lock on the register is held for a few
statements, never while a person, a token or a remote service is awaited.
"""

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.errors import Conflict, Invalid, Overtaken
from eoffice.core.permissions import Actor, system_actor
from eoffice.directory.models import AdvisoryBody
from eoffice.documents import kinds
from eoffice.documents.models import Direction, Document, Register, RegisterEntry

REGISTER_OPENED = audit.action("documents.register_opened", _l("Register opened"))
NUMBER_GIVEN = audit.action("documents.number_given", _l("Number given"))
NUMBER_VOIDED = audit.action("documents.number_voided", _l("Number made void"))


class NoRegister(Invalid):
    """No register of the year takes this kind."""

    message = _l("No register of %(year)s numbers this kind of document. Ask the administrator to open one.")


class RegisterClosed(Conflict):
    """The book of the series is bound and signed."""

    message = _l("The register “%(name)s” is closed. Open another one by the head's decision.")


class BackDated(Invalid):
    """The date lies before that of the last number of the series."""

    message = _l(
        "The date %(date)s lies before the last number's date %(last)s. Numbers follow the order of time."
    )


class AlreadyNumbered(Overtaken):
    """A document has one number, until that is made void."""

    message = _l("This document already has number %(number)s. Reload the page.")


class VoidNeedsReason(Invalid):
    """A void number stays in the register with its reason."""

    message = _l("Say why the number is made void; the reason stays in the register.")


def open_register(
    session: Session, actor: Actor, agency_id: int, year: int, direction: Direction, code: str, name: str,
    kind_codes: Sequence[str] = (), opening_number: int = 0, decision: str = "", body_id: int | None = None,
) -> Register:  # fmt: skip
    """Open a register by the head's rule; `opening_number` is the last number given elsewhere before."""
    register = Register(
        agency_id=agency_id, year=year, direction=direction, code=code, name=name, decision=decision,
        kind_codes=list(kind_codes), opening_number=opening_number, last_number=opening_number, body_id=body_id,
    )  # fmt: skip
    session.add(register)
    audit.record(
        session, actor, REGISTER_OPENED, register,
        year=year, code=code, opening_number=opening_number, decision=decision or None,
    )  # fmt: skip
    return register


def register_for(
    session: Session, agency_id: int, direction: Direction, kind_code: str, year: int,
    body: AdvisoryBody | None = None,
) -> Register:  # fmt: skip
    """The register that numbers this kind in a year, whichever kind is numbered first in it: the one that names the
    kind, or did so last year and is opened by that rule when the year has turned, before the one for all others.

    That of the copies is opened by the law itself: they share one series from 01 on (Appendix I, Part II-II.1.c), and
    so is that of an advisory body, whose documents no other register numbers (Appendix I, II.3.a).

    Raises NoRegister, RegisterClosed.
    """
    this_year = registers(session, agency_id, year)
    every = [one for one in _of(body, this_year) if one.direction is direction]
    alone = direction is Direction.OUT and kind_code in kinds.COPIES
    named = [one for one in every if kind_code in one.kind_codes]
    others = [] if alone else [one for one in every if not one.kind_codes]
    if (found := _open(named)) is not None:
        return found
    # the series of a kind that was closed goes on in another one of that kind only: the register for all others would
    # give its numbers a second time
    if named and (direction is Direction.OUT or _open(others) is None):
        raise RegisterClosed(name=named[0].name)
    codes = {one.code for one in this_year}
    before = [one for one in registers(session, agency_id, year - 1, direction) if one.code not in codes]
    rules = _of(body, before)
    going_on = [one for one in rules if _goes_on(one)]
    rule = next((one for one in going_on if kind_code in one.kind_codes), None)
    if rule is not None and not named and not _begun(session, rule, every):
        return _by_rule(session, rule, every, body)
    if (found := _open(others)) is not None:
        return found
    if others:
        raise RegisterClosed(name=others[0].name)
    rule = _choose(going_on, kind_code, alone=alone) or _choose(rules, kind_code, alone=alone)
    if rule is not None:
        return _by_rule(session, rule, every, body)
    if body is not None:
        return _opened(session, agency_id, year, direction, *body.series(year), (), body)
    if alone:
        return _opened(session, agency_id, year, direction, "SAO", f"Bản sao {year}", tuple(kinds.COPIES))
    raise NoRegister(year=year)


def _of(body: AdvisoryBody | None, among: Sequence[Register]) -> list[Register]:
    return [one for one in among if one.body_id == (body.id if body else None)]


def _open(among: Sequence[Register]) -> Register | None:
    return next((one for one in among if one.closed_at is None), None)


def _goes_on(register: Register) -> bool:
    """Whether the next year begins by its rule: not where the head closed it within its year, nor where it was that of
    the system before."""
    if register.closed_at is None:
        return True
    return clock.local(register.closed_at).year > register.year and not register.kept_elsewhere


def _begun(session: Session, rule: Register, every: Sequence[Register]) -> bool:
    """Whether the year has numbered a kind of the rule already: a series goes on where it began."""
    given = sa.select(RegisterEntry.id).join(Document, RegisterEntry.document_id == Document.id)
    here = RegisterEntry.register_id.in_([one.id for one in every])
    return session.scalar(given.where(here, Document.kind_code.in_(rule.kind_codes)).limit(1)) is not None


def _choose(among: Sequence[Register], kind_code: str, *, alone: bool) -> Register | None:
    """The register that names the kind, else, unless the kind stands `alone`, the one for all others."""
    named = next((r for r in among if kind_code in r.kind_codes), None)
    if named is not None or alone:
        return named
    return next((r for r in among if not r.kind_codes), None)


def _by_rule(
    session: Session, rule: Register, every: Sequence[Register], body: AdvisoryBody | None
) -> Register:
    """Last year's register again, for the kinds that no other one of this year names."""
    year, named = rule.year + 1, {kind for one in every for kind in one.kind_codes}
    name = rule.name.replace(str(rule.year), str(year))
    kind_codes = [kind for kind in rule.kind_codes if kind not in named]
    return _opened(session, rule.agency_id, year, rule.direction, rule.code, name, kind_codes, body)


def _opened(
    session: Session, agency_id: int, year: int, direction: Direction, code: str, name: str,
    kind_codes: Sequence[str], body: AdvisoryBody | None = None,
) -> Register:  # fmt: skip
    """A series that starts from 01 without anybody's decision; two first callers make one register."""
    made = session.scalar(
        sa.dialects.postgresql.insert(Register)
        .values(
            agency_id=agency_id, year=year, direction=direction, code=code, name=name,
            kind_codes=list(kind_codes), opening_number=0, last_number=0, decision="", closed_by="",
            body_id=body.id if body else None,
        )
        .on_conflict_do_nothing()
        .returning(Register.id)
    )  # fmt: skip
    key = (Register.agency_id == agency_id, Register.year == year, Register.code == code)
    register = session.scalars(sa.select(Register).where(*key)).one()
    if made is not None:
        audit.record(
            session,
            system_actor(agency_id),
            REGISTER_OPENED,
            register,
            year=year,
            code=code,
            opening_number=0,
        )
    return register


def registers(
    session: Session, agency_id: int, year: int, direction: Direction | None = None
) -> Sequence[Register]:
    """The registers of a year."""
    query = sa.select(Register).where(Register.agency_id == agency_id, Register.year == year)
    if direction is not None:
        query = query.where(Register.direction == direction)
    return session.scalars(query.order_by(Register.direction, Register.id)).all()


def keep_rules(session: Session, agency_id: int, *, change: bool = False) -> None:
    """Until the transaction ends, let nobody change which register numbers what goes out, so that no number with its
    notation comes from two; `change`: wait for the numbers that are being given, and let the next wait for it."""
    lock = sa.func.pg_advisory_xact_lock if change else sa.func.pg_advisory_xact_lock_shared
    session.execute(sa.select(lock(sa.func.hashtextextended(f"registers of {agency_id}", 0))))


def next_number(session: Session, agency_id: int, direction: Direction, kind_code: str) -> int:
    """The number that would be given now: provisional, shown and never promised."""
    register = register_for(session, agency_id, direction, kind_code, clock.today().year)
    return register.last_number + 1


def give_number(
    session: Session, actor: Actor, document: Document, dated_on: date, body: AdvisoryBody | None = None
) -> RegisterEntry:
    """Give the document the next number of its register, or of that of the advisory body in whose name it is issued;
    the caller's use case commits.

    Raises NoRegister, RegisterClosed, BackDated, AlreadyNumbered.
    """
    session.refresh(document, with_for_update=True)
    if document.register_number is not None:
        raise AlreadyNumbered(number=document.register_number)
    if document.direction is Direction.OUT:
        keep_rules(session, document.agency_id)
    which = register_for(
        session, document.agency_id, document.direction, document.kind_code, dated_on.year, body
    )
    register = session.get_one(Register, which.id, with_for_update=True, populate_existing=True)
    if register.closed_at is not None:  # while this one waited for the row
        raise RegisterClosed(name=register.name)
    if register.last_dated_on is not None and dated_on < register.last_dated_on:
        raise BackDated(date=f"{dated_on:%d/%m/%Y}", last=f"{register.last_dated_on:%d/%m/%Y}")
    register.last_number += 1
    register.last_dated_on = dated_on
    entry = RegisterEntry(
        agency_id=document.agency_id, register_id=register.id, number=register.last_number, dated_on=dated_on,
        document_id=document.id, given_at=clock.now(), given_by=actor.name,
    )  # fmt: skip
    session.add(entry)
    document.register_number = register.last_number
    audit.record(
        session, actor, NUMBER_GIVEN, document,
        register=register.code, year=register.year, number=register.last_number, dated_on=dated_on,
    )  # fmt: skip
    return entry


def entry_of(session: Session, document: Document) -> RegisterEntry | None:
    """The number in force of a document."""
    query = sa.select(RegisterEntry).where(
        RegisterEntry.document_id == document.id, RegisterEntry.voided_at.is_(None)
    )
    return session.scalars(query.order_by(RegisterEntry.id.desc())).first()


def has_stood(session: Session, document: Document) -> bool:
    """Whether a number was given to a document, in force or void."""
    given = sa.select(RegisterEntry.id).where(RegisterEntry.document_id == document.id)
    return session.scalar(sa.select(given.exists())) is True


#: before what stood in a line that was corrected; the register's own words
_STOOD = "trước ghi "


def remark(entry: RegisterEntry, words: str, stood: str) -> None:
    """Note in a line what was corrected in it and what stood there before; each on a line of its own."""
    entry.note = "\n".join(filter(None, (entry.note, words, f"{_STOOD}{stood}")))


def forget_remarks(session: Session, document: Document) -> None:
    """Of a document that is destroyed at its sender's wish, that a line was corrected stays, and not what stood there
    (Decree 30/2020, Article 18.4; Appendix VI, part III.8)."""
    for entry in session.scalars(sa.select(RegisterEntry).where(RegisterEntry.document_id == document.id)):
        entry.note = "\n".join(line for line in entry.note.splitlines() if not line.startswith(_STOOD))


def void_number(session: Session, actor: Actor, document: Document, reason: str) -> None:
    """Part document and number for good: the number stays used, with its reason. Raises VoidNeedsReason."""
    if not reason.strip():
        raise VoidNeedsReason(field="reason")
    entry = entry_of(session, document)
    if entry is None:
        return
    entry.voided_at, entry.void_reason = clock.now(), reason.strip()
    audit.record(session, actor, NUMBER_VOIDED, document, number=entry.number, reason=entry.void_reason)
    document.register_number, document.register_of = None, ""
