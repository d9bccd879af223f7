"""Every shared macro draws without error, without inline style or script, and in Vietnamese."""

import hashlib
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from babel.messages.extract import extract_from_dir
from flask import Flask, render_template, render_template_string
from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from eoffice.core.words import catalogue

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "eoffice" / "static"
TEMPLATES = ROOT / "eoffice" / "templates"

PAGE = SimpleNamespace(
    url="/p.png", width=595, height=842, alt="Trang 1", marks=[("1", 10, 10, 80, 20, "unsure")]
)
HOPS = [("ok", "14:05"), ("bad", "20/11"), ("half", "14:22"), ("warn", "19 giờ"), ("open", "")]
RECIPIENT = {
    "name": "UBND xã An Minh",
    "hops": HOPS,
    "state": "Từ chối",
    "kind": "bad",
    "message": "Nhận trùng",
}

MACROS = [
    'ui.icon("inbox", "Đến")',
    'ui.kbd("r")',
    'ui.state("Chờ ký", "ring", "accent", "Chờ ký")',
    "ui.urgency(4)",
    'ui.due("còn 2 ngày (24/11/2026)", "soon")',
    'ui.due("")',
    'ui.facts([("Số", 1), ("Trống", "")], two=True)',
    'ui.say("bad", "Không gửi được.", "Gửi lại.", live=True)',
    'ui.next_actor("Trúc", "dự thảo báo cáo")',
    'ui.tile("Gửi không tới", 2, "#", "1 nơi", alarm=True)',
    'ui.tabs([("Đang mở", "#", 180, True), ("Quá hạn", "#", 3, False, True), ("Xong", "#", none, False)], "Tab")',
    'ui.chip("Mức khẩn", "#", True)',
    'ui.button("Lưu", "primary", "check-lg", "Ctrl+S", name="deed", value="save")',
    'ui.post("/x", "Gửi lại", fields={"a": 1})',
    'ui.group_row(3, "Hôm nay", "9 văn bản")',
    'ui.row_attrs("/1", "/1/preview", current=True)',
    'ui.message_row(3, "warn", "Chờ")',
    'ui.direction("19/11", "Trường", "Giám đốc", "Giao", [("Chủ trì", "CCTL", "Đang làm", True)])',
    'ui.signature_line("ok", "Hợp lệ", "Lưu Bá Thiện")',
    'ui.checks([("tick", "ok", "Người ký", "Lưu Bá Thiện", "14:02")])',
    'ui.verdict_card("idle", "Tệp hỏng", "Đề nghị gửi lại", "a.pdf", "1 MB", [])',
    'ui.hops(["A", "B", "C", "D", "E"], [recipient])',
    'ui.hop_line(["A", "B", "C", "D", "E"], hops)',
    'ui.timeline([("20/11", "Góp ý")])',
    'ui.feed([("09:04", "bell", "bad", "Chưa nhận")])',
    'ui.meter([("ok", 9), ("bad", 0), ("warn", 1)], "9 đã nhận")',
    "ui.chart([])",
    "ui.chart([day])",
    'ui.viewer([page], "Công văn", "/d", "/p", [("Bản gốc", "#", True)])',
    'ui.viewer([], "Công văn")',
    'ui.pager(1, 20, 47, "", "#")',
    'ui.empty_state("inbox", "Không có gì")',
    'ui.busy("Đang ký…", "/poll")',
    'ui.crumbs("#", "Văn bản đến", "4314", "10 trong 47", "#", "#")',
    'forms.text("user", "Tên", hint="Dạng đơnvị_họtên", errors=["Sai"])',
    'forms.select("book", "Sổ", [(1, "2026")], 1)',
    'forms.textarea("note", "Ý kiến", phrases=["Sửa"])',
    'forms.file_input("f", "Tệp", ".pdf", 50, True)',
    'forms.typeahead("issuer", "Cơ quan", "/agencies", hint="Gõ tên")',
    'forms.suggestions([(1, "Sở Y tế", "H01")], "issuer")',
    *[f"forms.field(form.{name})" for name in ("number", "kind", "subject", "password", "keep", "how")],
    "forms.errors_summary(form)",
]


class Sample(FlaskForm):
    """One field of every kind."""

    number = StringField("Số", [InputRequired("Gõ số văn bản.")], description="Chỉ gõ phần số")
    kind = SelectField("Tên loại", choices=[("1", "Tờ trình")])
    subject = TextAreaField("Trích yếu")
    password = PasswordField("Mật khẩu")
    keep = BooleanField("Giữ")
    how = RadioField("Cách gửi", choices=[("a", "Qua trục")])


def draw(call: str) -> str:
    """What one macro call gives, with a form that failed."""
    form = Sample(meta={"csrf": False})
    form.validate()
    source = '{% import "_macros.html" as ui with context %}{% import "_forms.html" as forms with context %}'
    return render_template_string(
        source + "{{ " + call + " }}",
        form=form,
        page=PAGE,
        hops=HOPS,
        recipient=RECIPIENT,
        day={"on": "2026-11-20", "came": 4, "went": 2},
    )


def forbidden(html: str) -> list[str]:
    """What the content security policy refuses: style attributes, handlers, scripts without a source."""
    return re.findall(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)|javascript:", html)


@pytest.mark.slow
@pytest.mark.parametrize("call", MACROS)
def test_a_macro_draws_without_inline_style_or_script(app: Flask, call: str) -> None:
    html = draw(call)
    assert html.strip()
    assert not forbidden(html)


def test_an_error_is_tied_to_its_field(app: Flask) -> None:
    html = draw("forms.field(form.number)")
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="number-hint number-error"' in html
    assert 'id="number-error">Gõ số văn bản.' in html


def test_user_text_is_escaped(app: Flask) -> None:
    assert "<script>" not in draw('ui.say("ok", "<script>", "<script>")')
    assert "<script>" not in draw('ui.tile("<script>", 1, why="<script>")')


@pytest.mark.parametrize("template", ["base.html", "base_public.html"])
def test_a_page_of_the_frame_is_vietnamese_and_has_its_landmarks(app: Flask, template: str) -> None:
    places = [SimpleNamespace(label="Đến", icon="inbox", url="/in", count=3, current=True, key="i")]
    html = render_template(
        template, places=places, org_name="Sở", person=SimpleNamespace(name="Lâm Ngân", title="")
    )
    assert not forbidden(html)
    assert '<html lang="vi"' in html
    assert 'id="main"' in html
    assert "Văn phòng điện tử" in html


@pytest.mark.parametrize("status", [404, 500])
def test_the_error_page_says_what_to_do(app: Flask, status: int) -> None:
    html = render_template("error.html", status=status, message="Hãy về danh sách.", reference="ab12cd34")
    assert "Hãy về danh sách." in html
    assert "ab12cd34" in html
    assert "Quay lại" in html


def test_every_word_of_the_frame_has_a_vietnamese_text() -> None:
    found = extract_from_dir(TEMPLATES, [("**.html", "jinja2")])
    missing = {message for _file, _line, message, *_rest in found if not catalogue("vi").get(message)}
    assert not missing


def test_every_icon_named_in_a_template_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "vendor" / "icons.svg").read_text("utf-8")))
    named = set()
    for template in (ROOT / "eoffice").rglob("*.html"):
        named |= set(re.findall(r'\bicon\("([a-z0-9-]+)"', template.read_text("utf-8")))
    assert named <= drawn


def test_vendored_files_are_those_of_the_manifest() -> None:
    manifest = json.loads((STATIC / "vendor" / "manifest.json").read_text("utf-8"))
    listed = {name: digest for package in manifest for name, digest in package["sha256"].items()}
    for name, digest in listed.items():
        assert hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == digest
    assert {file.name for file in (STATIC / "vendor").iterdir()} == {*listed, "manifest.json"}


def test_a_page_carries_at_most_60_kb_of_script() -> None:
    scripts = [STATIC / "theme.js", STATIC / "eoffice.js", STATIC / "vendor" / "htmx.min.js"]
    assert sum(script.stat().st_size for script in scripts) <= 60 * 1024
