"""Opinions on a draft: whom one may ask, whose turn it is, and what an answer needs."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.errors import AppError, Forbidden, InvalidTransition, NotFound, TooLong
from eoffice.core.permissions import Actor
from eoffice.directory.models import Role
from eoffice.home import deeds
from eoffice.home import queries as home
from eoffice.outgoing import consulting, drafting, queries, service
from eoffice.outgoing.consulting import Question
from eoffice.outgoing.models import OutgoingDocument, Stance
from eoffice.outgoing.states import State
from eoffice.outgoing.workflow import Move
from tests.factories import House, Province
from tests.outgoing.drafts import bring, draft, take
from tests.web import client_for


def question(
    house: House, *roles: Role, in_turn: bool = False, words: str = "Cho ý kiến về mục 2"
) -> Question:
    """Ask the posts of these roles."""
    return Question(tuple(house.posts[role].id for role in roles), words, in_turn=in_turn)


def asked(session: Session, actor: Actor) -> list[str]:
    """Questions that wait for this person now."""
    return [one.question for one in consulting.waiting(session, actor)]


def test_colleagues_asked_at_once_answer_in_any_order(session: Session, place: Province) -> None:
    house, document = place.a, draft(session, place)
    first, second = consulting.ask(
        session, house.specialist, document.id, question(house, Role.SECRETARY, Role.CLERK)
    )
    assert asked(session, house.secretary) == asked(session, house.clerk) == ["Cho ý kiến về mục 2"]
    consulting.answer(session, house.clerk, second.id, Stance.WITH_CHANGES, "Thêm nơi nhận")
    consulting.answer(session, house.secretary, first.id, Stance.AGREE, "")
    assert asked(session, house.secretary) == asked(session, house.clerk) == []
    given = consulting.of_document(session, document)
    assert [(one.stance, one.answer) for one in given] == [
        (Stance.AGREE, ""), (Stance.WITH_CHANGES, "Thêm nơi nhận"),
    ]  # fmt: skip
    service.submit(session, house.specialist, document.id)  # opinions are no step of the way


def test_in_turn_the_second_waits_for_the_first(session: Session, place: Province) -> None:
    house, document = place.a, draft(session, place)
    first, second = consulting.ask(
        session, house.specialist, document.id, question(house, Role.SECRETARY, Role.CLERK, in_turn=True)
    )
    assert (asked(session, house.clerk), len(asked(session, house.secretary))) == ([], 1)
    with pytest.raises(consulting.NotYetYourTurn) as refused:
        consulting.answer(session, house.clerk, second.id, Stance.AGREE, "")
    assert house.secretary.name in str(refused.value)
    consulting.withdraw(session, house.specialist, first.id)
    assert len(asked(session, house.clerk)) == 1
    consulting.answer(session, house.clerk, second.id, Stance.AGREE, "")


def test_whoever_is_asked_at_once_waits_for_nobody_who_was_asked_before(
    session: Session, place: Province, app: Flask
) -> None:
    house, document = place.a, draft(session, place)
    in_turn = question(house, Role.SECRETARY, Role.CLERK, in_turn=True)
    consulting.ask(session, house.specialist, document.id, in_turn)
    page = client_for(app, "a_specialist").get(f"/outgoing/{document.id}").text
    assert page.count("chưa đến lượt") == 1
    (late,) = consulting.ask(session, house.specialist, document.id, question(house, Role.CHIEF_OF_OFFICE))
    assert list(consulting.waiting(session, house.chief)) == [late]
    assert not consulting.waiting(session, house.clerk)


def test_who_is_asked_may_read_the_draft_from_then_on(session: Session, place: Province) -> None:
    house, document = place.a, draft(session, place)
    with pytest.raises(NotFound):
        queries.one(session, house.archivist, document.id)
    consulting.ask(session, house.specialist, document.id, question(house, Role.ARCHIVIST))
    assert queries.one(session, house.archivist, document.id).id == document.id


def test_the_question_stands_on_the_desk_until_it_is_answered(session: Session, place: Province) -> None:
    house, document = place.a, draft(session, place)
    (one,) = consulting.ask(session, house.specialist, document.id, question(house, Role.LEADER))

    def waits() -> bool:
        rows = home.waiting(session, house.leader, deeds.of(house.leader))
        return any(row.deed.key == "advise" and row.count for row in rows)

    assert waits()
    consulting.answer(session, house.leader, one.id, Stance.DISAGREE, "Chưa đủ căn cứ")
    assert not waits()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"people": ()}, consulting.WrongPerson),
        ({"people": (999_999,)}, consulting.WrongPerson),
        ({"question": " "}, drafting.Missing),
        ({"question": "x" * 4001}, TooLong),
        ({"due_on": clock.today() - timedelta(days=1)}, drafting.DayPassed),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(
    session: Session, place: Province, changes: dict[str, object], problem: type[AppError]
) -> None:
    document = draft(session, place)
    usual = vars(question(place.a, Role.CLERK))
    with pytest.raises(problem):
        consulting.ask(session, place.a.specialist, document.id, Question(**(usual | changes)))
    assert consulting.of_document(session, document) == []


def test_nobody_is_asked_who_could_not_read_the_draft(app: Flask, session: Session, place: Province) -> None:
    house, document = place.a, draft(session, place)
    admin = house.posts[Role.ADMINISTRATOR]
    with pytest.raises(consulting.WrongPerson):
        consulting.ask(session, house.specialist, document.id, question(house, Role.ADMINISTRATOR))
    page = client_for(app, "a_specialist").get(f"/outgoing/{document.id}/consult").text
    assert house.posts[Role.SECRETARY].label in page
    assert admin.label not in page


def test_nobody_asks_himself_nor_another_agency_nor_twice(session: Session, place: Province) -> None:
    house, document = place.a, draft(session, place)
    for people in (question(house, Role.SPECIALIST), question(place.b, Role.CLERK)):
        with pytest.raises(consulting.WrongPerson):
            consulting.ask(session, house.specialist, document.id, people)
    consulting.ask(session, house.specialist, document.id, question(house, Role.CLERK))
    with pytest.raises(consulting.AlreadyAsked):
        consulting.ask(session, house.head, document.id, question(house, Role.CLERK))


def test_only_the_one_asked_answers_and_only_once(session: Session, place: Province) -> None:
    house, document = place.a, draft(session, place)
    (one,) = consulting.ask(session, house.specialist, document.id, question(house, Role.CLERK))
    with pytest.raises(Forbidden):
        consulting.answer(session, house.chief, one.id, Stance.AGREE, "")
    with pytest.raises(Forbidden):
        consulting.withdraw(session, house.clerk, one.id)
    for actor in (place.b.clerk, house.archivist):
        with pytest.raises(NotFound):
            consulting.answer(session, actor, one.id, Stance.AGREE, "")
    with pytest.raises(drafting.Missing):
        consulting.answer(session, house.clerk, one.id, Stance.DISAGREE, " ")
    consulting.answer(session, house.clerk, one.id, Stance.AGREE, "")
    with pytest.raises(consulting.Answered):
        consulting.answer(session, house.clerk, one.id, Stance.AGREE, "")
    with pytest.raises(consulting.Answered):
        consulting.withdraw(session, house.specialist, one.id)


def test_who_may_ask_depends_on_where_the_draft_is(session: Session, place: Province) -> None:
    house, document = place.a, draft(session, place)
    for actor in (house.clerk, house.leader):
        with pytest.raises(Forbidden):
            consulting.ask(session, actor, document.id, question(house, Role.SECRETARY))
    with pytest.raises(NotFound):
        consulting.ask(session, place.b.specialist, document.id, question(place.b, Role.CLERK))
    bring(session, house, document, State.APPROVAL)
    with pytest.raises(InvalidTransition):  # his until it was submitted
        consulting.ask(session, house.specialist, document.id, question(house, Role.CLERK))
    consulting.ask(session, house.head, document.id, question(house, Role.CLERK))


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
def test_opinions_are_taken_until_somebody_has_signed(session: Session, place: Province, app: Flask) -> None:
    house, document = place.a, draft(session, place)
    (one,) = consulting.ask(session, house.specialist, document.id, question(house, Role.CLERK))
    (other,) = consulting.ask(session, house.specialist, document.id, question(house, Role.SECRETARY))
    bring(session, house, document, State.FORM_CHECK)
    assert asked(session, house.secretary) == ["Cho ý kiến về mục 2"], "the signer waits for it"
    consulting.answer(session, house.secretary, other.id, Stance.AGREE, "")
    with pytest.raises(InvalidTransition):
        consulting.ask(session, house.head, document.id, question(house, Role.SECRETARY))
    take(session, house, document.id, Move.CHECK)
    page = client_for(app, "a_leader").get(f"/outgoing/to-sign/{document.id}").get_data(as_text=True)
    assert "Cho ý kiến về mục 2" in page, "who signs sees what was asked"
    assert f"Còn đang xin ý kiến:</b> {house.clerk.name}" in page, "and that nothing was answered"
    assert f"/outgoing/{document.id}/missions/part" in page, "and what the document will ask"
    take(session, house, document.id, Move.SIGN)
    session.refresh(one)
    assert one.withdrawn_at is not None, "nobody waits for it any more"
    assert asked(session, house.clerk) == []
    with pytest.raises(consulting.Answered):
        consulting.answer(session, house.clerk, one.id, Stance.AGREE, "")


@pytest.mark.usefixtures("keys")
def test_every_opinion_stays_on_the_page_of_what_was_issued(
    session: Session, place: Province, app: Flask
) -> None:
    """Appendix VI, part III.5.a: each comment is kept with the document."""
    house, document = place.a, draft(session, place)
    (one,) = consulting.ask(session, house.specialist, document.id, question(house, Role.CLERK))
    drafter = client_for(app, "a_specialist")
    assert "Còn đang xin ý kiến:" in drafter.get(f"/outgoing/{document.id}").text, "before it is submitted"
    consulting.answer(session, house.clerk, one.id, Stance.WITH_CHANGES, "Thêm căn cứ")
    assert "Còn đang xin ý kiến:" not in drafter.get(f"/outgoing/{document.id}").text
    take(session, house, document.id, Move.SUBMIT)
    service.approve(session, house.head, document.id, "Đồng ý về nội dung")
    for step in (Move.CHECK, Move.SIGN, Move.NUMBER, Move.SEAL, Move.ISSUE):
        take(session, house, document.id, step)
    page = drafter.get(f"/outgoing/{document.id}").text
    for words in ("Cho ý kiến về mục 2", "Thêm căn cứ", "Đồng ý về nội dung"):
        assert words in page


@pytest.mark.slow
def test_asked_and_answered_by_clicking(session: Session, place: Province, app: Flask) -> None:
    document: OutgoingDocument = draft(session, place)
    where = f"/outgoing/{document.id}"
    people = [place.a.posts[Role.CLERK].id, place.a.posts[Role.CHIEF_OF_OFFICE].id]
    drafter, clerk = client_for(app, "a_specialist"), client_for(app, "a_clerk")
    wrong = drafter.post(
        f"{where}/consult", data={"people": people, "question": "Xem giúp", "asked_due_on": "mai"}
    )
    assert wrong.status_code == 422
    assert "Xem giúp" in wrong.text
    assert wrong.text.count(" selected") >= 2  # whom one had chosen
    more = drafter.post(f"{where}/consult", data={"people": ["", *people[::-1]], "more": "1"}).text
    chosen = re.findall(r'<option value="(\d+)" selected', more)
    assert chosen == [str(one) for one in people[::-1]], "in the order in which they are to answer"
    assert more.count('name="people"') == 6
    assert (
        drafter.post(f"{where}/consult", data={"people": people, "question": "Xem giúp"}).status_code == 303
    )
    listed = clerk.get("/work/opinions").text
    assert "Xem giúp" in listed
    one = consulting.waiting(session, place.a.clerk)[0]
    page = clerk.get(where).text
    assert f"/consultations/{one.id}" in page
    refused = clerk.post(f"{where}/consultations/{one.id}", data={"opinion": "Cần sửa mục 1"})
    assert refused.status_code == 422
    assert "Cần sửa mục 1" in refused.text
    sent = {"stance": "with_changes", "opinion": "Cần sửa mục 1"}
    assert clerk.post(f"{where}/consultations/{one.id}", data=sent).status_code == 303
    assert "Cần sửa mục 1" in drafter.get(where).text


def test_each_of_those_asked_in_turn_has_his_own_day_and_none_before_who_goes_first(
    session: Session, place: Province
) -> None:
    house, document = place.a, draft(session, place)
    soon, later = clock.today() + timedelta(days=1), clock.today() + timedelta(days=5)
    in_turn = question(house, Role.SECRETARY, Role.CLERK, in_turn=True)
    with pytest.raises(consulting.DaysOutOfTurn) as refused:
        consulting.ask(session, house.specialist, document.id, replace(in_turn, days=(later, soon)))
    assert (refused.value.field, consulting.of_document(session, document)) == ("people", [])
    with pytest.raises(drafting.DayPassed):
        passed = (clock.today() - timedelta(days=1),)
        consulting.ask(session, house.specialist, document.id, replace(in_turn, days=passed))
    made = consulting.ask(
        session, house.specialist, document.id, replace(in_turn, due_on=later, days=(soon, None))
    )
    assert [one.due_on for one in made] == [soon, later]


def test_who_was_asked_in_turn_does_not_wait_for_somebody_who_is_asked_at_once_later(
    session: Session, place: Province
) -> None:
    house, document = place.a, draft(session, place)
    first, second = consulting.ask(
        session, house.specialist, document.id, question(house, Role.SECRETARY, Role.CLERK, in_turn=True)
    )
    consulting.ask(session, house.specialist, document.id, question(house, Role.CHIEF_OF_OFFICE))
    consulting.answer(session, house.secretary, first.id, Stance.AGREE, "")
    assert list(consulting.waiting(session, house.clerk)) == [second]
    consulting.answer(session, house.clerk, second.id, Stance.AGREE, "")


def test_the_form_takes_a_day_for_each_colleague(session: Session, place: Province, app: Flask) -> None:
    house, document = place.a, draft(session, place)
    page, path = client_for(app, "a_specialist"), f"/outgoing/{document.id}/consult"
    day = clock.today() + timedelta(days=3)
    sent = {
        "people": [str(house.posts[Role.SECRETARY].id), "", str(house.posts[Role.CLERK].id)],
        "days": ["hôm nào", "", f"{day:%d/%m/%Y}"], "question": "Cho ý kiến", "order": "parallel",
    }  # fmt: skip
    wrong = page.post(path, data=sent)
    assert wrong.status_code == 422
    assert 'value="hôm nào"' in wrong.text
    assert page.post(path, data=sent | {"days": ["", "", f"{day:%d/%m/%Y}"]}).status_code == 303
    assert [one.due_on for one in consulting.of_document(session, document)] == [None, day]
