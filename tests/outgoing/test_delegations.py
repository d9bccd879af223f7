"""Signing in another's stead: printed as the law writes it, refused when its time or its kinds do not cover it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.core import clock, jobs
from eoffice.core.db import transaction
from eoffice.core.errors import Forbidden, NotFound
from eoffice.core.permissions import system_actor
from eoffice.directory import operations as operators
from eoffice.directory import queries as directory
from eoffice.directory import service
from eoffice.directory.models import Assignment, Delegation, Role, SigningForm
from eoffice.directory.service import NewDelegation
from eoffice.documents.models import FileRole
from eoffice.documents.pages import page_text
from eoffice.outgoing import choosing, issuing, succession
from eoffice.outgoing import service as outgoing
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.states import State
from eoffice.signatures import service as keys
from eoffice.signatures.models import ImageKind, KeyPurpose
from signing.testing import signature_png
from tests.factories import PASSWORD, PIN, House, Province
from tests.outgoing import drafts
from tests.signatures.keys import person_key, pki
from tests.web import client_for

BASIS = "Văn bản ủy quyền số 7/GUQ-SNNMT ngày 20/11/2026"


def _new(house: House, **changes: Any) -> NewDelegation:
    now = clock.now()
    usual = NewDelegation(
        house.posts[Role.UNIT_HEAD].id,
        SigningForm.TUQ,
        clock.day_start(clock.today()),
        now + timedelta(hours=1),
        BASIS,
        ("CV", "BC"),
    )
    return replace(usual, **changes)


def _lend(session: Session, house: House, **changes: Any) -> Delegation:
    return service.delegate(session, house.leader, _new(house, **changes))


def _equip_head(session: Session, house: House) -> None:
    made, post = pki(), house.posts[Role.UNIT_HEAD]
    own = person_key(made.folder, post.person.full_name, post.title, house.agency.name)
    keys.add_key(session, system_actor(), own, KeyPurpose.PERSON, house.agency, post.person, PIN)
    picture = signature_png(post.person.full_name)
    keys.set_image(session, system_actor(), ImageKind.SIGNATURE, house.agency, post.person, picture, 45)


def _to_sign(session: Session, place: Province) -> OutgoingDocument:
    made = drafts.draft(session, place, signer_id=place.a.posts[Role.UNIT_HEAD].id)
    return drafts.bring(session, place.a, made, State.SIGNATURE)


@pytest.mark.parametrize(
    ("form", "taker", "lines"),
    [
        (SigningForm.TUQ, Role.UNIT_HEAD, ["TUQ. GIÁM ĐỐC", "TRƯỞNG PHÒNG"]),
        (SigningForm.TL, Role.CHIEF_OF_OFFICE, ["TL. GIÁM ĐỐC", "CHÁNH VĂN PHÒNG"]),
    ],
)
def test_requirement_19_the_block_is_printed_as_the_delegation_says(
    session: Session, place: Province, form: SigningForm, taker: Role, lines: list[str]
) -> None:
    lent = _lend(session, place.a, form=form, to_id=place.a.posts[taker].id)
    assert lent.authority.splitlines() == lines
    made = drafts.draft(session, place, signer_id=place.a.posts[taker].id)
    text = page_text(drafts.path(drafts.newest(session, made, FileRole.DRAFT)))[-1].text
    assert all(line in text for line in lines)
    assert made.delegation_id == lent.id


def test_a_collective_body_keeps_its_line_above_a_deputy_only(session: Session, place: Province) -> None:
    leader, head = place.a.posts[Role.LEADER], place.a.posts[Role.UNIT_HEAD]
    leader.authority = "TM. ỦY BAN NHÂN DÂN\nCHỦ TỊCH"
    for form, first in ((SigningForm.KT, "TM. ỦY BAN NHÂN DÂN"), (SigningForm.TL, "TL. CHỦ TỊCH")):
        lent = Delegation(by=leader, to=head, form=form)
        assert lent.authority.splitlines()[0] == first
    assert Delegation(by=leader, to=head, form=SigningForm.Q).authority.endswith("Q. CHỦ TỊCH")
    session.rollback()


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
def test_what_is_signed_in_time_holds_and_a_minute_after_the_end_is_refused(
    session: Session, place: Province
) -> None:
    lent = _lend(session, place.a)
    _equip_head(session, place.a)
    session.expire_all()  # as the next request finds it
    head = accounts.actor_of(session, place.a.users[Role.UNIT_HEAD])
    first, second = _to_sign(session, place), _to_sign(session, place)
    with clock.freeze(lent.ends_at - timedelta(minutes=1)):
        assert issuing.sign(session, head, first.id, PIN).state is State.NUMBERING
    with clock.freeze(lent.ends_at + timedelta(minutes=1)), pytest.raises(choosing.DelegationOver):
        issuing.sign(session, head, second.id, PIN)
    service.end_delegation(session, place.a.leader, lent.id)
    with pytest.raises(choosing.DelegationOver):
        issuing.sign(session, head, second.id, PIN)


def test_a_draft_whose_signer_signs_in_nobodys_stead_any_more_says_so_before_it_is_submitted(
    app: Flask, session: Session, place: Province
) -> None:
    lent, signer = _lend(session, place.a), place.a.posts[Role.UNIT_HEAD].id
    made = drafts.draft(session, place, signer_id=signer)
    service.end_delegation(session, place.a.leader, lent.id)
    client = client_for(app, "a_specialist")
    edit = client.get(f"/outgoing/{made.id}/edit").text
    assert '<option value="">Chọn…</option>' in edit, "nobody takes his place by standing first"
    assert "Người soạn chọn người ký khác" in client.get(f"/outgoing/{made.id}").text
    refused = client.post(f"/outgoing/{made.id}/submit")
    assert refused.status_code == 409
    assert "Thẩm quyền ký thay đã hết lúc" in refused.text
    session.expire_all()
    assert session.get_one(OutgoingDocument, made.id).state is State.DRAFT


def test_a_kind_it_does_not_cover_has_no_signer(session: Session, place: Province) -> None:
    _lend(session, place.a, kind_codes=("BC",))
    with pytest.raises(choosing.KindNotCovered, match="Báo cáo"):
        drafts.draft(session, place, signer_id=place.a.posts[Role.UNIT_HEAD].id)
    assert drafts.draft(
        session, place, signer_id=place.a.posts[Role.UNIT_HEAD].id, kind_code="BC"
    ).delegation_id


def test_each_authority_that_holds_is_chosen_by_itself(session: Session, place: Province) -> None:
    """Article 13: the block and the record say under which of them a document was signed."""
    house, head = place.a, place.a.posts[Role.UNIT_HEAD]
    letters = _lend(session, house, kind_codes=("CV",), basis="Giấy ủy quyền số 1 ngày 2/11/2026")
    all_kinds = _lend(session, house, kind_codes=("CV", "BC"), basis="Giấy ủy quyền số 2 ngày 3/11/2026")
    offered = {
        one.delegation.id: one
        for one in directory.may_sign(session, house.agency.id)
        if one.id == head.id and one.delegation
    }
    assert offered.keys() == {letters.id, all_kinds.id}
    assert "Giấy ủy quyền số 1" in offered[letters.id].choice
    for one in (letters, all_kinds):
        assert directory.signer_of(offered[one.id].mark) == (head.id, one.id)
        made = drafts.draft(session, place, signer_id=head.id, delegation_id=one.id)
        assert made.delegation_id == one.id
    with pytest.raises(choosing.KindNotCovered, match="Công văn"):
        drafts.draft(session, place, signer_id=head.id, delegation_id=letters.id, kind_code="BC")
    with pytest.raises(choosing.WrongSigner):
        drafts.draft(session, place, signer_id=house.posts[Role.LEADER].id, delegation_id=letters.id)


def test_who_leads_for_the_time_being_signs_with_q_though_he_could_sign_as_deputy(
    session: Session, place: Province, app: Flask
) -> None:
    house = place.a
    with transaction(session):
        person = operators.add_person(session, system_actor(), "Phan Hồng Nhạn")
        deputy = operators.assign(
            session, system_actor(), person, house.agency, Role.LEADER, "Phó Giám đốc",
            authority="KT. GIÁM ĐỐC\nPHÓ GIÁM ĐỐC",
        )  # fmt: skip
    today = clock.today()
    acting: dict[str, Any] = {
        "form": SigningForm.Q, "to_id": deputy.id, "kind_codes": (),
        "starts_at": clock.day_start(today + timedelta(days=1)), "ends_at": clock.day_start(today + timedelta(days=90)),
    }  # fmt: skip
    with pytest.raises(service.HeadInPost):
        _lend(session, house, **acting)
    with transaction(session):
        house.posts[Role.LEADER].valid_to = today
    with pytest.raises(service.HeadInPost):
        _lend(session, house, **acting | {"starts_at": clock.day_start(today)})
    lent = _lend(session, house, **acting)
    with clock.freeze(clock.now() + timedelta(days=1)):
        offered = [
            one.authority for one in directory.may_sign(session, house.agency.id) if one.id == deputy.id
        ]
        assert sorted(offered) == ["KT. GIÁM ĐỐC\nPHÓ GIÁM ĐỐC", "Q. GIÁM ĐỐC"]
        page = client_for(app, "a_specialist").get("/outgoing/new").text
        assert f'value="{deputy.id}-{lent.id}"' in page
        made = drafts.draft(session, place, signer_id=deputy.id, delegation_id=lent.id)
        assert made.authority == "Q. GIÁM ĐỐC"
        assert drafts.draft(session, place, signer_id=deputy.id).authority.startswith("KT.")


def test_only_who_holds_it_now_is_offered_and_may_sign(session: Session, place: Province) -> None:
    head = place.a.posts[Role.UNIT_HEAD]
    assert head.id not in [one.id for one in directory.may_sign(session, place.a.agency.id)]
    assert not place.a.head.can(issuing.MACHINE.rules[State.SIGNATURE, drafts.Move.SIGN].permission)
    _lend(session, place.a)
    assert head.id in [one.id for one in directory.may_sign(session, place.a.agency.id)]
    session.expire_all()  # as the next request finds it
    now = accounts.actor_of(session, place.a.users[Role.UNIT_HEAD])
    assert now.can(issuing.MACHINE.rules[State.SIGNATURE, drafts.Move.SIGN].permission)


def test_authority_that_was_lent_is_not_handed_on(session: Session, place: Province) -> None:
    with pytest.raises(Forbidden):
        service.delegate(session, place.a.head, _new(place.a))
    place.a.posts[Role.LEADER].authority = "KT. GIÁM ĐỐC\nPHÓ GIÁM ĐỐC"
    session.commit()
    with pytest.raises(service.NoAuthority):
        _lend(session, place.a)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"form": SigningForm.KT}, service.WrongTaker),
        ({"to_id": 0}, service.WrongTaker),
        ({"basis": " "}, service.NeedsBasis),
        ({"ends_at": clock.now() - timedelta(days=1)}, service.WrongPeriod),
        ({"starts_at": clock.now() - timedelta(days=1)}, service.BackDated),
        # TUQ.: limited in time and content
        ({"kind_codes": ()}, service.Unlimited),
        ({"ends_at": clock.now() + timedelta(days=400)}, service.Unlimited),
    ],
)
def test_what_article_13_does_not_allow_is_refused(
    session: Session, place: Province, changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        _lend(session, place.a, **changes)


def test_the_same_is_not_given_twice(session: Session, place: Province) -> None:
    lent = _lend(session, place.a)
    with pytest.raises(service.LentAlready):
        _lend(session, place.a, kind_codes=("BC", "TB"))
    _lend(session, place.a, kind_codes=("TB",))
    service.end_delegation(session, place.a.leader, lent.id)
    assert _lend(session, place.a)


def test_it_is_ended_by_who_gave_it_alone_and_once(session: Session, place: Province) -> None:
    lent = _lend(session, place.a)
    with pytest.raises(NotFound):
        service.end_delegation(session, place.b.leader, lent.id)
    service.end_delegation(session, place.a.leader, lent.id)
    with pytest.raises(service.EndedAlready):
        service.end_delegation(session, place.a.leader, lent.id)


def test_what_ends_on_a_day_to_come_holds_until_then_and_can_be_ended_before(
    session: Session, place: Province
) -> None:
    lent = _lend(session, place.a, ends_at=clock.now() + timedelta(days=30))
    last = clock.day_start(clock.today() + timedelta(days=10))
    with transaction(session):
        operators.end_delegations(session, place.a.admin, place.a.posts[Role.LEADER], last)
    with pytest.raises(service.LentAlready, match=f"{clock.local(last):%d/%m/%Y}"):
        _lend(session, place.a, ends_at=clock.now() + timedelta(days=30))
    assert service.end_delegation(session, place.a.leader, lent.id).ends <= clock.now()
    with pytest.raises(service.EndedAlready):
        service.end_delegation(session, place.a.leader, lent.id)
    _lend(session, place.a)  # what was taken back can be given again


@pytest.mark.slow
def test_the_page_allows_and_ends(app: Flask, session: Session, place: Province) -> None:
    leader = client_for(app, "a_leader")
    today = f"{clock.today():%d/%m/%Y}"
    entry = {
        "to_id": place.a.posts[Role.UNIT_HEAD].id, "form": "TUQ", "starts_on": today, "ends_on": today, "basis": BASIS,
        "kind_codes": ["CV"],
    }  # fmt: skip
    assert leader.get("/delegations").status_code == 200
    assert leader.post("/delegations", data=entry | {"form": "KT"}).status_code == 422
    assert leader.post("/delegations", data=entry).status_code == 303
    (lent,) = directory.delegations(session, place.a.agency.id)
    assert lent.ends_at == clock.day_start(clock.today() + timedelta(days=1))
    page = leader.get("/delegations").get_data(as_text=True)
    assert "TUQ. GIÁM ĐỐC" in page
    assert f"- {today} 23:59" in page, "the last day counts whole"
    assert client_for(app, "a_clerk").post(f"/delegations/{lent.id}/end").status_code == 403
    assert leader.post(f"/delegations/{lent.id}/end").status_code == 303


def test_the_form_is_there_for_who_signs_in_his_own_right_alone(
    app: Flask, session: Session, place: Province
) -> None:
    _lend(session, place.a)
    for user, sees in (("a_leader", True), ("a_clerk", False), ("a_unit_head", False)):
        page = client_for(app, user).get("/delegations")
        assert ('name="basis"' in page.text) is sees, user
        assert "TUQ. GIÁM ĐỐC" in page.text, "everybody sees what holds"


def _head_of_another_unit(session: Session, house: House) -> Assignment:
    with transaction(session):
        unit = operators.add_unit(session, system_actor(), house.agency, "Phòng Khoáng sản", "KS")
        person = operators.add_person(session, system_actor(), "Trần Gia Phúc")
        post = operators.assign(
            session, system_actor(), person, house.agency, Role.UNIT_HEAD, "Trưởng phòng", unit=unit
        )
        accounts.add_user(session, system_actor(), person, "a_other_head", PASSWORD)
    return post


def test_the_head_of_another_unit_who_signs_by_authority_finds_what_waits_for_him(
    session: Session, place: Province, app: Flask
) -> None:
    post = _head_of_another_unit(session, place.a)
    lent = _lend(session, place.a, to_id=post.id)
    document = drafts.draft(session, place, signer_id=post.id, delegation_id=lent.id)
    head = client_for(app, "a_other_head")
    assert head.get(f"/outgoing/{document.id}").status_code == 404, "it is no business of his yet"
    drafts.bring(session, place.a, document, State.SIGNATURE)
    assert head.get(f"/outgoing/{document.id}").status_code == 200
    assert head.get("/outgoing/to-sign").headers["location"] == f"/outgoing/to-sign/{document.id}"


def test_the_head_of_the_unit_a_draft_is_moved_to_finds_it(
    session: Session, place: Province, app: Flask
) -> None:
    post = _head_of_another_unit(session, place.a)
    drafter = place.a.posts[Role.SPECIALIST]
    with transaction(session):
        operators.assign(
            session,
            system_actor(),
            drafter.person,
            place.a.agency,
            Role.SPECIALIST,
            "Chuyên viên",
            unit=post.unit,
        )
    document = drafts.draft(session, place)
    who = replace(place.a.specialist, unit_ids=place.a.specialist.unit_ids | {post.unit_id})
    outgoing.revise(session, who, document.id, drafts.fields(place, unit_id=post.unit_id), None)
    drafts.bring(session, place.a, document, State.APPROVAL)
    assert client_for(app, "a_other_head").get(f"/outgoing/{document.id}").status_code == 200


@pytest.mark.parametrize("early", [True, False])
def test_what_waits_for_a_signature_comes_back_within_a_minute_of_the_end_of_its_authority(
    session: Session, place: Province, app: Flask, early: bool
) -> None:
    lent = _lend(session, place.a)
    waits = _to_sign(session, place)
    his = client_for(app, "a_unit_head")
    assert "Đọc và ký" in his.get(f"/outgoing/{waits.id}").text
    jobs.run(session, "outgoing.send_back_over")
    session.expire_all()
    assert waits.state is State.SIGNATURE, "it holds still"
    if early:
        service.end_delegation(session, place.a.leader, lent.id)
    at = clock.now() if early else lent.ends_at
    with clock.freeze(at + timedelta(seconds=30)):
        page = his.get(f"/outgoing/{waits.id}").text
        assert "Đọc và ký" not in page
        jobs.run(session, "outgoing.send_back_over")
    session.expire_all()
    assert (waits.state, waits.approved_by, waits.form_checked_by) == (State.SENT_BACK, "", "")
    shown = client_for(app, "a_specialist").get(f"/outgoing/{waits.id}").text
    assert "Thẩm quyền ký thay của người ký đã hết" in shown
    assert f"/outgoing/{waits.id}/submit" in shown


def test_a_draft_whose_signer_left_is_submitted_only_with_another_one_and_never_waits_for_him(
    app: Flask, session: Session, place: Province
) -> None:
    house = place.a
    waits = drafts.bring(session, house, drafts.draft(session, place), State.SIGNATURE)
    back, leader = drafts.draft(session, place), house.posts[Role.LEADER]
    with transaction(session):
        other = operators.add_person(session, system_actor(), "Phan Kế Vị")
        lines = "PHÓ GIÁM ĐỐC"
        new = operators.assign(
            session,
            system_actor(),
            other,
            house.agency,
            Role.LEADER,
            "Phó Giám đốc",
            authority=f"KT. GIÁM ĐỐC\n{lines}",
        )
        operators.end_post(session, system_actor(), leader, clock.today())
    jobs.run(session, "outgoing.send_back_over")
    session.expire_all()
    assert waits.state is State.SIGNATURE, "the last day counts whole"
    with clock.freeze(clock.now() + timedelta(days=1)):
        jobs.run(session, "outgoing.send_back_over")
        session.expire_all()
        assert (waits.state, waits.reason) == (State.SENT_BACK, succession.SIGNER_LEFT)
        with pytest.raises(choosing.SignerLeft, match=leader.person.full_name):
            outgoing.submit(session, house.specialist, back.id)
        refused = client_for(app, "a_specialist").post(f"/outgoing/{back.id}/submit")
        assert (refused.status_code, "không còn giữ chức vụ này" in refused.text) == (409, True)
        outgoing.revise(session, house.specialist, back.id, drafts.fields(place, signer_id=new.id), None)
        assert outgoing.submit(session, house.specialist, back.id).state is State.APPROVAL
