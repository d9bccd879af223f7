"""Paper recipients: every posting and every receipt stands in the dispatch book, and on its printed form."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.core import clock
from eoffice.core.audit import AuditEntry
from eoffice.core.db import transaction
from eoffice.core.permissions import system_actor
from eoffice.documents.models import Channel, Recipient
from eoffice.outgoing import posting
from eoffice.outgoing.models import Carrier, OutgoingDocument, Posting, PostingState, ReturnedPosting
from eoffice.outgoing.posting import Line
from eoffice.outgoing.states import State
from eoffice.reports import books
from eoffice.reports.books import Span
from eoffice.reports.columns import Form
from tests.factories import Province, province
from tests.home import made
from tests.web import MOST, client_for, counted


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


@pytest.fixture
def issued(session: Session, place: Province) -> OutgoingDocument:
    """Issued today to two on paper and one on the axis."""
    document = made.outgoing(
        session, place.a, "Về việc gửi bản giấy", State.ISSUED,
        code_number="125", issued_on=clock.today(), issued_at=clock.now(),
    )  # fmt: skip
    names = (("Công ty Thủy lợi", Channel.PAPER), ("Hợp tác xã", Channel.PAPER), ("Bộ", Channel.AXIS))
    with transaction(session):
        session.add_all(
            Recipient(
                agency_id=document.agency_id,
                document_id=document.id,
                code="",
                name=name,
                channel=channel,
                position=at,
            )
            for at, (name, channel) in enumerate(names)
        )  # fmt: skip
        session.flush()
        posting.begin(session, document)
    return document


def test_the_oldest_line_waits_first_and_none_is_hidden(
    app: Flask, session: Session, place: Province, issued: OutgoingDocument
) -> None:
    with transaction(session):
        more = [
            Recipient(
                agency_id=issued.agency_id, document_id=issued.id, code="", name=f"Xã {at}", position=at,
                channel=Channel.PAPER,
            )
            for at in range(3, 3 + posting.LINES)
        ]  # fmt: skip
        session.add_all(more)
        session.flush()
        session.add_all(
            Posting(agency_id=issued.agency_id, document_id=issued.id, recipient_id=one.id) for one in more
        )
    clerk = client_for(app, "a_clerk")
    first = html.unescape(clerk.get("/outgoing/posting").get_data(as_text=True))
    assert first.index("Công ty Thủy lợi") < first.index("Hợp tác xã") < first.index("Xã 3<")
    [following] = re.findall(r'href="(/outgoing/posting\?tab=send&mark=[^"]+)"', first)
    last = html.unescape(clerk.get(following).get_data(as_text=True))
    assert re.findall(r"<strong>(.*?)</strong>", last) == [f"Xã {at}" for at in (51, 52)]
    assert re.findall(r"<strong>(.*?)</strong>", first)[-1] == "Xã 50"
    typed = {"on": "hôm nay", f"note{more[-1].id}": "EA9"}
    refused = clerk.post(following.replace("/posting?tab=send&", "/posting/send?"), data=typed)
    assert (refused.status_code, "Xã 52" in refused.get_data(as_text=True)) == (422, True), "the same page"


@pytest.mark.slow
def test_a_program_writes_the_book_with_the_rights_of_the_page(
    app: Flask, session: Session, place: Province, issued: OutgoingDocument
) -> None:
    clerk, other, worker = (
        {"Authorization": f"Bearer {accounts.make_token(session, system_actor(), name, 'bưu điện', ['*'])}"}
        for name in ("a_clerk", "b_clerk", "a_specialist")
    )
    client, today = app.test_client(), clock.today().isoformat()
    book = "/api/v1/outgoing/posting"
    assert client.get(book, headers=worker).status_code == 403
    assert client.get(book, headers=other).get_json() == {"lines": [], "next": None}
    company, farm = client.get(book, headers=clerk).get_json()["lines"]
    assert (company["recipient"], company["code_number"], company["state"]) == (
        "Công ty Thủy lợi",
        "125",
        "waiting",
    )

    def take(step: str, *lines: tuple[int, str], head: dict[str, str] = clerk) -> tuple[int, Any]:
        sent = {"on": today, "lines": [{"id": number, "note": note} for number, note in lines]}
        answer = client.post(f"{book}/{step}", json=sent, headers=head)
        return answer.status_code, answer.get_json()

    assert take("send", (company["id"], "EA1"), head=other)[0] == 404
    status, written = take("send", (company["id"], "EA1"), (farm["id"], ""))
    assert (status, [one["tracking"] for one in written]) == (200, ["EA1", ""])
    status, said = take("send", (farm["id"], ""))
    assert status == 409
    assert "Dòng này của sổ chuyển giao" in str(said), "no document has that state"
    status, said = take("receive", (company["id"], ""))
    assert (status, said["field"]) == (422, "lines"), "a receipt bears a name"
    assert take("receive", (company["id"], "Lê Văn Nhận"))[1][0]["state"] == "received"
    assert take("come_back", (farm["id"], "Sai địa chỉ"))[1][0]["receipt"] == "Sai địa chỉ"
    shown = {
        tab: [one["id"] for one in client.get(f"{book}?tab={tab}", headers=clerk).get_json()["lines"]]
        for tab in ("send", "receive", "done")
    }
    assert shown == {"send": [farm["id"]], "receive": [], "done": [company["id"]]}
    assert client.get(f"{book}?tab=all", headers=clerk).status_code == 422
    paths = client.get("/api/v1/openapi.json").get_json()["paths"]
    assert "post" in paths["/api/v1/outgoing/posting/send"]


def test_a_line_that_left_is_corrected_and_what_stood_there_before_stays_in_the_log(
    app: Flask, session: Session, place: Province, issued: OutgoingDocument
) -> None:
    company, farm = session.scalars(sa.select(Posting).order_by(Posting.id)).all()
    today = clock.today()
    posting.send(session, place.a.clerk, [Line(company.id, "EA123")], Carrier.POST, today)
    clerk = client_for(app, "a_clerk")
    address = f"/outgoing/posting/{company.id}/correct"
    assert address in clerk.get("/outgoing/posting?tab=receive").text
    assert "EA123" in clerk.get(address).text
    usual = {"carrier": "post", "number": "EA124", "sent_on": f"{today:%d/%m/%Y}", "reason": "Ghi nhầm"}
    assert clerk.post(address, data=usual | {"reason": " "}).status_code == 422, "it has a reason"
    assert clerk.post(address, data=usual | {"number": "E" * 41}).status_code == 422
    assert clerk.post(address, data=usual | {"number": "EA123"}).status_code == 422, "nothing is corrected"
    for day in (
        "32/01/2026",
        "",
        f"{today - timedelta(days=1):%d/%m/%Y}",
        f"{today + timedelta(days=1):%d/%m/%Y}",
    ):
        assert clerk.post(address, data=usual | {"sent_on": day}).status_code == 422, day
    assert clerk.post(address, data=usual).status_code == 303
    session.expire_all()
    assert (company.tracking, company.state) == ("EA124", PostingState.SENT)
    shown = html.unescape(clerk.get(f"/outgoing/{issued.id}").text)
    assert "EA123 → EA124; Công ty Thủy lợi; Ghi nhầm" in shown
    assert clerk.get(f"/outgoing/posting/{farm.id}/correct").status_code == 409, "it has not left"
    assert client_for(app, "a_specialist").get(address).status_code == 403
    assert client_for(app, "b_clerk").get(address).status_code == 404


def test_what_a_colleague_wrote_meanwhile_is_not_written_over(
    app: Flask, session: Session, place: Province, issued: OutgoingDocument
) -> None:
    company = session.scalars(sa.select(Posting).order_by(Posting.id)).first()
    assert company is not None
    today = clock.today()
    posting.send(session, place.a.clerk, [Line(company.id, "EA1")], Carrier.POST, today)
    clerk, path = client_for(app, "a_clerk"), f"/outgoing/posting/{company.id}"

    def opened() -> str:
        found = re.search(r'name="seen" value="([^"]+)"', clerk.get(f"{path}/correct").text)
        assert found is not None
        return html.unescape(found[1])

    seen = opened()
    posting.come_back(session, place.a.clerk, [Line(company.id, "Sai địa chỉ")], today)
    posting.send(session, place.a.clerk, [Line(company.id, "EA2")], Carrier.HAND, today)
    typed = {"carrier": "post", "number": "EA11", "sent_on": f"{today:%d/%m/%Y}", "reason": "Ghi nhầm"}
    answer = clerk.post(f"{path}/correct", data=typed | {"seen": seen})
    shown = html.unescape(answer.text)
    assert (answer.status_code, "người khác sửa" in shown, "EA2" in shown, "EA11" in shown) == (
        409,
        True,
        True,
        True,
    )
    assert clerk.post(f"{path}/take-back", data={"mistake": "Nhầm", "seen": seen}).status_code == 409
    session.expire_all()
    assert (company.tracking, company.carrier) == ("EA2", Carrier.HAND)
    assert clerk.post(f"{path}/correct", data=typed | {"seen": opened()}).status_code == 303


def test_a_name_that_is_too_long_is_said_beside_the_name(
    app: Flask, session: Session, place: Province, issued: OutgoingDocument
) -> None:
    company = session.scalars(sa.select(Posting).order_by(Posting.id)).first()
    assert company is not None
    day = f"{clock.today():%d/%m/%Y}"
    posting.send(session, place.a.clerk, [Line(company.id, "EA1")], Carrier.POST, clock.today())
    posting.receive(session, place.a.clerk, [Line(company.id, "Lê Văn Nhận")], clock.today())
    typed = {
        "carrier": "post",
        "number": "EA1",
        "sent_on": day,
        "settled_on": day,
        "receipt": "ă" * 201,
        "reason": "x",
    }
    page = client_for(app, "a_clerk").post(f"/outgoing/posting/{company.id}/correct", data=typed).text
    wrong = re.findall(r'<input[^>]*aria-invalid="true"[^>]*>', page)
    assert ["receipt" in one for one in wrong] == [True]


def test_who_signed_for_a_paper_is_corrected_as_well(
    app: Flask, session: Session, place: Province, issued: OutgoingDocument
) -> None:
    company = session.scalars(sa.select(Posting).order_by(Posting.id)).first()
    assert company is not None
    today = clock.today()
    posting.send(session, place.a.clerk, [Line(company.id, "EA123")], Carrier.POST, today)
    posting.receive(session, place.a.clerk, [Line(company.id, "Lê Văn Nhầm")], today)
    clerk, address = client_for(app, "a_clerk"), f"/outgoing/posting/{company.id}/correct"
    day = f"{today:%d/%m/%Y}"
    usual = {
        "carrier": "hand", "number": "EA123", "sent_on": day, "settled_on": day, "receipt": "Lê Văn Đúng",
        "reason": "Ghi nhầm tên",
    }  # fmt: skip
    assert clerk.post(address, data=usual | {"receipt": " "}).status_code == 422, "somebody signed"
    assert clerk.post(address, data=usual | {"settled_on": ""}).status_code == 422
    early = f"{today - timedelta(days=1):%d/%m/%Y}"
    assert clerk.post(address, data=usual | {"settled_on": early}).status_code == 422, "before it left"
    assert clerk.post(address, data=usual).status_code == 303
    session.expire_all()
    assert (company.receipt, company.state) == ("Lê Văn Đúng", PostingState.RECEIVED)
    shown = html.unescape(clerk.get(f"/outgoing/{issued.id}").text)
    assert "Qua bưu điện → Giao trực tiếp; Lê Văn Nhầm → Lê Văn Đúng; Công ty Thủy lợi; Ghi nhầm tên" in shown


@pytest.mark.slow
def test_a_paper_recipient_goes_from_the_post_to_a_signed_receipt(
    app: Flask, session: Session, place: Province, issued: OutgoingDocument
) -> None:
    company, farm = session.scalars(sa.select(Posting).order_by(Posting.id)).all()
    clerk, today = client_for(app, "a_clerk"), f"{clock.today():%d/%m/%Y}"
    assert client_for(app, "a_specialist").get("/outgoing/posting").status_code == 403
    with counted() as asked:
        page = html.unescape(clerk.get("/outgoing/posting").get_data(as_text=True))
    assert len(asked) <= MOST
    assert "Công ty Thủy lợi" in page

    def take(step: str, **form: str) -> tuple[int, str]:
        answer = clerk.post(f"/outgoing/posting/{step}", data={"on": today, **form})
        session.expire_all()
        return answer.status_code, html.unescape(answer.get_data(as_text=True))

    assert "đánh dấu ít nhất một dòng" in take("send")[1]
    before = f"{clock.today() - timedelta(days=1):%d/%m/%Y}"
    status, page = take("send", on=before, line=str(company.id), **{f"note{farm.id}": "EA1"})
    assert (status, "EA1" in page) == (422, True), "not before it was issued, and nothing typed is lost"
    assert take("send", **{f"note{company.id}": "E" * 41})[0] == 422, "nothing typed is cut off"
    assert take("send", carrier="xx", **{f"note{company.id}": "EA1"})[0] == 422
    assert take("send", carrier="post", **{f"note{company.id}": "EA123456789VN"})[0] == 303
    assert take("send", carrier="hand", line=str(farm.id))[0] == 303
    assert take("send", carrier="hand", line=str(farm.id))[0] == 409, "it is on its way"
    assert take("receive", line=str(farm.id))[0] == 422, "a receipt bears a name"
    assert take("receive", **{f"note{farm.id}": "Lê Văn Nhận"})[0] == 303
    assert take("come_back", **{f"note{company.id}": "Sai địa chỉ"})[0] == 303
    assert [company.state, farm.state] == [PostingState.CAME_BACK, PostingState.RECEIVED]

    span = Span(Form.POST, issued.agency_id, clock.today(), clock.today())
    [row] = books.rows(session, span)
    assert row[:4] == (today, issued.code, "Công ty Thủy lợi", "1")
    assert row[-1] == f"EA123456789VN; Chuyển hoàn {today}: Sai địa chỉ"
    [row] = books.rows(session, Span(Form.HAND, issued.agency_id, clock.today(), clock.today()))
    assert row == (today, issued.code, "Hợp tác xã", f"Lê Văn Nhận, {today}", "")
    printed = f"/registers/print.xlsx?form=hand&register_id=0&from={today}&to={today}"
    assert clerk.get(printed).status_code == 200
    shown = html.unescape(clerk.get(f"/outgoing/{issued.id}").get_data(as_text=True))
    assert f"Giao trực tiếp {today} · {today}: Lê Văn Nhận" in shown
    assert take("send", carrier="post", **{f"note{company.id}": "EB999"})[0] == 303, "sent again"
    first, second = books.rows(session, span)
    assert first[-1] == f"EA123456789VN; Chuyển hoàn {today}: Sai địa chỉ", (
        "the first posting stays in the book"
    )
    assert second[-1] == "EB999"
    log = sa.select(AuditEntry.action).where(AuditEntry.action.startswith("outgoing.paper"))
    assert session.scalars(log.order_by(AuditEntry.id)).all() == [
        "outgoing.paper_sent", "outgoing.paper_sent", "outgoing.paper_received", "outgoing.paper_came_back",
        "outgoing.paper_sent",
    ]  # fmt: skip
    assert (
        client_for(app, "b_clerk")
        .post("/outgoing/posting/receive", data={"on": today, f"note{company.id}": "Tôi"})
        .status_code
        == 404
    )


def test_a_step_noted_by_mistake_is_taken_back_and_the_history_keeps_it(
    app: Flask, session: Session, place: Province, issued: OutgoingDocument
) -> None:
    clerk, today = client_for(app, "a_clerk"), f"{clock.today():%d/%m/%Y}"
    company = session.scalars(sa.select(Posting).order_by(Posting.id)).first()
    assert company is not None
    posting.send(session, place.a.clerk, [Line(company.id, "EA1")], Carrier.POST, clock.today())
    posting.receive(session, place.a.clerk, [Line(company.id, "Lê Văn Nhận")], clock.today())
    path = f"/outgoing/posting/{company.id}"
    assert "Không có người ký nhận" in clerk.get(f"{path}/correct").text
    session.expire_all()
    seen = posting.stands(company)
    assert clerk.post(f"{path}/take-back", data={"mistake": " ", "seen": seen}).status_code == 422
    assert client_for(app, "b_clerk").post(f"{path}/take-back", data={"mistake": "x"}).status_code == 404
    assert client_for(app, "a_specialist").post(f"{path}/take-back").status_code == 403
    taken = clerk.post(f"{path}/take-back", data={"mistake": "Nhầm dòng", "seen": seen})
    assert taken.headers["Location"].endswith("tab=receive")
    session.refresh(company)
    assert (company.state, company.receipt, company.settled_on) == (PostingState.SENT, "", None)
    assert company.tracking == "EA1", "it is still on its way"
    for again in ({"mistake": "Nhầm dòng", "seen": seen}, {"mistake": "Nhầm dòng"}):
        assert clerk.post(f"{path}/take-back", data=again).status_code == 409
    session.refresh(company)
    assert company.state is PostingState.SENT, "sent twice, one step is taken back"
    sent = {"mistake": "Chưa gửi", "seen": posting.stands(company)}
    assert clerk.post(f"{path}/take-back", data=sent).status_code == 303
    session.refresh(company)
    assert (company.state, company.sent_on, company.carrier) == (PostingState.WAITING, None, None)
    assert clerk.post(f"{path}/take-back", data={"mistake": "lần nữa"}).status_code == 409
    told = [one.details for one in session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id))][-2:]
    assert [(one["reason"], one["step"]) for one in told] == [("Nhầm dòng", "received"), ("Chưa gửi", "sent")]
    assert {"Lê Văn Nhận", "EA1", today} <= set(told[0]["before"])


def test_what_came_back_and_was_sent_again_by_mistake_is_what_came_back(
    session: Session, place: Province, issued: OutgoingDocument
) -> None:
    clerk, today = place.a.clerk, clock.today()
    company = session.scalars(sa.select(Posting).order_by(Posting.id)).first()
    assert company is not None
    posting.send(session, clerk, [Line(company.id, "EA1")], Carrier.POST, today)
    posting.come_back(session, clerk, [Line(company.id, "Không có người nhận")], today)
    assert posting.take_back(session, clerk, company.id, "Nhầm dòng").state is PostingState.SENT
    posting.come_back(session, clerk, [Line(company.id, "Sai địa chỉ")], today)
    posting.send(session, clerk, [Line(company.id, "EA2")], Carrier.HAND, today)
    assert posting.take_back(session, clerk, company.id, "Chưa gửi lại").state is PostingState.CAME_BACK
    assert (company.tracking, company.receipt, company.carrier) == ("EA1", "Sai địa chỉ", Carrier.POST)
    assert session.scalars(sa.select(ReturnedPosting)).all() == []
