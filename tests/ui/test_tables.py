"""Tables on a phone: a row that becomes a card says which column each value is of."""

import re
from pathlib import Path

import pytest

TEMPLATES = sorted((Path(__file__).parents[2] / "eoffice").rglob("templates/**/*.html"))
#: a table that is turned into cards: not one that scrolls sideways within its own box
_CARDS = re.compile(r'<table class="dense (?:rows|stacked)".*?</table>', re.DOTALL)
_SCROLLS = re.compile(r'<div class="scroll-x"[^>]*>\s*$')


def _cards(text: str) -> list[str]:
    return [
        found[0] for found in _CARDS.finditer(text) if not _SCROLLS.search(text[: found.start()].rstrip())
    ]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: "/".join(path.parts[-2:]))
def test_every_value_of_a_card_stands_with_the_name_of_its_column(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    cells = [cell for table in _cards(text) for cell in re.findall(r"<td\b[^>]*>", table)]
    # cells that a macro of the page makes for its tables
    if cells:
        cells += re.findall(r"<td\b[^>]*>", text[: text.index("{% block main %}")])
    assert [cell for cell in cells if "data-label" not in cell] == []


#: what stands under no name: a box to tick, a step, a sentence over the whole row
_NAMELESS = re.compile(
    r"<td[^>]*></td>|<td[^>]*>(?:<form|{{ take_off|{% if dossier.state == \"planned\")|<td[^>]*colspan"
)


@pytest.mark.parametrize("name", ["list", "plan", "show"])
def test_lists_of_dossiers_become_one_column_on_a_phone(name: str) -> None:
    (path,) = (one for one in TEMPLATES if one.parts[-2:] == ("dossiers", f"{name}.html"))
    text = path.read_text(encoding="utf-8")
    (table,) = re.findall(r'<table class="dense rows stacked">.*?</table>', text, re.DOTALL)
    cells = re.findall(r"<td\b.*?</td>", table, re.DOTALL)
    # the step of an open heading stands beside its sentence
    assert [one for one in cells if "data-label" not in one and not _NAMELESS.match(one)] == []


def test_there_are_cards_to_look_at() -> None:
    assert sum(bool(_cards(path.read_text(encoding="utf-8"))) for path in TEMPLATES) > 7


def test_a_box_to_tick_looks_the_same_everywhere() -> None:
    """The style sheet draws one by its kind; a class of the framework draws it pale, as if it could not be ticked."""
    pale = [path.name for path in TEMPLATES if "form-check-input" in path.read_text(encoding="utf-8")]
    assert pale == []
