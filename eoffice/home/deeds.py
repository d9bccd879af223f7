"""What waits for a person: each deed once, with the right it needs and the documents it applies to.

The same table feeds the counts of the frame, the tiles of the desk and its list of work.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import InstrumentedAttribute

from eoffice.core import clock
from eoffice.core.permissions import Actor, Permission
from eoffice.directions.models import ACTING, Part, Task, TaskState
from eoffice.directions.permissions import DIRECTION_ASSIGN, DIRECTION_EXTEND, DIRECTION_GIVE, DIRECTION_WORK
from eoffice.directions.queries import asked as asked_of_me
from eoffice.directory.models import Assignment
from eoffice.directory.queries import of_posts
from eoffice.documents import deadlines
from eoffice.documents.models import Document
from eoffice.documents.permissions import DOCUMENT_READ, DOCUMENT_READ_ALL, of_agency, visible_to
from eoffice.incoming import states as incoming
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.permissions import INCOMING_REGISTER, INCOMING_RETURN, INCOMING_SUBMIT
from eoffice.incoming.queries import asked
from eoffice.missions.models import Mission
from eoffice.missions.models import State as MissionState
from eoffice.missions.permissions import MISSION_GIVE, MISSION_WORK
from eoffice.outgoing import states as outgoing
from eoffice.outgoing.models import Consultation, OutgoingDocument
from eoffice.outgoing.permissions import (
    OUTGOING_APPROVE,
    OUTGOING_CHECK,
    OUTGOING_DRAFT,
    OUTGOING_ISSUE,
    OUTGOING_NUMBER,
    OUTGOING_SEAL,
    OUTGOING_SIGN,
)
from eoffice.outgoing.queries import answer_by, asked_of, remarked


class Side(StrEnum):
    """Where the work lies."""

    IN = "in"
    OUT = "out"
    TASK = "task"
    #: what issued documents ask
    MISSION = "mission"


Where = Callable[[Actor], sa.ColumnElement[bool]]


@dataclass(frozen=True)
class Deed:
    """One thing to do with documents in one condition."""

    key: str
    side: Side
    permission: Permission
    #: heading of the tile
    label: LazyString
    #: what to do with one document
    todo: LazyString
    where: Where
    #: tab of the feature's list that the tile opens; empty: a page of one's own work
    tab: str = ""
    #: watched, not done by oneself: shown on the desk, counted nowhere
    watched: bool = False
    #: an exception: no tile while there is none
    rare: bool = False

    @property
    def own(self) -> bool:
        """Whether a page of one's own work lists it, and not the list of a feature."""
        return not self.tab or self.side is Side.MISSION

    def documents(self, actor: Actor) -> sa.Select[*tuple[Any, ...]]:
        """Rows (deed, id, urgency, due_on, due_time, listed_at) of the documents it waits with."""
        model = {Side.IN: IncomingDocument, Side.OUT: OutgoingDocument}.get(self.side, Document)
        columns = (model.id, model.urgency, *_due(self.side), model.listed_at)
        query = sa.select(sa.literal(self.key, sa.Text).label("deed"), *columns).where(
            visible_to(actor, model), of_agency(actor, model)
        )
        if self.side is Side.TASK:
            query = query.join(Task, Task.document_id == Document.id)
        if self.side is Side.MISSION:
            query = query.join(Mission, Mission.document_id == Document.id)
        return query.where(self.where(actor))


def _due(side: Side) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]:
    """Day and hour of the deadline; of a task its own, both together, before the document's; of a draft that of what
    it answers.
    """
    if side is Side.MISSION:
        return Mission.due_on.label("due_on"), sa.null().cast(sa.Time).label("due_time")
    if side is Side.IN:
        return Document.due_on.label("due_on"), Document.due_time.label("due_time")
    if side is Side.OUT:
        on, at = answer_by()
        return sa.func.coalesce(on, Document.due_on).label("due_on"), at.label("due_time")
    own = Task.due_on.is_not(None)
    return (
        sa.case((own, Task.due_on), else_=Document.due_on).label("due_on"),
        sa.case((own, Task.due_time), else_=Document.due_time).label("due_time"),
    )


def _in_state(*states: incoming.State) -> Where:
    return lambda _actor: IncomingDocument.state.in_(states)


def _out_state(*states: outgoing.State) -> Where:
    return lambda _actor: OutgoingDocument.state.in_(states)


def _of_posts(
    column: sa.ColumnElement[Any] | InstrumentedAttribute[Any], actor: Actor, *, personal: bool = False
) -> sa.ColumnElement[bool]:
    """Whether it names the actor; a person with two posts in an agency has the work of both, and, unless it is
    `personal`, that of those he stands in for."""
    return of_posts(column, replace(actor, stands_in_for=frozenset()) if personal else actor)


def _to_direct(actor: Actor) -> sa.ColumnElement[bool]:
    mine = _of_posts(IncomingDocument.submitted_to_id, actor)
    return sa.and_(IncomingDocument.state == incoming.State.SUBMITTED, mine)


def _to_sign(actor: Actor) -> sa.ColumnElement[bool]:
    mine = _of_posts(OutgoingDocument.signer_id, actor, personal=True)
    return sa.and_(OutgoingDocument.state == outgoing.State.SIGNATURE, mine)


def _to_allow(actor: Actor) -> sa.ColumnElement[bool]:
    mine = _of_posts(OutgoingDocument.signer_id, actor, personal=True)
    return sa.and_(OutgoingDocument.state == outgoing.State.PERMISSION, mine)


def _to_approve(actor: Actor) -> sa.ColumnElement[bool]:
    mine = OutgoingDocument.unit_id.in_(actor.headed_unit_ids)
    return sa.and_(OutgoingDocument.state == outgoing.State.APPROVAL, mine)


def _to_write(actor: Actor) -> sa.ColumnElement[bool]:
    states = (outgoing.State.DRAFT, outgoing.State.SENT_BACK)
    return sa.and_(
        OutgoingDocument.state.in_(states), _of_posts(OutgoingDocument.drafter_id, actor, personal=True)
    )


_UNFINISHED = (TaskState.NEW, TaskState.SEEN, TaskState.WORKING)


def _to_assign(actor: Actor) -> sa.ColumnElement[bool]:
    unnamed = Task.state.in_((TaskState.NEW, TaskState.SEEN))
    return sa.and_(Task.unit_id.in_(actor.headed_unit_ids), unnamed, Task.part.in_(ACTING))


def _to_work(actor: Actor) -> sa.ColumnElement[bool]:
    mine = _of_posts(Task.assignment_id, actor)
    return sa.and_(mine, Task.state.in_(_UNFINISHED), Task.part.in_(ACTING))


def _to_read(actor: Actor) -> sa.ColumnElement[bool]:
    mine = sa.or_(_of_posts(Task.assignment_id, actor), Task.unit_id.in_(actor.headed_unit_ids))
    return sa.and_(mine, Task.state == TaskState.NEW, Task.part == Part.INFORM)


def _to_carry_out(actor: Actor) -> sa.ColumnElement[bool]:
    return sa.and_(Mission.unit_id.in_(actor.headed_unit_ids), Mission.state == MissionState.OPEN)


def _to_accept(actor: Actor) -> sa.ColumnElement[bool]:
    return sa.and_(_given(actor), Mission.state == MissionState.REPORTED)


def _to_press(actor: Actor) -> sa.ColumnElement[bool]:
    late = sa.and_(Mission.state == MissionState.OPEN, Mission.due_on < clock.today())
    return sa.and_(_given(actor), late)


def _given(actor: Actor) -> sa.ColumnElement[bool]:
    """Nobody accepts what his own unit reports."""
    elsewhere = sa.or_(Mission.unit_id.is_(None), Mission.unit_id.not_in(actor.headed_unit_ids))
    return sa.and_(_of_posts(Mission.given_by_id, actor), elsewhere)


def _assisted(actor: Actor) -> sa.ScalarSelect[int | None]:
    """The leader a secretary prepares for."""
    return sa.select(Assignment.assists_id).where(Assignment.id == actor.assignment_id).scalar_subquery()


def _to_advise(actor: Actor) -> sa.ColumnElement[bool]:
    asked = sa.select(Consultation.document_id).join(OutgoingDocument).where(asked_of(actor))
    return OutgoingDocument.id.in_(asked)


def _to_answer(actor: Actor) -> sa.ColumnElement[bool]:
    return sa.and_(remarked(actor), _of_posts(OutgoingDocument.drafter_id, actor, personal=True))


def _awaits_direction(actor: Actor) -> sa.ColumnElement[bool]:
    leader = _assisted(actor)
    waits = IncomingDocument.state == incoming.State.SUBMITTED
    return sa.and_(waits, sa.or_(leader.is_(None), IncomingDocument.submitted_to_id == leader))


def _awaits_signature(actor: Actor) -> sa.ColumnElement[bool]:
    leader = _assisted(actor)
    waits = OutgoingDocument.state == outgoing.State.SIGNATURE
    return sa.and_(waits, sa.or_(leader.is_(None), OutgoingDocument.signer_id == leader))


def _late(_actor: Actor) -> sa.ColumnElement[bool]:
    states = (incoming.State.SUBMITTED, incoming.State.FORWARDED, incoming.State.IN_PROGRESS)
    over = deadlines.over(IncomingDocument.due_on, IncomingDocument.due_time)
    return sa.and_(IncomingDocument.state.in_(states), over)


_IN, _OUT = incoming.State, outgoing.State

#: in the order of the day
DEEDS: tuple[Deed, ...] = (
    Deed("register", Side.IN, INCOMING_REGISTER, _l("To be registered"), _l("Enter it in the register"),
         _in_state(_IN.WAITING), "register"),
    Deed("check", Side.IN, INCOMING_REGISTER, _l("To be checked"), _l("Check it, then register"),
         _in_state(_IN.CHECK), "register", rare=True),
    Deed("asked", Side.IN, INCOMING_RETURN, _l("Sender asks"), _l("Answer the sender's request"),
         lambda _actor: asked(), "asked", rare=True),
    Deed("submit", Side.IN, INCOMING_SUBMIT, _l("To be submitted"), _l("Submit it to a leader"),
         _in_state(_IN.REGISTERED), "submit"),
    Deed("direct", Side.IN, DIRECTION_GIVE, _l("To be directed"), _l("Direct it"),
         _to_direct),
    Deed("assign", Side.TASK, DIRECTION_ASSIGN, _l("To be assigned"), _l("Name who works on it"), _to_assign),
    Deed("extend", Side.TASK, DIRECTION_EXTEND, _l("More time asked"), _l("Grant or refuse more time"),
         asked_of_me, rare=True),
    Deed("work", Side.TASK, DIRECTION_WORK, _l("To be worked on"), _l("Work on it, then report"), _to_work),
    Deed("read", Side.TASK, DIRECTION_WORK, _l("To be read"), _l("Read it"), _to_read),
    Deed("carry_out", Side.MISSION, MISSION_WORK, _l("Tasks from documents"), _l("Have it done, then report"),
         _to_carry_out, "mine", rare=True),
    Deed("accept", Side.MISSION, MISSION_GIVE, _l("Reported tasks"), _l("Accept the report, or ask again"),
         _to_accept, "reported", rare=True),
    Deed("press", Side.MISSION, MISSION_GIVE, _l("Late tasks I gave"), _l("Press for it"), _to_press, "overdue",
         rare=True),
    Deed("advise", Side.OUT, DOCUMENT_READ, _l("Opinions asked of me"), _l("Give your opinion"), _to_advise, rare=True),
    Deed("answer", Side.OUT, OUTGOING_DRAFT, _l("Remarks on my drafts"), _l("Answer the remarks"), _to_answer,
         rare=True),
    Deed("write", Side.OUT, OUTGOING_DRAFT, _l("My drafts"), _l("Finish the draft and submit it"), _to_write, "draft"),
    Deed("approve", Side.OUT, OUTGOING_APPROVE, _l("To be approved"), _l("Approve its content"),
         _to_approve, "check"),
    Deed("form", Side.OUT, OUTGOING_CHECK, _l("Form to be checked"), _l("Check its form"),
         _out_state(_OUT.FORM_CHECK), "check"),
    Deed("sign", Side.OUT, OUTGOING_SIGN, _l("To be signed"), _l("Sign it"), _to_sign),
    Deed("allow", Side.OUT, OUTGOING_SIGN, _l("Copies to allow"), _l("Allow the copy, or not"), _to_allow, "check",
         rare=True),
    Deed("number", Side.OUT, OUTGOING_NUMBER, _l("To be numbered"), _l("Number and date it"),
         _out_state(_OUT.NUMBERING), "clerk"),
    Deed("seal", Side.OUT, OUTGOING_SEAL, _l("To be sealed"), _l("Seal it"),
         _out_state(_OUT.SEALING), "clerk"),
    Deed("issue", Side.OUT, OUTGOING_ISSUE, _l("To be issued"), _l("Issue it"),
         _out_state(_OUT.ISSUING), "clerk"),
)  # fmt: skip

#: what a person who does none of it keeps an eye on
WATCHED: tuple[Deed, ...] = (
    Deed("awaits_direction", Side.IN, DOCUMENT_READ_ALL, _l("Waiting for the leader's direction"),
         _l("Remind the leader"), _awaits_direction, "direct", watched=True),
    Deed("awaits_signature", Side.OUT, DOCUMENT_READ_ALL, _l("Waiting for the leader's signature"),
         _l("Remind the leader"), _awaits_signature, "sign", watched=True),
)  # fmt: skip
LATE = Deed(
    "late",
    Side.IN,
    DOCUMENT_READ_ALL,
    _l("Overdue"),
    _l("Press for it"),
    _late,
    "overdue",
    watched=True,
    rare=True,
)
#: what takes days; everything else is passed on the day it comes
LASTING = ("work", "read", "write")
BY_KEY: dict[str, Deed] = {deed.key: deed for deed in (*DEEDS, *WATCHED, LATE)}


def of(actor: Actor) -> list[Deed]:
    """The deeds a person does by role."""
    return [deed for deed in DEEDS if actor.can(deed.permission)]


def watched_by(actor: Actor) -> list[Deed]:
    """What is only looked at: by everyone who sees the whole agency, and the leader's desk by a secretary."""
    if not actor.can(DOCUMENT_READ_ALL):
        return []
    return [LATE] if any(not deed.rare for deed in of(actor)) else [*WATCHED, LATE]
