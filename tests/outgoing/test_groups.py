"""One choice sends a draft to a whole group, and its page says so on one line."""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.core.permissions import system_actor
from eoffice.directory.models import Role
from eoffice.documents import groups
from eoffice.documents import queries as documents
from eoffice.documents.groups import NewGroup
from eoffice.documents.models import FileRole, RecipientGroup
from eoffice.documents.pages import page_text
from eoffice.outgoing.addressed import unnamed
from eoffice.outgoing.models import OutgoingDocument
from tests.documents.test_groups import agencies, closed
from tests.factories import Province
from tests.outgoing.drafts import BODY, newest, path
from tests.web import MOST, client_for, counted

LINE = "Các sở, ban, ngành tỉnh"


@pytest.fixture
def client(app: Flask, place: Province) -> Callable[[str], FlaskClient]:
    return lambda user: client_for(app, user)


def _group(session: Session, place: Province, *codes: str) -> RecipientGroup:
    return groups.save(session, place.a.clerk, NewGroup("Các sở", LINE, shared=True, codes=codes))


def _typed(place: Province, **changes: object) -> dict[str, object]:
    usual = {
        "kind_code": "CV", "subject": "Hướng dẫn lịch thời vụ", "urgency": "0", "body": BODY,
        "signer_id": str(place.a.posts[Role.LEADER].id), "unit_id": str(place.a.unit.id),
    }  # fmt: skip
    return usual | changes


def _only(session: Session) -> OutgoingDocument:
    session.expire_all()
    return session.scalars(sa.select(OutgoingDocument)).one()


def _words(session: Session, document: OutgoingDocument) -> str:
    pages = page_text(path(newest(session, document, FileRole.DRAFT)))
    return " ".join(" ".join(page.text for page in pages).split())


def _codes(session: Session, document: OutgoingDocument) -> list[str]:
    return [one.code for one in documents.recipients(session, document)]


def test_a_group_is_found_while_typing_before_the_agencies(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    made = _group(session, place, place.outside.code)
    page = client("a_specialist").get("/recipients/suggest?q=so").get_data(as_text=True)
    assert re.findall(r'data-value="([^"]*)"', page)[0] == f"g{made.id}"
    assert "Sở Tài chính" in page
    assert f"g{made.id}" not in client("b_clerk").get("/recipients/suggest?q=so").get_data(as_text=True)


def test_a_chosen_group_opens_at_once_with_each_agency_to_take_off(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    gone, heir = agencies(session, "C1", "D1")
    made = _group(session, place, place.a.agency.code, place.b.agency.code, "C1")
    closed(session, gone, heir)
    sent = {
        "recipient1": place.b.agency.name, "recipient1_id": place.b.agency.id,
        "recipient2": made.name, "recipient2_id": f"g{made.id}", "member": f"{place.outside.code}|Khác",
    }  # fmt: skip
    page = client("a_specialist").post("/recipients", data=sent).get_data(as_text=True)
    ticked = re.findall(r'name="member" value="([^"]*)" checked', page)
    assert ticked == [f"{place.outside.code}|Khác", f"D1|{LINE}"], (
        "own agency and who is there already left out"
    )
    assert "thay bằng Sở số D1" in page
    assert re.findall(r'name="(recipient\d+)"', page) == [
        "recipient1",
        "recipient3",
        "recipient4",
        "recipient5",
    ]
    assert "<details" in page


@pytest.mark.slow
def test_the_page_names_a_group_on_one_line_and_nobody_is_missed(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    agencies(session, "S1", "S2", "S3")
    made = _group(session, place, "S1", "S2", "S3", place.b.agency.code)
    drafter = client("a_specialist")
    # without script the name stands in the field as it was typed
    sent = _typed(place, recipient1=place.outside.name, recipient1_id=place.outside.id, recipient2="Các sở")
    assert drafter.post("/outgoing/new", data=sent).status_code == 303
    document = _only(session)
    assert _codes(session, document) == [place.outside.code, "S1", "S2", "S3", place.b.agency.code]
    words = _words(session, document)
    assert f"{LINE}." in words
    assert place.outside.name in words
    assert "Sở số" not in words
    recipients = documents.recipients(session, document)
    assert unnamed(path(newest(session, document, FileRole.DRAFT)), recipients) == []
    recipients[-1].line = "Các đoàn thể"
    assert unnamed(path(newest(session, document, FileRole.DRAFT)), recipients) == [place.b.agency.name]
    session.rollback()

    # the group goes, the draft keeps whom it has; one of them is taken off
    groups.remove(session, place.a.clerk, made.id)
    page = drafter.get(f"/outgoing/{document.id}/edit").get_data(as_text=True)
    ticked = re.findall(r'name="member" value="([^"]*)" checked', page)
    assert ticked == [f"{code}|{LINE}" for code in ("S1", "S2", "S3", place.b.agency.code)]
    again = _typed(place, recipient1=place.outside.code, member=ticked[1:], kind_code="KH", copies="")
    assert drafter.post(f"/outgoing/{document.id}/edit", data=again).status_code == 303
    document = _only(session)
    assert _codes(session, document) == [place.outside.code, "S2", "S3", place.b.agency.code]
    assert f"- {LINE}; - Lưu: VT" in _words(session, document), "a plan lists whom it is sent to"


@pytest.mark.slow
def test_hundreds_of_recipients_cost_no_more_than_any_page(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    many = agencies(session, *(f"X{number:03}" for number in range(100)))
    made = _group(session, place, *(one.code for one in many))
    drafter = client("a_specialist")
    assert drafter.post("/outgoing/new", data=_typed(place, recipient1="Các sở")).status_code == 303
    document, clerk = _only(session), client("a_clerk")
    for who, url in (
        (drafter, f"/outgoing/{document.id}"), (drafter, f"/outgoing/{document.id}/edit"),
        (clerk, "/recipients/groups"), (clerk, f"/recipients/groups/{made.id}"),
        (clerk, "/recipients/suggest?q=cac"),
    ):  # fmt: skip
        with counted() as statements:
            assert who.get(url).status_code == 200, url
        assert len(statements) <= MOST, (url, statements)
    with counted() as statements:
        page = drafter.post("/recipients", data={"recipient1": "x", "recipient1_id": f"g{made.id}"})
    assert page.get_data(as_text=True).count(" checked") == 100
    assert len(statements) <= MOST


@pytest.mark.slow
def test_a_group_is_kept_on_its_page_and_two_who_change_it_do_not_overwrite_each_other(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    clerk, admin = client("a_clerk"), client("a_administrator")
    sent = {"name": "Các sở", "line": LINE, "shared": "y", "codes": "H99.9\n" + place.outside.code}
    refused = clerk.post("/recipients/groups/new", data=sent)
    assert refused.status_code == 422
    assert "Dòng 1: không có mã “H99.9”" in refused.get_data(as_text=True)
    sent["codes"] = place.outside.code
    assert clerk.post("/recipients/groups/new", data=sent).status_code == 303
    made = session.scalars(sa.select(RecipientGroup)).one()
    url = f"/recipients/groups/{made.id}"
    page = admin.get(url).get_data(as_text=True)
    assert f"{place.outside.code}|" in page
    mine = {"name": "Các sở A", "shared": "y", "version": made.version, "recipient1": place.b.agency.name}
    assert admin.post(url, data=mine).status_code == 303
    late = clerk.post(url, data={**mine, "name": "Các sở B"})
    assert late.status_code == 409
    page = late.get_data(as_text=True)
    assert f"{place.a.admin.name} đã sửa nhóm này" in page
    assert 'value="Các sở B"' in page
    version = re.findall(r'name="version"[^>]* value="(\d+)"', page)
    assert clerk.post(url, data={**mine, "name": "Các sở B", "version": version[0]}).status_code == 303
    listed = client("a_specialist").get("/recipients/groups").get_data(as_text=True)
    assert "Các sở B" in listed
    assert url not in listed, "another's to change"
    assert client("a_specialist").get(url).status_code == 403
    assert client("b_clerk").get(url).status_code == 404
    assert clerk.post(f"{url}/remove").status_code == 303
    assert "Các sở B" not in clerk.get("/recipients/groups").get_data(as_text=True)


def test_another_system_lists_groups_and_drafts_with_one(
    app: Flask, session: Session, place: Province
) -> None:
    agencies(session, "S1", "S2")
    made = _group(session, place, "S1", "S2")
    token = accounts.make_token(session, system_actor(), "a_specialist", "test", ["*"])
    head, client = {"Authorization": f"Bearer {token}"}, app.test_client()
    [row] = client.get("/api/v1/outgoing/groups", headers=head).get_json()
    assert (row["id"], row["line"], row["shared"]) == (made.id, LINE, True)
    one = client.get(f"/api/v1/outgoing/groups/{made.id}", headers=head).get_json()
    assert (one["members"], one["told"]) == (["S1", "S2"], [])
    new = {
        "kind_code": "CV", "subject": "Hướng dẫn", "signer_id": place.a.posts[Role.LEADER].id, "body": BODY,
        "recipients": ["S2", place.b.agency.code], "groups": [made.id],
    }  # fmt: skip
    answer = client.post("/api/v1/outgoing", json=new, headers=head)
    assert (answer.status_code, answer.get_json()["recipients"]) == (201, ["S2", place.b.agency.code, "S1"])
    assert client.post("/api/v1/outgoing", json=new | {"groups": [99]}, headers=head).status_code == 404
