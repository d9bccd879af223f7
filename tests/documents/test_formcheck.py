"""The form check names what the page lacks, and nothing on a page that is complete."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from eoffice.documents.formcheck import lacks
from eoffice.documents.layout.letter import Letter
from eoffice.documents.layout.samples import sample_scan_pdf
from eoffice.documents.pages import page_text

Filed = Callable[[Letter], Path]


def codes(path: Path, *, numbered: bool = False) -> list[str]:
    return [lack.code for lack in lacks(page_text(path), numbered=numbered)]


def test_our_templates_lack_nothing(filed: Filed, official_letter: Letter, decision: Letter) -> None:
    assert codes(filed(official_letter)) == []
    assert codes(filed(decision)) == []


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


def test_a_scan_is_left_to_the_eye(tmp_path: Path, official_letter: Letter) -> None:
    (tmp_path / "scan.pdf").write_bytes(sample_scan_pdf(official_letter))
    assert codes(tmp_path / "scan.pdf") == ["text"]
