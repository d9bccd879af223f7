"""Each of the 29 kinds is drafted by its model (Decree 30/2020, Appendix III)."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.core.permissions import system_actor
from eoffice.directory.models import Role
from eoffice.documents.fields import guess_fields
from eoffice.documents.formcheck import lacks
from eoffice.documents.geometry import MM
from eoffice.documents.kinds import KINDS, UNNUMBERED, notation
from eoffice.documents.layout import places
from eoffice.documents.layout.letter import Letter
from eoffice.documents.layout.typesetting import typeset
from eoffice.documents.models import FileRole
from eoffice.documents.pages import Line, PageText, page_text
from eoffice.outgoing import drafting, queries, service
from eoffice.outgoing.drafting import Text
from eoffice.outgoing.workflow import State
from tests.factories import Province
from tests.outgoing.drafts import BODY, bring, fields, newest, path
from tests.outgoing.samples import BLANKS, sample, text
from tests.web import client_for


def put(tmp_path: Path, letter: Letter) -> Path:
    file = tmp_path / "page.pdf"
    file.write_bytes(typeset(letter).pdf)
    return file


def shown(tmp_path: Path, code: str, written: Text | None = None) -> str:
    """The words of a page, however its lines break."""
    return " ".join(" ".join(page.text for page in page_text(put(tmp_path, sample(code, written)))).split())


def line(page: PageText, start: str) -> Line:
    return next(found for found in page.lines if found.text.startswith(start))


@pytest.mark.parametrize("code", KINDS)
def test_the_form_check_has_nothing_against_any_model(tmp_path: Path, code: str) -> None:
    letter = sample(code)
    file = put(tmp_path, letter)
    assert [lack.code for lack in lacks(file)] == []
    guess = guess_fields(page_text(file)).kind
    assert guess is not None
    assert guess.value == code
    number = "" if code in UNNUMBERED else f"Số: 05/{notation(KINDS[code], 'SNNMT', 'CCTL')}"
    issued = replace(letter, number_text=number, place_and_date="An Giang, ngày 05 tháng 01 năm 2026")
    assert [lack.code for lack in lacks(put(tmp_path, issued), numbered=True)] == []


@pytest.mark.parametrize("code", KINDS)
def test_number_and_signature_have_their_places_on_every_model(tmp_path: Path, code: str) -> None:
    file = put(tmp_path, sample(code))
    found = places.find(file)
    assert found
    assert found.number_line
    (page,) = page_text(file)
    box = found.signature_block.box
    name = line(page, "Lưu Bá Thiện") if code not in {"HDG", "BGN", "BTT"} else None
    if name:
        assert name.box.middle[0] == pytest.approx(box.middle[0], abs=2)
    inner = box._replace(y0=box.y0 + 4, y1=box.y1 - 4)
    assert [word.text for word in page.words if word.box.touches(inner)] == []


def test_models_1_1_and_1_2_a_resolution_resolves_and_a_decision_decides(tmp_path: Path) -> None:
    assert "năm 2017. QUYẾT NGHỊ: Theo bản tin" in shown(tmp_path, "NQ")
    assert "năm 2017. QUYẾT ĐỊNH: Theo bản tin" in shown(tmp_path, "QD")


def test_model_1_6_a_telegram_says_who_telegraphs_to_whom(tmp_path: Path) -> None:
    page = shown(tmp_path, "CD")
    assert (
        "GIÁM ĐỐC SỞ NÔNG NGHIỆP VÀ MÔI TRƯỜNG điện: - Các Sở, ban, ngành tỉnh; - Ủy ban nhân dân các xã"
        in page
    )
    assert "Kính gửi" not in page
    one = replace(text("CD"), addressees=("Sở Tài chính",), blanks={"sender": "Chủ tịch UBND tỉnh"})
    assert "Chủ tịch UBND tỉnh điện: - Sở Tài chính." in shown(tmp_path, "CD", one)


def test_model_1_7_an_invitation_names_guests_meeting_time_and_place(tmp_path: Path) -> None:
    page = shown(tmp_path, "GM", replace(text("GM"), body="", addressees=("Sở Tài chính",)))
    assert (
        "Sở Nông nghiệp và Môi trường trân trọng kính mời: Sở Tài chính Tới dự: Hội nghị triển khai vụ Đông Xuân "
        "2026 - 2027 Chủ trì: Ông Đỗ Quốc Trường, Giám đốc Sở Thời gian: 08 giờ 00, ngày 25 tháng 11 năm 2026 "
        "Địa điểm: Hội trường A, số 10 Lý Tự Trọng, phường Rạch Giá./."
    ) in page.replace("\xa0", " ")
    unled = replace(text("GM"), blanks=BLANKS["GM"] | {"presiding": ""})
    assert "Chủ trì" not in shown(tmp_path, "GM", unled)


def test_model_1_8_an_introduction_asks_for_help_until_its_last_day(tmp_path: Path) -> None:
    page = shown(tmp_path, "GGT", replace(text("GGT"), addressees=("Sở Tài chính",)))
    assert (
        "Ông (bà): Nguyễn Thanh Trúc Chức vụ: Chuyên viên Được cử đến: Sở Tài chính Về việc: ứng phó" in page
    )
    assert "hoàn thành nhiệm vụ. Giấy này có giá trị đến hết ngày 31 tháng 12 năm 2026./." in page
    assert page.count("ứng phó xâm nhập mặn") == 1, "it stands in the text alone"


def test_model_1_9_minutes_are_signed_by_secretary_and_chair_side_by_side(tmp_path: Path) -> None:
    file = put(tmp_path, sample("BB"))
    (page,) = page_text(file)
    secretary, chair = line(page, "THƯ KÝ"), line(page, "CHỦ TỌA")
    left, right = line(page, "Nguyễn Thanh Trúc"), line(page, "Lưu Bá Thiện")
    assert secretary.box.x1 < chair.box.x0
    assert left.box.y0 == pytest.approx(right.box.y0, abs=0.5)
    assert left.box.middle[0] == pytest.approx(secretary.box.middle[0], abs=2)
    assert line(page, "Nơi nhận:").box.y1 < left.box.y0
    words = " ".join(page.text.split())
    for said in (
        "Thời gian bắt đầu: 08 giờ 00", "Địa điểm: Phòng họp số 2", "Chủ trì (chủ tọa): Lưu Bá Thiện, Phó Giám đốc",
        "Thành phần tham dự: - Ông Trần Văn Bảy, Chi cục trưởng Chi cục Thủy lợi; - Bà Lê Hoài An",
        "Thư ký (người ghi biên bản): Nguyễn Thanh Trúc, Chuyên viên", "- Lưu: VT, Hồ sơ.",
        "ngân sách tỉnh. Cuộc họp kết thúc vào 11 giờ 30, ngày 25 tháng 11 năm 2026./.",
    ):  # fmt: skip
        assert said in words
    assert "KT. GIÁM ĐỐC" not in words


def test_model_1_10_a_leave_says_who_how_long_where_and_what_it_counts_as(tmp_path: Path) -> None:
    page = shown(tmp_path, "GNP")
    for said in (
        "Xét Đơn đề nghị nghỉ phép ngày 20/11/2026 của ông (bà) Nguyễn Thanh Trúc,",
        "thời gian 05 ngày, kể từ ngày 30/11/2026 đến hết ngày 04/12/2026 tại tỉnh Đồng Tháp.",
        "được tính vào thời gian nghỉ hằng năm 2026./.",
    ):
        assert said in page
    undated = replace(text("GNP"), blanks=BLANKS["GNP"] | {"asked_on": "", "reason": ""})
    page = shown(tmp_path, "GNP", undated)
    assert "Xét Đơn đề nghị nghỉ phép của ông (bà)" in page
    assert "Lý do" not in page


def test_a_thu_cong_has_a_name_of_its_own_and_no_v_v(tmp_path: Path) -> None:
    page = shown(tmp_path, "THC", replace(text("THC"), addressees=("Nhân dân xã Vĩnh Bình",)))
    assert "THƯ KHEN Kính gửi: Nhân dân xã Vĩnh Bình" in page
    assert "V/v" not in page
    assert "THƯ CÔNG" in shown(tmp_path, "THC", replace(text("THC"), blanks={}))


@pytest.mark.parametrize("code", ["HDG", "BGN", "BTT"])
def test_two_parties_sign_side_by_side_ours_as_party_a(tmp_path: Path, code: str) -> None:
    file = put(tmp_path, sample(code))
    (page,) = page_text(file)
    ours, theirs = line(page, "ĐẠI DIỆN BÊN A"), line(page, "ĐẠI DIỆN BÊN B")
    assert ours.box.x1 < theirs.box.x0
    found = places.find(file)
    assert found
    box = found.signature_block.box
    assert ours.box.middle[0] == pytest.approx(box.middle[0], abs=2)
    names = [one for one in page.lines if one.text in ("Lưu Bá Thiện", "Phạm Thị Thu Hà")]
    assert names[0].box.y0 == pytest.approx(names[1].box.y0, abs=0.5)
    assert "Đại diện: Phạm Thị Thu Hà, chức vụ: Hiệu trưởng." in page.text


@pytest.mark.parametrize(("paragraphs", "copies"), [(1, 60), (9, 3), (12, 3), (14, 3), (60, 90)])
def test_both_who_sign_stand_on_one_page_with_text_however_much_is_written(
    tmp_path: Path, paragraphs: int, copies: int
) -> None:
    written = replace(
        text("BB"), body="\n\n".join(["Cuộc họp nghe báo cáo về lịch vận hành cống. " * 4] * paragraphs),
        copies=(*(f"Xã số {number}" for number in range(copies)), "Lưu: VT"),
    )  # fmt: skip
    pages = page_text(put(tmp_path, sample("BB", written)))
    (signed,) = [page for page in pages if "CHỦ TỌA" in page.text.splitlines()]
    assert line(signed, "Nguyễn Thanh Trúc").box.y0 == pytest.approx(
        line(signed, "Lưu Bá Thiện").box.y0, abs=0.5
    )
    assert "Cuộc họp kết thúc" in signed.text
    assert f"- Xã số {copies - 1};" in pages[-1].text
    assert min(word.box.y0 for page in pages for word in page.words) > 15 * MM


def test_words_of_people_are_not_read_as_blanks_of_the_model(tmp_path: Path) -> None:
    odd = replace(text("GM"), blanks=BLANKS["GM"] | {"event": "Họp {place} [{time}] {nothing}"})
    assert "Tới dự: Họp {place} [{time}] {nothing}" in shown(tmp_path, "GM", odd)


@pytest.mark.parametrize("code", [code for code, blanks in BLANKS.items() if blanks and code != "THC"])
def test_a_blank_that_the_model_needs_is_named(session: Session, place: Province, code: str) -> None:
    with pytest.raises(drafting.Missing) as told:
        service.draft_from_template(
            session, place.a.specialist, fields(place, kind_code=code), replace(text(code), blanks={})
        )
    assert (told.value.field or "").startswith("blanks.")


def test_an_invitation_to_nobody_is_refused(session: Session, place: Province) -> None:
    with pytest.raises(drafting.Missing) as told:
        nobody = replace(text("GM"), addressees=())
        service.draft_from_template(
            session, place.a.specialist, fields(place, kind_code="GM", recipients=()), nobody
        )
    assert told.value.field == "addressees"


def test_a_draft_from_before_the_models_still_opens() -> None:
    old = {"body": "Nội dung", "addressees": ["Sở A"], "bases": [], "copies": [], "decided_by": ""}
    assert Text.read(old) == Text("Nội dung", ("Sở A",))
    assert Text.read({}).blanks == {}
    assert Text.read(text("BB").data()) == text("BB")


def test_the_form_shows_the_fields_of_the_kind_that_is_chosen_and_saves_them(
    session: Session, place: Province, app: Flask
) -> None:
    client = client_for(app, "a_specialist")
    assert "blanks." not in client.get("/outgoing/new").text
    assert 'name="blanks.secretary"' in client.get("/outgoing/new?kind_code=BB").text
    filled = {f"blanks.{name}": value for name, value in BLANKS["BB"].items()}
    chosen = {"kind_code": "GM", "subject": "Họp", "more": "kind", **filled}
    page = client.post("/outgoing/new", data=chosen)
    assert page.status_code == 200
    assert 'id="blanks.event"' in page.text
    assert 'type="hidden" name="blanks.secretary" value="Nguyễn Thanh Trúc"' in page.text
    data = {
        "kind_code": "BB", "subject": "Họp giao ban", "body": BODY, "recipient1": "H01.05", **filled,
        "signer_id": str(place.a.posts[Role.LEADER].id),
    }  # fmt: skip
    refused = client.post("/outgoing/new", data=data | {"blanks.begun": ""})
    assert refused.status_code == 422
    assert 'id="blanks.begun-error"' in refused.text
    made = client.post("/outgoing/new", data=data)
    assert made.status_code == 303, made.text
    again = client.get(made.location).text
    assert "Bà Lê Hoài An, Trưởng phòng</textarea>" in again
    assert 'value="Phòng họp số 2"' in again


def test_another_system_reads_what_a_model_asks_and_drafts_by_it(
    session: Session, place: Province, app: Flask
) -> None:
    token = accounts.make_token(session, system_actor(), "a_specialist", "test", ["*"])
    head, client = {"Authorization": f"Bearer {token}"}, app.test_client()
    found = {one["kind_code"]: one for one in client.get("/api/v1/outgoing/models", headers=head).get_json()}
    assert list(found) == list(KINDS)
    assert {blank["name"] for blank in found["GGT"]["blanks"]} == {"bearer", "bearer_title", "valid_until"}
    new = {
        "kind_code": "GGT", "subject": "kiểm tra đê", "signer_id": place.a.posts[Role.LEADER].id,
        "recipients": [place.b.agency.code], "blanks": BLANKS["GGT"],
    }  # fmt: skip
    assert client.post("/api/v1/outgoing", json=new, headers=head).status_code == 201
    odd = client.post("/api/v1/outgoing", json=new | {"blanks": {"secretary": "Trúc"}}, headers=head)
    assert (odd.status_code, odd.get_json()["field"]) == (422, "blanks.secretary")


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("code", ["BB", "HDG", "THC"])
def test_only_our_signer_signs_and_a_thu_cong_shows_a_date_without_a_number(
    session: Session, place: Province, code: str
) -> None:
    document = service.draft_from_template(
        session, place.a.specialist, fields(place, kind_code=code, subject="Họp giao ban"), text(code)
    )
    bring(session, place.a, document, State.ISSUED)
    (page, *_) = page_text(path(newest(session, document, FileRole.ISSUED)))
    assert "năm 2026" in page.text
    assert ("Số:" in page.text) is (code != "THC")
    assert queries.one(session, place.a.clerk, document.id).code_number == "01"
