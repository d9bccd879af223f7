"""The desk within reach: on a phone, without scripts, by keys alone, and after an error."""

import re

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect

from eoffice.core import clock
from eoffice.demo.province import PASSWORD
from eoffice.directory.models import Role
from tests.browser.conftest import Desks
from tests.browser.test_axe import MORE, PAGES
from tests.browser.test_axe import examples as examples  # the same documents
from tests.flows.installation import Installation, account
from tests.flows.steps import Office, paper
from tools.pictures import sign_in

CLERK, LEADER = account("snnmt", Role.CLERK), account("snnmt", Role.LEADER)
SPECIALIST, HEAD = account("snnmt", Role.SPECIALIST), account("snnmt", Role.UNIT_HEAD)
PHONE = {"width": 360, "height": 800}


def test_requirement_49_nothing_is_wider_than_a_phone(desks: Desks, examples: dict[str, int]) -> None:
    windows: dict[str, Page] = {}
    too_wide = []
    for name, look in (PAGES | MORE).items():
        user = account("snnmt", look.role, look.unit) if look.role else ""
        page = windows.get(user) or windows.setdefault(user, desks.of(user, viewport=PHONE))
        page.goto(look.path.format(**examples))
        if (width := page.evaluate("document.documentElement.scrollWidth")) > PHONE["width"]:
            too_wide.append((name, width))
    assert too_wide == []


def test_registering_and_directing_work_without_script(desks: Desks) -> None:
    subject = "Xin ý kiến về lịch đóng cống Kênh Cụt"
    page = desks.of(CLERK, java_script_enabled=False)
    page.goto("/incoming/new")
    file = {"name": "77.pdf", "mimeType": "application/pdf", "buffer": paper(77, subject)}
    page.get_by_label("Văn bản đã quét").set_input_files(file)
    page.get_by_role("button", name="Tiếp tục đăng ký").click()
    page.get_by_role("textbox", name="Số", exact=True).fill("77")
    page.get_by_label("Ký hiệu").fill("SXD-HTKT")
    page.get_by_label("Ngày văn bản").fill(f"{clock.today():%d/%m/%Y}")
    page.get_by_role("combobox", name="Cơ quan ban hành").fill("Sở Xây dựng tỉnh An Giang")
    page.get_by_label("Tên loại").select_option(label="Công văn")
    page.get_by_label("Trích yếu").fill(subject)
    page.get_by_label("Trình").select_option(label="Đỗ Quốc Trường, Giám đốc")
    page.get_by_role("button", name="Lưu, cấp số").click()
    expect(page.get_by_role("heading", name=subject)).to_be_visible()

    page = desks.of(LEADER, java_script_enabled=False)
    page.goto("/work/direct")
    page.get_by_role("link", name=subject).click()
    expect(page.get_by_role("img", name="Trang 1")).to_be_visible()
    page.get_by_role("textbox", name="Chỉ đạo", exact=True).fill("Giao Chi cục Thủy lợi")
    page.get_by_label("Chủ trì").select_option(label="Chi cục Thủy lợi")
    page.get_by_role("button", name="Chỉ đạo, sang văn bản sau").click()
    expect(page.get_by_role("link", name=subject)).to_have_count(0)


def current(page: Page) -> str:
    """The address of the row that the keys stand on."""
    return page.locator("tr.current").get_attribute("data-row") or ""


def test_a_list_is_walked_and_opened_by_keys(desks: Desks) -> None:
    page = desks.of(CLERK)
    page.goto("/incoming", wait_until="networkidle")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Phím dùng được ở trang này")
    expect(keys).to_be_visible()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()

    first = current(page)
    page.keyboard.press("j")
    second = current(page)
    assert second != first
    expect(page.locator(f"#preview a[href^='{second}']").first).to_be_visible()
    page.keyboard.press("k")
    assert current(page) == first
    expect(page.locator(f"#preview a[href^='{first}']").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(re.escape(first)))
    page.goto("/outgoing")
    page.keyboard.press("g")
    page.keyboard.press("b")
    expect(page).to_have_url(re.compile("/$"))


def test_ctrl_s_saves_the_form_that_is_being_typed_in(desks: Desks) -> None:
    page = desks.of(SPECIALIST)
    page.goto("/outgoing/new", wait_until="networkidle")
    page.get_by_label("Trích yếu").fill("Lưu bằng phím")
    page.get_by_role("combobox", name="Nơi nhận 1").fill("Sở Tài chính")
    page.get_by_label("Nội dung").fill("Đề nghị báo cáo./.")
    page.keyboard.press("Control+s")
    expect(page).to_have_url(re.compile(r"/outgoing/\d+/edit"))
    expect(page.get_by_label("Trích yếu")).to_have_value("Lưu bằng phím")


def test_an_error_loses_nothing_typed(desks: Desks, examples: dict[str, int]) -> None:
    page = desks.of(CLERK)
    page.goto(f"/incoming/{examples['to_register']}/register")
    page.get_by_role("textbox", name="Số", exact=True).fill("79")
    page.get_by_label("Ký hiệu").fill("SXD-HTKT")
    page.get_by_role("combobox", name="Cơ quan ban hành").fill("Sở Xây dựng tỉnh An Giang")
    page.get_by_label("Tên loại").select_option(label="Công văn")
    page.get_by_label("Trích yếu").fill("Gõ dở dang")
    page.get_by_label("Ngày văn bản").fill("31/02/2026")
    page.get_by_role("button", name="Lưu, cấp số").click()
    expect(page.get_by_text("Chưa lưu.")).to_be_visible()
    expect(page.get_by_label("Trích yếu")).to_have_value("Gõ dở dang")
    expect(page.get_by_label("Ngày văn bản")).to_have_value("31/02/2026")


def test_what_was_typed_is_there_after_leaving_the_page(desks: Desks, office: Office) -> None:
    office.register(78, "Để lãnh đạo đọc rồi rời trang", accept_duplicate=True)
    page = desks.of(LEADER)
    page.goto("/work/direct")
    page.get_by_role("link", name="Để lãnh đạo đọc rồi rời trang").first.click()
    page.get_by_role("textbox", name="Chỉ đạo", exact=True).fill("Giao Chi cục Thủy lợi nghiên cứu")
    address = page.url
    page.goto("/")
    page.goto(address)
    expect(page.get_by_role("textbox", name="Chỉ đạo", exact=True)).to_have_value(
        "Giao Chi cục Thủy lợi nghiên cứu"
    )
    page.get_by_role("button", name="Bỏ đi, làm lại từ đầu").click()
    expect(page.get_by_role("textbox", name="Chỉ đạo", exact=True)).to_have_value("")
    expect(page.locator(".restored")).to_have_count(0)


def test_what_was_refused_and_then_sent_comes_back_in_no_form(desks: Desks, office: Office) -> None:
    found = office.register(79, "Để phân công hai lần", accept_duplicate=True)
    office.direct(found["id"])
    page = desks.of(account("snnmt", Role.UNIT_HEAD, "CCTL"))
    page.goto(f"/incoming/{found['id']}")
    for words, day in (("Câu cũ bị từ chối", "01/01/2020"), ("Câu mới được nhận", "")):
        if "/tasks/" not in page.url:
            page.get_by_text("Giao lại…").click()
        form = page.locator("form#assign")
        form.get_by_label("Nội dung giao").fill(words)
        form.locator("[name=due_on]").fill(day)
        form.get_by_role("button", name="Phân công").click()
    expect(page.locator("#flashes .say-ok")).to_be_visible()
    assert "Câu " not in page.evaluate("JSON.stringify({...sessionStorage})")


def test_a_draft_is_found_by_its_writer_alone_and_for_what_it_was_written(
    desks: Desks, installation: Installation
) -> None:
    page = desks.of(SPECIALIST)
    page.goto("/outgoing/new")
    page.get_by_label("Trích yếu").fill("Viết dở")
    page.goto("/outgoing/new?source=upload")
    expect(page.get_by_label("Trích yếu")).to_have_value("")
    page.context.clear_cookies()
    sign_in(page, installation.url, HEAD)
    page.goto("/outgoing/new")
    expect(page.get_by_label("Trích yếu")).to_have_value("")
    page.context.clear_cookies()
    sign_in(page, installation.url, SPECIALIST)
    page.goto("/outgoing/new")
    expect(page.get_by_label("Trích yếu")).to_have_value("Viết dở")


def test_what_was_sent_after_the_session_ended_is_there_after_signing_in(
    desks: Desks, installation: Installation
) -> None:
    page = desks.of(SPECIALIST)
    page.goto("/outgoing/new")
    page.get_by_label("Trích yếu").fill("Gửi sau khi hết phiên")
    page.get_by_label("Nội dung").fill("Đề nghị báo cáo.")
    page.get_by_role("combobox", name="Nơi nhận 1").fill("Sở Tài chính")
    page.context.clear_cookies()
    page.get_by_role("button", name="Lưu và xem trang").click()
    expect(page.get_by_text("Phiên làm việc đã kết thúc.")).to_be_visible()
    page.get_by_role("link", name="Đăng nhập").click()
    page.fill("[name=username]", SPECIALIST)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    expect(page).to_have_url(re.compile("/outgoing/new$"))
    expect(page.get_by_label("Trích yếu")).to_have_value("Gửi sau khi hết phiên")


def test_a_group_chosen_while_typing_opens_with_each_agency_to_take_off(desks: Desks) -> None:
    page = desks.of(SPECIALIST)
    page.goto("/recipients/groups/new")
    page.get_by_label("Tên nhóm").fill("Các sở, ban, ngành")
    page.get_by_text("Dán mã…").click()
    page.get_by_label("Mã cơ quan").fill("H01.05\nH01.08")
    page.get_by_role("button", name="Lưu").click()
    expect(page.get_by_role("link", name="Các sở, ban, ngành")).to_be_visible()
    page.goto("/outgoing/new")
    page.get_by_label("Trích yếu").fill("Gửi cả nhóm")
    page.get_by_role("combobox", name="Nơi nhận 1").press_sequentially("cac so")
    page.locator("[role=option]").first.click()
    expect(page.get_by_text("2 cơ quan")).to_be_visible()
    page.get_by_label("Nội dung").fill("Đề nghị báo cáo./.")
    page.goto("/outgoing/new")
    expect(page.get_by_role("combobox", name="Nơi nhận 1")).to_have_value("Các sở, ban, ngành")
    page.get_by_role("button", name="Thêm dòng").click()
    page.get_by_text("2 cơ quan").click()
    page.get_by_role("checkbox", name="Sở Y tế tỉnh An Giang").uncheck()
    page.get_by_role("button", name="Lưu và xem trang").click()
    expect(page.get_by_text("1 cơ quan")).to_be_visible()
    expect(page.get_by_label("Trích yếu")).to_have_value("Gửi cả nhóm")


def test_a_report_is_drawn_day_by_day_and_follows_the_colours(desks: Desks) -> None:
    page = desks.of(account("snnmt", Role.CHIEF_OF_OFFICE))
    page.goto("/reports")
    chart = page.locator("[data-chart]")
    expect(chart.locator("canvas")).to_be_visible()
    over = chart.locator(".u-over")
    place = over.bounding_box()
    assert place is not None
    over.hover(position={"x": place["width"] - 2, "y": 20})
    expect(chart.locator(".u-legend")).to_contain_text(f"{clock.today():%d/%m/%Y}")
    page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    expect(chart.locator("canvas")).to_have_count(1)


def test_what_was_typed_when_the_line_was_cut_stands_there_when_the_form_is_opened_again(
    desks: Desks,
) -> None:
    page = desks.of(SPECIALIST)
    page.goto("/outgoing/new")
    page.get_by_label("Trích yếu").fill("Báo cáo tình hình xâm nhập mặn tháng 11")
    page.context.set_offline(True)
    with pytest.raises(PlaywrightError):
        page.get_by_role("button", name="Lưu và xem").click(no_wait_after=True)
        page.wait_for_load_state()
        page.reload()
    page.context.set_offline(False)
    page.goto("/")
    page.goto("/outgoing/new")
    expect(page.get_by_label("Trích yếu")).to_have_value("Báo cáo tình hình xâm nhập mặn tháng 11")
    desks.faults.clear()  # the browser itself says that it was cut off
