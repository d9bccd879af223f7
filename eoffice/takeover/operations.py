"""Writing one document of the system before; the caller's use case commits."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.errors import Conflict, Invalid
from eoffice.core.permissions import Actor
from eoffice.core.tables import Row, Rules
from eoffice.core.text import fold
from eoffice.directions import operations as directions
from eoffice.directory import tables as means
from eoffice.directory.models import Agency, Role, Unit
from eoffice.documents import kinds
from eoffice.documents import operations as documents
from eoffice.documents.models import (
    Channel,
    Direction,
    Document,
    FileRole,
    Recipient,
    Register,
    RegisterEntry,
)
from eoffice.documents.operations import Inspected
from eoffice.incoming import operations as incoming
from eoffice.incoming.models import IncomingDocument, Source
from eoffice.incoming.states import State as In
from eoffice.outgoing.models import DraftSource, OutgoingDocument
from eoffice.outgoing.states import State as Out
from eoffice.signatures import operations as signatures
from eoffice.takeover import house, tables
from eoffice.takeover.house import House, Work
from eoffice.takeover.tables import OldDocument

TAKEN_OVER = audit.action("takeover.document", _l("Taken over from another system"))

#: papers without a number of an office
_WITHOUT_CODE = ("DON", "THC", kinds.OTHER.code)


_LETTERS = re.compile(r"[^\W\d_]+")
_NAMED_KINDS = frozenset(one.abbreviation.upper() for one in kinds.KINDS.values() if one.abbreviation)


class NoSuchRegister(Invalid):
    """Registers come first: they hold the head's decision."""

    message = _l("There is no register “%(code)s” of %(year)s. Take the registers over first.")


class AfterOpening(Conflict):
    """What this system gives out is not taken over."""

    message = _l(
        "No. %(number)s lies after the last number given before (%(last)s). "
        "Correct the row, or the opening number of the register."
    )


class NumberHeld(Conflict):
    """A number stands once in a register."""

    message = _l("No. %(number)s of this register is held by “%(subject)s”.")


class WrongDay(Invalid):
    """A register holds the days of its year."""

    message = _l(
        "The day %(day)s does not fit: it lies outside the register's year, or before the document's."
    )


class Lacks(Invalid):
    """A column the law asks for with this kind of register."""

    message = _l("“%(column)s” is needed here.")


class OtherNumber(Invalid):
    """The number on an outgoing document is the register's."""

    message = _l("The document says no. %(printed)s, the register no. %(number)s.")


class OtherKind(Invalid):
    """A register by kind."""

    message = _l("“%(kind)s” has no place in the register “%(register)s”. Correct the kind or the register.")


class NotationOfAnother(Invalid):
    """The notation begins with the kind."""

    message = _l("The notation “%(notation)s” names another kind than “%(kind)s”. Correct one of the two.")


class IssuedIsDone(Invalid):
    """What has a number in a register of outgoing documents went out."""

    message = _l("A document numbered in a register of outgoing documents is issued. Write “Đã xong”.")


@dataclass(frozen=True)
class Papers:
    """The files of a row, stored; nothing when a row names none."""

    original: Inspected | None = None
    attachments: Sequence[Inspected] = ()


def take(session: Session, actor: Actor, at: House, row: Row, rules: Rules, papers: Papers) -> str:
    """Write a document with its number, files and open work; says in words what becomes of the row.

    Raises the errors above, and NotHere when who is named cannot lead.
    """
    register = rules.ask(lambda: _register(at, row), "register", "year")
    if register is not None:
        _check(at, row, register, rules)
    if row["leader"]:
        rules.ask(lambda: house.post(at, row["leader"], Role.LEADER), "leader")
    if row["worker"]:
        rules.ask(lambda: house.post(at, row["worker"], able=house.LEADS), "worker")
    if row["unit"]:
        rules.ask(lambda: house.unit(at, row["unit"]), "unit")
    rules.ask(lambda: house.coordinating(at, row), "coordinating")
    rules.ask(lambda: house.work(at, row), "unit", "leader", "worker", "coordinating")
    rules.end()
    assert register is not None, "no rule is broken"
    old = tables.old_document(row)
    holder = at.held.get((register.id, old.number))
    if holder is not None:
        if fold(holder[1]) == fold(row["subject"]):
            return _("stays as it is")
        raise NumberHeld(number=old.number, subject=holder[1])
    write = _incoming if register.direction is Direction.IN else _outgoing
    document, outcome, details = write(session, actor, at, row, old, papers)
    at.held[register.id, old.number] = (document.code, document.subject)
    session.add(
        RegisterEntry(
            agency_id=at.agency.id, register_id=register.id, number=old.number, dated_on=old.day,
            document_id=document.id, given_at=_moment(old), given_by=at.system,
        )
    )  # fmt: skip
    # no number given here bears an earlier day than one taken over
    register.last_dated_on = max(register.last_dated_on or old.day, old.day)
    audit.record(
        session, actor, TAKEN_OVER, document,
        system=at.system, register=register.code, year=register.year, number=old.number, **details,
    )  # fmt: skip
    documents.index(session, document)
    return outcome


def _register(at: House, row: Row) -> Register:
    found = at.registers.get((tables.year(row["year"]), row["register"].upper()))
    if found is None:
        raise NoSuchRegister(code=row["register"], year=row["year"])
    return found


def _check(at: House, row: Row, register: Register, rules: Rules) -> None:
    """Ask what a register wants of its rows."""
    if register.direction is Direction.OUT:
        rules.ask(lambda: _check_printed(row), "code", "number")
    rules.ask(lambda: _check_number(row, register), "number")
    rules.ask(lambda: _check_day(row, register), "day", "issued_on")
    if register.direction is Direction.OUT:
        rules.ask(lambda: _check_kind(at, row, register), "kind", "code")
        rules.ask(lambda: _check_done(row), "state")
        _need(rules, row, "signer", "Người ký")
        return
    _need(rules, row, "issuer", "Cơ quan ban hành")
    if rules.ask(lambda: tables.kind(row["kind"]).code not in _WITHOUT_CODE, "kind"):
        rules.ask(lambda: _check_code(row), "code")
        _need(rules, row, "issued_on", "Ngày văn bản")


def _need(rules: Rules, row: Row, key: str, heading: str) -> None:
    if not row[key]:
        rules.refuse(Lacks(column=heading), key)


def _check_number(row: Row, register: Register) -> None:
    number = tables.number(row["number"])
    if number > register.opening_number:
        raise AfterOpening(number=number, last=register.opening_number)


def _check_day(row: Row, register: Register) -> None:
    day, issued = means.day(row["day"]), means.day(row["issued_on"])
    assert day is not None, "a needed column"
    if day.year != register.year or day > clock.today() or (issued or day) > day:
        raise WrongDay(day=f"{day:%d/%m/%Y}")


def _check_kind(at: House, row: Row, register: Register) -> None:
    """A register by kind holds those kinds, and the notation of a document names its own (Appendix I, II.3)."""
    kind = tables.kind(row["kind"])
    if kind.code not in kinds.KINDS:
        raise tables.UnknownKind(text=row["kind"])
    if register.kind_codes and kind.code not in register.kind_codes:
        raise OtherKind(kind=kind.name, register=register.name)
    _number, notation = tables.code(row["code"])
    first = _LETTERS.match(notation.upper())
    named = first[0] if first is not None else ""
    # a công văn's begins with the agency, which may be called like a kind
    if named in _NAMED_KINDS - {at.agency.abbreviation.upper()} and named != kind.abbreviation.upper():
        raise NotationOfAnother(notation=notation, kind=kind.name)


def _check_code(row: Row) -> None:
    if not all(tables.code(row["code"])):
        raise Lacks(column="Số, ký hiệu")


def _check_printed(row: Row) -> None:
    """The number on an outgoing document is the register's."""
    printed, notation = tables.code(row["code"])
    if not notation:
        raise Lacks(column="Số, ký hiệu")
    if printed.lstrip("0") != str(tables.number(row["number"])):
        raise OtherNumber(printed=printed, number=tables.number(row["number"]))


def _check_done(row: Row) -> None:
    if tables.is_open(row["state"]):
        raise IssuedIsDone


def _moment(old: OldDocument) -> datetime:
    """Midnight of its day, and the number in seconds: lists keep the order of the register."""
    return clock.day_start(old.day) + timedelta(seconds=old.number % 86_400)


def _common(at: House, row: Row, old: OldDocument) -> dict[str, object]:
    return {
        "agency_id": at.agency.id, "kind_code": old.kind_code, "code_number": old.code_number,
        "code_notation": old.code_notation, "subject": row["subject"], "urgency": old.urgency,
        "signer_name": row["signer"], "signer_title": row["signer_title"], "due_on": old.due_on,
        "register_number": old.number, "taken_over_from": at.system, "created_at": clock.now(),
        "listed_at": _moment(old),
    }  # fmt: skip


def _incoming(
    session: Session, actor: Actor, at: House, row: Row, old: OldDocument, papers: Papers
) -> tuple[Document, str, dict[str, object]]:
    name, code = house.issuer(session, at, row["issuer"])
    work = house.work(at, row) if old.open else Work()
    document = IncomingDocument(
        **_common(at, row, old), direction=Direction.IN, source=Source.SCAN, state=_state(old, work), reason="",
        issuer_name=name, issuer_code=code, issued_on=old.issued_on,
        arrived_at=clock.day_start(old.day), registered_at=clock.day_start(old.day),
        submitted_to_id=work.leader.id if work.leader else None,
    )  # fmt: skip
    session.add(document)
    session.flush()
    if papers.original is not None:
        incoming.add_file(session, actor, document, papers.original, FileRole.ORIGINAL)
    for one in papers.attachments:
        incoming.add_file(session, actor, document, one, FileRole.ATTACHMENT)
    if work.leader is None or work.to is None:
        return document, _("completed") if not old.open else str(document.state.word), {}
    made = directions.take_over(
        session, actor, document, work.leader, (work.to, *work.coordinating), row["opinion"],
        due_on=old.due_on, given_on=old.day,
    )  # fmt: skip
    named = [task.label for task in made.tasks]
    return (
        document,
        _("goes on with %(who)s", who=", ".join(named)),
        {"leader": work.leader.label, "named": named},
    )


def _state(old: OldDocument, work: Work) -> In:
    if not old.open:
        return In.DONE
    if work.leader is None:
        return In.REGISTERED
    if work.to is None:
        return In.SUBMITTED
    return In.FORWARDED if isinstance(work.to, Unit) else In.IN_PROGRESS


def _outgoing(
    session: Session, actor: Actor, at: House, row: Row, old: OldDocument, papers: Papers
) -> tuple[Document, str, dict[str, object]]:
    day = old.issued_on or old.day
    common = _common(at, row, old) | {"code_number": kinds.padded(old.number)}
    document = OutgoingDocument(
        **common, direction=Direction.OUT, state=Out.ISSUED, draft_source=DraftSource.UPLOAD, content={},
        # a row needs both posts; who drafted and signed it there, its own fields say
        drafter_id=actor.assignment_id, signer_id=actor.assignment_id, authority="",
        issuer_name=row["issuer"] or at.agency.name, issuer_code=at.agency.code, issued_on=day,
        numbered_at=_moment(old), issued_at=_moment(old),
        page_count=papers.original.page_count if papers.original else 0,
        document_uid=_uid(at.agency, day, old),
    )  # fmt: skip
    session.add(document)
    session.flush()
    session.add_all(
        Recipient(
            agency_id=at.agency.id, document_id=document.id, code="", name=name, channel=Channel.PAPER,
            position=place,
        )
        for place, name in enumerate(old.recipients)
    )  # fmt: skip
    for one, role in (
        *((one, FileRole.ISSUED) for one in (papers.original,) if one is not None),
        *((one, FileRole.ATTACHMENT) for one in papers.attachments),
    ):
        file = documents.add_file(session, actor, document, one, role)
        if file.is_pdf:
            signatures.have_checked(session, (file, None))
    return document, _("comes in as issued"), {}


def _uid(agency: Agency, day: date, old: OldDocument) -> str:
    return f"{agency.code},{day:%Y/%m/%d},{kinds.padded(old.number)}/{old.code_notation}"
