"""Signing with a token at the signer's machine: the page carries what is wanted there and the values back."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from eoffice.accounts.models import User
from eoffice.core import clock
from eoffice.core.audit import AuditEntry
from eoffice.documents.models import FileRole
from eoffice.outgoing import issuing, queries, service
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.views import many
from eoffice.outgoing.workflow import State
from eoffice.signatures import awaited, browser, checking, errors, operations
from eoffice.signatures.models import AwaitedSigning, KeyPurpose
from signing.agent.messages import Batch, Message, public_key, unseal
from signing.keys import Pkcs12Key
from signing.report import Verdict
from tests.factories import PIN, Province
from tests.outgoing.drafts import bring, draft, newest, path
from tests.signatures.keys import to_token
from tests.web import client_for

pytestmark = pytest.mark.slow
MANY = "/outgoing/to-sign/many"
Answer = dict[str, Any]
Form = dict[str, str]


def _opened(app: Flask, sealed: dict[str, str]) -> Message:
    """As the agent reads it."""
    with app.app_context():
        return unseal(public_key(browser.site_key()), sealed, clock.now())


def _value(key: Pkcs12Key, answer: Answer) -> str:
    """What the token makes of what is wanted, in hexadecimal."""
    message = json.loads(base64.b64decode(answer["want"]["message"]))
    return key.sign(base64.b64decode(message["attributes"]), message["digest"]).hex()


def _whole(client: FlaskClient, url: str, key: Pkcs12Key, form: Form | None = None) -> tuple[Answer, int]:
    """All rounds, as the page's script makes them: the last answer, and how many values it took."""
    form = form or {"two_step": "1"}
    answer = client.post(url, data=form).get_json()
    rounds = 0
    while "want" in answer:
        rounds += 1
        fields = form | {"batch": answer["batch"], "value": _value(key, answer)}
        answer = client.post(url, data=fields).get_json()
    return answer, rounds


@pytest.fixture
def leader(app: Flask, place: Province, keys: None) -> FlaskClient:
    return client_for(app, "a_leader")


@pytest.fixture
def token(session: Session, place: Province, keys: None) -> Pkcs12Key:
    """The leader's key, from now on in his token."""
    return to_token(session, place.a, KeyPurpose.PERSON)


@pytest.fixture
def document(session: Session, place: Province, token: Pkcs12Key) -> OutgoingDocument:
    """It waits for the leader of A."""
    return bring(session, place.a, draft(session, place), State.SIGNATURE)


@pytest.fixture
def form(session: Session, document: OutgoingDocument) -> Form:
    """What the page sends beside the rounds' own fields."""
    return {"two_step": "1", "seen": str(newest(session, document, FileRole.DRAFT).id)}


@pytest.fixture
def sealed_by_token(
    session: Session, place: Province, keys: None
) -> Callable[[], tuple[OutgoingDocument, Pkcs12Key]]:
    """A numbered document, and the agency's key in a token."""

    def make() -> tuple[OutgoingDocument, Pkcs12Key]:
        made = bring(session, place.a, draft(session, place), State.SEALING)
        return made, to_token(session, place.a, KeyPurpose.AGENCY)

    return make


def test_the_leader_signs_with_his_token(
    app: Flask,
    session: Session,
    leader: FlaskClient,
    token: Pkcs12Key,
    document: OutgoingDocument,
    form: Form,
) -> None:
    url = f"/outgoing/{document.id}/sign"
    page = leader.get(f"/outgoing/to-sign/{document.id}")
    assert "connect-src 'self' http://127.0.0.1:18273;" in page.headers["Content-Security-Policy"]
    assert 'name="pin"' not in page.get_data(as_text=True)
    answer = leader.post(url, data=form)
    assert answer.status_code == 202
    asked = _opened(app, answer.get_json()["ask"])
    assert isinstance(asked, Batch)
    assert (asked.certificate, [item.signatures for item in asked.items]) == (token.info.fingerprint, [1])
    assert document.subject in asked.items[0].title
    done, rounds = _whole(leader, url, token, form)
    assert (done, rounds) == ({"go": f"/outgoing/{document.id}"}, 1)
    session.expire_all()
    assert document.state is State.NUMBERING
    report = checking.check(path(newest(session, document, FileRole.SIGNED)))
    assert report.verdict is Verdict.VALID
    assert session.scalar(sa.select(sa.func.count()).select_from(AwaitedSigning)) == 0
    assert "connect-src 'self';" in leader.get("/outgoing").headers["Content-Security-Policy"]


def test_the_token_signs_where_the_box_was_dragged(
    session: Session, leader: FlaskClient, token: Pkcs12Key, document: OutgoingDocument, form: Form
) -> None:
    """Begun once before, and left."""
    leader.post(f"/outgoing/{document.id}/sign", data=form)
    dragged = {"page": "1", "left": "90", "top": "150", "width": "60", "height": "25"}
    fields = form | {"placed": "1 10 10 60 25"} | dragged
    answer, rounds = _whole(leader, f"/outgoing/{document.id}/sign", token, fields)
    assert (list(answer), rounds) == (["go"], 1)
    session.refresh(document)
    assert document.state is State.NUMBERING
    assert document.signature_place is not None
    assert document.signature_place[1] == pytest.approx(90 / 25.4 * 72, abs=0.1)


def test_the_clerk_seals_with_the_agencys_token(
    app: Flask,
    session: Session,
    place: Province,
    sealed_by_token: Callable[[], tuple[OutgoingDocument, Pkcs12Key]],
) -> None:
    document, key = sealed_by_token()
    clerk = client_for(app, "a_clerk")
    _done, rounds = _whole(clerk, f"/outgoing/{document.id}/seal", key)
    assert rounds == 2
    session.expire_all()
    assert document.state is State.ISSUING
    report = checking.check(path(newest(session, document, FileRole.ISSUED)))
    assert (report.verdict, len(report.signatures)) == (Verdict.VALID, 3)


def test_an_abandoned_seal_frees_the_document_and_keeps_its_number(
    app: Flask,
    session: Session,
    place: Province,
    sealed_by_token: Callable[[], tuple[OutgoingDocument, Pkcs12Key]],
) -> None:
    document, key = sealed_by_token()
    number, clerk = document.code, client_for(app, "a_clerk")
    url = f"/outgoing/{document.id}/seal"
    answer = clerk.post(url, data={"two_step": "1"}).get_json()
    with pytest.raises(errors.BeingSigned):
        issuing.void_number(session, place.a.clerk, document.id, "Sai thể thức")
    with clock.freeze(clock.now() + timedelta(minutes=11)):
        late = {"two_step": "1", "batch": answer["batch"], "value": _value(key, answer)}
        assert clerk.post(url, data=late).status_code == 409
        awaited.forget_expired(session)
        told = sa.select(AuditEntry.details).where(AuditEntry.action == "signatures.given_up")
        assert [one["who"] for one in session.scalars(told)] == [place.a.clerk.name]
        assert session.scalar(sa.select(sa.func.count()).select_from(AwaitedSigning)) == 0
    _done, rounds = _whole(clerk, url, key)
    session.expire_all()
    assert (document.state, document.code, rounds) == (State.ISSUING, number, 2)


def test_while_it_is_signed_others_wait_and_giving_up_frees_it(
    session: Session, place: Province, leader: FlaskClient, document: OutgoingDocument, form: Form
) -> None:
    url = f"/outgoing/{document.id}/sign"
    batch = leader.post(url, data=form).get_json()["batch"]
    for step in (service.send_back, service.take_back):
        who = place.a.leader if step is service.send_back else place.a.chief
        with pytest.raises(errors.BeingSigned) as told:
            step(session, who, document.id, *(("Thiếu căn cứ",) if step is service.send_back else ()))
        assert place.a.leader.name in str(told.value)
    assert leader.post("/key/give-up", data={"batch": batch}).status_code == 204
    service.take_back(session, place.a.chief, document.id)
    late = leader.post(url, data=form | {"batch": batch, "value": "00"})
    assert late.status_code == 409
    session.expire_all()
    assert document.state is State.FORM_CHECK


def test_another_account_cannot_begin_or_end_what_one_has_begun(
    app: Flask,
    session: Session,
    place: Province,
    leader: FlaskClient,
    token: Pkcs12Key,
    document: OutgoingDocument,
    form: Form,
) -> None:
    url = f"/outgoing/{document.id}/sign"
    answer = leader.post(url, data=form).get_json()
    client_for(app, "a_clerk").post("/key/give-up", data={"batch": answer["batch"]})
    row = session.scalars(sa.select(AwaitedSigning)).one()
    row.user_id = session.scalars(sa.select(User.id).where(User.username == "a_chief_of_office")).one()
    session.commit()
    fields = form | {"batch": answer["batch"], "value": _value(token, answer)}
    assert leader.post(url, data=fields).status_code == 409
    assert leader.post(url, data=form).status_code == 409
    session.expire_all()
    assert document.state is State.SIGNATURE


def test_a_value_of_another_key_is_refused_and_the_right_one_taken_afterwards(
    app: Flask,
    session: Session,
    leader: FlaskClient,
    token: Pkcs12Key,
    document: OutgoingDocument,
    form: Form,
) -> None:
    url = f"/outgoing/{document.id}/sign"
    answer = leader.post(url, data=form).get_json()
    step = form | {"batch": answer["batch"]}
    for wrong in ("zz", "00" * 256, token.sign(b"something else").hex()):
        refused = leader.post(url, data=step | {"value": wrong})
        assert refused.status_code == 409, wrong
        assert token.info.name in refused.get_data(as_text=True)
    assert leader.post(url, data=step | {"value": _value(token, answer)}).get_json() == {
        "go": f"/outgoing/{document.id}"
    }


def test_what_changed_meanwhile_is_not_signed(
    app: Flask,
    session: Session,
    place: Province,
    leader: FlaskClient,
    token: Pkcs12Key,
    document: OutgoingDocument,
    form: Form,
) -> None:
    url = f"/outgoing/{document.id}/sign"
    answer = leader.post(url, data=form).get_json()
    fields = form | {"batch": answer["batch"], "value": _value(token, answer)}
    document.approved_at = None
    session.commit()
    assert leader.post(url, data=fields).status_code == 409
    session.expire_all()
    assert document.state is State.SIGNATURE


def test_of_two_windows_of_one_person_the_later_goes_on(
    session: Session, leader: FlaskClient, token: Pkcs12Key, document: OutgoingDocument, form: Form,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    url, prepare, answers = f"/outgoing/{document.id}/sign", operations.prepare, []

    def slowly(*args: Any) -> Any:
        monkeypatch.setattr(operations, "prepare", prepare)
        answers.append(leader.post(url, data=form).get_json())
        return prepare(*args)

    monkeypatch.setattr(operations, "prepare", slowly)
    assert leader.post(url, data=form).status_code == 409
    (later,) = answers
    fields = form | {"batch": later["batch"], "value": _value(token, later)}
    assert leader.post(url, data=fields).get_json() == {"go": f"/outgoing/{document.id}"}


def test_a_pin_does_not_open_what_lies_in_a_token(
    session: Session, place: Province, document: OutgoingDocument
) -> None:
    with pytest.raises(errors.KeyInToken):
        issuing.sign(session, place.a.leader, document.id, PIN)


def test_a_page_older_than_the_key_is_told_to_reload(
    session: Session, place: Province, leader: FlaskClient, keys: None
) -> None:
    document = bring(session, place.a, draft(session, place), State.SIGNATURE)
    fields = {"two_step": "1", "seen": newest(session, document, FileRole.DRAFT).id}
    assert leader.post(f"/outgoing/{document.id}/sign", data=fields).status_code == 409


def test_many_are_agreed_to_once_and_one_failure_stops_none(
    app: Flask, session: Session, place: Province, leader: FlaskClient, token: Pkcs12Key,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    waiting = [bring(session, place.a, draft(session, place), State.SIGNATURE) for _ in range(3)]
    waiting[1].signature_place = None
    session.commit()
    # urgent ones have pushed the third off the page meanwhile
    monkeypatch.setattr(many, "MOST", 2)
    chosen = [waiting[2], waiting[1]]
    opened = leader.post(f"{MANY}/open", data={"document": [one.id for one in chosen]}).get_json()
    asked = _opened(app, opened["ask"])
    assert isinstance(asked, Batch)
    assert len(asked.items) == 2
    results = []
    for one in chosen:
        seen = queries.newest_drafts(session, [one])[one.id].id
        fields = {"two_step": "1", "batch": opened["batch"], "seen": seen}
        answer = leader.post(f"{MANY}/{one.id}", data=fields)
        if answer.status_code == 202:
            assert "ask" not in answer.get_json()
            fields["value"] = _value(token, answer.get_json())
            answer = leader.post(f"{MANY}/{one.id}", data=fields)
        results.append(answer.headers["X-Result"])
    assert results == ["signed", "refused"]
    session.expire_all()
    assert [one.state for one in waiting] == [State.SIGNATURE, State.SIGNATURE, State.NUMBERING]
