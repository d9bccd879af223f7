"""Searches kept under a name are one's own and find what one may see on the day."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core.errors import NotFound
from eoffice.search import saved
from tests.factories import Province, province
from tests.home.made import incoming
from tests.web import MOST, client_for, counted

pytestmark = pytest.mark.postgres


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


def test_requirement_39_a_search_is_kept_under_a_name_and_finds_again(
    app: Flask, session: Session, place: Province
) -> None:
    incoming(session, place.a, "Về việc nạo vét kênh")
    clerk = client_for(app, "a_clerk")
    asked = {"q": "nạo vét", "direction": "in", "from": "", "page": "x"}
    answer = clerk.post("/search/saved", query_string=asked, data={"name": "Kênh mương"})
    assert answer.status_code == 303
    with counted() as statements:
        page = clerk.get(answer.headers["Location"]).get_data(as_text=True)
    assert len(statements) <= MOST
    assert "Kênh mương" in page
    assert "Về việc " in page
    clerk.post("/search/saved", query_string=asked | {"q": "kênh"}, data={"name": "Kênh mương"})
    (one,) = saved.kept(session, place.a.clerk)
    assert one.fields == {"q": "kênh", "direction": "in"}, "the same name again changes it"
    assert clerk.post(f"/search/saved/{one.id}/remove").status_code == 303
    assert saved.kept(session, place.a.clerk) == []


def test_a_kept_search_is_nobody_elses_and_needs_a_name_and_a_question(
    session: Session, place: Province
) -> None:
    mine = saved.keep(session, place.a.clerk, "Riêng", {"q": "kênh"})
    for other in (place.a.leader, place.b.clerk):
        assert saved.kept(session, other) == []
        with pytest.raises(NotFound):
            saved.remove(session, other, mine.id)
    with pytest.raises(saved.NamelessSearch):
        saved.keep(session, place.a.clerk, " ", {"q": "kênh"})
    with pytest.raises(saved.EmptySearch):
        saved.keep(session, place.a.clerk, "Trống", {})
    for number in range(saved.MOST - 1):
        saved.keep(session, place.a.clerk, f"Số {number}", {"q": "kênh"})
    with pytest.raises(saved.TooManySearches):
        saved.keep(session, place.a.clerk, "Quá nhiều", {"q": "kênh"})
