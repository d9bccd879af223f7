"""Whoever reads a draft may say what is wrong with it; the drafter answers, and the signature closes it."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from eoffice.accounts import service as accounts
from eoffice.core.errors import Forbidden, NotFound, TooLong
from eoffice.core.permissions import Actor, system_actor
from eoffice.directory.models import Role
from eoffice.home import deeds
from eoffice.home import queries as home
from eoffice.outgoing import consulting, queries, remarking, service
from eoffice.outgoing.drafting import Missing
from eoffice.outgoing.remarking import (
    AnsweredAlready,
    Closed,
    NewRemark,
    NoPage,
    NotInText,
    NoVersion,
    SettledAlready,
)
from eoffice.outgoing.states import State
from eoffice.outgoing.workflow import Move
from tests.factories import Province
from tests.outgoing.drafts import TEXT, bring, draft, fields, take
from tests.outgoing.test_consulting import question
from tests.web import MOST, client_for, counted


def _waits(session: Session, actor: Actor) -> int:
    return {one.deed.key: one.count for one in home.waiting(session, actor, deeds.of(actor))}.get("answer", 0)


def _add(session: Session, actor: Actor, document_id: int, **said: object) -> remarking.Remark:
    return remarking.add(session, actor, document_id, NewRemark(**{"words": "Sửa mục 1", **said}))  # type: ignore[arg-type]  # by name


@pytest.mark.slow
def test_a_remark_waits_on_the_drafters_desk_until_it_is_done(session: Session, place: Province) -> None:
    house, document = place.a, draft(session, place)
    made = _add(session, house.clerk, document.id, page=1, passage="Lịch xuống  giống:\nđợt 1")
    assert (made.version_no, made.page, _waits(session, house.specialist)) == (1, 1, 1)
    assert _waits(session, house.head) == 0, "another's draft"
    service.revise(session, house.specialist, document.id, fields(place, subject="Lịch mới"), TEXT)
    assert _add(session, house.leader, document.id).version_no == 2
    [newer, older] = remarking.of_document(session, document)
    assert (newer.version_no, older.version_no, older.done_at) == (2, 1, None), "open over versions"
    remarking.answer(session, house.specialist, made.id, "Đã sửa theo góp ý")
    remarking.settle(session, house.specialist, made.id, done=True)
    assert (
        _waits(session, house.specialist),
        queries.opened(session, house.clerk, document.id).open_remarks,
    ) == (1, 1)
    remarking.settle(session, house.clerk, made.id, done=False)
    assert _waits(session, house.specialist) == 1, "one draft, two remarks"
    service.submit(session, house.specialist, document.id)  # a remark holds nothing up
    assert _waits(session, house.specialist) == 1


def test_a_remark_is_on_words_and_pages_that_are_there(session: Session, place: Province) -> None:
    document = draft(session, place)
    for said, why in (
        ({"words": "  "}, Missing), ({"words": "x" * 4001}, TooLong), ({"version_no": 2}, NoVersion),
        ({"page": 0}, NoPage), ({"page": 2}, NoPage), ({"passage": "không có đoạn này"}, NotInText),
    ):  # fmt: skip
        with pytest.raises(why):
            _add(session, place.a.clerk, document.id, **said)
    assert list(remarking.of_document(session, document)) == []


def test_who_may_not_read_the_draft_says_nothing_and_who_does_not_write_it_answers_nothing(
    session: Session, place: Province
) -> None:
    house, document = place.a, draft(session, place)
    for stranger in (place.b.clerk, house.archivist):
        with pytest.raises(NotFound):
            _add(session, stranger, document.id)
    made = _add(session, house.secretary, document.id)
    with pytest.raises(Forbidden):
        remarking.answer(session, house.clerk, made.id, "Tôi trả lời thay")
    with pytest.raises(Forbidden):
        remarking.settle(session, house.clerk, made.id, done=True)
    with pytest.raises(NotFound):
        remarking.settle(session, place.b.clerk, made.id, done=True)
    remarking.settle(session, house.secretary, made.id, done=True)
    with pytest.raises(SettledAlready):
        remarking.settle(session, house.specialist, made.id, done=True)
    remarking.answer(session, house.head, made.id, "Đã sửa")
    with pytest.raises(AnsweredAlready):
        remarking.answer(session, house.specialist, made.id, "Cũng trả lời")


@pytest.mark.usefixtures("keys")
@pytest.mark.slow
def test_the_signature_closes_the_remarks_and_sending_back_opens_them(
    session: Session, place: Province
) -> None:
    house = place.a
    document = bring(session, house, draft(session, place), State.SIGNATURE)
    made = _add(session, house.leader, document.id)
    take(session, house, document.id, Move.SIGN)
    acts: tuple[Callable[[], object], ...] = (
        lambda: _add(session, house.leader, document.id),
        lambda: remarking.answer(session, house.specialist, made.id, "Đã sửa"),
        lambda: remarking.settle(session, house.leader, made.id, done=True),
    )
    for act in acts:
        with pytest.raises(Closed):
            act()
    assert _waits(session, house.specialist) == 0
    service.send_back(session, house.clerk, document.id, "Sai nơi nhận")
    assert _waits(session, house.specialist) == 1
    remarking.settle(session, house.specialist, made.id, done=True)


@pytest.mark.slow
def test_remarks_stand_beside_the_draft_and_keep_what_was_typed(
    app: Flask, session: Session, place: Province
) -> None:
    house, document = place.a, draft(session, place)
    url = f"/outgoing/{document.id}/remarks"
    clerk, drafter = client_for(app, "a_clerk"), client_for(app, "a_specialist")
    typed = {"remark": "Sửa <b>lỗi</b>", "version": "1", "page": "1", "passage": "chữ không có"}
    refused = clerk.post(url, data=typed)
    assert refused.status_code == 422
    page = refused.get_data(as_text=True)
    assert "Bản 1 không có những chữ này" in page
    assert "Sửa &lt;b&gt;lỗi&lt;/b&gt;</textarea>" in page
    said = {"remark": "Sửa  <b>lỗi</b>\r\n\r\n Bỏ mục 2 ", "passage": ""}
    assert clerk.post(url, data=typed | said).status_code == 303
    [made] = remarking.of_document(session, document)
    consulting.ask(session, house.specialist, document.id, question(house, Role.SECRETARY))
    with counted() as statements:
        page = drafter.get(f"/outgoing/{document.id}").get_data(as_text=True)
    assert "1 chưa xử lý" in page
    assert "Góp ý vào dự thảo của tôi" in drafter.get("/").get_data(as_text=True)
    assert len(statements) <= MOST, statements
    service.submit(session, house.specialist, document.id)
    with counted() as statements:
        assert drafter.get(f"/outgoing/{document.id}").status_code == 200
    assert len(statements) <= MOST, statements
    with counted() as statements:
        part = drafter.get(f"{url}/part").get_data(as_text=True)
    assert "Lâm Thị Bích" in part
    assert '<span class="lines">Sửa &lt;b&gt;lỗi&lt;/b&gt;\nBỏ mục 2</span>' in part, "paragraphs stay"
    assert len(statements) <= MOST, statements
    assert drafter.post(f"{url}/{made.id}/answer", data={f"answer{made.id}": " "}).status_code == 422
    assert drafter.post(f"{url}/{made.id}/answer", data={f"answer{made.id}": "Đã sửa"}).status_code == 303
    assert drafter.post(f"{url}/{made.id}/settle", data={"done": "1"}).status_code == 303
    late = clerk.post(f"{url}/{made.id}/settle", data={"done": "1"})
    assert late.status_code == 409
    assert "Đã sửa" in late.get_data(as_text=True)
    service.take_back(session, house.specialist, document.id)
    service.revise(session, house.specialist, document.id, fields(place), TEXT)
    assert "Góp ý vào bản 1" in clerk.get(f"/outgoing/{document.id}/compare").get_data(as_text=True)
    assert "Đã góp ý" in clerk.get(f"/outgoing/{document.id}").get_data(as_text=True), "the history keeps it"
    assert clerk.get(f"/outgoing/{document.id}/sheet.pdf").status_code == 200
    assert client_for(app, "b_clerk").get(url).status_code == 404


def test_another_system_writes_answers_and_reads_remarks(
    app: Flask, session: Session, place: Province
) -> None:
    document = draft(session, place)
    base = f"/api/v1/outgoing/{document.id}/remarks"

    def client(user: str) -> Callable[..., TestResponse]:
        token = accounts.make_token(session, system_actor(), user, "test", ["*"])
        head, web = {"Authorization": f"Bearer {token}"}, app.test_client()
        return lambda address, data=None: web.open(
            address, method="GET" if data is None else "POST", json=data, headers=head
        )

    clerk, drafter = client("a_clerk"), client("a_specialist")
    made = clerk(base, {"words": "Sửa mục 1", "page": 1}).get_json()
    assert (made["version_no"], made["done_at"]) == (1, None)
    one = f"/api/v1/outgoing/remarks/{made['id']}"
    assert drafter(f"{one}/answer", {"answer": "Đã sửa"}).get_json()["answer"] == "Đã sửa"
    assert drafter(f"{one}/settle", {}).get_json()["done_at"]
    assert clerk(f"{one}/answer", {"answer": "x"}).status_code == 403
    assert [row["words"] for row in clerk(base).get_json()] == ["Sửa mục 1"]
