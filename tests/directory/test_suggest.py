"""Type-ahead over a country's agencies and one's own colleagues."""

import re
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.directory import queries
from tests.factories import province
from tests.home.made import analyze
from tests.web import client_for

pytestmark = pytest.mark.postgres


def _options(page: str) -> list[str]:
    return re.findall(r'data-text="([^"]*)"', page)


def test_agencies_are_found_by_name_code_and_abbreviation_without_accents(
    app: Flask, session: Session
) -> None:
    province(session)
    client = client_for(app, "a_clerk")
    for typed in ("tài chính", "tai ch", "STC", "h01.05", "so chinh"):
        page = client.get("/directory/suggest", query_string={"q": typed}).get_data(as_text=True)
        assert _options(page) == ["Sở Tài chính"], typed
    assert _options(client.get("/directory/suggest?q=").get_data(as_text=True)) == []
    assert _options(client.get("/directory/suggest?q=%25").get_data(as_text=True)) == []


def test_the_answer_belongs_to_the_field_that_asks(app: Flask, session: Session) -> None:
    province(session)
    client = client_for(app, "a_clerk")
    page = client.get("/directory/suggest?q=tai", headers={"HX-Trigger-Name": "issuer"}).get_data(
        as_text=True
    )
    assert 'id="issuer-option-1"' in page
    page = client.get("/directory/suggest?q=tai", headers={"HX-Trigger-Name": '"><script>'}).get_data(
        as_text=True
    )
    assert "script" not in page


def test_a_closed_agency_is_not_proposed(app: Flask, session: Session) -> None:
    place = province(session)
    place.outside.valid_to = clock.today() - timedelta(days=1)
    session.commit()
    assert queries.search_agencies(session, "thuy loi") == []


def test_people_are_those_of_ones_own_agency(app: Flask, session: Session) -> None:
    place = province(session)
    for mark, house in (("a", place.a), ("b", place.b)):
        page = (
            client_for(app, f"{mark}_clerk").get("/directory/people/suggest?q=vo+hoai").get_data(as_text=True)
        )
        assert _options(page) == [f"{house.head.name}, {house.head.title}"]
        assert "Phòng Kế hoạch - Tài chính" in page


def test_strangers_get_nothing(app: Flask) -> None:
    assert app.test_client().get("/directory/suggest?q=tai").status_code == 302


@pytest.mark.slow
def test_a_hundred_thousand_agencies_answer_while_one_types(session: Session, worker_database: str) -> None:
    province(session)
    session.execute(
        sa.text("""
            INSERT INTO agency (code, name, short_name, abbreviation, parent_name, place, address, email,
                telephone, hosted, on_axis, collective, legal_basis, sort_key, folded)
            SELECT 'G' || n, 'Ủy ban nhân dân xã ' || n, 'UBND xã', '', '', '', '', '', '', false, true, true, '',
                md5(n::text), 'uy ban nhan dan xa ' || md5(n::text) || ' g' || n
            FROM generate_series(1, 111000) n""")
    )
    # rare words of two letters, far down the list
    session.execute(
        sa.text(
            "UPDATE agency SET folded = 'chi cuc kiem lam vung ' || id || ' cs', sort_key = 'zz' || id"
            " WHERE code IN ('G5', 'G77777', 'G110000')"
        )
    )
    session.execute(sa.text("UPDATE agency SET folded = folded || ' ql kt' WHERE code = 'G90000'"))
    session.commit()
    analyze(worker_database, "agency")
    times = []
    for typed in (
        "uy",
        "uy ban",
        "xa",
        "g1",
        "g11",
        "g110999",
        "so tai",
        "nhan dan c4ca",
        "zz",
        "zzz",
        "h01 05",
        "cs",
        "ql kt",
    ):
        tries = []
        for _ in range(3):
            begun = time.perf_counter()
            found = queries.search_agencies(session, typed)
            tries.append(time.perf_counter() - begun)
        times.append((min(tries), typed, len(found)))
    assert [t[2] for t in times if t[1] in ("uy", "g110999", "h01 05", "cs", "ql kt")] == [12, 1, 1, 3, 1]
    # aimed at 20 ms at the 95th percentile, measured by the benchmark; here a plan that reads the whole table is
    # told from one that uses an index, on a machine that other tests share
    assert sorted(times)[-2][0] < 0.05, times


def test_two_letters_begin_a_word(session: Session) -> None:
    province(session)
    assert [one.short_name for one in queries.search_agencies(session, "ch")] == ["Sở Tài chính"]
    assert queries.search_agencies(session, "hi") == []
