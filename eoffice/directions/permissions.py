"""Rights on directions and tasks."""

from flask_babel import lazy_gettext as _l

from eoffice.accounts import permissions as accounts
from eoffice.core.permissions import Actor, Permission, knowledge_rule, object_rule, permission
from eoffice.directions.models import Part, Task
from eoffice.directory.models import Assignment
from eoffice.documents.permissions import DOCUMENT_READ, DOCUMENT_READ_ALL, may_know

DIRECTION_GIVE = permission("direction:give", _l("Direct incoming documents"))
DIRECTION_PREPARE = permission(
    "direction:prepare",
    _l("Prepare a leader's directions, and enter those he wrote on paper with their scan"),
)
DIRECTION_ASSIGN = permission("direction:assign", _l("Name who works on a document inside one's unit"))
DIRECTION_WORK = permission("direction:work", _l("Work on documents one was named for, report and finish"))

DIRECTION_REMIND = permission(
    "direction:remind", _l("Press for tasks one has given, or, seeing all, for any")
)
DIRECTION_EXTEND = permission(
    "direction:extend",
    _l("Grant or refuse more time, set other deadlines and ask again for what one has directed"),
)


@knowledge_rule(Task)
def may_know_task(actor: Actor, wanted: Permission, task: Task) -> bool:
    """A task is known to those who know its document."""
    return may_know(actor, wanted, task.document)


@object_rule(Task)
def may(actor: Actor, wanted: Permission, task: Task) -> bool:
    """A unit's task is its head's, a person's his own; for information, every member of the unit reads."""
    if wanted == DIRECTION_EXTEND:
        return task.direction.by_assignment_id == actor.assignment_id
    if wanted == DIRECTION_REMIND:
        return task.direction.by_assignment_id == actor.assignment_id or actor.can(DOCUMENT_READ_ALL)
    if wanted == DIRECTION_ASSIGN:
        return task.unit_id in actor.headed_unit_ids
    if task.assignment is not None:
        return task.assignment.person_id == actor.person_id or task.assignment_id in actor.stands_in_for
    units = actor.unit_ids if task.part is Part.INFORM and wanted == DOCUMENT_READ else actor.headed_unit_ids
    return task.unit_id in units


def can_take(post: Assignment, part: Part) -> bool:
    """Whoever is to act must be able to finish it, or the document would rest there for ever; who is informed
    must be able to read it."""
    return needed_for(part) in accounts.of(post)


def needed_for(part: Part) -> Permission:
    """What a role must allow whoever takes this part."""
    return DOCUMENT_READ if part is Part.INFORM else DIRECTION_WORK
