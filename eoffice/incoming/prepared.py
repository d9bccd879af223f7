"""A leader's direction that somebody else types: it binds when he confirms it, or at once with the scan of what he
wrote on the paper (bút phê).
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Invalid
from eoffice.core.permissions import Actor, require
from eoffice.directions import deciding
from eoffice.directions import operations as directions
from eoffice.directions.models import Direction
from eoffice.directions.operations import NewDirection
from eoffice.directions.permissions import DIRECTION_PREPARE
from eoffice.directory import queries as directory
from eoffice.directory.models import Assignment, Role
from eoffice.documents.models import FileRole
from eoffice.documents.operations import Inspected
from eoffice.gateway import changes
from eoffice.incoming import operations
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.states import State
from eoffice.incoming.workflow import MACHINE, Move

PREPARED = audit.action("incoming.direction_prepared", _l("Direction prepared for the leader to confirm"))


@dataclass(frozen=True)
class Prepared:
    """What is proposed to the leader, as the row keeps it: who is named by marks."""

    by: str
    at: datetime
    opinion: str
    lead: str
    coordinating: list[str]
    inform: list[str]
    due_on: date | None
    due_time: time | None = None
    #: of those who coordinate, where it is another one
    coordinating_due_on: date | None = None

    @classmethod
    def of(cls, document: IncomingDocument) -> "Prepared | None":
        """What stands in a document's row."""
        kept = document.prepared
        if kept is None:
            return None
        due = date.fromisoformat(kept["due_on"]) if kept["due_on"] else None
        hour = time.fromisoformat(kept["due_time"]) if kept["due_time"] else None
        theirs = kept.get("coordinating_due_on")
        read = {
            "at": datetime.fromisoformat(kept["at"]), "due_on": due, "due_time": hour,
            "coordinating_due_on": date.fromisoformat(theirs) if theirs else None,
        }  # fmt: skip
        return cls(**kept | read)

    def data(self) -> dict[str, Any]:
        """What the row keeps."""
        due = self.due_on.isoformat() if self.due_on else None
        hour = self.due_time.isoformat() if self.due_time else None
        theirs = self.coordinating_due_on.isoformat() if self.coordinating_due_on else None
        return asdict(self) | {
            "at": self.at.isoformat(), "due_on": due, "due_time": hour, "coordinating_due_on": theirs,
        }  # fmt: skip


class NotBeforeLeader(Conflict):
    """What nobody confirms is not prepared."""

    message = _l(
        "The document is “%(state)s” now, so it waits for no leader's word. What he wrote on paper is entered with its "
        "scan; else he directs it anew himself."
    )


class WrongLeader(Invalid):
    """Somebody decided, and it is said who."""

    message = _l("Choose the leader who wrote it, one you prepare for.")


class NoPaper(Invalid):
    """What binds without the leader's own hand on the screen binds by his hand on the paper."""

    message = _l(
        "Choose the scan of the leader's handwriting; without it the leader confirms the direction himself."
    )


def prepare(session: Session, actor: Actor, document_id: int, new: NewDirection) -> Prepared:
    """Put a direction before the leader in whose queue the document is; what was prepared before is replaced, nobody is
    charged yet.

    Raises NotFound, InvalidTransition, Forbidden and what `directions.give` raises, WantedBack too.
    """
    with transaction(session):
        document = operations.locked(session, actor, document_id)
        MACHINE.step(document.state, Move.DIRECT)
        require(actor, DIRECTION_PREPARE, document)
        changes.refuse_wanted(session, document, "opinion")
        if document.state is not State.SUBMITTED:
            raise NotBeforeLeader(state=document.state.word, field="opinion")
        directions.check(new)
        directions.find(session, document.agency_id, new, None)
        assert new.lead is not None  # checked above
        made = Prepared(
            actor.name, clock.now(), new.opinion.strip(), new.lead.mark, [one.mark for one in new.coordinating],
            [one.mark for one in new.inform], new.due_on, new.due_time,
            next((one.due_on for one in new.coordinating if one.due_on), None),
        )  # fmt: skip
        document.prepared = made.data()
        audit.record(session, actor, PREPARED, document, opinion=made.opinion, due_on=made.due_on)
    return made


def direct_on_paper(
    session: Session,
    actor: Actor,
    document_id: int,
    leader_id: int,
    new: NewDirection,
    scan: Inspected | None,
    *,
    seen: int | None = None,
) -> Direction:
    """Enter what a leader wrote on the paper: it is his direction, with the scan as proof and the name of who typed it.
    `seen`: as in `directions.service.direct`.

    Raises NotFound, InvalidTransition, Forbidden, NoPaper, WrongLeader, DirectedMeanwhile and what `directions.give`
    raises.
    """
    with transaction(session):
        document = operations.locked(session, actor, document_id)
        MACHINE.step(document.state, Move.DIRECT)
        require(actor, DIRECTION_PREPARE, document)
        leader = _leader(session, actor, leader_id)
        if scan is None:
            raise NoPaper(field="scan")
        deciding.refuse_newer(session, document, seen)
        file = operations.add_file(session, actor, document, scan, FileRole.DIRECTION)
        decided = directions.Decided(leader, typed_by=actor.name, scan_id=file.id)
        return deciding.decide(session, actor, document, new, decided)


def _leader(session: Session, actor: Actor, leader_id: int) -> Assignment:
    own = session.get(Assignment, actor.assignment_id) if actor.assignment_id is not None else None
    leaders = directory.posts(session, actor.agency_id or 0, Role.LEADER)
    found = next((post for post in leaders if post.id == leader_id), None)
    if found is None or own is None or own.assists_id not in (None, found.id):
        raise WrongLeader(field="leader_id")
    return found
