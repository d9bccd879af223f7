"""Dossiers under their headings and numbers, with the documents taken over before them: those on which people work,
and those the archive has.
"""

from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.errors import Conflict, Invalid
from eoffice.core.permissions import Actor
from eoffice.core.tables import Row, Rules
from eoffice.core.text import fold
from eoffice.directory import tables as means
from eoffice.directory.models import Assignment
from eoffice.documents import operations as documents
from eoffice.documents.models import Document
from eoffice.dossiers import operations as dossiers
from eoffice.dossiers.models import Dossier, DossierHeading
from eoffice.dossiers.permissions import DOSSIER_WORK
from eoffice.dossiers.states import State
from eoffice.dossiers.workflow import Move
from eoffice.takeover import house, tables
from eoffice.takeover.house import House

DOSSIER_TAKEN_OVER = audit.action("takeover.dossier", _l("Dossier taken over from another system"))


class NotationHeld(Conflict):
    """A notation stands once in a year's list."""

    message = _l("%(notation)s of this year is “%(title)s”.")


class ArchiveDates(Invalid):
    """What the archive has was begun, ended and handed over, in this order."""

    message = _l(
        "For a dossier with the archive give when it ended and when it was handed over, in this order."
    )


class HeadingNeeded(Conflict):
    """The list of the year lacks it."""

    message = _l("There is no heading “%(abbreviation)s” in the list of %(year)s. Fill in its name.")


def take(session: Session, actor: Actor, at: House, row: Row, rules: Rules) -> str:
    """Write a dossier and put its documents in; says in words what becomes of the row.

    Its number is never given again. Raises what `tables`, `house` and the dossiers' own rules refuse with.
    """
    heading = rules.ask(lambda: _heading(session, at, row), "heading", "notation", "year")
    known = rules.ask(lambda: _known(session, row, heading), "notation", "title")
    if rules.ask(lambda: not tables.archived(row["state"]), "state"):
        rules.ask(lambda: _creator(at, row), "creator")
    rules.ask(lambda: _check_days(row), "end_on", "start_on", "archived_on", "state")
    inside = rules.ask(lambda: _documents(session, at, row), "documents", "year")
    rules.end()
    assert heading is not None, "no rule is broken"
    if known is not None:
        return _("stays as it is")
    heading.last_number = max(heading.last_number, tables.notation(row["notation"])[0])
    archived = tables.archived(row["state"])
    dossier = (_archived if archived else _working)(actor, at, row, heading)
    session.add(dossier)
    session.flush()
    for document in inside or ():
        if not archived:  # whoever keeps the dossier had them in hand
            documents.give_access(session, actor, document, person_ids=[dossier.creator.person_id])
        dossiers.file(session, actor, dossier, document)
    ended = means.day(row["end_on"])
    if ended is not None and not archived:
        dossiers.end(session, actor, dossier, ended)
        dossiers.move(session, actor, dossier, Move.CLOSE, end_on=ended)
    audit.record(
        session, actor, DOSSIER_TAKEN_OVER, dossier,
        system=at.system, notation=dossier.notation, title=dossier.title, documents=dossier.last_ordinal,
        archived_on=row["archived_on"] or None, shelf=dossier.shelf or None,
    )  # fmt: skip
    return f"{dossier.state.word}: {', '.join(filter(None, (dossier.in_charge, dossier.shelf)))}"


def _known(session: Session, row: Row, heading: DossierHeading | None) -> Dossier | None:
    """The same dossier, when it is here already. Raises NotationHeld for another one under its notation."""
    if heading is None:
        return None
    query = sa.select(Dossier).where(Dossier.heading_id == heading.id, Dossier.notation == row["notation"])
    found = session.scalars(query).first()
    if found is not None and fold(found.title) != fold(row["title"]):
        raise NotationHeld(notation=found.notation, title=found.title)
    return found


def _creator(at: House, row: Row) -> Assignment:
    return house.post(at, row["creator"], able=DOSSIER_WORK)


def _check_days(row: Row) -> None:
    """What the archive has was begun, ended and handed over; work that goes on has begun."""
    days = [means.day(row[key]) for key in ("start_on", "end_on", "archived_on")]
    begun, ended, archived = days
    assert begun is not None, "a needed column"
    if tables.archived(row["state"]):
        if ended is None or archived is None or not begun <= ended <= archived <= clock.today():
            raise ArchiveDates
    elif not begun <= (ended or begun) <= clock.today():
        raise dossiers.EndBeforeStart(start=row["start_on"], field="end_on")


def _documents(session: Session, at: House, row: Row) -> list[Document]:
    """What lies in it. Raises NotAReference, and NoSuchDocument naming all that are not here."""
    found, missing = [], []
    for one in tables.several(row["documents"]):
        try:
            found.append(house.document(session, at, one, tables.year(row["year"])))
        except house.NoSuchDocument:
            missing.append(one)
    if missing:
        raise house.NoSuchDocument(text="; ".join(missing))
    return found


def _heading(session: Session, at: House, row: Row) -> DossierHeading:
    """The heading of a notation, added to the year's list when the row names it."""
    (_number, abbreviation), year = tables.notation(row["notation"]), tables.year(row["year"])
    plan = dossiers.plan_for(session, at.agency.id, year)
    found = next((one for one in plan.headings if one.abbreviation == abbreviation), None)
    if found is not None:
        return found
    if not row["heading"]:
        raise HeadingNeeded(abbreviation=abbreviation, year=year)
    unit = at.units.get(fold(abbreviation))
    made = DossierHeading(
        agency_id=at.agency.id, plan_id=plan.id, abbreviation=abbreviation, title=row["heading"],
        unit_id=unit.id if unit else None, position=len(plan.headings) + 1,
    )  # fmt: skip
    session.add(made)
    session.flush()
    session.refresh(plan)
    return made


def _working(_actor: Actor, at: House, row: Row, heading: DossierHeading) -> Dossier:
    creator = _creator(at, row)
    return Dossier(
        **_facts(at, row, heading), state=State.OPEN, creator_id=creator.id, unit_id=creator.unit_id
    )


def _archived(actor: Actor, at: House, row: Row, heading: DossierHeading) -> Dossier:
    """Whoever made it may have left long ago, and what was kept on paper alone has no documents here."""
    day, here = means.day(row["archived_on"]), at.posts.get(row["creator"], ())
    assert day is not None, "asked before"
    return Dossier(
        **_facts(at, row, heading), state=State.ARCHIVED, end_on=means.day(row["end_on"]),
        archived_at=clock.day_start(day), shelf=row["shelf"],
        creator_id=here[0].id if here else actor.assignment_id, maker="" if here else row["creator"],
        unit_id=here[0].unit_id if here else heading.unit_id,
    )  # fmt: skip


def _facts(at: House, row: Row, heading: DossierHeading) -> dict[str, Any]:
    kept, years = tables.retention(row["retention"])
    return {
        "agency_id": at.agency.id, "heading_id": heading.id, "year": heading.plan.year, "notation": row["notation"],
        "title": row["title"], "retention": kept, "other_years": years, "description": row["description"],
        "created_at": clock.now(), "start_on": means.day(row["start_on"]), "taken_over_from": at.system,
    }  # fmt: skip
