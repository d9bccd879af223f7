"""Certified copies: each where Article 25 allows it, numbered in one series, signed or stamped, and sent."""

import io
import threading
from pathlib import Path

import pikepdf
import pytest
import sqlalchemy as sa
import typst
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.core import clock, jobs
from eoffice.core.blobs import blobs
from eoffice.core.db import new_session, transaction
from eoffice.core.errors import Conflict, Forbidden, InvalidTransition, NotFound
from eoffice.core.permissions import system_actor
from eoffice.directory.models import Role
from eoffice.documents import pages, scanning
from eoffice.documents import queries as reads
from eoffice.documents.kinds import COPIES
from eoffice.documents.layout import copies
from eoffice.documents.layout.letter import Letter
from eoffice.documents.models import Channel, FileRole, LinkKind, Medium
from eoffice.dossiers import archiving
from eoffice.dossiers import operations as dossiers
from eoffice.dossiers import service as closing
from eoffice.dossiers.models import Dossier
from eoffice.gateway import changes
from eoffice.gateway import queries as gateway
from eoffice.gateway.models import Arrival, Asked, Delivery, Dispatch, DispatchState, Hop
from eoffice.incoming import operations as received
from eoffice.incoming import service as incoming
from eoffice.outgoing import copying, extracts, issuing, placing, succession
from eoffice.outgoing import service as drafting
from eoffice.outgoing.copying import Source
from eoffice.outgoing.drafting import Upload
from eoffice.outgoing.extracts import Extract
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.workflow import State
from tests.dossiers import files
from tests.factories import PIN, Province
from tests.incoming import steps
from tests.incoming.test_axis import arrive
from tests.locks import somebody_waits
from tests.outgoing import copies as copied
from tests.outgoing.drafts import newest, path
from tests.signatures.keys import pki
from tests.web import MOST, client_for, counted


@pytest.fixture(autouse=True)
def _trusted(session: Session) -> None:
    """What is copied is checked first, whichever test runs alone."""
    assert session
    pki()


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
def test_a_program_asks_for_a_copy_and_another_allows_it(
    session: Session, place: Province, app: Flask
) -> None:
    document, client = copied.paper(session, place), app.test_client()
    clerk, leader = (
        {"Authorization": f"Bearer {accounts.make_token(session, system_actor(), user, 'test', ['*'])}"}
        for user in ("a_clerk", "a_leader")
    )
    address = f"/api/v1/outgoing/copies/of/{document.id}"
    allowed = client.get(address, headers=clerk).get_json()
    assert {"kind_code": "SY", "medium": "electronic"} in allowed
    wanted = {"kind_code": "SL", "medium": "paper", "signer_id": place.a.posts[Role.LEADER].id}
    refused = client.post(address, json=wanted, headers=clerk)
    assert (refused.status_code, refused.get_json()["field"]) == (422, "made_as")
    made = client.post(address, json=wanted | {"kind_code": "SY"}, headers=clerk)
    assert made.status_code == 201, made.get_json()
    own = f"/api/v1/outgoing/{made.get_json()['id']}"
    assert client.post(f"{own}/allow", headers=clerk).status_code == 403
    assert client.post(f"{own}/allow", headers=leader).get_json()["code_number"] == "01"
    assert client.get(f"{own}/print.pdf", headers=clerk).data.startswith(b"%PDF-")
    assert client.post(f"{own}/stamped", headers=clerk).get_json()["state"] == "issuing"


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
def test_requirement_26_a_paper_becomes_an_electronic_copy_with_its_corner_and_goes_out(
    session: Session, place: Province
) -> None:
    document = copied.paper(session, place)
    copy = copied.made(session, place.a.clerk, document.id, copied.new(place, "SY", Medium.ELECTRONIC))
    assert (copy.code, copy.state) == ("01/SY-SNNMT", State.SEALING)
    assert copy.subject.startswith("Sao y Tờ trình số 86/TTr-UBND ngày ")
    issuing.seal(session, place.a.clerk, copy.id, PIN)
    file = newest(session, copy, FileRole.ISSUED)
    assert path(file).read_bytes().startswith(copied.scan()), (
        "what was scanned stands unchanged under the signature"
    )
    moment = clock.local(copy.sealed_at)  # type: ignore[arg-type]  # it was sealed
    shown = f"Sao y; Sở Nông nghiệp và Môi trường; {moment:%d/%m/%Y}; {moment:%H:%M}"
    page = pages.page_text(path(file))[0]
    line = next(line for line in page.lines if line.text.startswith(shown))
    assert line.text.endswith(" +07:00")
    assert line.box.x0 > page.width / 2 - 100
    assert line.box.y0 > page.height - 36
    jobs.run(session, "signatures.check_file", file_id=file.id)
    issuing.issue(session, place.a.clerk, copy.id)
    assert [one.recipient_code for one in gateway.deliveries_of(session, copy)] == [place.b.agency.code]
    assert [one.id for one in reads.linked(session, place.a.clerk, copy, LinkKind.COPIES)] == [document.id]


def test_requirement_26_a_scan_in_grey_or_under_200_dpi_is_no_copy(session: Session, place: Province) -> None:
    document, bare = copied.paper(session, place), steps.registered(session, place.a)
    copied.check(session, bare, FileRole.ORIGINAL)
    new = copied.new(place, "SY", Medium.ELECTRONIC)
    with pytest.raises(scanning.NotDigitised, match=r"older than PDF 1\.4"):
        copied.made(session, place.a.clerk, bare.id, new)
    better = copied.new(place, "SY", Medium.ELECTRONIC, scan=Upload(io.BytesIO(copied.scan()), "lai.pdf"))
    assert copied.made(session, place.a.clerk, bare.id, better).code_number == "01"
    for look, found in (
        (scanning.Look(1, 150, coloured=True), "150"), (scanning.Look(1, 300, coloured=False), "colours"),
    ):  # fmt: skip
        assert found in str(scanning._problem(14, look))
    assert "no picture" in str(scanning._problem(14, scanning.Look(0.1, 300, coloured=True)))
    assert not scanning._problem(14, scanning.look(str(blobs().path(document.files[0].sha256)))[1][0])


def test_article_25_names_what_is_copied_to_what(session: Session, place: Province) -> None:
    document = copied.paper(session, place)
    file = document.files[0]

    def allowed(kind: str, medium: Medium) -> set[str]:
        document.kind_code = kind
        found = Source(document, file, medium).allowed
        return {f"{copy.abbreviation} {to}" for copy, to in found}

    assert allowed("CV", Medium.PAPER) == {"SY paper", "SY electronic", "TrS paper", "TrS electronic"}
    assert allowed("CV", Medium.ELECTRONIC) == {"SY paper", "TrS paper", "TrS electronic"}
    assert allowed("SL", Medium.PAPER) == allowed("TRS", Medium.ELECTRONIC) == set()
    session.rollback()


def test_requirement_27_sao_luc_is_made_of_a_sao_y_alone(session: Session, place: Province) -> None:
    plain, certified = (
        copied.paper(session, place),
        copied.paper(session, place, kind_code="SY", code_number="7"),
    )
    new = copied.new(place, "SL", Medium.PAPER)
    with pytest.raises(copying.NotByLaw):
        copied.made(session, place.a.clerk, plain.id, new)
    with pytest.raises(copying.NotByLaw):
        copied.made(session, place.a.clerk, certified.id, copied.new(place, "SY", Medium.PAPER))
    assert copied.made(session, place.a.clerk, certified.id, new).code == "01/SL-SNNMT"


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
def test_requirement_04_copies_share_a_series_of_their_own_and_an_electronic_document_is_copied_to_paper(
    session: Session, place: Province, app: Flask
) -> None:
    document, clerk = copied.issued(session, place), place.a.clerk
    with pytest.raises(copying.NotByLaw):
        copied.made(session, clerk, document.id, copied.new(place, "SY", Medium.ELECTRONIC))
    passage = "1. Lịch xuống giống: đợt 1 từ ngày 10 tháng 11 đến ngày 30 tháng 11 năm 2026."
    part = Extract(passage)
    extract = copied.made(
        session, clerk, document.id, copied.new(place, "TRS", Medium.ELECTRONIC, extract=part)
    )
    copy = copied.made(session, clerk, document.id, copied.new(place, "SY", Medium.PAPER))
    assert (extract.code, copy.code) == ("01/TrS-SNNMT", "02/SY-SNNMT")
    assert {one.channel for one in reads.recipients(session, copy)} == {Channel.PAPER}
    text = " ".join(copied.page_words(session, extract, FileRole.DRAFT).split())
    for words in ("Số: 01/SNNMT-KHTC", "Lịch xuống giống", "(Đã ký)", "Đỗ Quốc An"):
        assert words in text
    assert "Cơ cấu giống" not in text
    for step in (lambda: issuing.seal(session, clerk, copy.id, PIN),
                 lambda: placing.place_number_line(session, clerk, copy.id, 30, 40, 165)):  # fmt: skip
        with pytest.raises((issuing.SealedByHand, InvalidTransition)):
            step()
    web = client_for(app, "a_clerk")
    assert web.get(f"/outgoing/{copy.id}/print.pdf").data.startswith(b"%PDF")
    assert web.post(f"/outgoing/{copy.id}/seal", data={"stamped": "1"}).status_code == 303
    session.expire_all()
    text = copied.page_words(session, copy, FileRole.ISSUED)
    for words in ("SAO Y", "Số: 02/SY-SNNMT", "GIÁM ĐỐC", "- Sở Tài chính;", "- Lưu: VT."):
        assert words in text
    issued = newest(session, copy, FileRole.ISSUED)
    with (
        pikepdf.open(path(newest(session, document, FileRole.ISSUED))) as signed,
        pikepdf.open(path(issued)) as paper,
    ):
        assert "/AcroForm" in signed.Root
        assert len(paper.Root.AcroForm.Fields) == 0
        assert "/DSS" not in paper.Root
    assert b"/ByteRange" not in path(issued).read_bytes(), "no signature is no broken one"
    issuing.issue(session, clerk, copy.id)
    assert not gateway.deliveries_of(session, copy)


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
def test_a_citizen_in_no_directory_gets_a_copy_on_paper_by_the_dispatch_book(
    session: Session, place: Province, app: Flask
) -> None:
    document, web = copied.issued(session, place), client_for(app, "a_clerk")
    address = f"/outgoing/copies/new/{document.id}"
    typed = {
        "signer_id": str(place.a.posts[Role.LEADER].id), "outside": "Bà Trần Thị Út, ấp Vĩnh Lợi\n\nHợp tác xã Xẻo Rô",
        "passage": "1. Lịch xuống giống: đợt 1 từ ngày 10 tháng 11 đến ngày 30 tháng 11 năm 2026.",
    }  # fmt: skip
    refused = web.post(address, data=typed | {"made_as": "TRS:electronic"})
    assert refused.status_code == 422
    assert "chỉ nhận bản sao giấy" in refused.text
    assert "Hợp tác xã Xẻo Rô" in refused.text, "what was typed is kept"
    own = web.post(address, data=typed | {"made_as": "SY:paper"}).headers["Location"]
    assert client_for(app, "a_leader").post(f"{own}/allow").status_code == 303
    assert "in, trình ký, đóng dấu" in web.get(own).text
    assert web.post(f"{own}/seal", data={"stamped": "1"}).status_code == 303
    assert web.post(f"{own}/issue").status_code == 303
    assert "Bà Trần Thị Út, ấp Vĩnh Lợi" in web.get("/outgoing/posting").text
    session.expire_all()
    copy = session.get_one(OutgoingDocument, int(own.rpartition("/")[2]))
    kept = newest(session, copy, FileRole.ISSUED).id
    checks = (
        "SELECT (args ->> 'file_id')::int FROM procrastinate_jobs WHERE task_name = 'signatures.check_file'"
    )
    assert kept in session.scalars(sa.text(checks)).all()
    jobs.run(session, "signatures.check_file", file_id=kept)
    assert "Đang kiểm tra" not in web.get(own).text
    assert f"/outgoing/copies/new/{copy.id}" in web.get(own).text, "a sao lục may be made of it"
    assert "- Hợp tác xã Xẻo Rô;" in copied.page_words(session, copy, FileRole.ISSUED)


def test_an_extract_says_what_the_document_says(session: Session, place: Province) -> None:
    letter = Letter(("Sở Tài chính",), "x", "", "An", ("GIÁM ĐỐC",))
    known = extracts.Original(letter, "GIÁM ĐỐC", "1. Giao Chi cục\nThủy lợi. 2. Báo cáo.", recognised=False)
    assert extracts.typeset(Extract("1. Giao Chi cục Thủy lợi."), known)
    with pytest.raises(extracts.OtherWords, match="Giao Chi cục Kiểm lâm"):
        extracts.typeset(Extract("1. Giao Chi cục Kiểm lâm."), known)
    lines = extracts.Original(letter, "", "Điều 1. Giao.\n2\nĐiều 2. Nhận.", recognised=False)
    assert extracts.typeset(Extract("Điều 1. Giao.\nĐiều 2. Nhận."), lines)
    scanned = extracts.Original(letter, "GIÁM ĐỐC", "", recognised=True)
    with pytest.raises(extracts.NotCompared):
        extracts.typeset(Extract("Báo cáo."), scanned)
    assert extracts.typeset(Extract("Báo cáo.", compared=True), scanned)


@pytest.mark.parametrize(("where", "count"), [("top", 1), ("bottom", 2)])
def test_the_block_stands_under_the_last_line_or_on_a_page_of_its_own(
    tmp_path: Path, where: str, count: int
) -> None:
    page = tmp_path / "trang.pdf"
    page.write_bytes(typst.compile(f'#set page(paper: "a4")\n#align({where})[Dòng cuối.]'.encode()))
    block = copies.Block(
        "Sao y", "Sở Tài chính", "", "Số: 01/SY-STC", "An Giang", ("GIÁM ĐỐC",), "An", ("- Lưu: VT.",)
    )
    page.write_bytes(copies.printed(page, block))
    shown = pages.page_text(page)
    assert len(shown) == count
    assert "SAO Y" in shown[-1].text


def test_who_may_copy_and_what_is_there_to_copy(session: Session, place: Province) -> None:
    document, new = copied.paper(session, place), copied.new(place, "SY", Medium.PAPER)
    for actor, refusal in (
        (place.a.leader, Forbidden),
        (place.a.specialist, NotFound),
        (place.b.clerk, NotFound),
    ):
        with pytest.raises(refusal):
            copied.made(session, actor, document.id, new)
    waiting = steps.received(session, place.a)
    with pytest.raises(copying.NothingToCopy):
        copied.made(session, place.a.clerk, waiting.id, new)
    unchecked = steps.registered(session, place.a, code_number="9")
    with pytest.raises(copying.BeingChecked):
        copied.made(session, place.a.clerk, unchecked.id, new)
    with transaction(session):
        session.execute(sa.text("UPDATE file_check SET verdict = 'invalid'"))
    session.expire_all()
    with pytest.raises(copying.Doubtful):
        copied.made(session, place.a.clerk, document.id, new)


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
def test_the_pages_lead_from_the_document_to_the_copy(session: Session, place: Province, app: Flask) -> None:
    document, web = copied.paper(session, place), client_for(app, "a_clerk")
    address = f"/outgoing/copies/new/{document.id}"
    assert address in web.get(f"/incoming/{document.id}").get_data(as_text=True)
    with counted() as sent:
        page = web.get(address).get_data(as_text=True)
    assert len(sent) <= MOST
    assert "Sao y, bản điện tử" in page
    assert "Sao lục" not in page
    typed = {"made_as": "SL:paper", "signer_id": str(place.a.posts[Role.LEADER].id), "passage": "giữ lại"}
    refused = web.post(address, data=typed)
    assert refused.status_code == 422
    assert "giữ lại" in refused.get_data(as_text=True)
    answer = web.post(address, data=typed | {"made_as": "SY:electronic", "recipient1": place.b.agency.name})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    own = answer.headers["Location"]
    assert web.post(f"{own}/allow").status_code == 403
    assert web.post(f"{own}/seal", data={"pin": PIN}).status_code == 409, "nobody has allowed it"
    leader = client_for(app, "a_leader")
    assert "Bản sao chờ cho phép" in leader.get("/").get_data(as_text=True)
    assert "Cho phép sao" in leader.get(own).get_data(as_text=True)
    assert leader.post(f"{own}/refuse").status_code == 422
    assert leader.post(f"{own}/allow").status_code == 303
    for step, data in (("seal", {"pin": PIN}), ("issue", {})):
        assert web.post(f"{own}/{step}", data=data).status_code == 303
    with counted() as sent:
        page = web.get(own).get_data(as_text=True)
    assert len(sent) <= MOST
    assert f"/incoming/{document.id}" in page
    assert "01/SY-SNNMT" in web.get(f"/incoming/{document.id}").get_data(as_text=True)
    assert set(COPIES) == {"SY", "SL", "TRS"}


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
def test_what_is_recalled_takes_its_certified_copies_along(session: Session, place: Province) -> None:
    document, clerk = copied.paper(session, place), place.a.clerk
    new = copied.new(place, "SY", Medium.ELECTRONIC)
    sent, ready = (copied.made(session, clerk, document.id, new) for _ in range(2))
    refused = copying.ask(session, clerk, document.id, new)
    copying.refuse(session, place.a.leader, refused.id, "Không cần thiết")
    asked = copying.ask(session, clerk, document.id, new)
    issuing.seal(session, clerk, sent.id, PIN)
    issuing.issue(session, clerk, sent.id)
    with transaction(session):
        session.execute(sa.update(Delivery).values(hop=Hop.ARRIVED, on_axis_at=clock.now()))
        session.execute(sa.update(Dispatch).values(state=DispatchState.ACCEPTED))
    session.expire_all()
    with transaction(session):
        changes.recall_copies(session, clerk, document, "Ban hành nhầm")
    session.expire_all()
    recalled = gateway.recall_of(session, sent)
    assert recalled is not None
    assert recalled.reason == "Ban hành nhầm"
    assert (ready.state, asked.state, refused.reason) == (
        State.VOID, State.REFUSED, "Đỗ Quốc An, Giám đốc: Không cần thiết",
    )  # fmt: skip
    assert sent.state is State.ISSUED
    for one in (ready, asked):  # what it held of the recalled document went along (Article 18.4)
        assert all(file.destroyed_at for file in one.files)
        assert document.subject not in one.subject


def test_who_asked_for_a_copy_takes_that_back_until_it_is_decided(
    app: Flask, session: Session, place: Province
) -> None:
    document, clerk = copied.paper(session, place), place.a.clerk
    asked = copying.ask(session, clerk, document.id, copied.new(place, "SY", Medium.PAPER))
    with pytest.raises(InvalidTransition):  # whose step was another
        drafting.take_back(session, place.a.leader, asked.id)
    own = client_for(app, "a_clerk")
    assert f"/outgoing/{asked.id}/take_back" in own.get(f"/outgoing/{asked.id}").text
    assert own.post(f"/outgoing/{asked.id}/take_back").status_code == 303
    session.expire_all()
    assert (asked.state, asked.register_number) == (State.DISCARDED, None)
    with pytest.raises(InvalidTransition):
        copying.allow(session, place.a.leader, asked.id)
    with pytest.raises(InvalidTransition):  # it is asked for anew, and comes back as no draft
        drafting.take_back(session, clerk, asked.id)
    assert f"/outgoing/{asked.id}/take_back" not in own.get(f"/outgoing/{asked.id}").text
    allowed = copied.made(session, clerk, document.id, copied.new(place, "SY", Medium.PAPER))
    with pytest.raises(InvalidTransition):
        drafting.take_back(session, clerk, allowed.id)


def test_a_copy_goes_on_when_its_clerk_leaves_and_is_asked_for_anew_when_its_leader_does(
    session: Session, place: Province
) -> None:
    document, clerk, posts = copied.paper(session, place), place.a.clerk, place.a.posts
    ready = copied.made(session, clerk, document.id, copied.new(place, "SY", Medium.PAPER))
    asked = copying.ask(session, clerk, document.id, copied.new(place, "SY", Medium.PAPER))
    with transaction(session):
        succession.hand_on(session, clerk, posts[Role.CLERK], posts[Role.CHIEF_OF_OFFICE])
        succession.send_back_unsigned(session, clerk, posts[Role.LEADER])
    assert ready.drafter_id == posts[Role.CHIEF_OF_OFFICE].id
    assert (ready.state, asked.state, asked.reason) == (State.SEALING, State.REFUSED, succession.SIGNER_LEFT)


def test_no_copy_begins_of_what_is_recalled_at_the_same_moment(
    session: Session, place: Province, worker_database: str
) -> None:
    """The second look waits for whoever withdraws the document, and then finds it gone."""
    document = copied.paper(session, place)
    told: list[str] = []

    def copy() -> None:
        with new_session(worker_database) as own:
            try:
                copying.ask(own, place.a.clerk, document.id, copied.new(place, "SY", Medium.ELECTRONIC))
            except Conflict as error:
                told.append(type(error).__name__)
            else:
                told.append("begun")

    with transaction(session):
        session.refresh(document, with_for_update=True)
        second = threading.Thread(target=copy)
        second.start()
        somebody_waits(session)
        received.withdraw(session, place.a.clerk, document, "Ban hành nhầm")
    second.join(timeout=30)
    assert told == [copying.NothingToCopy.__name__]
    session.expire_all()
    assert session.scalar(sa.select(OutgoingDocument.id)) is None


def test_what_its_sender_wants_back_is_not_copied_and_no_copy_of_it_goes_out(
    session: Session, place: Province
) -> None:
    """Article 18.4: it goes to nobody until the clerk has answered."""
    house = place.a
    document = arrive(session, house, copied.scan())
    incoming.register(session, house.clerk, document.id, steps.entry(accept_duplicate=True))
    begun = copying.ask(session, house.clerk, document.id, copied.new(place, "SY", Medium.ELECTRONIC))
    arrival = session.scalars(sa.select(Arrival).where(Arrival.document_id == document.id)).one()
    with transaction(session):
        changes.asked_of_us(session, arrival, Asked.RECALL, "Ban hành nhầm", arrival.packet_id, clock.now())
    with pytest.raises(changes.WantedBack):
        copying.ask(session, house.clerk, document.id, copied.new(place, "SY", Medium.ELECTRONIC))
    with pytest.raises(changes.WantedBack):
        copying.allow(session, house.leader, begun.id)
    assert begun.state is State.PERMISSION


def test_what_a_hold_protects_stays_of_a_copy_that_went_no_further(session: Session, place: Province) -> None:
    house, document = place.a, copied.paper(session, place)
    asked = copying.ask(session, house.clerk, document.id, copied.new(place, "SY", Medium.ELECTRONIC))
    copying.refuse(session, house.leader, asked.id, "Không cần thiết")
    dossier = files.opened(session, house)
    with transaction(session):
        dossiers.file(session, house.clerk, session.get_one(Dossier, dossier.id), asked, "")
    closing.close(session, house.specialist, dossier.id)
    closing.hand_over(session, house.specialist, [dossier.id])
    archiving.accept(session, house.archivist, dossier.id)
    archiving.hold(session, house.archivist, dossier.id, "Cơ quan điều tra yêu cầu")
    with transaction(session):
        changes.recall_copies(session, house.clerk, document, "Ban hành nhầm")
    session.expire_all()
    assert all(file.is_open for file in asked.files)


def test_names_outside_the_directory_are_kept_once_and_none_is_empty(
    session: Session, place: Province
) -> None:
    document = copied.paper(session, place)
    new = copied.new(
        place, "SY", Medium.PAPER, recipients=(), outside=("", "  ", "Trần  Văn An", "Trần Văn An")
    )
    copy = copying.ask(session, place.a.clerk, document.id, new)
    assert [one.name for one in reads.recipients(session, copy)] == ["Trần Văn An"]
