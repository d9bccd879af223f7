"""Writes of missions; the caller's use case commits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.errors import Conflict, Invalid, Overtaken, TooLong
from eoffice.core.permissions import Actor
from eoffice.core.text import nfc
from eoffice.directory import queries as directory
from eoffice.documents import asking
from eoffice.documents import operations as documents
from eoffice.documents import queries as reading
from eoffice.documents.models import Document, Steering
from eoffice.missions.models import CLOSED, Mission, State
from eoffice.missions.workflow import MACHINE, Move
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.states import OPEN as BEFORE_ISSUE
from eoffice.outgoing.states import State as Outgoing

GIVEN = audit.action("missions.given", _l("Task given with a document"))
BEGUN = audit.action("missions.begun", _l("Task begins with the issue"))
REPORTED = audit.action("missions.reported", _l("Task reported as done"))
ACCEPTED = audit.action("missions.accepted", _l("Task accepted as done"))
ASKED_AGAIN = audit.action("missions.asked_again", _l("Report of a task not accepted"))
WITHDRAWN = audit.action("missions.withdrawn", _l("Task no longer asked"))
REPORT_VOID = audit.action("missions.report_void", _l("Report of a task void: its letter counts no more"))
REMINDED = audit.action("missions.reminded", _l("Pressed for a task"))
_ACTIONS = {
    Move.BEGIN: BEGUN,
    Move.REPORT: REPORTED,
    Move.ACCEPT: ACCEPTED,
    Move.ASK_AGAIN: ASKED_AGAIN,
    Move.WITHDRAW: WITHDRAWN,
}

#: longest content or note, in characters
LONGEST = 1000
#: what the log says of a recipient that was taken off again
NOT_SENT = "Không còn là nơi nhận của văn bản"


class NoContent(Invalid):
    """Nothing is asked."""

    message = _l("Write what has to be done.")


class NoDay(Invalid):
    """What has no day is never late."""

    message = _l("Give the last day.")


class DayPassed(Invalid):
    """Nobody can be in time."""

    message = _l("The last day has passed already. Choose a later one.")


class ApprovedWithout(Conflict):
    """Whoever approves, checks and signs sees all that goes out."""

    message = _l(
        "What is asked of another agency goes out with the document, which is “%(state)s” now. Have it sent back to "
        "its drafter first, or add the task once it is issued."
    )


class AskedAlready(Overtaken):
    """The same twice, as by a form that is sent again."""

    message = _l("%(to)s is asked this already, by the same day. Write what is asked beyond it.")


class NobodyNamed(Invalid):
    """Neither a recipient of the document nor a unit of the agency."""

    message = _l("Choose who has to do it: a recipient of the document, or a unit of your agency.")


class NothingGoesOut(Conflict):
    """A void number, a refused copy, a recalled document."""

    message = _l("This document asks nothing of anybody: it is not, or no longer, in force.")


class NoteNeeded(Invalid):
    """Others read it."""

    message = _l("Write a few words: what was done, or why.")


class OnlyUnits(Invalid):
    """Nobody elsewhere would hear of it."""

    message = _l("Another agency is pressed by a letter: have it drafted on this page.")


class RemindedToday(Conflict):
    """Once a day is heard."""

    message = _l("They were pressed for it today already. Do it again tomorrow.")


@dataclass(frozen=True)
class NewMission:
    """What is asked, of whom, by when. `to`: `a:` and a recipient's code, or `u:` and a unit's number."""

    content: str
    to: str
    due_on: date | None


def give(session: Session, actor: Actor, document: OutgoingDocument, new: NewMission) -> Mission:
    """Write a mission down; a document that is not issued takes it along.

    Raises NoContent, TooLong, NoDay, DayPassed, NobodyNamed, NothingGoesOut, ApprovedWithout,
    AskedAlready.
    """
    content = nfc(new.content.strip())
    if not content:
        raise NoContent(field="content")
    if len(content) > LONGEST:
        raise TooLong(max=LONGEST, field="content")
    if new.due_on is None:
        raise NoDay(field="due_on")
    if new.due_on < clock.today():
        raise DayPassed(field="due_on")
    issued = document.state is Outgoing.ISSUED
    if not issued and document.state not in BEFORE_ISSUE:
        raise NothingGoesOut
    whom = _whom(session, document, new.to)
    if "recipient_code" in whom:
        refuse_approved(document)
    _refuse_twice(session, document, content, new.due_on, whom)
    mission = Mission(
        agency_id=document.agency_id, document_id=document.id, content=content, due_on=new.due_on,
        state=State.OPEN if issued else State.PLANNED, given_at=clock.now(), given_by_id=actor.assignment_id, **whom,
    )  # fmt: skip
    session.add(mission)
    session.flush()
    session.refresh(mission, ["unit"])
    if issued:
        _open_to_unit(session, actor, document, [mission], warned=True)
    audit.record(
        session, actor, GIVEN, document, to=mission.label, content=mission.content, due_on=mission.due_on
    )
    return mission


def refuse_approved(document: OutgoingDocument) -> None:
    """What is asked of another agency goes out with the document, so it changes what was approved (Article 11.2): it is
    added and taken off while the document is drafted, or after its issue. Raises ApprovedWithout."""
    if document.state not in (Outgoing.DRAFT, Outgoing.SENT_BACK, Outgoing.ISSUED):
        raise ApprovedWithout(state=document.state.word)


def _refuse_twice(
    session: Session, document: OutgoingDocument, content: str, due_on: date, whom: Mapping[str, Any]
) -> None:
    """The caller holds the document: of two at once the second finds the first."""
    same = sa.select(Mission).where(
        Mission.document_id == document.id, Mission.content == content, Mission.due_on == due_on,
        Mission.state.not_in(CLOSED), *(getattr(Mission, name) == value for name, value in whom.items()),
    )  # fmt: skip
    if (earlier := session.scalar(same.limit(1))) is not None:
        raise AskedAlready(to=earlier.label, field="content")


def _whom(session: Session, document: OutgoingDocument, to: str) -> dict[str, Any]:
    kind, _, named = to.partition(":")
    if kind == "a":
        for one in reading.recipients(session, document):
            if one.code and one.code == named:
                return {"recipient_code": one.code, "recipient_name": one.name}
    if kind == "u" and named.isdecimal():
        for unit in directory.units(session, document.agency_id):
            if unit.id == int(named):
                return {"unit_id": unit.id}
    raise NobodyNamed(field="to")


def leave(session: Session, actor: Actor, document: OutgoingDocument) -> None:
    """The document is about to be issued: what it asks of those who do not get it is asked no more, and it says on the
    wire whether it asks something, and by when; a day that its drafter gave stays (edXML, SteeringType and DueDate).
    """
    reached = {one.code for one in reading.recipients(session, document)}
    asked = list[Mission]()
    for mission in _planned(session, document):
        if mission.unit_id is None and mission.recipient_code not in reached:
            move(session, actor, mission, Move.WITHDRAW, NOT_SENT)
            mission.note = NOT_SENT
        elif mission.unit_id is None:
            asked.append(mission)
    if asked:
        document.steering = Steering.DIRECTS
        document.due_on = document.due_on or min(one.due_on for one in asked)
        document.summary = asking.told(
            asking.Asked(one.recipient_name, one.content, one.due_on) for one in asked
        )


def begin(session: Session, actor: Actor, document: OutgoingDocument) -> None:
    """The document is issued: what it asks is asked from now on, and its units may read it."""
    planned = _planned(session, document)
    for mission in planned:
        move(session, actor, mission, Move.BEGIN)
    _open_to_unit(session, actor, document, planned, warned=False)


def _planned(session: Session, document: OutgoingDocument) -> Sequence[Mission]:
    query = sa.select(Mission).where(Mission.document_id == document.id, Mission.state == State.PLANNED)
    return session.scalars(query.order_by(Mission.id).with_for_update(of=Mission)).all()


def _open_to_unit(
    session: Session,
    actor: Actor,
    document: OutgoingDocument,
    missions: Sequence[Mission],
    *,
    warned: bool,
) -> None:
    units = {one.unit_id for one in missions if one.unit_id is not None}
    documents.give_access(session, actor, document, unit_ids=units, warned=warned)


def move(session: Session, actor: Actor, mission: Mission, step: Move, note: str = "") -> None:
    """Go one step by the table and log it. Raises InvalidTransition; rights are the caller's business."""
    rule = MACHINE.step(mission.state, step)
    mission.state = rule.target
    mission.closed_at = clock.now() if rule.target in CLOSED else None
    audit.record(session, actor, _ACTIONS[step], mission.document, to=mission.label, note=note or None)


def report(
    session: Session, actor: Actor, mission: Mission, words: str, letter: Document | None = None
) -> None:
    """Note what was done, whoever said so; `letter`: what says it. Raises InvalidTransition."""
    move(session, actor, mission, Move.REPORT, words)
    mission.letter_id = letter.id if letter is not None else None
    mission.report, mission.reported_at = words[:LONGEST], clock.now()
    mission.reported_by = mission.recipient_name or actor.name


def report_void(session: Session, actor: Actor, mission: Mission, why: str) -> None:
    """What it was reported by counts no more, so it is open as before. Raises InvalidTransition."""
    mission.state = MACHINE.step(mission.state, Move.ASK_AGAIN).target
    audit.record(session, actor, REPORT_VOID, mission.document, to=mission.label, note=why)
    mission.report, mission.reported_at, mission.reported_by, mission.letter_id = "", None, "", None


def noted(note: str, field: str = "note") -> str:
    """What somebody wrote with a step. Raises TooLong."""
    words = nfc(note.strip())
    if len(words) > LONGEST:
        raise TooLong(max=LONGEST, field=field)
    return words
