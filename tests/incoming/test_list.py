"""The list of incoming documents: tabs, filters, what stands on top, and how much it asks of the database."""

import re
from datetime import time, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.documents import operations as documents
from eoffice.documents.models import Register, Urgency
from eoffice.incoming import queries
from eoffice.incoming.queries import Filter, Tab
from eoffice.incoming.states import State
from tests.factories import province
from tests.home.made import incoming
from tests.incoming import steps
from tests.web import client_for


@pytest.mark.slow
def test_what_has_come_is_seen_while_no_register_is_open(session: Session, app: Flask) -> None:
    house = province(session).a
    document = steps.received(session, house)
    with transaction(session):
        session.execute(sa.update(Register).values(closed_at=clock.now()))
    listed = client_for(app, "a_clerk").get("/incoming?tab=register")
    assert listed.status_code == 200
    assert f"/incoming/{document.id}" in listed.text


@pytest.mark.slow
def test_the_list_shows_tabs_counts_days_and_a_preview(session: Session, app: Flask) -> None:
    house = province(session).a
    waiting, done = steps.received(session, house), steps.WAYS[State.DONE](session, house)
    clerk = client_for(app, "a_clerk")
    text = clerk.get("/incoming").get_data(as_text=True)
    assert f'href="/incoming/{waiting.id}"' in text
    assert f'href="/incoming/{done.id}"' not in text
    assert "Hôm nay, " in text
    assert f'hx-get="/incoming/{waiting.id}/preview"' in text
    finished = clerk.get("/incoming?tab=done").get_data(as_text=True)
    assert f'href="/incoming/{done.id}"' in finished
    preview = clerk.get(f"/incoming/{waiting.id}/preview", headers={"HX-Request": "true"})
    assert "<html" not in preview.get_data(as_text=True)


@pytest.mark.slow
def test_filters_live_in_the_address_and_a_page_follows_by_key(session: Session, app: Flask) -> None:
    house = province(session).a
    made = [steps.registered(session, house, issuer_name=f"Sở số {n % 2}") for n in range(6)]
    clerk = client_for(app, "a_clerk")
    text = clerk.get("/incoming?tab=submit&issuer=sở số 1&urgency=0").get_data(as_text=True)
    shown = {int(n) for n in re.findall(r'data-row="/incoming/(\d+)"', text)}
    assert shown == {one.id for one in made if one.issuer_name.endswith("1")}
    wrong = clerk.get("/incoming?from=không phải ngày&urgency=x&unit=y&tab=z")
    assert (wrong.status_code, wrong.get_data(as_text=True).count('class="field-error"')) == (422, 3)
    assert clerk.get("/incoming?mark=abc").status_code == 404


def test_what_is_urgent_and_what_is_late_stands_on_top_by_the_hour_and_on_no_other_page(
    session: Session, app: Flask
) -> None:
    house, today = province(session).a, clock.today()
    late = incoming(session, house, "quá hạn", State.FORWARDED, due_on=today - timedelta(days=1))
    soon, hour = [
        incoming(
            session,
            house,
            f"khẩn {at}",
            State.FORWARDED,
            urgency=Urgency.URGENT,
            due_on=today,
            due_time=time(at),
        )
        for at in (23, 9)
    ]
    flash = incoming(session, house, "hỏa tốc", urgency=Urgency.FLASH)
    incoming(session, house, "khẩn, đã xong", State.DONE, urgency=Urgency.FLASH)
    others = [incoming(session, house, f"thường {number}").id for number in range(4)]
    text = client_for(app, "a_clerk").get("/incoming").get_data(as_text=True)
    rows = [int(n) for n in re.findall(r'data-row="/incoming/(\d+)"', text)]
    assert rows == [flash.id, hour.id, soon.id, late.id, *reversed(others)]
    assert "Khẩn và quá hạn" in text
    wanted, found, mark = Filter(), [], None
    above = queries.pressing(session, house.clerk, wanted)
    while not found or mark:
        page = queries.listing(session, house.clerk, wanted, mark, 3, without={one.id for one in above})
        found, mark = [*found, *(one.id for one in page.rows)], page.next
    assert found == [*reversed(others)]


def test_a_list_among_the_open_ones_that_were_counted_is_the_whole_list(session: Session) -> None:
    house, today = province(session).a, clock.today()
    shown = [incoming(session, house, f"của đơn vị {n}", State.IN_PROGRESS, due_on=today) for n in range(3)]
    incoming(session, house, "của đơn vị, đã xong", State.DONE)
    hidden = incoming(session, house, "của người khác", State.IN_PROGRESS)
    with transaction(session):
        for one in shown:
            documents.give_access(session, house.clerk, one, unit_ids=[house.unit.id], warned=False)
    worker, seen = house.specialist, queries.overview(session, house.specialist)
    assert sorted(map(int, (seen.ids or "{}").strip("{}").split(","))) == [one.id for one in shown]
    assert seen.counts == queries.counts(session, worker)
    assert seen.counts["open"] == 3
    assert queries.overview(session, house.clerk).ids is None, "who reads everything is looked up nowhere"
    for tab in Tab:
        with_them = queries.listing(session, worker, Filter(tab), among=seen.ids)
        assert with_them.rows == queries.listing(session, worker, Filter(tab)).rows
        assert hidden not in with_them.rows


@pytest.mark.slow
def test_pages_ask_at_most_twelve_times_whatever_the_size(
    session: Session, app: Flask, statements: list[str]
) -> None:
    house = province(session).a
    for _ in range(15):
        steps.submitted(session, house)
    document, _task = steps.in_progress(session, house)
    pages = {
        "a_clerk": ("/incoming", f"/incoming/{document.id}"),
        "a_leader": ("/work/direct", f"/incoming/{document.id}"),
        "a_unit_head": ("/work/assign", f"/incoming/{document.id}"),
        "a_specialist": ("/work/tasks", f"/incoming/{document.id}"),
    }
    for user, addresses in pages.items():
        client = client_for(app, user)
        for address in addresses:
            client.get(address)  # the first opening is noted once
            statements.clear()
            assert client.get(address).status_code == 200
            asked = [one for one in statements if one.startswith(("SELECT", "UPDATE", "INSERT"))]
            told = "\n".join(
                re.sub(r"^(\w+ \S+).*?(?=FROM)", r"\1 … ", one, flags=re.DOTALL)[:160] for one in asked
            )
            assert len(asked) <= 12, f"{user} {address} {len(asked)}\n{told}"
