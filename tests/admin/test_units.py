"""Units are called otherwise, closed when nobody and nothing is left in them, and opened again."""

import html
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.audit import AuditEntry
from eoffice.core.db import transaction
from eoffice.core.permissions import system_actor
from eoffice.directory import operations, queries
from eoffice.directory.models import Role, Unit
from tests.factories import Province, province
from tests.home.made import outgoing
from tests.web import client_for

pytestmark = pytest.mark.postgres


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


def _empty(session: Session, place: Province) -> Unit:
    with transaction(session):
        return operations.add_unit(session, system_actor(), place.a.agency, "Phòng Pháp chế", "PC")


def _said(session: Session, unit: Unit) -> list[str]:
    entries = sa.select(AuditEntry.action).where(
        AuditEntry.object_type == "Unit", AuditEntry.object_id == unit.id
    )
    return list(session.scalars(entries.order_by(AuditEntry.id)))


def test_a_unit_is_called_otherwise_and_the_log_says_so(
    app: Flask, session: Session, place: Province
) -> None:
    admin, unit = client_for(app, "a_administrator"), _empty(session, place)
    page = html.unescape(admin.get(f"/admin/units?unit={unit.id}").get_data(as_text=True))
    assert 'value="Phòng Pháp chế"' in page
    sent = {"name": "Phòng Pháp chế - Thanh tra", "abbreviation": "PCTT"}
    assert admin.post(f"/admin/units/{unit.id}", data=sent).status_code == 303
    session.refresh(unit)
    assert (unit.name, unit.abbreviation) == ("Phòng Pháp chế - Thanh tra", "PCTT")
    assert _said(session, unit)[-1] == "directory.unit_renamed"
    assert "Phòng Pháp chế - Thanh tra" in admin.get("/admin/units").get_data(as_text=True)


def test_no_unit_gets_the_name_or_the_notation_of_another(
    app: Flask, session: Session, place: Province
) -> None:
    admin, unit, other = client_for(app, "a_administrator"), _empty(session, place), place.a.unit
    for sent in (
        {"name": other.name.upper(), "abbreviation": "PC"},
        {"name": "Phòng Pháp chế", "abbreviation": other.abbreviation.lower()},
    ):
        answer = admin.post(f"/admin/units/{unit.id}", data=sent)
        assert answer.status_code == 409
        assert f"Đã có đơn vị “{other.name}”" in html.unescape(answer.get_data(as_text=True))
    assert admin.post(f"/admin/units/{unit.id}", data={"name": "", "abbreviation": "PC"}).status_code == 422
    same = {"name": "Phòng Pháp chế", "abbreviation": "PC"}
    assert admin.post(f"/admin/units/{unit.id}", data=same).status_code == 303
    assert _said(session, unit) == ["directory.unit_added"], "nothing has changed"


@pytest.mark.slow
def test_a_units_abbreviation_is_one_that_a_notation_can_hold(
    app: Flask, session: Session, place: Province
) -> None:
    admin, unit = client_for(app, "a_administrator"), _empty(session, place)
    for wrong in ("P/T N", "P/X <b>", "P-C", "pc"):
        refused = admin.post(f"/admin/units/{unit.id}", data={"name": unit.name, "abbreviation": wrong})
        assert (refused.status_code, "không có khoảng trắng" in refused.get_data(as_text=True)) == (422, True)
    session.refresh(unit)
    assert unit.abbreviation == "PC"


def test_an_empty_unit_is_closed_offered_no_more_and_opened_again(
    app: Flask, session: Session, place: Province
) -> None:
    admin, unit = client_for(app, "a_administrator"), _empty(session, place)
    assert admin.post(f"/admin/units/{unit.id}/close").status_code == 303
    session.expire_all()
    assert unit not in queries.units(session, place.a.agency.id)
    assert "Đã đóng" in admin.get("/admin/units").get_data(as_text=True)
    form = admin.get(f"/admin/people/posts/{place.a.posts[Role.SPECIALIST].id}/end").get_data(as_text=True)
    assert "Phòng Pháp chế" not in form
    assert admin.post(f"/admin/units/{unit.id}/reopen").status_code == 303
    again = admin.post(f"/admin/units/{unit.id}/reopen")
    assert (again.status_code, "đang hoạt động, không có gì để mở lại" in again.text) == (409, True)
    session.expire_all()
    assert unit in queries.units(session, place.a.agency.id)
    assert _said(session, unit)[-2:] == ["directory.unit_closed", "directory.unit_reopened"]


def test_a_unit_stays_open_while_somebody_holds_a_post_there_or_work_is_open(
    app: Flask, session: Session, place: Province
) -> None:
    admin, unit = client_for(app, "a_administrator"), place.a.unit
    answer = admin.post(f"/admin/units/{unit.id}/close")
    assert answer.status_code == 409
    assert "chức vụ đang giữ hoặc sắp giữ" in answer.get_data(as_text=True)
    outgoing(session, place.a, "dự thảo")
    with transaction(session):
        for post in queries.roll(session, place.a.agency.id):
            if post.unit_id == unit.id:
                post.valid_to = clock.today() - timedelta(days=1)
    answer = admin.post(f"/admin/units/{unit.id}/close")
    assert answer.status_code == 409
    assert "1 dự thảo" in answer.get_data(as_text=True)
    session.expire_all()
    assert unit.closed_at is None


def test_units_are_changed_by_the_administrator_of_their_agency_only(
    app: Flask, session: Session, place: Province
) -> None:
    unit = _empty(session, place)
    sent = {"name": "Khác", "abbreviation": "K"}
    for user, status in (("a_clerk", 403), ("b_administrator", 404)):
        client = client_for(app, user)
        assert client.post(f"/admin/units/{unit.id}", data=sent).status_code == status
        assert client.post(f"/admin/units/{unit.id}/close").status_code == status
        assert client.post(f"/admin/units/{unit.id}/reopen").status_code == status
        assert client.get(f"/admin/units?unit={unit.id}").status_code == status
