"""“Who could read this on 3 May, and why?” is what the rule itself said on that day."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.admin import access
from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.core.errors import Forbidden, NotFound
from eoffice.core.permissions import Actor, system_actor
from eoffice.directory import operations as directory
from eoffice.directory import queries
from eoffice.directory import roles as own_roles
from eoffice.directory.models import Absence, Assignment, Role
from eoffice.documents import operations as documents
from eoffice.documents.permissions import DOCUMENT_READ, DOCUMENT_READ_ALL, may_know
from eoffice.incoming.models import IncomingDocument
from tests.factories import House, Province, province
from tests.home.made import incoming
from tests.web import client_for

pytestmark = pytest.mark.postgres

START = datetime(2027, 5, 1, 3, tzinfo=UTC)


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


def _could_read(session: Session, house: House, document: IncomingDocument) -> set[str]:
    """Who of the agency may know of it now, each acting under whatever posts hold now."""
    posts = queries.posts(session, house.agency.id)
    own = {post.person_id: [one for one in posts if one.person_id == post.person_id] for post in posts}
    return {
        mine[0].person.full_name
        for mine in own.values()
        if may_know(_actor(session, mine), DOCUMENT_READ, document)
    }


def _actor(session: Session, posts: list[Assignment]) -> Actor:
    for post in posts:
        session.refresh(post)  # who is away is asked for the day on which the posts are read
    return accounts.standing_in(session, accounts.actor_in(None, posts[0], posts), posts)


def _something_happens(
    session: Session, house: House, document: IncomingDocument, chance: random.Random
) -> None:
    system, posts = system_actor(), queries.posts(session, house.agency.id)
    unit = chance.choice([house.office, house.unit])
    match chance.randrange(8):
        case 0:
            documents.give_access(session, system, document, unit_ids=[unit.id])
        case 1:
            documents.give_access(session, system, document, person_ids=[chance.choice(posts).person_id])
        case 2:
            directory.end_post(session, system, chance.choice(posts), clock.today())
        case 3:
            one, other = chance.sample(list(posts), 2)
            until = clock.today() + timedelta(days=chance.randrange(4))
            session.add(
                Absence(
                    agency_id=house.agency.id,
                    post_id=one.id,
                    stand_in_id=other.id,
                    starts_on=clock.today(),
                    ends_on=until,
                    reason="",
                )
            )
        case 4:
            post = chance.choice(posts)
            allowed = accounts.permissions.always(post.role) | (
                {DOCUMENT_READ_ALL} if chance.random() < 0.5 else set()
            )
            name = f"Vai trò {chance.random()}"
            made = own_roles.make(session, system, house.agency.id, name, post.role, allowed, shared=False)
            own_roles.give(session, system, made, post)
        case 5:
            for one in own_roles.of_posts(session, [post.id for post in posts]).values():
                present = own_roles.rights_now(session, [one.id])[one.id]
                own_roles.change(
                    session, system, one, present, one.name, {*present.rights} ^ {DOCUMENT_READ_ALL}
                )
        case 6:
            own_roles.take(session, system, chance.choice(posts))
        case _:
            role = chance.choice(list(Role))
            person = chance.choice(posts).person
            directory.assign(
                session, system, person, house.agency, role, "Chức vụ", unit=unit, valid_from=clock.today()
            )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_the_answer_for_any_day_is_what_the_rule_said_on_that_day(
    session: Session, place: Province, seed: int
) -> None:
    chance, truth = random.Random(seed), {}
    with clock.freeze(START):
        document = incoming(session, place.a, "thư", code_number="7", register_number=7)
    for day in range(12):
        with clock.freeze(START + timedelta(days=day)):
            could = _could_read(session, place.a, document)
            for _ in range(2):
                with transaction(session):
                    _something_happens(session, place.a, document, chance)
                could |= _could_read(session, place.a, document)
            truth[clock.today()] = could  # at some moment of the day
    for day, expected in truth.items():
        found = access.readers(session, place.a.admin, document.id, day)
        assert {one.name for one in found} == expected, day
        assert all(one.reasons for one in found)
    assert (
        access.readers(session, place.a.admin, document.id, clock.local(START).date() - timedelta(days=1))
        == []
    )


def test_the_page_says_why_and_shows_nothing_of_the_document(
    app: Flask, session: Session, place: Province
) -> None:
    for number in ("12", "13"):
        incoming(session, place.a, "điều riêng tư", code_number=number, code_notation="SNV-VP")
    client = client_for(app, "a_administrator")
    sent = {"number": "12/SNV-VP", "day": f"{clock.today():%d/%m/%Y}"}
    page = client.post("/admin/access", data=sent).get_data(as_text=True)
    assert "Là văn thư: đọc mọi văn bản của cơ quan" in page
    assert "riêng tư" not in page
    assert "không có văn bản nào mang số này" in client.post(
        "/admin/access", data=sent | {"number": "99"}
    ).get_data(as_text=True)
    assert client_for(app, "a_clerk").post("/admin/access", data=sent).status_code == 403


def test_it_is_asked_about_documents_of_ones_own_agency(session: Session, place: Province) -> None:
    document = incoming(session, place.b, "của họ", code_number="5", code_notation="B")
    assert access.find(session, place.a.admin, "5/B") == []
    with pytest.raises(NotFound):
        access.readers(session, place.a.admin, document.id, clock.today())
    with pytest.raises(Forbidden):
        access.readers(session, place.b.clerk, document.id, clock.today())


def test_nobody_is_told_who_will_have_read_it(app: Flask, session: Session, place: Province) -> None:
    letter = incoming(session, place.a, "mời họp")
    later = clock.today() + timedelta(days=1)
    asked = {"number": letter.code, "document": str(letter.id), "day": f"{later:%d/%m/%Y}"}
    answer = client_for(app, "a_administrator").post("/admin/access", data=asked)
    assert answer.status_code == 422
    assert "Ngày này chưa đến" in answer.text
