"""Days in an address that cannot be read, or stand the wrong way round, are said wherever they are asked."""

import html
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.accounts.settings import KEEPER
from eoffice.core.config import override
from eoffice.core.permissions import system_actor
from tests.factories import Province, province
from tests.incoming.steps import registered
from tests.web import client_for

pytestmark = pytest.mark.postgres

WRONG = {
    "from=99/99/2026&to=31/12/2026": "Hãy ghi ngày/tháng/năm, ví dụ 20/11/2026.",
    "from=31/12/2026&to=01/01/2026": "Ngày này trước ngày bắt đầu. Hãy sửa một trong hai ngày.",
}
PAGES = (
    "/search?", "/search?q=an&", "/search.xlsx?q=an&", "/search.pdf?q=an&", "/incoming?", "/reports?",
    "/reports?by=unit&", "/reports?xlsx=1&", "/reports?pdf=1&", "/province?", "/registers/print?form=incoming&",
    "/registers/print.pdf?form=incoming&", "/registers/print.xlsx?form=incoming&",
)  # fmt: skip


@pytest.fixture
def place(session: Session) -> Iterator[Province]:
    made = province(session)
    with override(**{KEEPER.name: made.a.agency.code}):
        yield made


@pytest.mark.slow
def test_pages_and_what_is_taken_out_say_it_and_show_nothing(
    app: Flask, session: Session, place: Province
) -> None:
    document = registered(session, place.a)
    leader = client_for(app, "a_leader")
    for address in PAGES:
        for days, sentence in WRONG.items():
            answer = leader.get(address + days)
            shown = html.unescape(answer.get_data(as_text=True))
            assert answer.status_code == 422, address + days
            assert sentence in shown, address + days
            assert document.subject not in shown, address
            assert "<tbody>" not in shown, address
    kept = leader.post("/search/saved?q=an&from=99/99/2026", data={"name": "Tháng này"})
    assert kept.status_code == 422


def test_the_interface_says_it_at_the_field(app: Flask, session: Session, place: Province) -> None:
    registered(session, place.a)
    token = accounts.make_token(session, system_actor(), "a_leader", "máy", ["*"])
    head, client = {"Authorization": f"Bearer {token}"}, app.test_client()
    [register] = [
        one for one in client.get("/api/v1/registers", headers=head).get_json() if one["direction"] == "in"
    ]
    for address in ("/search?q=an&", "/figures?", "/province?", f"/registers/{register['id']}/lines?"):
        for (days, sentence), field in zip(WRONG.items(), ("from", "to"), strict=True):
            answer = client.get(f"/api/v1{address}{days}", headers=head)
            assert (answer.status_code, answer.get_json()["field"]) == (422, field), address + days
            assert sentence in answer.get_json()["message"]
    tabs = [f"/{one}?tab=anything" for one in ("incoming", "outgoing", "dossiers", "missions")]
    for address in ("/search?direction=sideways", "/registers?year=MMXXVI", *tabs):
        assert client.get(f"/api/v1{address}", headers=head).status_code == 422, address
