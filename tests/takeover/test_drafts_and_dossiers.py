"""Drafts and dossiers of the system before go on where they were, or lie in the archive as they lay."""

import html

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.audit import AuditEntry
from eoffice.documents import registers
from eoffice.documents.models import Direction, Document
from eoffice.dossiers import queries as dossier_queries
from eoffice.dossiers import service as dossiers
from eoffice.dossiers.models import Dossier
from eoffice.dossiers.operations import NewDossier
from eoffice.dossiers.states import State as Filed
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.states import State as Out
from tests.factories import Province
from tests.incoming.letters import letter_pdf
from tests.takeover.papers import (
    DAY,
    DECISION,
    DOSSIERS,
    DRAFTS,
    FILES,
    HEAD,
    LAST,
    ROWS,
    YEAR,
    count,
    hidden,
    look,
    pack,
    register_of,
    series,
)
from tests.takeover.papers import place as place  # the same two agencies
from tests.web import client_for


@pytest.mark.slow
def test_drafts_and_dossiers_go_on_where_they_were(app: Flask, session: Session, place: Province) -> None:
    chief = client_for(app, "a_chief_of_office")
    series(chief)
    wrong = DRAFTS + "Ai đó;CV;a_clerk;a_leader;H01.05;;DEN 9999;Đã ký;khong.pdf\n"
    for what, text, said in (
        ("drafts", wrong, "không giữ chức vụ"),
        ("dossiers", DOSSIERS, "chưa có văn bản"),
    ):
        status, page = look(chief, what, text)
        assert (status, said in page) == (422, True), "documents and files come first"
    _status, page = look(chief, "documents", HEAD + ROWS, pack(**FILES))
    chief.post("/registers/take-over/papers", data=hidden(page))
    before = count(session, Document), count(session, Dossier), count(session, AuditEntry)
    looked = [
        look(chief, "drafts", DRAFTS, pack(**{"du-thao__a_pdf": letter_pdf()})),
        look(chief, "dossiers", DOSSIERS),
    ]
    assert before == (count(session, Document), count(session, Dossier), count(session, AuditEntry))
    for status, page in looked:
        assert status == 200, page
        assert chief.post("/registers/take-over/papers", data=hidden(page)).status_code == 303

    draft = session.scalars(
        sa.select(OutgoingDocument).where(OutgoingDocument.subject.startswith("Trả lời"))
    ).one()
    assert (draft.state, draft.drafter.person_id) == (Out.DRAFT, place.a.specialist.person_id)
    assert [one.name for one in draft.recipients] == ["Sở Tài chính"]
    mine = client_for(app, "a_specialist")
    shown = html.unescape(mine.get(f"/outgoing/{draft.id}").get_data(as_text=True))
    assert "VNPT iOffice" in shown
    assert "126/SNV-CCVC" in shown, "what it answers"
    assert mine.post(f"/outgoing/{draft.id}/submit").status_code == 303, "its drafter goes on with it"
    plan = session.scalars(sa.select(OutgoingDocument).where(OutgoingDocument.subject == "Kế hoạch")).one()
    assert plan.state is Out.APPROVAL

    open_one, ended = session.scalars(sa.select(Dossier).order_by(Dossier.notation.desc())).all()
    assert (open_one.state, ended.state, ended.last_ordinal) == (Filed.OPEN, Filed.CLOSED, 2)
    shown = html.unescape(mine.get(f"/dossiers/{open_one.id}").get_data(as_text=True))
    assert "VNPT iOffice" in shown
    assert "127/SNV-CCVC" in shown, "whoever keeps it reads what lies in it"
    new = NewDossier(open_one.heading_id, "Việc mới", open_one.retention)
    assert dossiers.open_dossier(session, place.a.specialist, new).notation == "08.KHTC", "no number twice"
    assert look(chief, "dossiers", DOSSIERS)[1].count("giữ nguyên") == 2


ARCHIVED = (
    "Số và ký hiệu hồ sơ;Năm;Đề mục;Tiêu đề hồ sơ;Thời hạn bảo quản;Người lập;Ngày bắt đầu;Ngày kết thúc;Văn bản;"
    "Tình trạng;Ngày nộp lưu;Vị trí lưu trữ\n"
    "12.TCCB;2010;Tổ chức, cán bộ;Tuyển dụng năm 2010;10 năm;Lê Thị Đã Nghỉ;02/02/2010;20/12/2010;;"
    'Đã nộp lưu;15/01/2011;"Kho 1, giá 3, hộp 12"\n'
    f"03.KHTC;{YEAR};Kế hoạch;Ngân sách;Vĩnh viễn;a_specialist;{DAY};{DAY};DEN 1230;Đã nộp lưu;{LAST};Hộp 2\n"
)


@pytest.mark.slow
def test_what_the_archive_has_is_taken_over_with_its_day_and_place(
    app: Flask, session: Session, place: Province
) -> None:
    chief = client_for(app, "a_chief_of_office")
    series(chief)
    _status, page = look(chief, "documents", HEAD + ROWS, pack(**FILES))
    chief.post("/registers/take-over/papers", data=hidden(page))
    wrong = ARCHIVED.replace("15/01/2011", "15/01/2010").replace("Vĩnh viễn;", "Mãi mãi;")
    status, page = look(chief, "dossiers", wrong)
    assert status == 422
    assert "theo đúng thứ tự thời gian" in page
    assert "“Mãi mãi”" in page
    status, page = look(chief, "dossiers", ARCHIVED)
    assert (status, count(session, Dossier)) == (200, 0), "looked at, nothing kept"
    assert "Lê Thị Đã Nghỉ, Kho 1, giá 3, hộp 12" in page
    assert chief.post("/registers/take-over/papers", data=hidden(page)).status_code == 303
    old, new = session.scalars(sa.select(Dossier).order_by(Dossier.year)).all()
    assert [one.state for one in (old, new)] == [Filed.ARCHIVED] * 2
    assert (old.maker, old.shelf, old.taken_over_from) == (
        "Lê Thị Đã Nghỉ",
        "Kho 1, giá 3, hộp 12",
        "VNPT iOffice",
    )
    assert (new.made_by, new.last_ordinal, new.keep_until) == (place.a.specialist.name, 1, None)
    archivist = client_for(app, "a_archivist")
    shown = html.unescape(archivist.get(f"/dossiers/{old.id}").get_data(as_text=True))
    assert all(
        word in shown for word in ("Kho 1, giá 3, hộp 12", "15/01/2011", "Lê Thị Đã Nghỉ", "VNPT iOffice")
    )
    assert [one.id for one in dossier_queries.expired(session, old.agency_id, clock.today())] == [old.id]


@pytest.mark.slow
def test_an_opening_number_never_falls_below_what_was_taken_over(
    app: Flask, session: Session, place: Province
) -> None:
    chief = client_for(app, "a_chief_of_office")
    series(chief)
    _status, page = look(chief, "documents", HEAD + ROWS, pack(**FILES))
    chief.post("/registers/take-over/papers", data=hidden(page))
    register = register_of(session, place, "DEN")
    answer = chief.post(
        f"/registers/{register.id}/opening", data={"opening_number": "1233", "decision": DECISION}
    )
    assert answer.status_code == 409
    assert registers.next_number(session, place.a.agency.id, Direction.IN, "CV") == 1235
