"""One official document the whole way, clicked by the people whose steps they are."""

import hashlib
import random
import re
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page, expect

from eoffice.core import clock
from eoffice.demo.province import PIN
from eoffice.directory.models import Role
from eoffice.documents.layout.letter import Letter
from eoffice.documents.layout.typesetting import typeset
from tests.browser.conftest import Desks
from tests.flows.installation import account, wait_for
from tests.flows.steps import paper

#: of its own in every run, so that a run may be repeated on the same installation
NUMBER = random.randint(1000, 9999)
SUBJECT = f"Đề nghị thẩm định hướng tuyến đê bao ấp Hòa Thạnh, hồ sơ {NUMBER}"
ANSWER = f"Trả lời về hướng tuyến đê bao ấp Hòa Thạnh, hồ sơ {NUMBER}"
CLERK, LEADER = account("snnmt", Role.CLERK), account("snnmt", Role.LEADER)
CHIEF = account("snnmt", Role.CHIEF_OF_OFFICE)
HEAD, SPECIALIST = account("snnmt", Role.UNIT_HEAD, "CCTL"), account("snnmt", Role.SPECIALIST, "CCTL")
OTHER_CLERK = account("stc", Role.CLERK)


def test_a_document_goes_the_whole_way(desks: Desks, tmp_path: Path) -> None:
    register(desks.of(CLERK))
    the_same_again_is_noticed(desks.of(CLERK))
    direct(desks.of(LEADER))
    assign(desks.of(HEAD))
    draft(desks.of(SPECIALIST))
    approve_and_check(desks)
    sign(desks.of(LEADER))
    page = desks.of(CLERK)
    number_seal_issue(page)
    issued = downloaded(page, page.get_by_role("link", name="Mở tệp phát hành"))
    received = arrive(desks.of(OTHER_CLERK))
    assert hashlib.sha256(received).digest() == hashlib.sha256(issued).digest()
    told(page)


def fill_in(page: Page) -> None:
    """The register's columns, as read from the paper."""
    page.goto("/incoming/new")
    file = {"name": f"{NUMBER}.pdf", "mimeType": "application/pdf", "buffer": paper(NUMBER, SUBJECT)}
    page.get_by_label("Văn bản đã quét").set_input_files(file)
    page.get_by_role("button", name="Tiếp tục đăng ký").click()
    expect(page.get_by_role("heading", name="Đăng ký văn bản đến")).to_be_visible()
    page.get_by_role("textbox", name="Số", exact=True).fill(str(NUMBER))
    page.get_by_label("Ký hiệu").fill("SXD-HTKT")
    page.get_by_label("Ngày văn bản").fill(f"{clock.today():%d/%m/%Y}")
    choose(page, "Cơ quan ban hành", "Sở Xây dựng")
    page.get_by_label("Tên loại").select_option(label="Công văn")
    page.get_by_label("Trích yếu").fill(SUBJECT)
    page.get_by_label("Trình").select_option(label="Đỗ Quốc Trường, Giám đốc")


def choose(page: Page, label: str, words: str) -> None:
    """Type into a field that looks agencies up, and take the first."""
    page.get_by_role("combobox", name=label).press_sequentially(words)
    page.locator("[role=option]").first.click()


def register(page: Page) -> None:
    fill_in(page)
    provisional = page.locator(".next-number b").inner_text()
    page.get_by_role("button", name=f"Lưu, cấp số {provisional}").click()
    expect(page.get_by_role("heading", name=SUBJECT)).to_be_visible()
    expect(page.get_by_role("navigation", name="Bạn đang ở đâu")).to_contain_text(f"Số đến {provisional}")
    expect(page.get_by_role("main")).to_contain_text("Chờ chỉ đạo")


def the_same_again_is_noticed(page: Page) -> None:
    fill_in(page)
    page.get_by_role("button", name="Lưu, cấp số").click()
    expect(page.get_by_text("Có thể trùng với:")).to_be_visible()
    expect(page.get_by_label("Trích yếu")).to_have_value(SUBJECT)


def direct(page: Page) -> None:
    page.goto("/work/direct")
    page.get_by_role("link", name=SUBJECT).click()
    page.get_by_role("textbox", name="Chỉ đạo", exact=True).fill(
        "Giao Chi cục Thủy lợi chủ trì tham mưu trả lời"
    )
    page.get_by_label("Chủ trì").select_option(label="Chi cục Thủy lợi")
    page.get_by_label("Hạn giải quyết").fill(f"{clock.today() + timedelta(days=3):%d/%m/%Y}")
    page.locator("#coordinating").select_option(label="Phòng Kế hoạch - Tài chính")
    page.get_by_role("button", name="Chỉ đạo, sang văn bản sau").click()
    expect(page.get_by_role("link", name=SUBJECT)).to_have_count(0)


def assign(page: Page) -> None:
    page.goto("/work/assign")
    page.get_by_role("row", name=SUBJECT).get_by_role("link").click()
    page.get_by_label("Người xử lý").select_option(label="Nguyễn Thị Thanh Trúc, Chuyên viên")
    page.get_by_label("Nội dung giao").fill("Dự thảo văn bản trả lời")
    page.get_by_role("button", name="Phân công").click()
    expect(page.get_by_role("status").filter(has_text="Đã phân công.")).to_be_visible()


def draft(page: Page) -> None:
    """First a page of one's own, then the reply from the template."""
    page.goto("/outgoing/new?source=upload")
    page.get_by_label("Trích yếu").fill("Báo cáo nhanh về đê bao")
    page.get_by_label("Tệp PDF").set_input_files(
        {"name": "bao-cao.pdf", "mimeType": "application/pdf", "buffer": own_page()}
    )
    choose(page, "Nơi nhận 1", "Sở Tài chính")
    page.get_by_role("button", name="Lưu và xem trang").click()
    expect(page.get_by_role("img", name="Trang 1")).to_be_visible()

    page.goto("/work/tasks")
    page.get_by_role("row", name=SUBJECT).get_by_role("link").click()
    page.get_by_role("link", name="Soạn văn bản trả lời").click()
    page.get_by_label("Trích yếu").fill(ANSWER)
    page.get_by_label("Nội dung").fill("Sở Nông nghiệp và Môi trường thống nhất hướng tuyến đề nghị./.")
    for place, words in (("Nơi nhận 1", "Sở Tài chính"), ("Nơi nhận 2", "Bộ Nội vụ")):
        page.get_by_role("combobox", name=place).fill("")
        choose(page, place, words)
    page.get_by_role("button", name="Lưu và xem trang").click()
    expect(page.get_by_role("img", name="Trang 1")).to_be_visible()
    page.goto("/outgoing?tab=draft")
    page.get_by_role("row", name=ANSWER).get_by_role("link").click()
    page.get_by_role("button", name="Trình trưởng đơn vị").click()
    expect(page.get_by_role("main")).to_contain_text("Chờ duyệt")


def own_page() -> bytes:
    """What a drafter made with his own program."""
    return typeset(Letter(
        agency=("SỞ NÔNG NGHIỆP", "VÀ MÔI TRƯỜNG"), parent="UBND TỈNH AN GIANG", subject="Báo cáo nhanh về đê bao",
        body="Sở báo cáo tình hình đê bao./.", signer="Đỗ Quốc Trường", authority=("GIÁM ĐỐC",),
        addressees=("Sở Tài chính",), number_text="Số:          /SNNMT-CCTL",
        place_and_date="An Giang, ngày       tháng       năm 2026",
    )).pdf  # fmt: skip


def approve_and_check(desks: Desks) -> None:
    for user, button, then in (
        (HEAD, "Duyệt nội dung", "Chờ kiểm tra thể thức"),
        (CHIEF, "Đúng thể thức", "Chờ ký"),
    ):
        page = desks.of(user)
        page.goto("/outgoing?tab=check")
        page.get_by_role("row", name=ANSWER).get_by_role("link").click()
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("main")).to_contain_text(then)


def sign(page: Page) -> None:
    """The wrong PIN first: told in so many words, and the opinion typed beside it is still there."""
    page.goto("/outgoing/to-sign")
    page.get_by_role("link", name=ANSWER).click()
    pin = page.get_by_label("Mã PIN khóa ký của bạn")
    pin.fill("000000")
    page.get_by_role("button", name="Ký số").click()
    expect(page.get_by_text(re.compile("Mã PIN không đúng, còn 4 lần"))).to_be_visible()
    expect(page.get_by_role("heading", name=ANSWER)).to_be_visible()
    pin.fill(PIN)
    page.get_by_role("button", name="Ký số").click()
    expect(page.get_by_role("status").filter(has_text="Chờ cấp số")).to_be_visible()


def number_seal_issue(page: Page) -> None:
    page.goto("/outgoing?tab=clerk")
    page.get_by_role("row", name=ANSWER).get_by_role("link").click()
    page.get_by_role("button", name="Cấp số, ngày hôm nay").click()
    page.get_by_label("Mã PIN khóa ký của cơ quan").fill(PIN)
    page.get_by_role("button", name="Đóng dấu").click()
    page.get_by_role("button", name="Phát hành tới 2 nơi nhận").click()
    expect(page.get_by_role("main")).to_contain_text("Văn bản đã khóa, không ai sửa được")
    # the page looks again by itself
    expect(page.get_by_role("row", name="Bộ Nội vụ")).to_contain_text("Chờ lấy về", timeout=30_000)


def downloaded(page: Page, link: object) -> bytes:
    """What stands behind a link of the page."""
    address = link.get_attribute("href")  # type: ignore[attr-defined]  # a Locator
    return page.request.get(address).body()


def arrive(page: Page) -> bytes:
    """Agency B sees it within seconds with its verdict, registers it, and holds these bytes."""

    def in_the_inbox() -> bool:
        page.goto("/incoming?tab=register")
        return page.get_by_role("row", name=ANSWER).count() == 1

    wait_for(in_the_inbox, 30, told="the document in the other agency's inbox")
    page.get_by_role("row", name=ANSWER).get_by_role("link").click()
    expect(page.get_by_text("Hợp lệ.").first).to_be_visible()
    content = downloaded(page, page.locator(".files").get_by_role("link").first)
    page.get_by_role("link", name="Đăng ký", exact=True).click()
    page.get_by_role("button", name="Lưu, cấp số").click()
    expect(page.get_by_role("main")).to_contain_text(re.compile("Số đến [0-9]+"))
    return content


def told(page: Page) -> None:
    """Agency A sees every step with its time, and that nobody has fetched the other copy yet."""

    def heard() -> bool:
        # A status may overtake the axis's own answer on who fetched: that step has no time until it is asked.
        page.reload()
        row = page.get_by_role("row", name="Sở Tài chính")
        times = row.locator(".hop-ok .at").all_inner_texts()
        return len(times) == 4 and all(re.fullmatch(r"\d\d[:/]\d\d", text) for text in times)

    wait_for(heard, 30, told="what B's registration tells the sender, each of the four steps with its time")
    expect(page.get_by_role("row", name="Bộ Nội vụ")).to_contain_text("Chờ lấy về")
    expect(page.get_by_text("Trục đã nhận, nơi nhận chưa lấy.")).to_be_visible()
