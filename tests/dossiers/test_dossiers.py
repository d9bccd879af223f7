"""From the yearly list to the archive (Decree 30/2020, Articles 28 to 31)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.core.errors import Forbidden, InvalidTransition, NotFound
from eoffice.directory.models import Role
from eoffice.documents import queries as documents
from eoffice.documents.models import DocumentFile
from eoffice.dossiers import archiving, operations, queries, service
from eoffice.dossiers.models import Dossier
from eoffice.dossiers.permissions import DOSSIER_WORK, may_know, visible_to
from eoffice.dossiers.queries import Tab
from eoffice.dossiers.states import Retention, Rights, State
from eoffice.dossiers.workflow import MACHINE, Move
from tests.dossiers import files
from tests.factories import House, Province, province
from tests.incoming import steps as incoming
from tests.outgoing import drafts


@pytest.fixture
def place(session: Session) -> Province:
    """Two agencies."""
    return province(session)


@pytest.fixture
def house(place: Province) -> House:
    """The one whose dossiers they are."""
    return place.a


# The yearly list


def test_requirement_31_each_dossier_gets_a_number_under_its_heading(session: Session, house: House) -> None:
    first, second = files.heading(session, house), files.heading(session, house, short="TCCB")
    made = [
        service.open_dossier(session, house.specialist, files.new(one, title)).notation
        for one, title in ((first, "Sạt lở"), (second, "Sạt lở"), (first, "Xâm nhập mặn"))
    ]
    assert made == ["01.TL", "01.TCCB", "02.TL"]


def test_the_head_issues_the_list_with_a_decision(session: Session, house: House) -> None:
    year = clock.today().year
    with pytest.raises(service.NothingListed):
        service.approve_plan(session, house.leader, year, "Quyết định 1")
    files.planned(session, house)
    with pytest.raises(service.NeedsDecision):
        service.approve_plan(session, house.leader, year, " ")
    with pytest.raises(Forbidden):
        service.approve_plan(session, house.chief, year, "Quyết định 1")
    assert service.approve_plan(session, house.leader, year, "Quyết định 1").approved_by.startswith("Đỗ Quốc")


@pytest.mark.parametrize("short", ["", "T C", "A" * 16])
def test_a_heading_has_an_abbreviation_that_fits_a_notation(
    session: Session, house: House, short: str
) -> None:
    with pytest.raises(service.WrongAbbreviation):
        files.heading(session, house, short=short)


def test_a_heading_stands_once(session: Session, house: House) -> None:
    files.heading(session, house)
    with pytest.raises(service.HeadingTaken):
        files.heading(session, house)


def test_next_year_begins_with_this_years_list(session: Session, house: House) -> None:
    year = clock.today().year
    files.planned(session, house)
    assert service.copy_last_year(session, house.chief, year + 1) == 1
    assert service.copy_last_year(session, house.chief, year + 1) == 0
    plan = queries.plan(session, house.agency.id, year + 1)
    assert plan is not None
    (copied,) = queries.planned(session, plan)[plan.headings[0].id]
    assert (copied.notation, copied.year, copied.state) == ("01.TL", year + 1, State.PLANNED)
    assert copied.creator_id == house.specialist.assignment_id


def test_a_dossier_of_next_years_list_begins_next_year(session: Session, house: House) -> None:
    year = clock.today().year
    files.planned(session, house)
    service.copy_last_year(session, house.chief, year + 1)
    service.approve_plan(session, house.leader, year + 1, "Quyết định 1")
    plan = queries.plan(session, house.agency.id, year + 1)
    assert plan is not None
    (copied,) = queries.planned(session, plan)[plan.headings[0].id]
    with pytest.raises(operations.NextYears):
        service.start(session, house.specialist, copied.id)
    with pytest.raises(operations.NextYears):
        service.open_dossier(session, house.specialist, files.new(plan.headings[0]))
    with clock.freeze(datetime(year + 1, 1, 2, 3, tzinfo=UTC)):
        assert service.start(session, house.specialist, copied.id).mark == f"01.TL ({year + 1})"


@pytest.mark.slow
def test_next_years_list_leaves_out_what_was_destroyed(session: Session, house: House) -> None:
    files.destroyed(session, house)
    assert service.copy_last_year(session, house.chief, clock.today().year + 1) == 0


def test_a_line_is_taken_off_the_list_until_the_head_issues_it(session: Session, house: House) -> None:
    one = files.planned(session, house)
    heading, year = one.heading, one.year
    with pytest.raises(service.HeadingUsed):
        service.remove_heading(session, house.chief, heading.id)
    with pytest.raises(Forbidden):
        service.remove_planned(session, house.specialist, one.id)
    assert service.remove_planned(session, house.chief, one.id) == year
    plan = queries.plan(session, house.agency.id, year)
    assert plan is not None
    assert queries.planned(session, plan) == {}
    again = service.plan_dossier(session, house.chief, files.new(heading, "Vận hành cống"))
    assert again.notation == "01.TL", "a draft has no gap"
    begun = service.open_dossier(session, house.specialist, files.new(heading))
    with pytest.raises(operations.Begun):
        service.remove_planned(session, house.chief, begun.id)
    empty = files.heading(session, house, short="VP")
    assert service.remove_heading(session, house.chief, empty.id) == year
    service.approve_plan(session, house.leader, year, "Quyết định 1")
    with pytest.raises(operations.ListIssued):
        service.remove_planned(session, house.chief, again.id)


def test_nobody_takes_a_line_off_another_agencys_list(
    session: Session, place: Province, house: House
) -> None:
    one = files.planned(session, house)
    with pytest.raises(NotFound):
        service.remove_planned(session, place.b.chief, one.id)
    with pytest.raises(operations.NoHeading):
        service.remove_heading(session, place.b.chief, one.heading_id)


# Every step from every state

_STEPS: dict[Move, Any] = {
    Move.START: lambda s, h, d: service.start(s, h.specialist, d),
    Move.FILE: lambda s, h, d: service.change(s, h.specialist, d, "Khác", Retention.YEARS_20, Rights.PUBLIC),
    Move.CLOSE: lambda s, h, d: service.close(s, h.specialist, d),
    Move.REOPEN: lambda s, h, d: service.reopen(s, h.specialist, d, "Còn văn bản"),
    Move.HAND_OVER: lambda s, h, d: service.hand_over(s, h.specialist, [d]),
    Move.ACCEPT: lambda s, h, d: archiving.accept(s, h.archivist, d),
    Move.RETURN: lambda s, h, d: archiving.send_back(s, h.archivist, d, "Thiếu văn bản"),
}


@pytest.mark.slow
@pytest.mark.parametrize("state", State)
def test_every_step_from_every_state(session: Session, house: House, state: State) -> None:
    dossier = files.WAYS[state](session, house)
    for move, take in _STEPS.items():
        if (state, move) in MACHINE.rules:
            continue
        # the archivist does not know of a dossier that is still with its unit
        with pytest.raises((InvalidTransition, NotFound)):
            take(session, house, dossier.id)
        session.refresh(dossier)
        assert dossier.state is state
    possible = [move for move in _STEPS if (state, move) in MACHINE.rules]
    if possible:
        _STEPS[possible[0]](session, house, dossier.id)
        session.refresh(dossier)
        assert dossier.state is MACHINE.rules[state, possible[0]].target


def test_a_refusal_speaks_of_the_dossier(session: Session, house: House) -> None:
    dossier = files.closed(session, house)
    with pytest.raises(InvalidTransition, match="The dossier is “To be handed over” now"):
        service.close(session, house.specialist, dossier.id)


# Filing


def test_the_same_dossier_is_not_opened_twice(session: Session, house: House) -> None:
    dossier = files.opened(session, house)
    with pytest.raises(operations.TitleOpen, match=dossier.notation):
        service.open_dossier(session, house.specialist, files.new(dossier.heading, f" {dossier.title} "))
    service.open_dossier(session, house.head, files.new(dossier.heading))
    service.file(session, house.specialist, dossier.id, files.paper(session, house).id)
    service.close(session, house.specialist, dossier.id)
    service.open_dossier(session, house.specialist, files.new(dossier.heading))


def test_requirement_32_one_document_lies_in_many_dossiers_without_a_second_copy(
    session: Session, house: House
) -> None:
    first = files.opened(session, house)
    second = service.open_dossier(session, house.specialist, files.new(first.heading, "Báo cáo quý IV"))
    document = files.paper(session, house)
    before = session.scalar(sa.select(sa.func.count()).select_from(DocumentFile))
    for dossier in (first, second):
        service.file(session, house.specialist, dossier.id, document.id, "bản chính")
    assert session.scalar(sa.select(sa.func.count()).select_from(DocumentFile)) == before
    assert [one.id for one in queries.holding(session, house.specialist, document)] == [first.id, second.id]
    with pytest.raises(operations.AlreadyInside):
        service.file(session, house.specialist, first.id, document.id)


@pytest.mark.slow
def test_places_count_up_and_are_numbered_through_when_the_dossier_is_closed(
    session: Session, house: House
) -> None:
    dossier = files.opened(session, house)
    one, two, three = (files.paper(session, house) for _n in range(3))
    for document in (one, two):
        service.file(session, house.specialist, dossier.id, document.id)
    service.take_out(session, house.specialist, dossier.id, two.id)
    service.file(session, house.specialist, dossier.id, three.id)
    rows = queries.contents(session, house.specialist, dossier).rows
    assert [(row.ordinal, row.document_id) for row in rows] == [(1, one.id), (3, three.id)]
    service.close(session, house.specialist, dossier.id)
    session.expire_all()
    rows = queries.contents(session, house.specialist, dossier).rows
    assert [(row.ordinal, row.document_id) for row in rows] == [(1, one.id), (2, three.id)]
    service.reopen(session, house.specialist, dossier.id, "Còn văn bản")
    late = service.file(session, house.specialist, dossier.id, files.paper(session, house).id)
    assert late.ordinal == 3


def test_nobody_files_a_document_he_may_not_see_or_into_anothers_dossier(
    session: Session, place: Province, house: House
) -> None:
    dossier = files.opened(session, house)
    hidden = incoming.registered(session, house)
    with pytest.raises(NotFound):
        service.file(session, house.specialist, dossier.id, hidden.id)
    with pytest.raises(Forbidden):
        service.file(session, house.clerk, dossier.id, hidden.id)
    with pytest.raises(NotFound):
        service.file(session, place.b.specialist, dossier.id, hidden.id)


def test_who_may_not_see_a_document_sees_only_that_there_is_one(session: Session, house: House) -> None:
    dossier = files.filled(session, house)
    document = queries.everything(session, dossier)[0].document
    assert queries.contents(session, house.chief, dossier).hidden == 0
    other = service.open_dossier(session, house.chief, files.new(dossier.heading, "Của văn phòng"))
    service.file(session, house.chief, other.id, document.id)
    service.file(session, house.chief, other.id, incoming.registered(session, house).id)
    assert queries.contents(session, house.archivist, other).hidden == 2
    with pytest.raises(service.NotAll):
        service.take_along(session, house.archivist, other.id, "xml")


@pytest.mark.slow
def test_the_list_and_the_rule_agree_for_every_role(session: Session, place: Province) -> None:
    for house in (place.a, place.b):
        files.archived(session, house)
        files_of_house = session.scalars(sa.select(Dossier).where(Dossier.agency_id == house.agency.id)).all()
        heading = files_of_house[0].heading
        service.open_dossier(session, house.chief, files.new(heading, "Văn phòng"))
    every = session.scalars(sa.select(Dossier)).all()
    for house in (place.a, place.b):
        for role in Role:
            actor = house.actors[role]
            listed = set(session.scalars(sa.select(Dossier.id).where(visible_to(actor))))
            assert listed == {one.id for one in every if may_know(actor, DOSSIER_WORK, one)}, role


# Closing and handing over


def test_a_dossier_is_closed_with_a_day_between_its_beginning_and_today(
    session: Session, house: House
) -> None:
    dossier = files.filled(session, house)
    for wrong in (clock.today() + timedelta(days=1), date(2000, 1, 1)):
        with pytest.raises(operations.EndBeforeStart):
            service.close(session, house.specialist, dossier.id, wrong)
    empty = service.open_dossier(session, house.specialist, files.new(dossier.heading, "Rỗng"))
    with pytest.raises(operations.EmptyDossier):
        service.close(session, house.specialist, empty.id)


@pytest.mark.slow
def test_article_28_a_dossier_is_not_closed_while_it_holds_a_draft_or_what_is_still_worked_on(
    session: Session, place: Province, house: House
) -> None:
    dossier = files.filled(session, house)
    draft = drafts.draft(session, place)
    work = incoming.in_progress(session, house)[0]
    for document in (draft, work):
        service.file(session, house.specialist, dossier.id, document.id)
    with pytest.raises(operations.Unfinished) as refused:
        service.close(session, house.specialist, dossier.id)
    assert refused.value.status == 409
    assert f"No. 2, “{draft.subject}”; No. 3, 86/TTr-UBND." in str(refused.value)
    assert "take it out of the dossier" in str(refused.value)
    for document in (draft, work):
        service.take_out(session, house.specialist, dossier.id, document.id)
    assert service.close(session, house.specialist, dossier.id).state is State.CLOSED


def test_a_document_that_is_not_ones_own_to_see_is_refused_by_its_place_alone(
    session: Session, house: House
) -> None:
    dossier = files.filled(session, house)
    hidden = incoming.registered(session, house)
    with transaction(session):
        operations.file(session, house.chief, dossier, hidden)
    with pytest.raises(operations.Unfinished) as refused:
        service.close(session, house.specialist, dossier.id)
    assert "yet: No. 2. Issue" in str(refused.value)


@pytest.mark.slow
def test_what_was_closed_with_a_draft_before_goes_no_further(
    session: Session, place: Province, house: House
) -> None:
    dossier, waiting = files.closed(session, house), files.handed_over(session, house, "Nộp trước")
    draft = drafts.draft(session, place)
    with transaction(session):
        for one in (dossier, waiting):
            operations.file(session, house.specialist, one, draft)
    with pytest.raises(operations.Unfinished):
        service.hand_over(session, house.specialist, [dossier.id])
    with pytest.raises(archiving.NotWhole):
        archiving.accept(session, house.archivist, waiting.id)


def test_requirement_34_a_dossier_is_due_60_days_after_its_end_and_shown_30_days_before(
    session: Session, house: House
) -> None:
    dossier = files.closed(session, house)
    assert dossier.end_on is not None
    assert dossier.due_on == dossier.end_on + timedelta(days=60)
    actor = house.specialist
    assert queries.listing(session, actor, Tab.DUE).rows == []
    with clock.freeze(clock.now() + timedelta(days=30)):
        assert [one.id for one in queries.listing(session, actor, Tab.DUE).rows] == [dossier.id]
        assert queries.counts(session, actor)[Tab.DUE] == 1


def test_the_archive_reads_what_was_handed_over_and_returns_it_with_a_reason(
    session: Session, house: House
) -> None:
    dossier = files.closed(session, house)
    with pytest.raises(NotFound):
        queries.one(session, house.archivist, dossier.id)
    service.hand_over(session, house.specialist, [dossier.id])
    assert queries.contents(session, house.archivist, dossier).hidden == 0
    with pytest.raises(operations.NeedsReason):
        archiving.send_back(session, house.archivist, dossier.id, " ")
    archiving.send_back(session, house.archivist, dossier.id, "Thiếu biên bản hiện trường")
    assert dossier.reason == "Thiếu biên bản hiện trường"
    service.hand_over(session, house.specialist, [dossier.id])
    assert archiving.accept(session, house.archivist, dossier.id).archived_at is not None
    with pytest.raises(service.NothingChosen):
        service.hand_over(session, house.specialist, [])


def test_a_document_of_an_archived_dossier_is_still_read_by_its_agency_alone(
    session: Session, place: Province
) -> None:
    dossier = files.archived(session, place.a)
    document = queries.everything(session, dossier)[0].document
    assert documents.one(session, place.a.archivist, document.id).id == document.id
    with pytest.raises(NotFound):
        queries.one(session, place.b.archivist, dossier.id)


def test_a_dossier_may_be_kept_for_another_number_of_years_than_the_laws_list_has(
    session: Session, house: House
) -> None:
    dossier = files.opened(session, house)
    facts = (dossier.title, Retention.OTHER, Rights.CONDITIONAL, "")
    for years in (None, 0, 71):
        with pytest.raises(operations.NoYears):
            service.change(session, house.specialist, dossier.id, *facts, other_years=years)
    service.change(session, house.specialist, dossier.id, *facts, other_years=15)
    dossier.end_on = clock.today()
    assert (dossier.kept_for, dossier.keep_until) == ("15 năm", date(clock.today().year + 15, 12, 31))
    dossier.end_on = None
    service.change(
        session,
        house.specialist,
        dossier.id,
        dossier.title,
        Retention.YEARS_20,
        Rights.CONDITIONAL,
        other_years=15,
    )
    assert (dossier.kept_for, dossier.other_years) == ("20 năm", None)
