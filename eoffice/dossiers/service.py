"""Use cases of those who work with dossiers, one transaction each (Decree 30/2020, Articles 28 to 31).

What the archive does is in `archiving`.
"""

from collections.abc import Sequence
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import access, audit, clock, visits
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Forbidden, Invalid, NotFound
from eoffice.core.permissions import Actor, require
from eoffice.core.text import nfc, whole
from eoffice.core.visits import Visited
from eoffice.directory import queries as directory
from eoffice.directory.models import Assignment, Role
from eoffice.documents import operations as documents_writes
from eoffice.documents import queries as documents
from eoffice.dossiers import operations, queries
from eoffice.dossiers.models import Dossier, DossierDocument, DossierHeading, DossierPlan, HandOver
from eoffice.dossiers.operations import NewDossier
from eoffice.dossiers.packages import Enclosed
from eoffice.dossiers.permissions import DOSSIER_APPROVE, DOSSIER_PLAN, DOSSIER_WORK
from eoffice.dossiers.states import Retention, Rights, State
from eoffice.dossiers.workflow import MACHINE, Move

HEADING_ADDED = audit.action("dossiers.heading_added", _l("Heading added to the yearly list"))
PLAN_APPROVED = audit.action("dossiers.plan_approved", _l("Yearly list of dossiers approved"))
HANDED_OVER = audit.action("dossiers.handed_over", _l("Dossiers handed over to the archive"))
TAKEN_ALONG = audit.action("dossiers.exported", _l("Dossier taken out"))


class NotAll(Forbidden):
    """A package that says it is whole must be."""

    message = _l("%(count)s documents of this dossier are not yours to see, so you cannot take it out whole.")


class StillOpen(Conflict):
    """What goes to an archive is complete (Article 29)."""

    message = _l(
        "This dossier is still being collected. Close it first; a package for an archive holds all of it."
    )


class HeadingTaken(Conflict):
    """Notations of two headings would be the same."""

    message = _l("The heading “%(abbreviation)s” is on the list already.")


class HeadingUsed(Conflict):
    """Dossiers are numbered under it."""

    message = _l("Dossiers stand under the heading “%(abbreviation)s”. Take them off the list first.")


class Destroyed(Conflict):
    """A package without its files would look like a whole one."""

    message = _l(
        "This dossier was destroyed by decision. What is left of it is the certificate, on the page of destruction."
    )


class WrongAbbreviation(Invalid):
    """It stands in every notation below it."""

    message = _l("The abbreviation has 1 to 15 letters or digits, without spaces.")


class NeedsDecision(Invalid):
    """The head issues the list (Article 28)."""

    message = _l("Give number and date of the document that issues it.")


class NothingListed(Conflict):
    """There is nothing to approve."""

    message = _l("The list has no dossier yet. Add headings and dossiers first.")


class NothingChosen(Invalid):
    """Nothing was ticked."""

    message = _l("Tick at least one dossier that is closed.")


# The yearly list


def add_heading(
    session: Session, actor: Actor, year: int, abbreviation: str, title: str, unit_id: int | None = None
) -> DossierHeading:
    """Add a big heading to the list of a year. Raises Forbidden, WrongAbbreviation, Missing, HeadingTaken."""
    short = nfc(abbreviation)
    with transaction(session):
        require(actor, DOSSIER_PLAN)
        if not 1 <= len(short) <= 15 or not short.replace("-", "").isalnum():
            raise WrongAbbreviation(field="abbreviation")
        if not nfc(title):
            raise operations.Missing(field="title")
        plan = operations.plan_for(session, actor.agency_id or 0, year)
        if any(one.abbreviation == short for one in plan.headings):
            raise HeadingTaken(abbreviation=short, field="abbreviation")
        units = {unit.id for unit in directory.units(session, plan.agency_id)}
        heading = DossierHeading(
            agency_id=plan.agency_id, plan_id=plan.id, abbreviation=short, title=whole(title, 200, "title"),
            unit_id=unit_id if unit_id in units else None, position=len(plan.headings) + 1,
        )  # fmt: skip
        session.add(heading)
        audit.record(session, actor, HEADING_ADDED, plan, abbreviation=short, title=heading.title)
    return heading


def plan_dossier(session: Session, actor: Actor, new: NewDossier) -> Dossier:
    """Put a dossier on the list of a year. Raises Forbidden, NoHeading, NoCreator, Missing."""
    with transaction(session):
        require(actor, DOSSIER_PLAN)
        heading = operations.heading_of(session, actor, new.heading_id)
        creator = _creator(session, actor, new.creator_id)
        return operations.put_on_list(session, actor, heading, new, creator, State.PLANNED)


def remove_planned(session: Session, actor: Actor, dossier_id: int) -> int:
    """Take a dossier that was never opened off a list that is not issued; its year.

    Raises NotFound, Forbidden, ListIssued, Begun.
    """
    with transaction(session):
        require(actor, DOSSIER_PLAN)
        # whoever compiles the list reads all of it, also what is in the charge of other units
        dossier = session.get(Dossier, dossier_id, with_for_update={"of": Dossier})
        if dossier is None or dossier.agency_id != actor.agency_id:
            raise NotFound
        year = dossier.year
        operations.remove_from_list(session, actor, dossier)
    return year


def remove_heading(session: Session, actor: Actor, heading_id: int) -> int:
    """Take a heading without dossiers off a list that is not issued; its year.

    Raises Forbidden, NoHeading, ListIssued, HeadingUsed.
    """
    with transaction(session):
        require(actor, DOSSIER_PLAN)
        heading = operations.heading_of(session, actor, heading_id)
        session.refresh(heading, with_for_update=True)
        plan = heading.plan
        operations.refuse_issued(plan)
        if queries.planned(session, plan).get(heading.id):
            raise HeadingUsed(abbreviation=heading.abbreviation)
        audit.record(
            session, actor, operations.REMOVED, plan, abbreviation=heading.abbreviation, title=heading.title
        )
        session.delete(heading)
        return plan.year


def copy_last_year(session: Session, actor: Actor, year: int) -> int:
    """Begin the list of a year with the headings and dossiers of the year before; returns how many dossiers.

    People who left are replaced by whoever copies. Headings that are there already stay; dossiers that were destroyed
    do not come again. Raises Forbidden.
    """
    with transaction(session):
        require(actor, DOSSIER_PLAN)
        agency_id = actor.agency_id or 0
        plan, earlier = (
            operations.plan_for(session, agency_id, year),
            queries.plan(session, agency_id, year - 1),
        )
        if earlier is None:
            return 0
        known, copied = {one.abbreviation for one in plan.headings}, 0
        before = queries.planned(session, earlier)
        present = {post.id: post for post in directory.posts(session, agency_id)}
        myself = _creator(session, actor, None)
        for heading in earlier.headings:
            if heading.abbreviation in known:
                continue
            made = DossierHeading(
                agency_id=agency_id, plan_id=plan.id, abbreviation=heading.abbreviation, title=heading.title,
                unit_id=heading.unit_id, position=heading.position,
            )  # fmt: skip
            session.add(made)
            session.flush()
            for one in before.get(heading.id, []):
                if one.state is State.DESTROYED:  # its work was over long ago
                    continue
                new = NewDossier(
                    made.id, one.title, one.retention, one.rights, one.description, other_years=one.other_years
                )  # fmt: skip
                creator = present.get(one.creator_id, myself)
                operations.put_on_list(session, actor, made, new, creator, State.PLANNED)
                copied += 1
    return copied


def approve_plan(session: Session, actor: Actor, year: int, decision: str) -> DossierPlan:
    """The head issues the list. Raises Forbidden, NeedsDecision, NothingListed."""
    with transaction(session):
        require(actor, DOSSIER_APPROVE)
        plan = operations.plan_for(session, actor.agency_id or 0, year)
        if not queries.planned(session, plan):
            raise NothingListed
        if not nfc(decision):
            raise NeedsDecision(field="decision")
        plan.decision, plan.approved_at = whole(decision, 300, "decision"), clock.now()
        plan.approved_by = ", ".join(part for part in (actor.name, actor.title) if part)
        audit.record(session, actor, PLAN_APPROVED, plan, year=year, decision=plan.decision)
    return plan


# One dossier


def look_at(session: Session, actor: Actor, dossier_id: int) -> tuple[Dossier, int]:
    """A dossier to be shown, and how often it was by now: the look is noted. Raises NotFound."""
    with transaction(session):
        dossier = queries.one(session, actor, dossier_id)
        return dossier, visits.note(session, actor, Visited.DOSSIER, dossier.agency_id, dossier.id)


def open_dossier(session: Session, actor: Actor, new: NewDossier) -> Dossier:
    """Open a dossier that is not on the list (Article 29.1).

    Raises Forbidden, NoHeading, NoCreator, Missing, TitleOpen.
    """
    with transaction(session):
        require(actor, DOSSIER_WORK)
        heading = operations.heading_of(session, actor, new.heading_id)
        creator = _creator(session, actor, None)
        session.refresh(heading, with_for_update=True)  # the same form twice: the second waits for the first
        same = queries.same_open(session, heading.id, creator.id, nfc(new.title))
        if same is not None:
            raise operations.TitleOpen(notation=same.notation, field="title")
        return operations.put_on_list(session, actor, heading, new, creator, State.OPEN)


def start(session: Session, actor: Actor, dossier_id: int) -> Dossier:
    """Open a dossier of the list. Raises NotFound, InvalidTransition, Forbidden, NextYears."""
    with transaction(session):
        dossier = _allowed(session, actor, dossier_id, Move.START)
        operations.refuse_next_years(dossier.year)
        dossier.start_on = clock.today()
        operations.move(session, actor, dossier, Move.START)
    return dossier


def change(session: Session, actor: Actor, dossier_id: int, title: str, retention: Retention, rights: Rights,
           description: str = "", other_years: int | None = None) -> Dossier:  # fmt: skip
    """Correct its data while it is open. Raises NotFound, InvalidTransition, Forbidden, Missing, NoYears."""
    with transaction(session):
        dossier = _allowed(session, actor, dossier_id, Move.FILE)
        if not nfc(title):
            raise operations.Missing(field="title")
        before = {"title": dossier.title, "retention": dossier.kept_for, "rights": dossier.rights}
        record = audit.record if rights is dossier.rights else access.record
        dossier.other_years = operations.other_years(retention, other_years)
        dossier.title, dossier.retention = whole(title, operations.TITLE_LIMIT, "title"), retention
        dossier.rights, dossier.description = rights, whole(description, 500, "description")
        after = {"title": dossier.title, "retention": dossier.kept_for, "rights": dossier.rights}
        record(session, actor, operations.CHANGED, dossier, before=before, after=after)
    return dossier


def file(
    session: Session, actor: Actor, dossier_id: int, document_id: int, note: str = ""
) -> DossierDocument:
    """Put a document in; it may lie in many. Raises NotFound, InvalidTransition, Forbidden, AlreadyInside."""
    with transaction(session):
        dossier = _allowed(session, actor, dossier_id, Move.FILE)
        document = documents.one(session, actor, document_id)
        return operations.file(session, actor, dossier, document, note)


def take_out(session: Session, actor: Actor, dossier_id: int, document_id: int) -> Dossier:
    """Take a document out of an open dossier. Raises NotFound, InvalidTransition, Forbidden."""
    with transaction(session):
        dossier = _allowed(session, actor, dossier_id, Move.FILE)
        documents.one(session, actor, document_id)
        operations.take_out(session, actor, dossier, document_id)
    return dossier


def close(session: Session, actor: Actor, dossier_id: int, end_on: date | None = None) -> Dossier:
    """End a dossier when the work is done, today by default.

    Raises NotFound, InvalidTransition, Forbidden, EndBeforeStart, EmptyDossier, Unfinished.
    """
    with transaction(session):
        dossier = _allowed(session, actor, dossier_id, Move.CLOSE)
        operations.end(session, actor, dossier, end_on or clock.today())
        operations.move(session, actor, dossier, Move.CLOSE, end_on=dossier.end_on)
    return dossier


def reopen(session: Session, actor: Actor, dossier_id: int, note: str) -> Dossier:
    """Go on with a dossier that was closed. Raises NotFound, InvalidTransition, Forbidden, NeedsReason."""
    with transaction(session):
        dossier = _allowed(session, actor, dossier_id, Move.REOPEN)
        operations.move(session, actor, dossier, Move.REOPEN, note)
        dossier.end_on, dossier.reason = None, ""
    return dossier


def hand_over(session: Session, actor: Actor, dossier_ids: Sequence[int]) -> HandOver:
    """Give closed dossiers to the archive, which may read what lies in them from then on.

    Raises NothingChosen, NotFound, InvalidTransition, Forbidden, Unfinished.
    """
    if not dossier_ids:
        raise NothingChosen
    with transaction(session):
        dossiers = [_allowed(session, actor, one, Move.HAND_OVER) for one in sorted(set(dossier_ids))]
        for dossier in dossiers:
            operations.refuse_unfinished(session, actor, dossier)
        unit = dossiers[0].unit
        made = HandOver(
            agency_id=dossiers[0].agency_id, unit_name=unit.name if unit else "", handed_at=clock.now(),
            handed_by=", ".join(part for part in (actor.name, actor.title) if part),
        )  # fmt: skip
        session.add(made)
        session.flush()
        for dossier in dossiers:
            dossier.hand_over_id, dossier.reason = made.id, ""
            operations.move(session, actor, dossier, Move.HAND_OVER)
            _let_archive_read(session, actor, dossier)
        access.record(session, actor, HANDED_OVER, made, dossiers=[one.notation for one in dossiers])
    return made


def take_along(session: Session, actor: Actor, dossier_id: int, form: str) -> tuple[Dossier, list[Enclosed]]:
    """A dossier with all its files, to be taken out as `form`: the log keeps who did.

    Raises NotFound, Destroyed, StillOpen, NotAll.
    """
    with transaction(session):
        dossier = queries.one(session, actor, dossier_id)
        if dossier.state is State.DESTROYED:
            raise Destroyed
        if form == "sip" and dossier.state in (State.PLANNED, State.OPEN):
            raise StillOpen
        inside = queries.contents(session, actor, dossier)
        if inside.hidden:
            raise NotAll(count=inside.hidden)
        files, fates = queries.files(session, inside.rows), queries.fates(session, inside.rows)
        audit.record(session, actor, TAKEN_ALONG, dossier, form=form, documents=len(inside.rows))
    return dossier, [Enclosed(row, files[row.document_id], fates.get(row.document_id)) for row in inside.rows]


def _let_archive_read(session: Session, actor: Actor, dossier: Dossier) -> None:
    archivists = [post.person_id for post in directory.posts(session, dossier.agency_id, Role.ARCHIVIST)]
    for placed in queries.everything(session, dossier):
        documents_writes.give_access(session, actor, placed.document, person_ids=archivists, warned=False)


def _creator(session: Session, actor: Actor, assignment_id: int | None) -> Assignment:
    """Who is in charge: a present post of the agency. Raises NoCreator."""
    wanted = assignment_id or actor.assignment_id
    posts = directory.posts(session, actor.agency_id or 0)
    found = next((post for post in posts if post.id == wanted), None)
    if found is None:
        raise operations.NoCreator(field="creator_id")
    return found


def _allowed(session: Session, actor: Actor, dossier_id: int, step: Move) -> Dossier:
    """The dossier, held, when the step is the actor's now. Raises NotFound, InvalidTransition, Forbidden."""
    dossier = queries.one(session, actor, dossier_id)
    session.refresh(dossier, with_for_update={"of": Dossier})
    require(actor, MACHINE.step(dossier.state, step).permission, dossier)
    return dossier
