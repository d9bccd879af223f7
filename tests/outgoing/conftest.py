"""A province whose agency A may be able to sign."""

import pytest
import typst
from sqlalchemy.orm import Session

from eoffice.documents.layout.typesetting import FONTS
from tests.factories import Province, province
from tests.signatures.keys import equip


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
