"""Files leave the system marked, and the log says who took them."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from eoffice.core import audit, clock, jobs, visits
from eoffice.core.blobs import blobs
from eoffice.core.db import transaction
from eoffice.core.visits import Visit, Visited
from eoffice.documents import service
from eoffice.documents.pages import page_text
from eoffice.reports import figures
from eoffice.reports.figures import Period
from tests.factories import province
from tests.incoming import steps
from tests.web import client_for


def test_requirement_40_every_page_that_is_printed_says_where_from_by_whom_and_when(
    session: Session, app: Flask, tmp_path: Path
) -> None:
    house = province(session).a
    file = steps.registered(session, house).files[0]
    before = blobs().path(file.sha256).read_bytes()
    answer = client_for(app, "a_clerk").get(f"/files/{file.id}/print.pdf")
    assert answer.mimetype == "application/pdf"
    printed = tmp_path / "in.pdf"
    printed.write_bytes(answer.data)
    (page,) = page_text(printed)
    (mark,) = [
        line for line in page.lines if line.text.startswith("In từ hệ thống quản lý văn bản của Sở Nông")
    ]
    assert house.clerk.name in mark.text
    assert mark.text.endswith(f"{clock.today():%d/%m/%Y}")
    assert mark.box.y1 < 10 * 72 / 25.4, "below the text"
    assert blobs().path(file.sha256).read_bytes() == before
    page_of_it = client_for(app, "a_clerk").get(f"/incoming/{file.document_id}").get_data(as_text=True)
    assert f"/files/{file.id}/print.pdf" in page_of_it
    assert client_for(app, "b_clerk").get(f"/files/{file.id}/print.pdf").status_code == 404


def test_requirement_38_what_is_taken_out_and_printed_stands_in_the_log(session: Session, app: Flask) -> None:
    house = province(session).a
    document = steps.registered(session, house)
    file, web = document.files[0], client_for(app, "a_chief_of_office")
    assert web.get(f"/files/{file.id}").status_code == 200
    assert web.get(f"/files/{file.id}?download=1").status_code == 200
    assert web.get(f"/files/{file.id}/print.pdf").status_code == 200
    newest = audit.history(session, document)[:2]
    assert [entry.action for entry in newest] == [service.PRINTED, service.DOWNLOADED]
    assert {entry.details["file"] for entry in newest} == {file.name}
    assert all(entry.actor.startswith(house.chief.name) for entry in newest)


@pytest.mark.slow
def test_requirement_38_who_looks_at_a_document_is_kept_for_a_year_and_nobody_changes_it(
    session: Session, app: Flask
) -> None:
    house = province(session).a
    document = steps.registered(session, house)
    file, chief = document.files[0], client_for(app, "a_chief_of_office")
    assert client_for(app, "b_clerk").get(f"/incoming/{document.id}").status_code == 404
    assert "1 lượt xem" in chief.get(f"/incoming/{document.id}").get_data(as_text=True)
    for url in (f"/incoming/{document.id}/preview", f"/files/{file.id}"):
        assert chief.get(url).status_code == 200
    seen = visits.of(session, Visited.DOCUMENT, document.id, 10)
    assert [one.who for one in seen] == [f"{house.chief.name}, {house.chief.title}"] * 3
    page = client_for(app, "a_clerk").get(f"/reports/visits/document/{document.id}").get_data(as_text=True)
    assert page.count(house.chief.name) == 3
    assert client_for(app, "b_clerk").get(f"/reports/visits/document/{document.id}").status_code == 404
    assert client_for(app, "a_specialist").get(f"/reports/visits/document/{document.id}").status_code == 403
    for change in (
        sa.update(Visit).values(who="ai đó"),
        sa.delete(Visit).where(Visit.at > clock.now() - timedelta(days=360)),
    ):
        with pytest.raises(DBAPIError, match="visit is"):
            session.execute(change)
        session.rollback()


@pytest.mark.slow
def test_requirement_41_documents_dossiers_and_looks_are_counted_also_when_a_look_is_let_go(
    session: Session, app: Flask
) -> None:
    house = province(session).a
    today = clock.today()
    document = steps.registered(session, house)
    with clock.freeze(clock.now() - timedelta(days=31 * 25)), transaction(session):
        long_ago = clock.today()
        visits.note(session, house.clerk, Visited.DOCUMENT, house.agency.id, document.id)
    chief = client_for(app, "a_chief_of_office")
    chief.get(f"/incoming/{document.id}")
    for _twice in range(2):
        jobs.run(session, "documents.add_up_visits")
        found = figures.by_agency(session, Period(long_ago, today), [house.agency.id])[house.agency.id]
        assert (found.arrived, found.dossiers, found.document_visits, found.sign_ins) == (1, 0, 2, 1)
        assert len(visits.of(session, Visited.DOCUMENT, document.id, 10)) == 1, (
            "two years are over for the other"
        )
    page = chief.get("/reports").get_data(as_text=True)
    assert "Lượt truy cập văn bản" in page
