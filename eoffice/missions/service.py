"""Use cases of missions, one transaction each."""

from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import Forbidden, NotFound
from eoffice.core.permissions import Actor, require
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.missions import operations, queries
from eoffice.missions.models import Mission, State
from eoffice.missions.operations import NewMission, NoteNeeded, OnlyUnits, RemindedToday
from eoffice.missions.permissions import MISSION_GIVE, answers_for, may_know_mission
from eoffice.missions.workflow import MACHINE, Move
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.states import State as Outgoing


def give(session: Session, actor: Actor, document_id: int, new: NewMission) -> Mission:
    """Ask something of a recipient of a document or of a unit, before its issue or later.

    Raises NotFound, Forbidden and what `operations.give` raises.
    """
    with transaction(session):
        require(actor, MISSION_GIVE)
        document = _locked(session, actor, document_id)
        if not answers_for(actor, document):
            raise Forbidden
        return operations.give(session, actor, document, new)


def take(session: Session, actor: Actor, mission_id: int, step: Move, note: str = "") -> Mission:
    """Take one step of the table.

    Raises NotFound, Forbidden, InvalidTransition, NoteNeeded, TooLong.
    """
    with transaction(session):
        mission = _held(session, actor, mission_id)
        rule = MACHINE.step(mission.state, step)
        require(actor, rule.permission, mission)
        given_up = mission.document.state is Outgoing.DISCARDED  # it goes out no more, and approves nobody
        if mission.state is State.PLANNED and mission.recipient_code and not given_up:
            operations.refuse_approved(mission.document)
        words = operations.noted(note)
        if rule.needs_note and len(words) < 3:
            raise NoteNeeded(field="note")
        if step is Move.REPORT:
            operations.report(session, actor, mission, words)
        else:
            operations.move(session, actor, mission, step, words)
            mission.note = words
    return mission


def remind(session: Session, actor: Actor, mission_id: int) -> Mission:
    """Press for a unit's mission; its head sees it on the list. Raises NotFound, Forbidden, InvalidTransition,
    OnlyUnits, RemindedToday."""
    with transaction(session):
        mission = _held(session, actor, mission_id)
        require(actor, MISSION_GIVE, mission)
        MACHINE.step(mission.state, Move.REPORT)
        if mission.unit_id is None:
            raise OnlyUnits
        if mission.reminded_at is not None and clock.local(mission.reminded_at).date() == clock.today():
            raise RemindedToday
        mission.reminded_at, mission.reminded_by = clock.now(), actor.name
        audit.record(session, actor, operations.REMINDED, mission.document, to=mission.label)
    return mission


def _held(session: Session, actor: Actor, mission_id: int) -> Mission:
    """A mission the actor may know of, held: two steps on it never cross. Raises NotFound."""
    mission = queries.locked(session, mission_id)
    if not may_know_mission(actor, DOCUMENT_READ, mission):
        raise NotFound
    return mission


def _locked(session: Session, actor: Actor, document_id: int) -> OutgoingDocument:
    document = queries.document(session, actor, document_id)
    session.refresh(document, with_for_update=True)
    return document
