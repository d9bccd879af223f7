"""Many documents signed at once: one PIN, a result for each, one failure stops none."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.core import clock
from eoffice.outgoing import queries
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.workflow import State
from eoffice.signatures import opened
from eoffice.signatures.errors import KeyClosed
from eoffice.signatures.models import OpenedKey
from tests.factories import PIN, Province
from tests.outgoing.drafts import bring, draft
from tests.web import client_for

MANY = "/outgoing/to-sign/many"


@pytest.fixture
def leader(app: Flask, place: Province) -> FlaskClient:
    return client_for(app, "a_leader")


@pytest.fixture
def waiting(session: Session, place: Province, keys: None) -> list[OutgoingDocument]:
    """Three documents that wait for the leader of A."""
    return [bring(session, place.a, draft(session, place), State.SIGNATURE) for _ in range(3)]


def _sign(leader: FlaskClient, session: Session, document: OutgoingDocument, **changes: int) -> str:
    seen = queries.newest_drafts(session, [document])[document.id].id
    answer = leader.post(f"{MANY}/{document.id}", data={"seen": seen} | changes)
    assert answer.status_code == 200
    return answer.headers["X-Result"]


@pytest.mark.slow
def test_one_pin_signs_them_all_and_one_failure_stops_none(
    session: Session, leader: FlaskClient, waiting: list[OutgoingDocument]
) -> None:
    page = leader.get(MANY).get_data(as_text=True)
    assert page.count("data-document=") == 3
    waiting[1].signature_place = None
    session.commit()
    assert leader.post(f"{MANY}/open", data={"pin": PIN}).status_code == 204
    assert [_sign(leader, session, one) for one in waiting] == ["signed", "refused", "signed"]
    assert leader.post(f"{MANY}/close").status_code == 204
    session.expire_all()
    assert [one.state for one in waiting] == [State.NUMBERING, State.SIGNATURE, State.NUMBERING]
    assert session.scalar(sa.select(sa.func.count()).select_from(OpenedKey)) == 0


@pytest.mark.slow
def test_without_script_the_form_signs_what_was_chosen(
    session: Session, leader: FlaskClient, waiting: list[OutgoingDocument]
) -> None:
    chosen = waiting[:2]
    drafts = queries.newest_drafts(session, chosen)
    data = {"pin": PIN, "document": [one.id for one in chosen]}
    data |= {f"seen_{one.id}": drafts[one.id].id for one in chosen}
    answer = leader.post(MANY, data=data)
    assert answer.status_code == 200
    assert answer.get_data(as_text=True).count("Đã ký ") == 2
    session.expire_all()
    assert [one.state for one in waiting] == [State.NUMBERING, State.NUMBERING, State.SIGNATURE]


def test_only_what_the_leader_has_opened_as_it_is_now_is_ticked_at_first(
    session: Session, leader: FlaskClient, waiting: list[OutgoingDocument]
) -> None:
    def ticked() -> list[int]:
        page = leader.get(MANY).get_data(as_text=True)
        boxes = re.findall(r'<input type="checkbox" name="document" value="(\d+)"[^>]*?( checked)?>', page)
        assert len(boxes) == 3
        assert page.count("Chưa mở xem") == sum(not mark for _number, mark in boxes)
        return [int(number) for number, mark in boxes if mark]

    assert ticked() == []
    for one in waiting[:2]:
        assert leader.get(f"/outgoing/to-sign/{one.id}").status_code == 200
    assert sorted(ticked()) == sorted(one.id for one in waiting[:2])
    # what changed after he had read it he has not read
    queries.newest_drafts(session, waiting)[waiting[0].id].created_at = clock.now()
    session.commit()
    assert ticked() == [waiting[1].id]


def test_a_wrong_pin_signs_nothing_and_says_how_many_tries_are_left(
    session: Session, leader: FlaskClient, waiting: list[OutgoingDocument]
) -> None:
    answer = leader.post(f"{MANY}/open", data={"pin": "wrong"})
    assert answer.status_code == 422
    assert "4 lần" in answer.get_data(as_text=True)
    assert _sign(leader, session, waiting[0]) == "closed"
    assert leader.post(MANY, data={"pin": "wrong"}).status_code == 422


def test_a_draft_replaced_after_the_list_was_shown_is_not_signed(
    session: Session, leader: FlaskClient, waiting: list[OutgoingDocument]
) -> None:
    leader.post(f"{MANY}/open", data={"pin": PIN})
    assert _sign(leader, session, waiting[0], seen=999_999_999) == "refused"
    session.expire_all()
    assert waiting[0].state is State.SIGNATURE


def test_the_secret_alone_opens_nothing_for_another_or_after_the_sign_out(
    session: Session, place: Province, keys: None
) -> None:
    actor = place.a.leader
    secret = opened.open_for_many(session, actor, PIN)
    with opened.taken(session, actor, secret) as held:
        assert held.key.info.name == actor.name
    with pytest.raises(KeyClosed), opened.taken(session, actor, bytes(32)):
        pass
    with pytest.raises(KeyClosed), opened.taken(session, place.a.clerk, secret):
        pass
    accounts.sign_out(session, actor)
    with pytest.raises(KeyClosed), opened.taken(session, actor, secret):
        pass


def test_the_key_closes_when_its_minutes_are_over(
    session: Session, place: Province, keys: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = opened.open_for_many(session, place.a.leader, PIN)
    opened.close_expired(session)
    with opened.taken(session, place.a.leader, secret) as held:
        assert held.proved
    later = clock.now() + timedelta(minutes=11)
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(KeyClosed), opened.taken(session, place.a.leader, secret):
        pass
    opened.close_expired(session)
    assert session.scalar(sa.select(sa.func.count()).select_from(OpenedKey)) == 0
