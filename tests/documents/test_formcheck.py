"""The form check names what a page has against the form, and nothing on a page that keeps it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from eoffice.documents.formcheck import lacks
from eoffice.documents.kinds import KINDS, Kind, notation
from eoffice.documents.layout.letter import Letter
from eoffice.documents.layout.samples import sample_scan_pdf
from tests.documents.forms.measure import EXPECTED, HERE, measure

Filed = Callable[[Letter], Path]


def codes(path: Path, *, numbered: bool = False) -> list[str]:
    return [lack.code for lack in lacks(path, numbered=numbered)]


def test_our_templates_lack_nothing(filed: Filed, official_letter: Letter, decision: Letter) -> None:
    assert codes(filed(official_letter)) == []
    assert codes(filed(decision)) == []


@pytest.mark.parametrize(
    "body",
    [
        "Xem tệp kèm theo.",
        "Xem tệp kèm theo./.",
        "Kính đề nghị phối hợp.\n\nTrân trọng.",
        "- Mục 1;\n- Mục 2.",
    ],
)
def test_a_short_text_is_no_reason_to_look_for_the_signature_elsewhere(
    filed: Filed, official_letter: Letter, decision: Letter, body: str
) -> None:
    for letter in (official_letter, decision):
        for drafter in ("", "PL.(300)"):
            assert codes(filed(replace(letter, body=body, bases=(), drafter=drafter))) == []


def test_after_issue_number_and_date_are_asked_too(filed: Filed, official_letter: Letter) -> None:
    assert codes(filed(official_letter), numbered=True) == ["number", "date"]
    printed = replace(
        official_letter, number_text="Số: 12/UBND-KTN", place_and_date="An Giang, ngày 20 tháng 11 năm 2026"
    )
    assert codes(filed(printed), numbered=True) == []


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"subject": ""}, "subject"),
        ({"addressees": ()}, "addressees"),
        ({"recipients": ()}, "recipients"),
        ({"recipients": ("Như trên",)}, "file_copy"),
        ({"signer": ""}, "signer"),
        ({"agency": ("",)}, "agency"),
    ],
)
def test_what_is_left_out_is_named(
    filed: Filed, official_letter: Letter, change: dict[str, object], missing: str
) -> None:
    assert missing in codes(filed(replace(official_letter, **change)))


@pytest.mark.slow
def test_a_scan_is_left_to_the_eye(tmp_path: Path, official_letter: Letter) -> None:
    (tmp_path / "scan.pdf").write_bytes(sample_scan_pdf(official_letter))
    assert codes(tmp_path / "scan.pdf") == ["text"]


@pytest.mark.parametrize("name", [name for name in EXPECTED if name.endswith("-1")])
def test_a_document_that_breaks_one_rule_is_told_that_rule(name: str) -> None:
    assert codes(HERE / "files" / f"{name}.pdf", numbered=True) == EXPECTED[name]["breaks"]


@pytest.mark.parametrize("name", ["sound-00", "sound-02", "sound-07", "sound-14"])
def test_a_sound_document_of_another_program_is_left_alone(name: str) -> None:
    assert codes(HERE / "files" / f"{name}.pdf", numbered=True) == []


@pytest.mark.slow
def test_the_corpus_is_large_enough_and_nearly_all_of_it_is_judged_rightly() -> None:
    assert len(EXPECTED) >= 150
    assert sum(bool(one["office"]) for one in EXPECTED.values()) * 3 >= len(EXPECTED)
    scores = measure()
    assert min(one.broken for one in scores) >= 5
    wrong = {
        one.rule: (one.missed, one.vain) for one in scores if one.recall < 0.95 or one.false_alarms > 0.05
    }
    assert not wrong
    assert not [name for one in scores for name in one.vain if name.startswith("sound")]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_our_templates_of_every_kind_are_left_alone(
    filed: Filed, decision: Letter, official_letter: Letter, kind: Kind
) -> None:
    letter = official_letter if kind.code == "CV" else replace(decision, kind=kind.name, decided_by="")
    if kind.code in ("TTR", "BC"):
        letter = replace(letter, addressees=("Ủy ban nhân dân tỉnh",))
    assert codes(filed(letter)) == []
    several_pages = ["Nội dung dài của văn bản, đủ cho nhiều trang và nhiều dòng."] * 60
    printed = replace(
        letter,
        number_text=f"Số: 05/{notation(kind, 'SNNMT', 'VP')}",
        place_and_date="An Giang, ngày 05 tháng 01 năm 2026",
        body="\n".join((letter.body.removesuffix("./."), *several_pages, "Hết./.")),
    )
    assert codes(filed(printed), numbered=True) == []
