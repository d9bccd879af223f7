"""What documents ask, for other systems: the same use cases as the pages."""

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from eoffice.core.openapi import answer, body, documented, one_of
from eoffice.core.web import current_actor, db, needs
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.missions import operations, queries, service
from eoffice.missions.models import Mission
from eoffice.missions.operations import NewMission
from eoffice.missions.permissions import MISSION_GIVE
from eoffice.missions.queries import Tab
from eoffice.missions.workflow import Move

bp = Blueprint("missions_api", __name__, url_prefix="/api/v1")


@dataclass(frozen=True)
class MissionOut:
    """One thing a document asks of an agency (`recipient_code`) or of a unit."""

    id: int
    document_id: int
    content: str
    recipient_code: str
    unit_id: int | None
    label: str
    due_on: date
    state: str
    report: str


@dataclass(frozen=True)
class MissionPage:
    """One page of a list and the mark of the next."""

    missions: list[MissionOut]
    next: str | None


@dataclass(frozen=True)
class ReceivedOut:
    """What another agency's document asks of this one; the document is at /incoming/<document_id>."""

    document_id: int
    code: str
    issuer_name: str
    issuer_code: str
    content: str
    #: who leads it here; empty: nobody was directed yet
    lead: str
    state: str
    due_on: date | None
    #: hour of that day; None: its end
    due_time: time | None
    #: its sender asks for it back
    wanted_back: bool


@dataclass(frozen=True)
class ReceivedPage:
    """One page of what other agencies ask and the mark of the next."""

    received: list[ReceivedOut]
    next: str | None


@dataclass(frozen=True)
class Missions:
    """All that one document asks."""

    missions: list[MissionOut]


@dataclass(frozen=True)
class Asked:
    """What is asked by when; either of `recipient_code`, one of the document's recipients, or of `unit_id`."""

    content: str
    due_on: date
    recipient_code: str = ""
    unit_id: int | None = None


class Step(StrEnum):
    """Steps of people."""

    REPORT = "report"
    ACCEPT = "accept"
    ASK_AGAIN = "ask_again"
    WITHDRAW = "withdraw"


@dataclass(frozen=True)
class Taken:
    """A step, with what was done or why."""

    step: Step
    note: str = ""


def _plain(one: Mission) -> MissionOut:
    return MissionOut(
        one.id, one.document_id, one.content, one.recipient_code, one.unit_id, one.label, one.due_on, one.state,
        one.report,
    )  # fmt: skip


@bp.get("/missions")
@needs(DOCUMENT_READ)
@documented("What documents ask (?tab=mine|open|overdue|reported|done, ?mark=)", response=MissionPage)
def index() -> ResponseReturnValue:
    """One page of a list."""
    page = queries.listing(db(), current_actor(), one_of(Tab, Tab.OPEN), request.args.get("mark"))
    return answer(MissionPage([_plain(one) for one in page.rows], page.next))


@bp.get("/missions/received")
@needs(DOCUMENT_READ)
@documented("What other agencies' documents ask of this one (?mark=)", response=ReceivedPage)
def received() -> ResponseReturnValue:
    """One page of what is not finished here."""
    page = queries.received(db(), current_actor(), request.args.get("mark"))
    rows = [
        ReceivedOut(
            one.document.id, one.document.code, one.document.issuer_name, one.document.issuer_code, one.content,
            one.lead, one.document.state, one.document.due_on, one.document.due_time, one.wanted_back,
        )
        for one in page.rows
    ]  # fmt: skip
    return answer(ReceivedPage(rows, page.next))


@bp.get("/outgoing/<int:document_id>/missions")
@needs(DOCUMENT_READ)
@documented("What one document asks", response=Missions)
def of_document(document_id: int) -> ResponseReturnValue:
    """All of one document."""
    document = queries.document(db(), current_actor(), document_id)
    return answer(Missions([_plain(one) for one in queries.of_document(db(), document)]))


@bp.post("/outgoing/<int:document_id>/missions")
@needs(MISSION_GIVE)
@documented("Ask something of a recipient or a unit", request=Asked, response=MissionOut)
def give(document_id: int) -> ResponseReturnValue:
    """One more."""
    asked = body(Asked)
    if bool(asked.recipient_code) == (asked.unit_id is not None):
        raise operations.NobodyNamed(field="recipient_code")
    to = f"a:{asked.recipient_code}" if asked.recipient_code else f"u:{asked.unit_id}"
    made = service.give(db(), current_actor(), document_id, NewMission(asked.content, to, asked.due_on))
    return answer(_plain(made), 201)


@bp.post("/missions/<int:mission_id>")
@needs(DOCUMENT_READ)
@documented("Report, accept, ask again or withdraw", request=Taken, response=MissionOut)
def take(mission_id: int) -> ResponseReturnValue:
    """One step."""
    taken = body(Taken)
    mission = service.take(db(), current_actor(), mission_id, Move(taken.step), taken.note)
    return answer(_plain(mission))
