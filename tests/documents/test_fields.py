"""The clerk finds the fields read from the page, and nothing that was only guessed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from eoffice.documents.fields import FieldGuess, guess_fields, in_small_letters
from eoffice.documents.layout.letter import Letter, Urgency
from eoffice.documents.pages import page_text

Filed = Callable[[Letter], Path]
DAY = "An Giang, ngày 09 tháng 01 năm 2026"


def read(path: Path) -> dict[str, object]:
    guess = guess_fields(page_text(path))
    return {name: found.value for name, found in vars(guess).items() if found}


def test_an_official_letter_fills_the_form(filed: Filed, official_letter: Letter) -> None:
    letter = replace(official_letter, number_text="Số: 3187/UBND-KTN", place_and_date=DAY)
    assert read(filed(letter)) == {
        "number": "3187",
        "notation": "UBND-KTN",
        "issued_on": date(2026, 1, 9),
        "issuer": "Ủy ban nhân dân tỉnh An Giang",
        "kind": "CV",
        "subject": "Về việc triển khai các biện pháp cấp bách ứng phó xâm nhập mặn vụ Đông Xuân 2026 - 2027",
        "signer_name": "Lưu Bá Thiện",
        "signer_title": "Phó chủ tịch",
        "urgency": Urgency.VERY_URGENT,
        "due_on": date(2026, 11, 24),
    }


def test_a_decision_fills_the_form(filed: Filed, decision: Letter) -> None:
    found = read(filed(replace(decision, number_text="Số: 05/QĐ-SNNMT", place_and_date=DAY)))
    assert found["number"] == "05"
    assert found["notation"] == "QĐ-SNNMT"
    assert found["kind"] == "QD"
    assert found["subject"] == decision.subject
    assert found["issuer"] == "Sở Nông nghiệp và môi trường"
    assert (found["signer_name"], found["signer_title"]) == ("Đỗ Quốc Trường", "Giám đốc")


def test_a_number_written_by_hand_is_left_empty(filed: Filed, decision: Letter) -> None:
    found = read(filed(replace(decision, number_text="Số:          /QĐ-SNNMT", place_and_date=DAY)))
    assert "number" not in found
    assert found["notation"] == "QĐ-SNNMT"


def test_a_date_in_the_text_is_not_the_date_of_the_document(filed: Filed, official_letter: Letter) -> None:
    letter = replace(official_letter, body="Căn cứ công văn số 12/SNV-VP, ngày 03 tháng 3 năm 2026 của Sở.")
    assert not {"number", "issued_on"} & set(read(filed(letter)))


def test_two_due_days_give_no_proposal(filed: Filed, official_letter: Letter) -> None:
    letter = replace(official_letter, body="Báo cáo trước ngày 01/12/2026 và trước ngày 05/12/2026./.")
    assert "due_on" not in read(filed(letter))


def test_each_value_says_where_it_was_read(filed: Filed, decision: Letter) -> None:
    letter = replace(decision, number_text="Số: 05/QĐ-SNNMT", place_and_date=DAY)
    guess = guess_fields(page_text(filed(letter)))
    assert guess.number
    assert guess.number.page == 1
    assert guess.number.box.y0 > 700


def test_a_page_without_text_gives_nothing() -> None:
    assert guess_fields([]) == FieldGuess()


@pytest.mark.parametrize(
    ("capitals", "usual"),
    [
        ("ỦY BAN NHÂN DÂN XÃ VĨNH HÒA HƯNG", "Ủy ban nhân dân xã Vĩnh Hòa Hưng"),
        ("SỞ TÀI CHÍNH", "Sở Tài chính"),
        ("VĂN PHÒNG UBND TỈNH", "Văn phòng UBND tỉnh"),
        ("PHÓ GIÁM ĐỐC", "Phó giám đốc"),
    ],
)
def test_names_in_capitals_are_spelled_as_usual(capitals: str, usual: str) -> None:
    assert in_small_letters(capitals) == usual
