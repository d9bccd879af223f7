"""Signing in: who gets in, who does not, and what a stranger can learn."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta

import itsdangerous
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from eoffice.accounts import service
from eoffice.accounts.models import User
from eoffice.core import clock
from eoffice.core.audit import AuditEntry
from eoffice.core.web import limiter
from tests.factories import PASSWORD, province
from tests.web import client_for

pytestmark = pytest.mark.postgres


def _try(client: FlaskClient, username: str, password: str, where: str = "/sign-in") -> TestResponse:
    return client.post(where, data={"username": username, "password": password})


@pytest.fixture
def client(app: Flask, session: Session) -> FlaskClient:
    province(session)
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


def test_the_first_page_says_what_is_needed_in_vietnamese_and_english(client: FlaskClient) -> None:
    page = client.get("/sign-in").get_data(as_text=True)
    assert "Không soạn, quét hay gửi tài liệu bí mật nhà nước trên hệ thống này." in page
    assert "giờ Việt Nam" in page
    assert "snnmt_bichngan" in page
    assert 'lang="vi"' in page
    client.get("/language/en?next=/sign-in")
    page = client.get("/sign-in").get_data(as_text=True)
    assert "Use the account your agency gave you." in page
    assert 'lang="en"' in page


@pytest.mark.slow
def test_every_role_reaches_its_first_page(app: Flask, session: Session) -> None:
    place = province(session)
    for role in place.a.posts:
        answer = client_for(app, f"a_{role}").get("/", follow_redirects=True)
        assert answer.status_code == 200, role
        assert place.a.posts[role].person.full_name in answer.get_data(as_text=True)


def test_requirement_46_five_wrong_passwords_lock_the_account_for_hours(
    client: FlaskClient, session: Session
) -> None:
    answers = [_try(client, "a_clerk", "wrong") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [422] * 5
    assert "sẽ bị khóa" in answers[3].get_data(as_text=True)
    assert "đã bị khóa" in answers[4].get_data(as_text=True)
    assert _try(client, "a_clerk", PASSWORD).status_code == 422
    with clock.freeze(clock.now() + timedelta(hours=12, minutes=1)):
        assert _try(client, "a_clerk", PASSWORD).status_code == 302
    deeds = session.scalars(sa.select(AuditEntry.action).where(AuditEntry.action.like("accounts.%"))).all()
    assert deeds.count("accounts.sign_in_failed") == 5
    assert deeds.count("accounts.locked") == 1


def test_a_right_password_forgives_earlier_wrong_ones(client: FlaskClient, session: Session) -> None:
    for _ in range(4):
        _try(client, "a_clerk", "wrong")
    assert _try(client, "a_clerk", PASSWORD).status_code == 302
    assert session.scalar(sa.select(User.failed_tries).where(User.username == "a_clerk")) == 0


def test_unknown_name_and_wrong_password_look_alike(client: FlaskClient) -> None:
    wrong, unknown = _try(client, "a_clerk", "wrong"), _try(client, "nobody", "wrong")
    assert wrong.status_code == unknown.status_code == 422

    def said(answer: TestResponse) -> list[str]:
        return re.findall(r'class="words">(.*?)</div>', answer.get_data(as_text=True), re.DOTALL)

    assert said(wrong) == said(unknown) != []


def test_unknown_name_costs_a_password_check_too(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    province(session)
    work: list[str] = []
    real = service._hasher()

    class Counted:
        def hash(self, password: str) -> str:
            work.append("hash")
            return real.hash(password)

        def verify(self, stored: str, password: str) -> bool:
            work.append("verify")
            return real.verify(stored, password)

    monkeypatch.setattr(service, "_hasher", Counted)
    for name in ("nobody", "a_clerk"):
        with pytest.raises(service.WrongPassword):
            service.sign_in(session, name, "wrong")
    assert work == ["hash", "verify"]  # argon2 with the same cost either way


def test_what_was_typed_stays_but_never_the_password(client: FlaskClient) -> None:
    page = _try(client, "a_clerk", "typed-secret").get_data(as_text=True)
    assert 'value="a_clerk"' in page
    assert "typed-secret" not in page


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil",
    ],
)
def test_nobody_is_sent_to_another_site(client: FlaskClient, target: str) -> None:
    answer = client.post(
        "/sign-in", query_string={"next": target}, data={"username": "a_clerk", "password": PASSWORD}
    )
    assert answer.location == "/"


def test_one_comes_back_to_the_page_one_asked_for(client: FlaskClient) -> None:
    asked = client.get("/search?q=lũ")
    assert asked.status_code == 302
    answer = _try(client, "a_clerk", PASSWORD, asked.location)
    assert answer.status_code == 302
    assert client.get(answer.location).status_code == 200
    assert answer.location.startswith("/search?q=l")


def test_signing_out_kills_every_cookie_of_the_account(app: Flask, session: Session) -> None:
    province(session)
    here, elsewhere = client_for(app, "a_clerk"), client_for(app, "a_clerk")
    stolen = here.get_cookie("eoffice")
    assert stolen is not None
    assert here.post("/sign-out").status_code == 302
    assert elsewhere.get("/").status_code == 302
    thief = app.test_client()
    thief.set_cookie("eoffice", stolen.value)
    assert thief.get("/").location.startswith("/sign-in")


def test_a_session_ends_after_the_idle_minutes_and_use_prolongs_it(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    province(session)
    client = client_for(app, "a_clerk")
    begun = time.time()

    def after(minutes: int) -> int:
        monkeypatch.setattr(
            itsdangerous.TimestampSigner, "get_timestamp", lambda _self: int(begun + 60 * minutes)
        )
        return client.get("/").status_code

    assert after(14) == 200
    assert after(28) == 200  # used 14 minutes before
    assert after(44) == 302  # 16 minutes of rest


def test_a_person_without_a_post_is_told_so(client: FlaskClient, session: Session) -> None:
    session.execute(sa.text("UPDATE assignment SET valid_to = '2026-01-02' WHERE role = 'clerk'"))
    session.commit()
    answer = _try(client, "a_clerk", PASSWORD)
    assert answer.status_code == 422
    assert "không giữ chức vụ" in answer.get_data(as_text=True)


def test_an_assignment_of_somebody_else_cannot_be_acted_under(app: Flask, session: Session) -> None:
    place = province(session)
    client = client_for(app, "a_clerk")
    leader = next(post for role, post in place.b.posts.items() if role == "leader")
    client.post(f"/posts/{leader.id}")
    page = client.get("/").get_data(as_text=True)
    assert place.a.agency.short_name in page
    assert place.b.agency.short_name not in page


@pytest.fixture
def strict(session: Session) -> Iterator[Flask]:
    """The application as it runs for people: CSRF, rate limits, no test shortcuts."""
    from eoffice.app import create_app

    made = create_app({"EOFFICE_TESTING": "no", "EOFFICE_SIGN_IN_RATE": "3 per minute"})
    limiter.reset()
    yield made
    limiter.reset()
    limiter.enabled = False


def test_a_form_without_its_token_is_refused(strict: Flask, session: Session) -> None:
    province(session)
    client = strict.test_client()
    assert _try(client, "a_clerk", PASSWORD).status_code == 400
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").get_data(as_text=True))
    assert token is not None
    fields = {"username": "a_clerk", "password": PASSWORD, "csrf_token": token[1]}
    assert client.post("/sign-in", data=fields).status_code == 302
    assert client.post("/sign-out").status_code == 400


def test_sign_in_is_limited_by_address(strict: Flask, session: Session) -> None:
    province(session)
    client = strict.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").get_data(as_text=True))
    assert token is not None
    fields = {"username": "nobody", "password": "wrong", "csrf_token": token[1]}
    answers = [client.post("/sign-in", data=fields).status_code for _ in range(4)]
    assert answers == [422, 422, 422, 429]
    assert client.get("/sign-in").status_code == 200


@pytest.mark.slow
def test_a_whole_agency_signs_in_from_one_address_in_one_minute(strict: Flask, session: Session) -> None:
    province(session)
    for _number in range(5):
        client = strict.test_client()
        token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").get_data(as_text=True))
        assert token is not None
        fields = {"username": "a_clerk", "password": PASSWORD, "csrf_token": token[1]}
        assert client.post("/sign-in", data=fields).status_code == 302
