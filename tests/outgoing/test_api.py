"""The same steps for another system."""

import io
import json
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.core.permissions import system_actor
from eoffice.directory.models import Role
from eoffice.documents.models import FileRole
from eoffice.outgoing import placing
from eoffice.outgoing.placing import Spot
from eoffice.outgoing.workflow import State
from eoffice.signatures import checking
from signing.report import Verdict
from tests.factories import PIN, Province
from tests.outgoing.drafts import BODY, bring, draft, newest, path, upload
from tests.outgoing.test_placing import scan

Call = Callable[..., tuple[int, dict[str, object]]]


@pytest.fixture
def call(app: Flask, session: Session, place: Province) -> Call:
    """`call("a_clerk", "/1/seal", pin="…")`: status and answer."""
    tokens: dict[str, str] = {}

    def send(user: str, address: str, **data: object) -> tuple[int, dict[str, object]]:
        if user not in tokens:
            tokens[user] = accounts.make_token(session, system_actor(), user, "test", ["*"])
        client: FlaskClient = app.test_client()
        head = {"Authorization": f"Bearer {tokens[user]}"}
        answer = client.post(f"/api/v1/outgoing{address}", json=data, headers=head)
        return answer.status_code, answer.get_json()

    return send


def _new(place: Province) -> dict[str, object]:
    return {
        "kind_code": "CV", "subject": "Hướng dẫn lịch thời vụ", "signer_id": place.a.posts[Role.LEADER].id,
        "recipients": [place.b.agency.code], "body": BODY,
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
def test_a_document_goes_the_whole_way_by_program(place: Province, call: Call) -> None:
    status, made = call("a_specialist", "", **_new(place))
    assert (status, made["state"]) == (201, "draft")
    here = f"/{made['id']}"
    for user, step, data, state in (
        ("a_specialist", "submit", {}, "approval"),
        ("a_unit_head", "approve", {"note": "Đồng ý"}, "form_check"),
        ("a_chief_of_office", "check", {}, "signature"),
        ("a_leader", "sign", {"pin": PIN}, "numbering"),
        ("a_clerk", "number", {}, "sealing"),
        ("a_clerk", "seal", {"pin": PIN}, "issuing"),
        ("a_clerk", "issue", {}, "issued"),
    ):
        status, answer = call(user, f"{here}/{step}", **data)
        assert (status, answer.get("state")) == (200, state), answer
    assert [copy["hop"] for copy in answer["deliveries"]] == ["waiting"]  # type: ignore[union-attr, index]
    assert answer["code_number"] == "01"


def test_refusals_say_why_and_where(place: Province, call: Call) -> None:
    status, answer = call("a_specialist", "", **_new(place) | {"recipients": ["Sở Không Có"]})
    assert (status, answer["field"]) == (422, "recipients")
    assert "Sở Không Có" in str(answer["message"])
    assert call("a_clerk", "", **_new(place))[0] == 403
    _status, made = call("a_specialist", "", **_new(place))
    assert call("b_clerk", f"/{made['id']}/number")[0] == 404
    assert call("a_clerk", f"/{made['id']}/number")[0] == 409


def test_a_file_becomes_a_draft(app: Flask, session: Session, place: Province) -> None:
    page = path(newest(session, draft(session, place), FileRole.DRAFT)).read_bytes()
    token = accounts.make_token(session, system_actor(), "a_specialist", "test", ["*"])
    fields = {name: value for name, value in _new(place).items() if name != "body"}
    answer = app.test_client().post(
        "/api/v1/outgoing/upload",
        data={"data": json.dumps(fields), "file": (io.BytesIO(page), "du-thao.pdf")},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 201, answer.get_json()
    assert answer.get_json()["files"][0]["role"] == "draft"


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
def test_a_file_written_anew_before_it_was_signed_is_said_by_the_answer(
    session: Session, place: Province, call: Call
) -> None:
    whole = scan()
    damaged = whole[: whole.rindex(b"startxref")] + b"startxref\n7\n%%EOF\n"
    document = bring(session, place.a, upload(session, place, damaged), State.SIGNATURE)
    placing.place_signature(session, place.a.leader, document.id, Spot(100, 200, 60, 25))
    status, answer = call("a_leader", f"/{document.id}/sign", pin=PIN, file_id=999_999_999)
    assert (status, document.state) == (409, State.SIGNATURE), answer
    status, answer = call("a_leader", f"/{document.id}/sign", pin=PIN)
    assert status == 200, answer
    (told,) = answer["cautions"]  # type: ignore[misc]
    assert told["code"] == "written_anew"
    assert "written anew" in told["sentence"] or "ghi lại" in told["sentence"]
    signed = newest(session, document, FileRole.SIGNED)
    assert checking.check(path(signed)).verdict is Verdict.VALID
