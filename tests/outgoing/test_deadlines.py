"""Until when a draft must be done is what it answers, to the hour, and the pressing ones stand first."""

import html
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.directions.models import Direction, Part, Task
from eoffice.directory.models import Role
from eoffice.documents.models import DocumentLink, LinkKind, Urgency
from eoffice.home import deeds, queries
from eoffice.incoming.states import State as In
from eoffice.outgoing import queries as outgoing
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.queries import Tab
from tests.factories import Province, province
from tests.home import made
from tests.web import MOST, client_for, counted

pytestmark = pytest.mark.postgres

#: half past nine here, a Friday
NOW = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)
TODAY = date(2026, 11, 20)


@pytest.fixture
def place(session: Session) -> Province:
    with clock.freeze(NOW):
        return province(session)


def _draft(session: Session, place: Province, subject: str, **fields: Any) -> OutgoingDocument:
    document = made.outgoing(session, place.a, subject, **fields)
    made.bring_in(session, document, person_id=place.a.specialist.person_id)
    return document


def _answer(
    session: Session, place: Province, *, own: tuple[date, time | None] | None = None
) -> OutgoingDocument:
    """A reply to what is due today at four, asked of the drafter until `own`."""
    came = made.incoming(
        session, place.a, "Đề nghị góp ý", In.IN_PROGRESS, due_on=TODAY, due_time=time(16), register_number=1
    )
    reply = _draft(session, place, "Góp ý", due_on=TODAY + timedelta(days=30))
    leader, drafter = place.a.posts[Role.LEADER], place.a.posts[Role.SPECIALIST]
    with transaction(session):
        session.add(
            DocumentLink(agency_id=came.agency_id, source_id=reply.id, target_id=came.id, kind=LinkKind.REPLY)
        )
        if own is not None:
            said = Direction(
                agency_id=came.agency_id, document_id=came.id, by_assignment_id=leader.id, by_name="x",
                by_title="x", opinion="Làm", given_at=clock.now(),
            )  # fmt: skip
            said.tasks = [
                Task(
                    agency_id=came.agency_id, document_id=came.id, part=Part.LEAD, assignment_id=drafter.id,
                    due_on=own[0], due_time=own[1],
                )
            ]  # fmt: skip
            session.add(said)
    return reply


@pytest.mark.slow
def test_a_reply_is_counted_down_by_the_hour_on_the_desk_in_the_list_and_on_its_page(
    app: Flask, session: Session, place: Province
) -> None:
    with clock.freeze(NOW):
        _draft(session, place, "thư thường mới hơn")
        reply = _answer(session, place)
        drafter = client_for(app, "a_specialist")
        for address in ("/", "/outgoing?tab=draft", f"/outgoing/{reply.id}"):
            with counted() as sent:
                page = html.unescape(drafter.get(address).get_data(as_text=True))
            assert len(sent) <= MOST, address
            assert "còn dưới 7 giờ (16:00 20/11/2026)" in page, address
        actor = place.a.specialist
        [work] = [
            one
            for one in queries.work(session, actor, deeds.of(actor), today_only=True, limit=9)
            if one.deed.key == "write"
        ]
        assert (work.document.subject, work.due_time) == ("Góp ý", time(16)), (
            "what its recipients are told waits"
        )


def test_the_deadline_of_ones_own_task_comes_before_the_documents(session: Session, place: Province) -> None:
    with clock.freeze(NOW):
        sooner = _answer(session, place, own=(TODAY, time(11)))
    session.expunge_all()
    assert outgoing.opened(session, place.a.specialist, sooner.id).due == (TODAY, time(11))


def test_urgent_and_overdue_drafts_stand_first_by_their_hour(
    app: Flask, session: Session, place: Province
) -> None:
    with clock.freeze(NOW):
        _answer(session, place, own=(TODAY, time(9)))
        _draft(session, place, "hỏa tốc", urgency=Urgency.FLASH)
        _draft(session, place, "bình thường")
        _draft(session, place, "hạn của nơi nhận qua rồi", due_on=TODAY - timedelta(days=1))
        first = [one.subject for one in outgoing.pressing(session, place.a.specialist, Tab.DRAFT)]
        assert first == ["hỏa tốc", "hạn của nơi nhận qua rồi", "Góp ý"]
        page = client_for(app, "a_specialist").get("/outgoing?tab=draft").get_data(as_text=True)
        shown = re.findall(r'class="subject-cell" title="([^"]+)"', page)
        assert shown == [*first, "bình thường"], "each once"
