"""Roles are data: an agency builds its own on the standard ones, within what the law gives each duty."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.accounts import permissions as accounts
from eoffice.accounts import service
from eoffice.accounts.settings import KEEPER
from eoffice.admin import access, changes, roles
from eoffice.admin.roles import (
    ChangedMeanwhile,
    NameTaken,
    NoName,
    NotForThisRole,
    OtherBase,
    RoleEnded,
    Wanted,
)
from eoffice.core import clock
from eoffice.core.config import override
from eoffice.core.errors import Forbidden, NotFound
from eoffice.core.permissions import Actor, Permission, described
from eoffice.directory import roles as own_roles
from eoffice.directory.models import Assignment, OwnRole, Role
from eoffice.documents import rights
from tests.factories import House, Province, province
from tests.home.made import incoming
from tests.web import client_for

pytestmark = pytest.mark.postgres

READS_ALL = Permission("document:read-all")
REGISTERS = Permission("incoming:register")


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


def _with(session: Session, house: House, *added: Permission, base: Role = Role.SPECIALIST) -> OwnRole:
    made = roles.make(session, house.admin, base, "Văn thư đơn vị")
    return _change(session, house, made, {*accounts.standard(base), *added})


def _change(
    session: Session, house: House, role: OwnRole, rights: set[Permission], name: str = ""
) -> OwnRole:
    wanted = Wanted(name or role.name, frozenset(rights))
    return roles.change(session, house.admin, role.id, wanted, roles.rights_of(session, role).id)


def _now(session: Session, post: Assignment) -> Actor:
    session.refresh(post)
    return service.actor_in(None, post, [post])


def test_who_is_given_a_role_may_do_what_it_allows_from_then_on(session: Session, place: Province) -> None:
    post = place.a.posts[Role.SPECIALIST]
    role = _with(session, place.a, REGISTERS)
    assert REGISTERS not in _now(session, post).permissions
    assert roles.give(session, place.a.admin, role.id, [post.id]) == 1
    assert REGISTERS in _now(session, post).permissions
    # changed for everybody who has it
    _change(session, place.a, role, set(accounts.standard(Role.SPECIALIST)))
    assert REGISTERS not in _now(session, post).permissions
    # a role may also allow less than the standard one
    _change(session, place.a, role, set())
    assert _now(session, post).permissions == accounts.always(Role.SPECIALIST)
    roles.take(session, place.a.admin, post.id)
    assert _now(session, post).permissions == accounts.standard(Role.SPECIALIST)


def test_an_ended_role_leaves_its_posts_their_standard_roles(session: Session, place: Province) -> None:
    post = place.a.posts[Role.SPECIALIST]
    role = _with(session, place.a, REGISTERS)
    roles.give(session, place.a.admin, role.id, [post.id])
    roles.end(session, place.a.admin, role.id)
    assert _now(session, post).permissions == accounts.standard(Role.SPECIALIST)
    with pytest.raises(RoleEnded):
        roles.give(session, place.a.admin, role.id, [post.id])
    with pytest.raises(RoleEnded):
        roles.end(session, place.a.admin, role.id)
    # its name is free again
    roles.make(session, place.a.admin, Role.CLERK, role.name)


@pytest.mark.parametrize(
    ("base", "right"),
    [
        (Role.SPECIALIST, "outgoing:sign"),
        (Role.CHIEF_OF_OFFICE, "direction:give"),
        (Role.CLERK, "direction:prepare"),
        (Role.LEADER, "outgoing:seal"),
        (Role.LEADER, "outgoing:number"),
        (Role.CLERK, "directory:manage"),
        (Role.ARCHIVIST, "admin:access"),
        (Role.ADMINISTRATOR, "document:read-all"),
        (Role.ADMINISTRATOR, "outgoing:draft"),
        (Role.SPECIALIST, "no:such"),
    ],
)
def test_what_the_law_gives_one_duty_stays_with_it(
    session: Session, place: Province, base: Role, right: str
) -> None:
    role = roles.make(session, place.a.admin, base, "Vai trò mới")
    with pytest.raises(NotForThisRole):
        _change(session, place.a, role, {*accounts.standard(base), Permission(right)})


@pytest.mark.parametrize(
    ("base", "right"),
    [(Role.LEADER, "outgoing:sign"), (Role.LEADER, "direction:give"), (Role.UNIT_HEAD, "direction:assign")],
)
def test_what_is_asked_of_a_duty_goes_with_every_role_of_it(
    session: Session, place: Province, base: Role, right: str
) -> None:
    """Or a document would rest in a queue that nobody may empty."""
    role = _change(session, place.a, roles.make(session, place.a.admin, base, "Vai trò mới"), set())
    assert right in roles.rights_of(session, role).rights


@pytest.mark.parametrize("base", list(Role))
def test_every_standard_role_can_be_built_on(session: Session, place: Province, base: Role) -> None:
    assert accounts.always(base) <= accounts.standard(base) <= accounts.choice(base)
    role = roles.make(session, place.a.admin, base, "Vai trò mới")
    assert frozenset(roles.rights_of(session, role).rights) == accounts.standard(base)


def test_no_role_holds_the_right_to_sign_and_the_seal(session: Session) -> None:
    both = {Permission("outgoing:sign"), Permission("outgoing:seal")}
    assert not [role for role in Role if both <= accounts.choice(role)]


def test_administrators_keep_what_gives_rights_back(session: Session, place: Province) -> None:
    role = roles.make(session, place.a.admin, Role.ADMINISTRATOR, "Quản trị nhân sự")
    _change(session, place.a, role, set())
    roles.give(session, place.a.admin, role.id, [place.a.posts[Role.ADMINISTRATOR].id])
    left = _now(session, place.a.posts[Role.ADMINISTRATOR]).permissions
    assert left == {"directory:read", "directory:manage"}


def test_a_role_goes_to_posts_of_the_role_it_is_built_on(session: Session, place: Province) -> None:
    role = _with(session, place.a, REGISTERS)
    with pytest.raises(OtherBase):
        roles.give(session, place.a.admin, role.id, [place.a.posts[Role.LEADER].id])
    with pytest.raises(NotFound):
        roles.give(session, place.a.admin, role.id, [place.b.posts[Role.SPECIALIST].id])


def test_another_agencys_role_is_nobodys_here_unless_it_is_shared(session: Session, place: Province) -> None:
    role = _with(session, place.a, REGISTERS)
    with pytest.raises(NotFound):
        roles.give(session, place.b.admin, role.id, [place.b.posts[Role.SPECIALIST].id])
    for actor in (place.a.leader, place.a.clerk):
        with pytest.raises(Forbidden):
            roles.give(session, actor, role.id, [place.a.posts[Role.SPECIALIST].id])
    with pytest.raises(Forbidden):
        roles.make(session, place.b.admin, Role.CLERK, "Văn thư xã", shared=True)


@pytest.fixture
def kept_by_a(place: Province) -> Iterator[None]:
    with override(**{KEEPER.name: place.a.agency.code}):
        yield


@pytest.mark.usefixtures("kept_by_a")
def test_the_provinces_role_is_given_everywhere_and_changed_by_its_keeper_alone(
    session: Session, place: Province
) -> None:
    keeper, post = _now(session, place.a.posts[Role.ADMINISTRATOR]), place.b.posts[Role.SPECIALIST]
    role = roles.make(session, keeper, Role.SPECIALIST, "Chuyên viên tổng hợp", shared=True)
    assert roles.give(session, place.b.admin, role.id, [post.id]) == 1
    wanted = Wanted(role.name, accounts.standard(Role.SPECIALIST) | {READS_ALL})
    with pytest.raises(Forbidden):
        roles.change(session, place.b.admin, role.id, wanted, roles.rights_of(session, role).id)
    roles.change(session, keeper, role.id, wanted, roles.rights_of(session, role).id)
    assert READS_ALL in _now(session, post).permissions
    # who confirms changes of rights in the other agency sees it
    assert any(described(READS_ALL) in line.told for line in changes.waiting(session, place.b.chief).lines)


def test_of_two_who_change_a_role_the_second_looks_first(session: Session, place: Province) -> None:
    role = _with(session, place.a, REGISTERS)
    seen = roles.rights_of(session, role).id
    _change(session, place.a, role, set())
    with pytest.raises(ChangedMeanwhile):
        roles.change(session, place.a.admin, role.id, Wanted(role.name, frozenset({REGISTERS})), seen)


def test_names_are_told_apart(session: Session, place: Province) -> None:
    role = _with(session, place.a, REGISTERS)
    for name in (role.name.upper(), "Văn thư"):
        with pytest.raises(NameTaken):
            roles.make(session, place.a.admin, Role.CLERK, name)
    with pytest.raises(NoName):
        roles.make(session, place.a.admin, Role.CLERK, "  ")
    roles.make(session, place.b.admin, Role.CLERK, role.name)  # another agency's business


def test_who_could_read_names_the_role_of_that_day(session: Session, place: Province) -> None:
    start, post = datetime(2027, 5, 1, 3, tzinfo=UTC), place.a.posts[Role.SPECIALIST]
    with clock.freeze(start):
        document = incoming(session, place.a, "thư", code_number="7", register_number=7)
        role = _with(session, place.a, READS_ALL)
    with clock.freeze(start + timedelta(days=2)):
        roles.give(session, place.a.admin, role.id, [post.id])
    with clock.freeze(start + timedelta(days=4)):
        roles.take(session, place.a.admin, post.id)
    first, said = clock.local(start).date(), dict[int, str]()
    with clock.freeze(start + timedelta(days=6)):
        for day in range(6):
            readers = access.readers(session, place.a.admin, document.id, first + timedelta(day))
            mine = next((one for one in readers if one.name == post.person.full_name), None)
            if mine is not None:
                said[day] = mine.reasons[0].lower()
    assert list(said) == [2, 3, 4]
    assert all("văn thư đơn vị" in reason for reason in said.values())


def test_successors_and_confirmers_go_by_what_a_post_may_do(session: Session, place: Province) -> None:
    role = roles.make(session, place.a.admin, Role.CHIEF_OF_OFFICE, "Phó Chánh Văn phòng")
    _change(session, place.a, role, {Permission("outgoing:draft")})
    chief = place.a.posts[Role.CHIEF_OF_OFFICE]
    assert chief in rights.confirmers(session, place.a.leader)
    roles.give(session, place.a.admin, role.id, [chief.id])
    assert chief not in rights.confirmers(session, place.a.leader)


def test_the_pages_make_change_give_and_end_a_role(app: Flask, session: Session, place: Province) -> None:
    admin, post = client_for(app, "a_administrator"), place.a.posts[Role.SPECIALIST]
    assert client_for(app, "a_clerk").get("/admin/roles").status_code == 403
    assert "Mọi người đều có vai trò chuẩn" in admin.get("/admin/roles").text
    made = admin.post("/admin/roles", data={"name": "Văn thư đơn vị", "base": "specialist"})
    assert made.status_code == 303
    where = made.location
    again = admin.post("/admin/roles", data={"name": "văn thư ĐƠN VỊ", "base": "clerk"})
    assert again.status_code == 409
    assert "đã có" in again.text.lower()
    role_id = int(where.rpartition("/")[2])
    seen = own_roles.rights_now(session, [role_id])[role_id].id
    page = admin.get(where).text
    assert 'value="incoming:register"' in page
    assert 'value="outgoing:sign"' not in page
    sent = {"name": "Văn thư đơn vị", "rights": ["incoming:register", "outgoing:draft"], "seen": str(seen)}
    assert admin.post(where, data=sent).status_code == 303
    late = admin.post(where, data=sent, follow_redirects=True)
    assert late.status_code == 409
    assert admin.post(f"{where}/give", data={}).status_code == 422
    assert admin.post(f"{where}/give", data={"post_ids": [post.id]}).status_code == 303
    assert post.label in admin.get(where).text
    assert "Văn thư đơn vị" in admin.get("/admin/people").text
    specialist = client_for(app, "a_specialist")
    assert specialist.get("/incoming/register").status_code in {200, 302, 405, 404} - {403}
    assert admin.post(f"/admin/posts/{post.id}/standard-role", data={"role": role_id}).status_code == 303
    assert admin.post(f"{where}/end").status_code == 303
    assert admin.get(where).status_code == 409
