"""What stands before every page: nobody in by accident, the same headers on every answer, tokens for programs."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask, g, jsonify
from sqlalchemy.orm import Session

from eoffice.accounts import service
from eoffice.accounts.models import Token
from eoffice.app import create_app
from eoffice.core import clock
from eoffice.core.permissions import Permission, system_actor
from eoffice.core.web import SIGNED_IN, needs
from tests.factories import Province, province
from tests.web import client_for

pytestmark = pytest.mark.postgres

WANTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.mark.parametrize(
    "path", ["/sign-in", "/", "/healthz", "/no-such-page", "/static/frame.css", "/api/v1/x"]
)
def test_every_answer_carries_the_security_headers(app: Flask, path: str) -> None:
    answer = app.test_client().get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert {name: answer.headers[name] for name in WANTED} == WANTED


@pytest.fixture
def own_app(session: Session) -> Flask:
    """One that has answered nothing yet, so that routes can be added to it."""
    return create_app()


def test_a_route_that_states_nothing_lets_nobody_in(own_app: Flask, session: Session) -> None:
    province(session)
    own_app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    answer = client_for(own_app, "a_leader").get("/forgotten")
    assert answer.status_code == 403
    assert "secret" not in answer.get_data(as_text=True)


def test_a_stranger_is_sent_to_the_first_page_and_a_part_of_a_page_too(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/search").location == "/sign-in?next=/search?"
    part = client.get("/search", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["HX-Redirect"]) == (401, "/sign-in")


@pytest.fixture
def api(own_app: Flask) -> Flask:
    """The application with routes that say who acts and with what right."""

    @needs(SIGNED_IN)
    def who() -> object:
        return jsonify(name=g.actor.name, permissions=sorted(g.actor.permissions))

    @needs(Permission("incoming:register"))
    def register() -> object:
        return jsonify(ok=True)

    own_app.add_url_rule("/api/v1/test/who", "who", who)
    own_app.add_url_rule("/api/v1/test/register", "register", register)
    return own_app


def _get(app: Flask, path: str, token: str | None) -> tuple[int, dict[str, object]]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = app.test_client().get(f"/api/v1/test/{path}", headers=headers)
    return answer.status_code, answer.get_json()


def _token(session: Session, scopes: list[str], days: int | None = 1) -> str:
    return service.make_token(session, system_actor(), "a_clerk", "kiểm thử", scopes, days)


def test_a_token_acts_as_its_person(api: Flask, session: Session) -> None:
    place: Province = province(session)
    status, body = _get(api, "who", _token(session, ["*"]))
    assert (status, body["name"]) == (200, place.a.clerk.name)
    assert body["permissions"] == sorted(place.a.clerk.permissions)


def test_scopes_narrow_and_never_widen(api: Flask, session: Session) -> None:
    province(session)
    token = _token(session, ["search:use", "outgoing:sign"])
    assert _get(api, "who", token)[1]["permissions"] == ["search:use"]
    assert _get(api, "register", token)[0] == 403
    assert _get(api, "register", _token(session, ["incoming:register"]))[0] == 200


def test_without_a_good_token_there_is_no_answer(api: Flask, session: Session) -> None:
    province(session)
    expired, revoked = _token(session, ["*"]), _token(session, ["*"], None)
    rows = session.scalars(sa.select(Token).order_by(Token.id)).all()
    rows[0].expires_at = clock.now() - timedelta(seconds=1)
    rows[1].revoked_at = clock.now()
    session.commit()
    for token in (None, "", "eo_wrong", expired, revoked):
        status, body = _get(api, "who", token)
        assert status == 401, token
        assert body["error"] == 401


def test_a_revoked_token_opens_nothing_from_that_moment(api: Flask, session: Session) -> None:
    province(session)
    token = _token(session, ["*"])
    assert _get(api, "who", token)[0] == 200
    listed = api.test_cli_runner().invoke(args=["token", "list"])
    number = listed.output.split("\t")[0]
    assert token not in listed.output
    assert api.test_cli_runner().invoke(args=["token", "revoke", number]).exit_code == 0
    assert _get(api, "who", token)[0] == 401
    assert api.test_cli_runner().invoke(args=["token", "list"]).output == ""


def test_a_scope_nobody_declares_is_refused(session: Session) -> None:
    province(session)
    with pytest.raises(service.UnknownScope):
        _token(session, ["incoming:regsiter"])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/incoming/99999999999999999999", 400),
        ("/files/99999999999999999999", 400),
        ("/incoming?mark=aWzFd", 404),  # [1]
        ("/incoming?mark=aWzEsMl0", 404),  # [1,2]
        ("/incoming?mark=aWyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwxXQ", 404),  # a moment without zone
        ("/incoming?mark=x", 404),
        ("/search?q=1²", 200),
        ("/search?q=%00", 200),
    ],
)
def test_an_address_made_up_is_answered_and_no_fault(
    app: Flask, session: Session, path: str, status: int
) -> None:
    province(session)
    assert client_for(app, "a_clerk").get(path).status_code == status


@pytest.mark.slow
def test_behind_a_proxy_the_cookie_travels_over_tls_alone(session: Session) -> None:
    province(session)
    assert create_app().config["SESSION_COOKIE_SECURE"] is False
    assert create_app({"EOFFICE_TRUSTED_PROXY": "10.0.0.1"}).config["SESSION_COOKIE_SECURE"] is True


def test_a_cookie_opens_no_api(api: Flask, session: Session) -> None:
    province(session)
    client = client_for(api, "a_clerk")
    assert client.get("/api/v1/test/who").status_code == 401


def test_a_token_is_stored_as_a_hash_only(session: Session) -> None:
    province(session)
    token = _token(session, ["*"])
    stored = session.execute(sa.text("SELECT row_to_json(t)::text FROM api_token t")).scalar_one()
    assert token not in stored
    assert token.removeprefix("eo_") not in stored


@pytest.mark.parametrize("signed_in", [True, False])
@pytest.mark.parametrize("guarded", [True, False])
def test_who_sends_too_much_is_told_so_on_a_page(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch, signed_in: bool, guarded: bool
) -> None:
    province(session)
    client = client_for(app, "a_clerk") if signed_in else app.test_client()
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", guarded)
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 3_000_000)
    address = "/incoming/new" if signed_in else "/sign-in"
    for size in (2_100_000, 3_100_000):  # of what is typed, and of everything
        answer = client.post(
            address, data={"subject": "v b " * (size // 4)}, content_type="multipart/form-data"
        )
        assert (answer.status_code, "Nội dung gửi lên quá lớn" in answer.text) == (413, True), size
