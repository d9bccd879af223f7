"""A group of recipients holds whoever exists today, for whoever may use it."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from eoffice.core import clock
from eoffice.core.audit import AuditEntry
from eoffice.core.db import new_session, transaction
from eoffice.core.errors import Forbidden, NotFound
from eoffice.core.permissions import system_actor
from eoffice.directory import operations as directory
from eoffice.directory.models import Agency
from eoffice.documents import groups, recipients
from eoffice.documents.groups import (
    SAVED,
    ChangedMeanwhile,
    NameTaken,
    Nobody,
    NobodyUnder,
    NoName,
    TooManyMembers,
    WrongCodes,
)
from eoffice.documents.models import RecipientGroup
from tests.factories import Province, province
from tests.web import counted

pytestmark = pytest.mark.postgres


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


def agencies(session: Session, *codes: str, name: str = "Sở số") -> list[Agency]:
    """Agencies elsewhere, on the axis."""
    with transaction(session):
        return [directory.save_agency(session, system_actor(), code, f"{name} {code}") for code in codes]


def closed(session: Session, agency: Agency, *successors: Agency) -> None:
    """It exists no more since yesterday."""
    with transaction(session):
        agency.valid_to = clock.today() - timedelta(days=1)
        agency.successor_id = successors[0].id if successors else None
        agency.successor_codes = [one.code for one in successors]


def _new(*codes: str, **changes: object) -> groups.NewGroup:
    return replace(groups.NewGroup("Các sở, ban, ngành", codes=codes), **changes)  # type: ignore[arg-type]  # by name


def _codes(session: Session, group: RecipientGroup) -> list[str]:
    return [one.code for one in groups.members(session, group).agencies]


def test_a_group_lists_its_agencies_in_the_order_chosen_each_once_and_never_ones_own(
    session: Session, place: Province
) -> None:
    own, other, outside = place.a.agency.code, place.b.agency.code, place.outside.code
    made = groups.save(session, place.a.specialist, _new(outside, other, own, outside))
    assert _codes(session, made) == [outside, other]


def test_a_group_may_follow_the_directory_and_hold_others_besides(session: Session, place: Province) -> None:
    under = agencies(session, "H77.01", "H77.02", "H77.02.05", "H770.1")
    [ward] = agencies(session, "H77.30", name="Ủy ban nhân dân phường")
    [said] = agencies(session, "K88", name="Sở theo trục")
    [top] = agencies(session, "H77", name="UBND tỉnh")
    with transaction(session):
        said.parent_id = top.id
        under[1].on_axis = False
    every = groups.save(session, place.a.clerk, _new(place.outside.code, under="H77", shared=True))
    assert sorted(_codes(session, every)) == sorted([place.outside.code, "H77.01", "H77.30", "K88"])
    rule = _new(under="H77", beginnings="sở, Ban ", name="Chỉ sở")
    assert sorted(_codes(session, groups.save(session, place.a.clerk, rule))) == ["H77.01", "K88"]
    agencies(session, "H77.09")
    assert "H77.09" in _codes(session, every), "who is new belongs to it by himself"
    assert ward.code in _codes(session, every)


def test_who_was_closed_is_replaced_by_the_only_successor_or_named(session: Session, place: Province) -> None:
    gone, split, dead, heir, first, second = agencies(session, "C1", "C2", "C3", "D1", "D2", "D3")
    made = groups.save(session, place.a.specialist, _new("C1", "C2", "C3", "D1"))
    closed(session, gone, heir)
    closed(session, split, first, second)
    closed(session, dead)
    found = groups.members(session, made)
    assert [one.code for one in found.agencies] == ["D1"], "the successor, once"
    assert [sentence.split("”")[0] for sentence in found.told] == ["“Sở số C1", "“Sở số C2", "“Sở số C3"]
    assert "Sở số D2, Sở số D3" in found.told[1]


@pytest.mark.slow
def test_hundreds_of_members_cost_as_many_statements_as_two(session: Session, place: Province) -> None:
    many = agencies(session, *(f"X{number:03}" for number in range(300)))
    [heir] = agencies(session, "HEIR")
    made = groups.save(session, place.a.specialist, _new(*(one.code for one in many)))
    for agency in many[:50]:
        agency.valid_to, agency.successor_id = clock.today() - timedelta(days=1), heir.id
    session.commit()
    session.expunge_all()
    with counted() as statements:
        found = groups.members(session, groups.one(session, place.a.specialist, made.id))
    assert len(found.agencies) == 251
    assert len(found.told) == 50
    assert len(statements) <= 4, statements


def test_what_makes_no_group_is_refused(
    session: Session, place: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, code = place.a.specialist, place.outside.code
    groups.save(session, who, _new(code))
    for wrong, why in (
        (_new(code, name=" "), NoName), (_new(code, name="các SỞ ban ngành"), NameTaken), (_new(name="Khác"), Nobody),
        (_new(name="Khác", under="H99"), NobodyUnder), (_new(code, name="Riêng", shared=True), Forbidden),
    ):  # fmt: skip
        with pytest.raises(why):
            groups.save(session, who, wrong)
    monkeypatch.setattr(groups, "MOST", 3)
    many = agencies(session, "Y1", "Y2", "Y3", "Y4")
    with pytest.raises(TooManyMembers):
        groups.save(session, who, _new(*(one.code for one in many), name="Quá nhiều"))
    assert session.scalar(sa.select(sa.func.count()).select_from(RecipientGroup)) == 1


def test_codes_nobody_has_are_named_and_of_two_who_take_one_name_the_second_is_told(
    session: Session, place: Province
) -> None:
    who, code = place.a.clerk, place.outside.code
    with pytest.raises(WrongCodes, match="“H99”"):
        groups.save(session, who, _new(code, "H99"))

    def faster(*_called: object) -> None:
        with new_session() as other:
            other.add(
                RecipientGroup(
                    agency_id=who.agency_id, person_id=place.a.admin.person_id, shared=True, name="Sở", folded="so",
                    changed_at=clock.now(), changed_by="x",
                )
            )  # fmt: skip
            other.commit()

    sa.event.listen(session, "before_flush", faster, once=True)
    with pytest.raises(NameTaken, match="“SỞ”"):
        groups.save(session, who, _new(code, name="SỞ", shared=True))
    session.rollback()
    groups.save(session, who, _new(code, name="SỞ"))  # one's own may be called as the agency's


def test_a_row_that_was_chosen_is_nobody_elses_and_an_agencys_name_means_the_agency(
    session: Session, place: Province
) -> None:
    who, chosen = place.a.clerk, place.outside
    for name in (str(chosen.id), place.b.agency.name, "Sở"):
        groups.save(session, who, _new(place.b.agency.code, name=name))
    typed = {
        "recipient1": chosen.name, "recipient1_id": str(chosen.id), "recipient2": place.b.agency.name,
        "recipient3": "Sở",
    }  # fmt: skip
    found = recipients.listed(session, who, MultiDict(typed))
    assert found.rows == [(chosen.name, str(chosen.id)), (place.b.agency.name, "")]
    assert found.members == [], "the third, a group of whom stands alone"


def test_own_groups_are_ones_own_and_shared_ones_belong_to_clerk_and_administrator(
    session: Session, place: Province
) -> None:
    house, code = place.a, place.outside.code
    mine = groups.save(session, house.specialist, _new(code))
    shared = groups.save(session, house.clerk, _new(code, name="Chung", shared=True))
    assert [one.name for one in groups.kept(session, house.specialist)] == ["Các sở, ban, ngành", "Chung"]
    assert groups.kept(session, house.clerk) == [shared]
    with pytest.raises(NotFound):
        groups.save(session, house.clerk, _new(code), mine.id)
    with pytest.raises(Forbidden):
        groups.remove(session, house.specialist, shared.id)
    for stranger in (place.b.clerk, place.b.admin):
        assert groups.kept(session, stranger) == []
        with pytest.raises(NotFound):
            groups.remove(session, stranger, shared.id)
    groups.save(session, house.admin, _new(code, name="Chung toàn cơ quan", shared=True), shared.id)
    groups.remove(session, house.admin, shared.id)
    assert groups.kept(session, house.clerk) == []


def test_who_saves_second_is_told_who_was_first_and_loses_nothing(session: Session, place: Province) -> None:
    code, other = place.outside.code, place.b.agency.code
    made = groups.save(session, place.a.clerk, _new(code, shared=True))
    seen = made.version
    groups.save(session, place.a.admin, _new(code, other, shared=True, version=seen), made.id)
    late = _new(code, shared=True, version=seen, name="Tên khác")
    with pytest.raises(ChangedMeanwhile, match=place.a.admin.name) as refused:
        groups.save(session, place.a.clerk, late, made.id)
    session.rollback()
    groups.save(session, place.a.clerk, replace(late, version=refused.value.version), made.id)
    entries = sa.select(AuditEntry).where(AuditEntry.action == SAVED).order_by(AuditEntry.id)
    told = [(one.details["added"], one.details["removed"]) for one in session.scalars(entries)]
    assert told == [([place.outside.name], []), ([place.b.agency.name], []), ([], [place.b.agency.name])]


def test_every_wrong_line_of_pasted_codes_is_named(session: Session, place: Province) -> None:
    gone, heir = agencies(session, "C1", "D1")
    closed(session, gone, heir)
    text = f"{place.outside.code}\tCông ty Thủy lợi\n\n  {place.b.agency.code} ; x\n{place.outside.code}\n"
    assert groups.pasted(session, text) == (place.outside.code, place.b.agency.code)
    with pytest.raises(WrongCodes) as refused:
        groups.pasted(session, text + "H99.9\nC1\n")
    said = str(refused.value)
    assert "5" in said
    assert "H99.9" in said
    assert "D1 Sở số D1" in said
