"""What becomes of open missions when a post ends or an agency is merged; the caller's use case commits."""

from collections.abc import Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.accounts import permissions as accounts
from eoffice.core import audit
from eoffice.core.errors import Invalid
from eoffice.core.permissions import Actor, Permission
from eoffice.directory.models import Agency, Assignment, Unit
from eoffice.directory.takers import Takers
from eoffice.documents import operations as documents
from eoffice.missions import operations
from eoffice.missions.models import Mission, State
from eoffice.missions.permissions import MISSION_GIVE
from eoffice.missions.workflow import Move

HANDED_ON = audit.action("missions.handed_on", _l("Task of a document handed on to a successor"))
#: what stands in the log, so it is not translated
DIVIDED = "Cơ quan được chia tách; đơn vị này có cơ quan khác tiếp nhận"
_UNFINISHED = (State.PLANNED, State.OPEN, State.REPORTED)


class CannotGive(Invalid):
    """Who sees to tasks must be able to accept them."""

    message = _l("%(name)s gives no tasks by role. Choose somebody who does.")


def given_by(session: Session, post: Assignment) -> Sequence[Mission]:
    """What a post has asked and nobody has accepted yet."""
    return _unfinished(session, Mission.given_by_id == post.id)


def _unfinished(session: Session, whose: sa.ColumnElement[bool]) -> Sequence[Mission]:
    query = sa.select(Mission).where(whose, Mission.state.in_(_UNFINISHED))
    return session.scalars(query.order_by(Mission.id)).all()


def open_in(session: Session, unit: Unit) -> int:
    """How much is asked of a unit and not accepted yet."""
    return len(_unfinished(session, Mission.unit_id == unit.id))


def needed(session: Session, post: Assignment) -> set[Permission]:
    """What the role of a successor must allow."""
    return {MISSION_GIVE} if given_by(session, post) else set()


def hand_on(session: Session, actor: Actor, leaving: Assignment, to: Assignment) -> None:
    """Give what a post has asked to another one, which sees to its end. Raises CannotGive."""
    for mission in given_by(session, leaving):
        _see_to(session, actor, mission, to, warned=True)


def move(session: Session, actor: Actor, agency: Agency, to: Agency, takers: Takers) -> int:
    """Let those who follow in another agency see to what is unfinished, and do it. Returns how many.

    Where several follow, what goes with a draft goes where the draft went, the rest to `to`, which keeps what is
    issued; of a unit that is followed elsewhere nothing more is asked. Raises NobodyFollows, CannotGive.
    """
    found = _unfinished(session, Mission.agency_id == agency.id)
    for mission in found:
        planned = mission.state is State.PLANNED
        home = session.get_one(Agency, mission.document.agency_id) if planned else to
        with takers.trying():
            _move(session, actor, mission, home, takers.within(home))
    return len(found)


def _move(session: Session, actor: Actor, mission: Mission, to: Agency, takers: Takers) -> None:
    mission.agency_id = to.id
    if takers.elsewhere(unit_id=mission.unit_id):
        operations.move(session, actor, mission, Move.WITHDRAW, DIVIDED)
    elif mission.unit_id is not None:
        mission.unit_id = takers.unit(mission.unit_id)
        session.flush()
        session.refresh(mission, ["unit"])
        if mission.state is not State.PLANNED:
            documents.give_access(session, actor, mission.document, unit_ids=[mission.unit_id], warned=False)
    follower = takers.follower(mission.given_by_id) or takers.leader(mission.given_by_id)
    _see_to(session, actor, mission, follower, warned=False)


def _see_to(session: Session, actor: Actor, mission: Mission, to: Assignment, *, warned: bool) -> None:
    if MISSION_GIVE not in accounts.of(to):
        raise CannotGive(name=to.label, field="to_id")
    before, mission.given_by_id = mission.given_by.label, to.id
    documents.give_access(session, actor, mission.document, person_ids=[to.person_id], warned=warned)
    audit.record(session, actor, HANDED_ON, mission.document, before=before, named=[to.label])
