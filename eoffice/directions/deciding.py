"""A leader's decision takes effect, whoever entered it; the caller's use case commits."""

from sqlalchemy.orm import Session

from eoffice.core.events import publish
from eoffice.core.permissions import Actor
from eoffice.directions import operations
from eoffice.directions.events import DirectionGiven, WorkBegun
from eoffice.directions.models import Direction
from eoffice.directions.operations import Decided, NewDirection
from eoffice.documents.models import Document


def decide(
    session: Session, actor: Actor, document: Document, new: NewDirection, decided: Decided | None = None
) -> Direction:
    """Give the direction and withdraw what an earlier one asked; a person who leads has begun with it.

    Raises as `operations.give`, and InvalidTransition when it is too late to direct.
    """
    replaced = operations.open_tasks(session, document)
    direction = operations.give(session, actor, document, new, decided=decided)
    operations.withdraw(session, actor, replaced)
    publish(session, DirectionGiven(document.id, direction.id, actor))
    lead = direction.tasks[0]
    if lead.assignment_id is not None:
        publish(session, WorkBegun(document.id, lead.id, actor))
    return direction
