"""Another system follows copies, asks them back and settles unreadable packets as people do on the pages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.core.permissions import system_actor
from exchange.client import AxisClient
from exchange.model import Organization
from exchange.testing import HubProcess, attachment, damaged, packet, send
from exchange.testing import document as edoc
from tests.exchanging import exchange, receive
from tests.factories import Province, province
from tests.gateway.test_gateway import issue

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("no_checks")]
Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def place(app: Flask, session: Session, hub: HubProcess) -> Province:
    return province(session)


@pytest.fixture
def call(app: Flask, session: Session, place: Province) -> Call:
    """`call("a_clerk", "POST", "/packets/1/settle", note="…")`: status and answer."""

    def send_it(user: str, method: str, address: str, **data: object) -> tuple[int, Any]:
        token = accounts.make_token(session, system_actor(), user, "test", ["*"])
        head = {"Authorization": f"Bearer {token}"}
        sent = app.test_client().open(
            f"/api/v1{address}", method=method, headers=head, json=data if method == "POST" else None
        )
        return sent.status_code, sent.get_json()

    return send_it


@pytest.mark.slow
def test_copies_are_followed_taken_back_and_recalled(session: Session, place: Province, call: Call) -> None:
    document = issue(session, place, 171)
    exchange(session)
    here = f"/outgoing/{document.id}"
    status, answer = call("a_clerk", "GET", f"{here}/copies")
    assert (status, [one["hop"] for one in answer["copies"]]) == (200, ["arrived", "on_axis"])
    back = f"{here}/copies/{answer['copies'][0]['id']}/take-back"
    assert call("a_clerk", "POST", back, reason=" ")[0] == 422
    assert call("a_specialist", "POST", back, reason="Gửi nhầm")[0] == 403
    status, answer = call("a_clerk", "POST", back, reason="Gửi nhầm")
    assert (status, answer["copies"][0]["asked"][0]["answer"]) == (200, "open")
    exchange(session)
    _, answer = call("a_clerk", "GET", f"{here}/copies")
    assert answer["copies"][0]["hop"] == "withdrawn"
    status, answer = call("a_clerk", "POST", f"{here}/recall", reason="Ban hành nhầm")
    assert (status, answer["copies"][1]["asked"][0]["kind"]) == (200, "recall")
    assert call("b_clerk", "POST", f"{here}/recall", reason="Không phải của tôi")[0] == 404


def test_an_unreadable_packet_is_listed_and_settled(
    session: Session, place: Province, theirs: AxisClient, tmp_path: Path, call: Call
) -> None:
    to = [Organization("H01.12", "Sở Nông nghiệp và Môi trường")]
    broken = damaged(
        packet(edoc(172, sender=Organization("G09", "Bộ Nội vụ"), recipients=to, attachments=[attachment(tmp_path)]))
    )  # fmt: skip
    send(theirs, broken, "G09")
    receive(session)
    status, answer = call("a_clerk", "GET", "/packets")
    assert status == 200
    (found,) = answer["packets"]
    assert (found["sender_code"], found["settled_at"]) == ("G09", None)
    assert call("b_clerk", "GET", "/packets")[1]["packets"] == []
    assert call("b_clerk", "GET", f"/packets/{found['id']}")[0] == 404
    assert call("a_clerk", "POST", f"/packets/{found['id']}/settle", note="")[0] == 422
    status, settled = call("a_clerk", "POST", f"/packets/{found['id']}/settle", note="Đã gọi, sẽ gửi lại")
    assert (status, settled["note"]) == (200, "Đã gọi, sẽ gửi lại")
    assert call("a_clerk", "GET", "/packets?settled=1")[1]["packets"] == [settled]
