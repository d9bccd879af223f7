"""Use cases of the change-over: registers first, then documents, then drafts and dossiers.

All rows of a table or none, and each can be rehearsed.
"""

from collections.abc import Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock, tables
from eoffice.core.db import transaction
from eoffice.core.errors import AppError, Invalid
from eoffice.core.permissions import Actor, require
from eoffice.core.tables import Report, Row, Rules, Taking
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
from eoffice.takeover.files import Files, left_behind
from eoffice.takeover.operations import Papers

TABLE_TAKEN_OVER = audit.action("takeover.table", _l("Table of another system taken over"))

#: rows of one table on the page; a document without files costs a hundredth of a second, with a file a twentieth
LIMIT = 3000
#: drafts of one table on the page: turning a Word file into a page takes seconds, and is done for the look as well
DRAFTS_LIMIT = 100
#: rows of one table by command
COMMAND_LIMIT = 50_000
#: characters of the name of the system before
_NAME = 100


class NameTheSystem(Invalid):
    """Every document bears it as its mark."""

    message = _l("Name the system the documents come from, in at most %(max)d characters.")


class NamedTwice(Invalid):
    """A register has one last number."""

    message = _l("Register %(code)s of %(year)s stands in the table twice. Leave one row.")


def take_registers(session: Session, actor: Actor, rows: Sequence[Row], *, rehearse: bool) -> Report:
    """Open registers after their last number given before, those of earlier years closed at once.

    Raises Forbidden, and Refused when a row cannot be taken: then nothing was.
    """
    taking = Taking(rows, means.REGISTERS)
    with transaction(session):
        require(actor, REGISTER_OPEN)
        met: set[tuple[int, str]] = set()
        report = taking.report(
            taking.each(lambda row, rules: _take_register(session, actor, row, rules, met))
        )
        _end(session, report, rehearse)
    return report


def _take_register(session: Session, actor: Actor, row: Row, rules: Rules, met: set[tuple[int, str]]) -> str:
    rules.end()
    assert actor.agency_id is not None
    new = NewRegister(
        year=means.year(row["year"]), direction=means.direction(row["direction"]), code=row["code"].upper(),
        name=row["name"], kind_codes=tuple(means.kind(one).code for one in means.several(row["kinds"], ",")),
        opening_number=means.number(row["last"]), decision=row["decision"],
    )  # fmt: skip
    if (new.year, new.code) in met:
        raise NamedTwice(code=new.code, year=new.year)
    met.add((new.year, new.code))
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
    before = register.opening_number
    closing.set_opening(session, actor, register, new.opening_number, new.decision)
    changed = _(
        "last number is changed from %(before)s to %(after)s", before=before, after=new.opening_number
    )
    if register.closed_at is not None:
        return changed
    goes_on = _("goes on with no. %(number)s", number=new.opening_number + 1)
    return f"{changed}, {goes_on}"


def take_documents(
    session: Session, actor: Actor, rows: Sequence[Row], files: Files, system: str, *, rehearse: bool
) -> Report:
    """Take documents over with their numbers, files and open work; rehearsing does all of it and keeps nothing.

    No number is given, nothing is sent, nobody is told. Raises Forbidden, NameTheSystem, and Refused when a row
    cannot be taken: then nothing was.
    """
    _check(actor, system)
    taking = Taking(rows, means.DOCUMENTS)
    papers = taking.each(lambda row, rules: _papers(row, rules, files, store=not rehearse))
    with transaction(session):
        agency = directory.agency(session, actor.agency_id or 0)
        at = house.house(session, agency, nfc(system), rows)
        said = taking.each(
            lambda row, rules: operations.take(
                session, actor, at, row, rules, papers.get(row.number, Papers())
            )
        )
        audit.record(session, actor, TABLE_TAKEN_OVER, agency, system=at.system, rows=len(rows))
        report = taking.report(said)
        _end(session, report, rehearse)
    return report


def take_drafts(
    session: Session, actor: Actor, rows: Sequence[Row], files: Files, system: str, *, rehearse: bool
) -> Report:
    """Take unsigned drafts over, each with its drafter; what was approved elsewhere is approved here again.

    Raises Forbidden, NameTheSystem, and Refused when a row cannot be taken: then nothing was.
    """
    _check(actor, system)
    taking = Taking(rows, means.DRAFTS)
    with transaction(session):  # files take their time: this one is over before
        at = house.house(session, directory.agency(session, actor.agency_id or 0), nfc(system), rows)
        plans = taking.each(lambda row, rules: drafts.plan(session, actor, at, row, rules))
    pages: dict[int, Page] = {}
    if rehearse:
        taking.each(lambda row, rules: drafts.look(row, plans.get(row.number), files, rules))
    else:
        pages = taking.each(lambda row, rules: drafts.store(row, plans.get(row.number), files, rules))
    with transaction(session):
        said = taking.each(
            lambda row, rules: drafts.take(
                session, actor, at, plans.get(row.number), pages.get(row.number), rules
            )
        )
        audit.record(session, actor, TABLE_TAKEN_OVER, at.agency, system=at.system, rows=len(rows))
        report = taking.report(said)
        _end(session, report, rehearse)
    return report


def take_dossiers(
    session: Session, actor: Actor, rows: Sequence[Row], _files: Files, system: str, *, rehearse: bool
) -> Report:
    """Take dossiers over under their own numbers, with the documents that are here.

    Raises Forbidden, NameTheSystem, and Refused when a row cannot be taken: then nothing was.
    """
    _check(actor, system)
    taking = Taking(rows, means.DOSSIERS)
    with transaction(session):
        at = house.house(session, directory.agency(session, actor.agency_id or 0), nfc(system), rows)
        said = taking.each(lambda row, rules: dossiers.take(session, actor, at, row, rules))
        audit.record(session, actor, TABLE_TAKEN_OVER, at.agency, system=at.system, rows=len(rows))
        report = taking.report(said)
        _end(session, report, rehearse)
    return report


def _check(actor: Actor, system: str) -> None:
    """Raise Forbidden, NameTheSystem."""
    require(actor, REGISTER_OPEN)
    if not 0 < len(nfc(system)) <= _NAME:
        raise NameTheSystem(max=_NAME, field="system")


def _papers(row: Row, rules: Rules, files: Files, *, store: bool) -> Papers:
    """The files a row names, each checked, and stored when asked; bytes are there before rows name them."""
    stored = []
    for name, must_be_pdf in _names(row):
        try:
            with files.open(name, documents.upload_limit()) as stream:
                if store:
                    stored.append(documents.take_in(stream, name, must_be_pdf=must_be_pdf))
                else:
                    documents.look_at(stream, must_be_pdf=must_be_pdf)
        except AppError as error:
            rules.refuse(error, "file" if must_be_pdf else "attachments")
    return Papers(stored[0], stored[1:]) if stored and row["file"] else Papers(None, stored)


def _names(row: Row) -> list[tuple[str, bool]]:
    """Each file with whether it must be a PDF: the document itself is one."""
    main = [(row["file"], True)] if row["file"] else []
    return main + [(name, False) for name in means.several(row["attachments"])]


def unnamed(rows: Sequence[Row], files: Files) -> list[str]:
    """Files that no row names and that stay behind: perhaps a name is mistyped, or a whole column."""
    return left_behind(files, (name for row in rows for name, _must_be_pdf in _names(row)))


def _end(session: Session, report: Report, rehearse: bool) -> None:
    """All or none; a rehearsal keeps nothing in any case. Raises Refused."""
    if rehearse:
        session.rollback()
    elif report.problems:
        raise tables.Refused(report.problems)
