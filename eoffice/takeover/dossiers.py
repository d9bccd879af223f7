"""Dossiers under their headings and numbers, with the documents taken over before them: those on which people work,
and those the archive has.
"""

from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.accounts import permissions as accounts
from eoffice.core import audit, clock
from eoffice.core.errors import Conflict, Invalid
from eoffice.core.permissions import Actor
from eoffice.core.tables import Row
from eoffice.core.text import fold
from eoffice.directory import tables as means
from eoffice.documents import operations as documents
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


def take(session: Session, actor: Actor, at: House, row: Row) -> str:
    """Write a dossier and put its documents in; says in words what becomes of the row.

    Its number is never given again. Raises what `tables`, `house` and the dossiers' own rules refuse with.
    """
    number, abbreviation = tables.notation(row["notation"])
    heading = _heading(session, at, row, abbreviation, tables.year(row["year"]))
    known = session.scalars(
        sa.select(Dossier).where(Dossier.heading_id == heading.id, Dossier.notation == row["notation"])
    ).first()
    if known is not None:
        if fold(known.title) == fold(row["title"]):
            return _("stays as it is")
        raise NotationHeld(notation=known.notation, title=known.title)
    heading.last_number = max(heading.last_number, number)
    archived = tables.archived(row["state"])
    dossier = (_archived if archived else _working)(actor, at, row, heading)
    session.add(dossier)
    session.flush()
    for one in tables.several(row["documents"]):
        document = house.document(session, at, one, heading.plan.year)
        if not archived:  # whoever keeps the dossier had them in hand
            documents.give_access(session, actor, document, person_ids=[dossier.creator.person_id])
        dossiers.file(session, actor, dossier, document)
    ended = means.day(row["end_on"])
    if ended is not None and not archived:
        dossiers.end(session, dossier, ended)
        dossiers.move(session, actor, dossier, Move.CLOSE, end_on=ended)
    audit.record(
        session, actor, DOSSIER_TAKEN_OVER, dossier,
        system=at.system, notation=dossier.notation, title=dossier.title, documents=dossier.last_ordinal,
        archived_on=row["archived_on"] or None, shelf=dossier.shelf or None,
    )  # fmt: skip
    return f"{dossier.state.word}: {', '.join(filter(None, (dossier.in_charge, dossier.shelf)))}"


def _heading(session: Session, at: House, row: Row, abbreviation: str, year: int) -> DossierHeading:
    """The heading of a notation, added to the year's list when the row names it."""
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
    creator = house.post(at, row["creator"])
    if DOSSIER_WORK not in accounts.of(creator.role):
        raise house.NobodyHere(who=row["creator"])
    facts = _facts(at, row, heading)
    return Dossier(**facts, state=State.OPEN, creator_id=creator.id, unit_id=creator.unit_id)


def _archived(actor: Actor, at: House, row: Row, heading: DossierHeading) -> Dossier:
    """Whoever made it may have left long ago, and what was kept on paper alone has no documents here."""
    facts, ended, day = _facts(at, row, heading), means.day(row["end_on"]), means.day(row["archived_on"])
    if ended is None or day is None or not facts["start_on"] <= ended <= day <= clock.today():
        raise ArchiveDates
    here = at.posts.get(row["creator"], ())
    return Dossier(
        **facts, state=State.ARCHIVED, end_on=ended, archived_at=clock.day_start(day), shelf=row["shelf"],
        creator_id=here[0].id if here else actor.assignment_id, maker="" if here else row["creator"],
        unit_id=here[0].unit_id if here else heading.unit_id,
    )  # fmt: skip


def _facts(at: House, row: Row, heading: DossierHeading) -> dict[str, Any]:
    return {
        "agency_id": at.agency.id, "heading_id": heading.id, "year": heading.plan.year, "notation": row["notation"],
        "title": row["title"], "retention": tables.retention(row["retention"]), "description": row["description"],
        "created_at": clock.now(), "start_on": _begun(row["start_on"]), "taken_over_from": at.system,
    }  # fmt: skip


def _begun(text: str) -> date:
    day = means.day(text)
    assert day is not None, "a needed column"
    if day > clock.today():
        raise dossiers.EndBeforeStart(start=text, field="start_on")
    return day
