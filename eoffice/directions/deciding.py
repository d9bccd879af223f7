"""A leader's decision takes effect, whoever entered it; the caller's use case commits."""

from sqlalchemy.orm import Session

from eoffice.core.events import publish
from eoffice.core.permissions import Actor
from eoffice.directions import following, operations, queries
from eoffice.directions.events import DirectionGiven, WorkBegun
from eoffice.directions.models import Direction, TaskState
from eoffice.directions.operations import Decided, NewDirection
from eoffice.documents.models import Document


def refuse_newer(session: Session, document: Document, seen: int | None) -> None:
    """Raises DirectedMeanwhile where a direction is later than the latest that its author knew of: 0 for none, None
    where he does not say."""
    if seen is not None and queries.latest(session, document) > seen:
        raise operations.DirectedMeanwhile(field="opinion")


def decide(
    session: Session, actor: Actor, document: Document, new: NewDirection, decided: Decided | None = None
) -> Direction:
    """Give the direction in the place of an earlier one: who is named again goes on, of others nothing more is asked. A
    person who leads has begun with it.

    Raises as `operations.give`, and InvalidTransition when nobody can direct it.
    """
    before = operations.open_tasks(session, document)
    direction = operations.give(session, actor, document, new, decided=decided)
    if (lead := direction.tasks[0]).due_on is None:
        lead.due_on, lead.due_time = document.due_on, document.due_time
    following.carry_over(session, actor, before, direction, new)
    publish(session, DirectionGiven(document.id, direction.id, actor))
    if lead.assignment_id is not None or lead.state is TaskState.WORKING:
        publish(session, WorkBegun(document.id, lead.id, actor))
    return direction
