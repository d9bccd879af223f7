"""A province whose agency A may be able to sign."""

from collections.abc import Callable

import pytest
import typst
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from eoffice.documents.layout.typesetting import FONTS
from tests.factories import Province, province
from tests.signatures.keys import equip
from tests.web import client_for


@pytest.fixture
def place(session: Session) -> Province:
    """Two agencies with registers; nobody has a key."""
    return province(session)


@pytest.fixture
def keys(session: Session, place: Province) -> None:
    """Agency A can sign."""
    equip(session, place.a)


@pytest.fixture
def secret_page() -> bytes:
    """A page with the mark of a state secret in its header."""
    page = (
        '#set page(paper: "a4")\n#set text(font: "Tinos")\n#box(stroke: 1pt, inset: 4pt)[*MẬT*]\n\nNội dung'
    )
    made = typst.compile(page.encode(), format="pdf", font_paths=[str(FONTS)])
    assert isinstance(made, bytes)
    return made


@pytest.fixture
def page_with_blanks() -> Callable[[str], bytes]:
    """A drafter's own page, printed blanks for number and day, of the notation given."""

    def make(notation: str) -> bytes:
        page = f"""#set page(paper: "a4", margin: (left: 30mm, right: 15mm, y: 20mm))
#set text(font: "Tinos", size: 13pt)
#grid(columns: (68mm, 97mm), align: center, row-gutter: 8pt,
  [SỞ NÔNG NGHIỆP], [*CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM*], [], [*Độc lập - Tự do - Hạnh phúc*],
  [Số:#h(14mm)\\/{notation}], [_An Giang, ngày#h(10mm)tháng#h(10mm)năm 2026_])
Kính gửi: Sở Tài chính. Nội dung.
#align(right, box(width: 80mm, align(center)[*GIÁM ĐỐC* #v(25mm) *Đỗ Quốc An*]))"""
        made = typst.compile(page.encode(), format="pdf", font_paths=[str(FONTS)])
        assert isinstance(made, bytes)
        return made

    return make


@pytest.fixture
def client(app: Flask, place: Province) -> Callable[[str], FlaskClient]:
    """A browser in which somebody is signed in, by the user name."""
    return lambda user: client_for(app, user)
