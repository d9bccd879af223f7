"""Files leave the system marked, and the log says who took them."""

from pathlib import Path

from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.blobs import blobs
from eoffice.documents import service
from eoffice.documents.pages import page_text
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
