"""Writes of dossiers; the caller's use case commits."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.errors import Conflict, Invalid, NotFound, Overtaken
from eoffice.core.permissions import Actor
from eoffice.core.text import nfc, whole
from eoffice.core.workflow import Rule
from eoffice.directory.models import Assignment
from eoffice.documents.models import Document
from eoffice.documents.permissions import DOCUMENT_READ, may_know
from eoffice.dossiers import queries
from eoffice.dossiers.models import Dossier, DossierDocument, DossierHeading, DossierPlan
from eoffice.dossiers.states import Retention, Rights, State
from eoffice.dossiers.workflow import MACHINE, Move

OPENED = audit.action("dossiers.opened", _l("Dossier opened"))
PLANNED = audit.action("dossiers.planned", _l("Dossier put on the yearly list"))
CHANGED = audit.action("dossiers.changed", _l("Dossier's data changed"))
FILED = audit.action("dossiers.filed", _l("Document put into a dossier"))
TAKEN_OUT = audit.action("dossiers.taken_out", _l("Document taken out of a dossier"))
REMOVED = audit.action("dossiers.removed", _l("Taken off the yearly list"))
MOVED = audit.action("dossiers.moved", _l("Dossier taken a step further"))

#: lengths of the columns (Appendix VI, part II.3)
TITLE_LIMIT = 500
#: documents that a refusal names; the rest are counted
NAMED = 5


class Missing(Invalid):
    """A mandatory field is empty."""

    message = _l("This is needed. Fill it in.")


class NoHeading(Invalid):
    """Dossiers are numbered under a heading of the year's list."""

    message = _l("Choose a heading of the year's list. If there is none, ask the chief of office to add it.")


class NoCreator(Invalid):
    """Somebody is in charge of the work."""

    message = _l("Choose who is in charge from the people of your agency.")


class AlreadyInside(Conflict):
    """One place for each document."""

    message = _l("The document lies in the dossier %(notation)s already.")


class EmptyDossier(Conflict):
    """There is nothing to keep."""

    message = _l("The dossier holds no document. File one, or leave the dossier open.")


class Unfinished(Conflict):
    """At its closing the drafts are taken out and the contents are checked (Articles 28 and 29)."""

    message = _l(
        "Not issued or not finished yet: %(documents)s. Issue or finish each, or take it out of the dossier, which is "
        "opened again for that when it is closed."
    )


class TitleOpen(Conflict):
    """Pressed twice, or forgotten: the work goes on in the one there is."""

    message = _l(
        "You have the dossier %(notation)s of this title under this heading open already. "
        "File into that one, or give the new one another title."
    )


class KeptInDossier(Conflict):
    """What the archive keeps stays as it was handed over."""

    message = _l(
        "The document lies in the dossier %(notation)s, which is with the archive or on hold, so nothing of it changes."
        " Ask the archivist: what is not accepted yet can be returned to its unit."
    )


class EndBeforeStart(Invalid):
    """The work ends after it begins, and not tomorrow."""

    message = _l("The end lies between the beginning (%(start)s) and today.")


class ListIssued(Conflict):
    """What the head has issued is not taken back by who wrote it."""

    message = _l(
        "The list of dossiers of %(year)s is issued, so nothing is taken off it. Leave what is not needed unopened."
    )


class Begun(Overtaken):
    """Only what was never opened."""

    message = _l(
        "The dossier %(notation)s was opened already, so it stays on the list. Go on with it or close it."
    )


class NeedsReason(Invalid):
    """Whoever reads it later wants to know why."""

    message = _l("Say why in a few words; it stays in the history.")


class NoYears(Invalid):
    """The longest term of law is 70 years (Law on Archives 33/2024)."""

    message = _l("Write for how many years it is kept, from 1 to 70.")


@dataclass(frozen=True)
class NewDossier:
    """What is entered of a dossier (Appendix VI, part II.3)."""

    heading_id: int
    title: str
    retention: Retention
    rights: Rights = Rights.CONDITIONAL
    description: str = ""
    #: who is in charge; None: who enters it
    creator_id: int | None = None
    #: of another retention than the law's list has, its years
    other_years: int | None = None


class NextYears(Conflict):
    """The year of a dossier is that in which its work begins (năm hình thành hồ sơ; Appendix VI, part II)."""

    message = _l("This is on the list of %(year)s: a dossier of that list is started from 01/01/%(year)s on.")


def refuse_next_years(year: int) -> None:
    """Raises NextYears for work that would begin before the year of its list."""
    if clock.today().year < year:
        raise NextYears(year=year)


def put_on_list(
    session: Session,
    actor: Actor,
    heading: DossierHeading,
    new: NewDossier,
    creator: Assignment,
    state: State,
) -> Dossier:
    """Give a dossier its number under the heading. Raises Missing, NoYears, NextYears."""
    if not nfc(new.title):
        raise Missing(field="title")
    if state is State.OPEN:
        refuse_next_years(heading.plan.year)
    session.refresh(heading, with_for_update=True)
    heading.last_number += 1
    session.flush()
    dossier = Dossier(
        agency_id=heading.agency_id, heading_id=heading.id, year=heading.plan.year,
        notation=f"{heading.last_number:02d}.{heading.abbreviation}", title=whole(new.title, TITLE_LIMIT, "title"),
        retention=new.retention, other_years=other_years(new.retention, new.other_years), rights=new.rights,
        description=whole(new.description, 500, "description"), state=state,
        creator_id=creator.id, unit_id=creator.unit_id, created_at=clock.now(),
        start_on=clock.today() if state is State.OPEN else None,
    )  # fmt: skip
    session.add(dossier)
    what = OPENED if state is State.OPEN else PLANNED
    audit.record(session, actor, what, dossier, notation=dossier.notation, title=dossier.title)
    return dossier


def other_years(retention: Retention, years: int | None) -> int | None:
    """The years of another retention; None for those of the list. Raises NoYears."""
    if retention is not Retention.OTHER:
        return None
    if years is None or not 1 <= years <= 70:
        raise NoYears(field="other_years")
    return years


def heading_of(session: Session, actor: Actor, heading_id: int) -> DossierHeading:
    """A heading of the actor's agency. Raises NoHeading."""
    heading = session.get(DossierHeading, heading_id)
    if heading is None or heading.agency_id != actor.agency_id:
        raise NoHeading(field="heading_id")
    return heading


def plan_for(session: Session, agency_id: int, year: int) -> DossierPlan:
    """The list of a year, begun when there is none."""
    found = queries.plan(session, agency_id, year)
    if found is None:
        values = {"agency_id": agency_id, "year": year, "decision": "", "approved_by": ""}
        insert = sa.dialects.postgresql.insert(DossierPlan).values(values).on_conflict_do_nothing()
        session.execute(insert)
        found = queries.plan(session, agency_id, year)
    assert found is not None
    return found


def file(
    session: Session, actor: Actor, dossier: Dossier, document: Document, note: str = ""
) -> DossierDocument:
    """Put a document into a dossier at the next place: a reference, never a copy. Raises AlreadyInside."""
    there = sa.select(DossierDocument.id).where(
        DossierDocument.dossier_id == dossier.id, DossierDocument.document_id == document.id
    )
    if session.scalar(there) is not None:
        raise AlreadyInside(notation=dossier.notation, field="dossier_id")
    dossier.last_ordinal += 1
    placed = DossierDocument(
        agency_id=dossier.agency_id, dossier_id=dossier.id, document_id=document.id,
        ordinal=dossier.last_ordinal, note=whole(note, 500, "note"), filed_at=clock.now(), filed_by=actor.name,
    )  # fmt: skip
    session.add(placed)
    audit.record(session, actor, FILED, dossier, document=document.id, ordinal=placed.ordinal)
    return placed


def take_out(session: Session, actor: Actor, dossier: Dossier, document_id: int) -> None:
    """Take a document out; its place stays empty until the dossier is closed. Raises NotFound."""
    query = sa.select(DossierDocument).where(
        DossierDocument.dossier_id == dossier.id, DossierDocument.document_id == document_id
    )
    placed = session.scalar(query)
    if placed is None:
        raise NotFound
    session.delete(placed)
    audit.record(session, actor, TAKEN_OUT, dossier, document=document_id, ordinal=placed.ordinal)


def move(
    session: Session, actor: Actor, dossier: Dossier, step: Move, note: str = "", **details: Any
) -> Rule[State]:
    """Go one step by the table and log it. Raises InvalidTransition, NeedsReason; rights are the caller's business."""
    rule = MACHINE.step(dossier.state, step)
    if rule.needs_note and not note.strip():
        raise NeedsReason(field="note")
    before, dossier.state = dossier.state, rule.target
    audit.record(
        session, actor, MOVED, dossier,
        step=step, before=before, after=rule.target, note=note.strip() or None, **details,
    )  # fmt: skip
    return rule


def end(session: Session, actor: Actor, dossier: Dossier, end_on: date) -> None:
    """Set the last day of the work. Raises EndBeforeStart, EmptyDossier, Unfinished."""
    assert dossier.start_on is not None
    if not dossier.start_on <= end_on <= clock.today():
        raise EndBeforeStart(start=f"{dossier.start_on:%d/%m/%Y}", field="end_on")
    if not queries.everything(session, dossier):
        raise EmptyDossier
    refuse_unfinished(session, actor, dossier)
    dossier.end_on = end_on
    _number_through(session, dossier)


def _number_through(session: Session, dossier: Dossier) -> None:
    """The places of what was taken out are closed up: who reads the list misses nothing (Articles 28 and 29)."""
    places = sa.select(DossierDocument).where(DossierDocument.dossier_id == dossier.id)
    rows = session.scalars(places.order_by(DossierDocument.ordinal)).all()
    for place, row in enumerate(rows, 1):
        row.ordinal = place
        session.flush()  # one after the other: no two rows ever hold one place
    dossier.last_ordinal = len(rows)


def refuse_unfinished(
    session: Session, actor: Actor, dossier: Dossier, refusal: type[Conflict] = Unfinished
) -> None:
    """Raises the refusal, with the documents by name, while the business of one of them is not over."""
    left = queries.unfinished(session, dossier)
    if left:
        named = "; ".join(_named(actor, row) for row in left[:NAMED])
        more = f"; … (+{len(left) - NAMED})" if len(left) > NAMED else ""
        raise refusal(notation=dossier.notation, documents=named + more)


def _named(actor: Actor, row: DossierDocument) -> str:
    """Its place and, for who may know of it, its number or subject."""
    document = row.document
    if not may_know(actor, DOCUMENT_READ, document):
        return str(_l("No. %(ordinal)s", ordinal=row.ordinal))
    name = document.code if document.code_number else f"“{document.subject}”"
    return str(_l("No. %(ordinal)s, %(name)s", ordinal=row.ordinal, name=name))


def refuse_kept(session: Session, document: Document, *, on_hold: bool = True) -> None:
    """Raises KeptInDossier for a document that lies in a dossier at the archive or, when `on_hold`, on hold: what a
    hold protects is worked on all the same."""
    keeping = queries.keeping(session, document, on_hold=on_hold)
    if keeping is not None:
        raise KeptInDossier(notation=keeping.notation)


def remove_from_list(session: Session, actor: Actor, dossier: Dossier) -> None:
    """Take a dossier off the list before the list is issued. Raises ListIssued, Begun."""
    heading, plan = dossier.heading, dossier.heading.plan
    session.refresh(heading, with_for_update=True)
    refuse_issued(plan)
    if dossier.state is not State.PLANNED:
        raise Begun(notation=dossier.notation)
    if dossier.notation == f"{heading.last_number:02d}.{heading.abbreviation}":
        heading.last_number -= 1  # a draft gives its last number again: nobody has used it
    audit.record(session, actor, REMOVED, plan, notation=dossier.notation, title=dossier.title)
    session.delete(dossier)


def refuse_issued(plan: DossierPlan) -> None:
    """Raises ListIssued once the head has approved it."""
    if plan.approved_at is not None:
        raise ListIssued(year=plan.year)
