"""What stands in the way of a draft is said on its page, before somebody has typed a PIN."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from eoffice.core.db import transaction
from eoffice.core.permissions import system_actor
from eoffice.directory.models import Role
from eoffice.documents import operations as writes
from eoffice.documents.models import LinkKind
from eoffice.outgoing import service
from eoffice.outgoing.workflow import State
from eoffice.signatures import service as keys
from eoffice.signatures.models import ImageKind
from signing.testing import signature_png
from tests.factories import Province
from tests.incoming.test_axis import arrive
from tests.incoming.test_wanted_back import ask
from tests.outgoing.drafts import bring, draft
from tests.web import client_for


@pytest.fixture
def client(app: Flask) -> Callable[[str], FlaskClient]:
    return lambda user: client_for(app, user)


def test_a_reply_to_what_its_sender_wants_back_says_so_to_everybody_on_its_way(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    source = arrive(session, place.a)
    document = draft(session, place)
    with transaction(session):
        writes.link(session, place.a.specialist, document, source, LinkKind.REPLY)
    mark = "Nơi gửi văn bản được trả lời yêu cầu: Thu hồi văn bản. Ban hành nhầm."
    assert "Nơi gửi văn bản được trả lời" not in client("a_specialist").get(f"/outgoing/{document.id}").text
    ask(session, source)
    for state, user, address in (
        (State.DRAFT, "a_specialist", f"/outgoing/{document.id}"),
        (State.APPROVAL, "a_unit_head", f"/outgoing/{document.id}"),
        (State.SIGNATURE, "a_leader", f"/outgoing/to-sign/{document.id}"),
    ):
        bring(session, place.a, document, state) if state is State.APPROVAL else None
        if state is State.SIGNATURE:
            service.approve(session, place.a.head, document.id)
            service.check_form(session, place.a.chief, document.id)
        page = client(user).get(address).text
        assert mark in re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page)), state


def test_whoever_approves_reads_that_its_signer_has_no_picture_of_his_signature(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    document = draft(session, place)
    submitted = bring(session, place.a, document, State.APPROVAL)
    page = client("a_unit_head").get(f"/outgoing/{submitted.id}").get_data(as_text=True)
    assert "Chưa ký được." in page
    leader = place.a.posts[Role.LEADER]
    picture = signature_png(leader.person.full_name)
    keys.set_image(session, system_actor(), ImageKind.SIGNATURE, place.a.agency, leader.person, picture, 45)
    page = client("a_unit_head").get(f"/outgoing/{submitted.id}").get_data(as_text=True)
    assert "Chưa ký được." not in page
