"""Text that people paste and programs send."""

import pytest

from eoffice.core.errors import TooLong
from eoffice.core.text import cites, whole, writable


def test_only_what_a_packet_can_hold_is_kept() -> None:
    assert writable("a\0b\x01\x1b\ufffe\ud800c\u00a0đ\t\n😀") == "abc\u00a0đ\t\n😀"
    assert writable("dòng một\vdòng hai") == "dòng một\ndòng hai"


def test_what_somebody_wrote_is_kept_whole_or_not_at_all() -> None:
    assert whole(" Bie\u0302n  bản ", 8, "name") == "Biên bản"
    with pytest.raises(TooLong) as refused:
        whole("a" * 9, 8, "name")
    assert (refused.value.field, refused.value.params) == ("name", {"max": 8})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Quyết định số 12/QĐ-SNNMT ngày 05/11/2026 của Giám đốc Sở", True),
        ("Quyết định ngày 5 tháng 11 năm 2026 của Giám đốc Sở, số 12/QĐ-SNNMT", True),
        ("Kết luận số 12-KL/TU ngày 05.11.2026", True),
        ("Quyết định số 12/QĐ-SNNMT", False),
        ("Quyết định ngày 05/11/2026", False),
        ("Quyết định số 12/QĐ-SNNMT ngày 31/02/2026", False),
        ("Quyết định số 12/QĐ-SNNMT ngày 99/99/2026", False),
        ("Đã kết luận thanh tra", False),
    ],
)
def test_a_document_is_named_by_number_notation_and_a_day_that_there_is(text: str, named: bool) -> None:
    assert cites(text) is named
