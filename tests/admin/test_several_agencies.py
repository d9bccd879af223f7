"""One person, one account, posts in several agencies: given by each, seen by the others, no one agency's alone."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.accounts.models import User
from eoffice.accounts.settings import KEEPER
from eoffice.admin import changes
from eoffice.core import clock
from eoffice.core.config import override
from eoffice.core.db import transaction
from eoffice.core.permissions import system_actor
from eoffice.directory import operations, queries
from eoffice.directory.models import Assignment, Role
from eoffice.documents import rights
from tests.factories import PASSWORD, Province, province
from tests.web import client_for

pytestmark = pytest.mark.postgres


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


def _add(admin: FlaskClient, place: Province, **typed: str) -> tuple[int, str]:
    """b's administrator adds a's specialist, as she is called there."""
    person = place.a.posts[Role.SPECIALIST].person
    row = {
        "name": person.full_name, "username": "a_specialist", "email": "", "role": "Chuyên viên",
        "title": "Chuyên viên biệt phái", "unit": place.b.unit.abbreviation, "authority": "", "since": "",
    }  # fmt: skip
    answer = admin.post("/admin/people/add", data=row | typed)
    return answer.status_code, answer.text


def _posts(session: Session, place: Province) -> list[Assignment]:
    session.expire_all()
    return list(queries.assignments_of(session, place.a.posts[Role.SPECIALIST].person_id))


def _confirmed(session: Session, place: Province) -> None:
    """a's chief of office has looked at what changed."""
    waiting = changes.waiting(session, place.a.chief).lines
    session.rollback()
    elsewhere = [one.entry_id for one in waiting if place.b.agency.name in one.told]
    assert rights.confirm(session, place.a.chief, elsewhere) == 1


def _leaves(session: Session, place: Province) -> None:
    with transaction(session):
        yesterday = clock.today() - timedelta(days=1)
        operations.end_post(session, system_actor(), place.a.posts[Role.SPECIALIST], yesterday)


def test_a_second_agency_gives_a_post_to_the_same_person(
    app: Flask, session: Session, place: Province
) -> None:
    status, page = _add(client_for(app, "b_administrator"), place)
    assert status == 200
    assert "Mật khẩu một lần" not in page, "the account is there, its password stays"
    assert f"cũng đang làm việc ở {place.a.agency.name}" in page
    first, second = _posts(session, place)
    assert (first.agency_id, second.agency_id) == (place.a.agency.id, place.b.agency.id)
    assert first.person_id == second.person_id
    # one sign-in, both agencies, one after the other
    client = client_for(app, "a_specialist")
    assert place.a.agency.name in client.get("/posts").text
    assert client.post(f"/posts/{second.id}").status_code in {302, 303}
    assert place.b.agency.name in client.get("/").text
    # who answers for rights in the first agency sees it
    told = [line.told for line in changes.waiting(session, place.a.chief).lines]
    assert any(place.b.agency.name in one and "biệt phái" in one for one in told), told


def test_whose_name_does_not_fit_the_account_is_somebody_else(
    app: Flask, session: Session, place: Province
) -> None:
    status, page = _add(client_for(app, "b_administrator"), place, name="Nguyễn Thị Khác")
    assert status == 422
    assert "là của người khác" in page
    assert place.a.posts[Role.SPECIALIST].person.full_name not in page, "nor is it said whose it is"
    assert len(_posts(session, place)) == 1


def test_neither_agency_writes_over_what_the_other_relies_on(
    app: Flask, session: Session, place: Province
) -> None:
    admin = client_for(app, "b_administrator")
    assert _add(admin, place, email="khac@coquan.gov.vn")[0] == 422
    _add(admin, place)
    person = place.a.posts[Role.SPECIALIST].person_id
    _confirmed(session, place)
    for one in (admin, client_for(app, "a_administrator")):
        refused = one.post(f"/admin/people/{person}/password")
        assert refused.status_code == 409
        assert "quản trị của tỉnh" in refused.text
    client_for(app, "a_specialist", PASSWORD)


def test_until_the_first_agency_confirms_it_a_post_elsewhere_binds_nobody_there(
    app: Flask, session: Session, place: Province
) -> None:
    """Or an administrator could shut another agency's people out, or the keeper's could act as them."""
    admin = client_for(app, "b_administrator")
    _add(admin, place)
    person = place.a.posts[Role.SPECIALIST].person_id
    assert admin.post(f"/admin/people/{person}/password").status_code == 409
    given = client_for(app, "a_administrator").post(f"/admin/people/{person}/password")
    assert (given.status_code, "a_specialist</td><td><code>" in given.text) == (200, True)


def test_a_post_to_come_elsewhere_counts_as_one(app: Flask, session: Session, place: Province) -> None:
    later = clock.today() + timedelta(days=9)
    _add(client_for(app, "b_administrator"), place, since=f"{later:%d/%m/%Y}")
    _confirmed(session, place)
    person = place.a.posts[Role.SPECIALIST].person_id
    assert client_for(app, "a_administrator").post(f"/admin/people/{person}/password").status_code == 409


def test_who_moved_to_another_agency_goes_on_with_the_same_account(
    app: Flask, session: Session, place: Province
) -> None:
    _leaves(session, place)
    accounts.close_unused(session, system_actor())
    status, page = _add(client_for(app, "b_administrator"), place)
    assert status == 200
    told = re.search(r"a_specialist</td><td><code>([^<]+)<", page)
    assert told, "the closed account opens again with a password told once"
    assert client_for(app, "a_specialist", told[1]).get("/").headers["Location"] == "/password"
    assert [one.agency_id for one in _posts(session, place)] == [place.b.agency.id]
    assert session.scalar(sa.select(sa.func.count()).where(User.username == "a_specialist")) == 1


@pytest.fixture
def kept_by_a(app: Flask, place: Province) -> Iterator[None]:
    with override(**{KEEPER.name: place.a.agency.code}):
        yield


@pytest.mark.usefixtures("kept_by_a")
def test_the_keepers_administrator_gives_a_new_password(
    app: Flask, session: Session, place: Province
) -> None:
    other, keeper = client_for(app, "b_administrator"), client_for(app, "a_administrator")
    one_agency = keeper.post("/admin/people/shared-password", data={"account": "b_clerk"})
    assert one_agency.status_code == 409
    assert place.b.agency.name in one_agency.text
    assert keeper.post("/admin/people/shared-password", data={"account": "khong_ai"}).status_code == 422
    _add(other, place)
    assert other.post("/admin/people/shared-password", data={"account": "a_specialist"}).status_code == 403
    early = keeper.post("/admin/people/shared-password", data={"account": "a_specialist"})
    assert (early.status_code, "chưa xác nhận" in early.text) == (409, True)
    _confirmed(session, place)
    assert "shared-password" not in other.get("/admin/people").text
    page = keeper.post("/admin/people/shared-password", data={"account": " A_Specialist "}).text
    told = re.search(r"a_specialist</td><td><code>([^<]+)<", page)
    assert told
    assert client_for(app, "a_specialist", told[1]).get("/").headers["Location"] == "/password"
    for house in (place.a, place.b):
        said = [line.what for line in changes.waiting(session, house.chief).lines]
        assert any("password" in one for one in said), house.agency.name


def test_an_operator_sees_an_account_and_gives_a_password(
    app: Flask, session: Session, place: Province
) -> None:
    _add(client_for(app, "b_administrator"), place)
    seen = CliRunner().invoke(app.cli, ["user", "show", "a_specialist"])
    assert seen.exit_code == 0, seen.output
    assert place.a.agency.name in seen.output
    assert place.b.agency.name in seen.output
    given = CliRunner().invoke(app.cli, ["user", "password", "a_specialist"])
    assert client_for(app, "a_specialist", given.output.strip()).get("/").headers["Location"] == "/password"
    missing = CliRunner().invoke(app.cli, ["user", "password", "khong_ai"])
    assert missing.exit_code == 1
    assert "khong_ai" in missing.output
