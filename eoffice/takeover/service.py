"""Use cases of the change-over: registers first, then documents, then drafts and dossiers.

All rows of a table or none, and each can be rehearsed.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock, tables
from eoffice.core.db import transaction
from eoffice.core.errors import AppError, Invalid
from eoffice.core.permissions import Actor, require
from eoffice.core.tables import Report, Row
from eoffice.core.text import nfc
from eoffice.directory import queries as directory
from eoffice.documents import closing, registers
from eoffice.documents import operations as documents
from eoffice.documents.closing import NewRegister
from eoffice.documents.models import Register
from eoffice.documents.permissions import REGISTER_OPEN
from eoffice.takeover import dossiers, drafts, house, operations
from eoffice.takeover import tables as means
from eoffice.takeover.drafts import Page
from eoffice.takeover.files import Files
from eoffice.takeover.operations import Papers

Made = TypeVar("Made")

TABLE_TAKEN_OVER = audit.action("takeover.table", _l("Table of another system taken over"))

#: rows of one table on the page; a document without files costs a hundredth of a second, with a file a twentieth
LIMIT = 1000
#: drafts of one table on the page: turning a Word file into a page takes seconds, and is done for the look as well
DRAFTS_LIMIT = 100
#: rows of one table by command
COMMAND_LIMIT = 50_000
#: characters of the name of the system before
_NAME = 100


class NameTheSystem(Invalid):
    """Every document bears it as its mark."""

    message = _l("Name the system the documents come from, in at most %(max)d characters.")


def take_registers(session: Session, actor: Actor, rows: Sequence[Row], *, rehearse: bool) -> Report:
    """Open registers after their last number given before, those of earlier years closed at once.

    Raises Forbidden, and Refused when a row cannot be taken: then nothing was.
    """
    problems = tables.shape(rows, means.REGISTERS)
    bad = {one.row for one in problems}
    outcomes: list[tuple[Row, str]] = []
    with transaction(session):
        require(actor, REGISTER_OPEN)
        for row in rows:
            if row.number in bad:
                continue
            try:
                outcomes.append((row, _take_register(session, actor, row)))
            except AppError as error:
                problems.append(tables.refusal(row, error))
        _end(session, problems, rehearse)
    return Report(outcomes, problems)


def _take_register(session: Session, actor: Actor, row: Row) -> str:
    assert actor.agency_id is not None
    new = NewRegister(
        year=means.year(row["year"]), direction=means.direction(row["direction"]), code=row["code"].upper(),
        name=row["name"], kind_codes=tuple(means.kind(one).code for one in means.several(row["kinds"], ",")),
        opening_number=means.number(row["last"]), decision=row["decision"],
    )  # fmt: skip
    known = registers.registers(session, actor.agency_id, new.year)
    same = next((one for one in known if one.code == new.code and one.direction is new.direction), None)
    if same is not None:
        return _go_on(session, actor, same, new)
    made = closing.open_one(session, actor, actor.agency_id, new)
    if new.year == clock.today().year:
        return _("goes on with no. %(number)s", number=new.opening_number + 1)
    session.flush()
    closing.close(session, actor, made, new.decision)
    return _("taken over closed")


def _go_on(session: Session, actor: Actor, register: Register, new: NewRegister) -> str:
    if register.opening_number == new.opening_number:
        return _("stays as it is")
    closing.set_opening(session, actor, register, new.opening_number, new.decision)
    return _("goes on with no. %(number)s", number=new.opening_number + 1)


def take_documents(
    session: Session, actor: Actor, rows: Sequence[Row], files: Files, system: str, *, rehearse: bool
) -> Report:
    """Take documents over with their numbers, files and open work; rehearsing does all of it and keeps nothing.

    No number is given, nothing is sent, nobody is told. Raises Forbidden, NameTheSystem, and Refused when a row
    cannot be taken: then nothing was.
    """
    _check(actor, system)
    problems = tables.shape(rows, means.DOCUMENTS)
    papers = _papers(rows, files, problems, store=not rehearse)
    bad = {one.row for one in problems}
    outcomes: list[tuple[Row, str]] = []
    with transaction(session):
        agency = directory.agency(session, actor.agency_id or 0)
        at = house.house(session, agency, nfc(system), rows)
        for row in rows:
            if row.number in bad:
                continue
            try:
                outcomes.append(
                    (row, operations.take(session, actor, at, row, papers.get(row.number, Papers())))
                )
            except AppError as error:
                problems.append(tables.refusal(row, error))
        audit.record(session, actor, TABLE_TAKEN_OVER, agency, system=at.system, rows=len(rows))
        _end(session, problems, rehearse)
    return Report(outcomes, problems)


def take_drafts(
    session: Session, actor: Actor, rows: Sequence[Row], files: Files, system: str, *, rehearse: bool
) -> Report:
    """Take unsigned drafts over, each with its drafter; what was approved elsewhere is approved here again.

    Raises Forbidden, NameTheSystem, and Refused when a row cannot be taken: then nothing was.
    """
    _check(actor, system)
    rehearsal = _Rehearsal(rows, tables.shape(rows, means.DRAFTS))
    with transaction(session):  # files take their time: this one is over before
        at = house.house(session, directory.agency(session, actor.agency_id or 0), nfc(system), rows)
        plans = rehearsal.each(lambda row: drafts.plan(session, actor, at, row))
    if rehearse:
        rehearsal.each(lambda row: drafts.look(row, plans[row.number], files), "Tệp")
        pages: dict[int, Page] = {}
    else:
        pages = rehearsal.each(lambda row: drafts.store(row, plans[row.number], files), "Tệp")
    with transaction(session):
        said = rehearsal.each(
            lambda row: drafts.take(session, actor, at, plans[row.number], pages.get(row.number))
        )
        audit.record(session, actor, TABLE_TAKEN_OVER, at.agency, system=at.system, rows=len(rows))
        _end(session, rehearsal.problems, rehearse)
    return Report([(row, said[row.number]) for row in rows if row.number in said], rehearsal.problems)


def take_dossiers(
    session: Session, actor: Actor, rows: Sequence[Row], _files: Files, system: str, *, rehearse: bool
) -> Report:
    """Take dossiers over under their own numbers, with the documents that are here.

    Raises Forbidden, NameTheSystem, and Refused when a row cannot be taken: then nothing was.
    """
    _check(actor, system)
    rehearsal = _Rehearsal(rows, tables.shape(rows, means.DOSSIERS))
    with transaction(session):
        at = house.house(session, directory.agency(session, actor.agency_id or 0), nfc(system), rows)
        said = rehearsal.each(lambda row: dossiers.take(session, actor, at, row))
        audit.record(session, actor, TABLE_TAKEN_OVER, at.agency, system=at.system, rows=len(rows))
        _end(session, rehearsal.problems, rehearse)
    return Report([(row, said[row.number]) for row in rows if row.number in said], rehearsal.problems)


class _Rehearsal:
    """Rows step by step: one that is refused is left out of the steps after, and its reason kept."""

    def __init__(self, rows: Sequence[Row], problems: list[tables.Problem]) -> None:
        self._rows, self.problems = rows, problems

    def each(self, act: Callable[[Row], Made], heading: str = "") -> dict[int, Made]:
        """What `act` makes of each good row, by the row's number."""
        bad, made = {one.row for one in self.problems}, dict[int, Made]()
        for row in self._rows:
            if row.number in bad:
                continue
            try:
                made[row.number] = act(row)
            except AppError as error:
                self.problems.append(tables.Problem(row.number, str(error), heading))
        return made


def _check(actor: Actor, system: str) -> None:
    """Raise Forbidden, NameTheSystem."""
    require(actor, REGISTER_OPEN)
    if not 0 < len(nfc(system)) <= _NAME:
        raise NameTheSystem(max=_NAME, field="system")


def _papers(
    rows: Sequence[Row], files: Files, problems: list[tables.Problem], *, store: bool
) -> dict[int, Papers]:
    """By row the files it names, checked, and stored when asked; bytes are there before rows name them."""
    found = {}
    for row in rows:
        try:
            if store:
                found[row.number] = _store(row, files)
            else:
                _look(row, files)
        except AppError as error:
            problems.append(tables.Problem(row.number, str(error), "Tệp"))
    return found


def _look(row: Row, files: Files) -> None:
    for name, must_be_pdf in _names(row):
        with files.open(name, documents.upload_limit()) as stream:
            documents.look_at(stream, must_be_pdf=must_be_pdf)


def _store(row: Row, files: Files) -> Papers:
    stored = []
    for name, must_be_pdf in _names(row):
        with files.open(name, documents.upload_limit()) as stream:
            stored.append(documents.take_in(stream, name, must_be_pdf=must_be_pdf))
    return Papers(stored[0], stored[1:]) if row["file"] else Papers(None, stored)


def _names(row: Row) -> list[tuple[str, bool]]:
    """Each file with whether it must be a PDF: the document itself is one."""
    main = [(row["file"], True)] if row["file"] else []
    return main + [(name, False) for name in means.several(row["attachments"])]


def _end(session: Session, problems: Sequence[tables.Problem], rehearse: bool) -> None:
    """All or none; a rehearsal keeps nothing in any case. Raises Refused."""
    if rehearse:
        session.rollback()
    elif problems:
        raise tables.Refused(problems)
