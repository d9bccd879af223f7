"""Text that people paste and programs send."""

import pytest

from eoffice.core.errors import TooLong
from eoffice.core.text import whole, writable


def test_only_what_a_packet_can_hold_is_kept() -> None:
    assert writable("a\0b\x01\x1b\ufffe\ud800c\u00a0đ\t\n😀") == "abc\u00a0đ\t\n😀"
    assert writable("dòng một\vdòng hai") == "dòng một\ndòng hai"


def test_what_somebody_wrote_is_kept_whole_or_not_at_all() -> None:
    assert whole(" Bie\u0302n  bản ", 8, "name") == "Biên bản"
    with pytest.raises(TooLong) as refused:
        whole("a" * 9, 8, "name")
    assert (refused.value.field, refused.value.params) == ("name", {"max": 8})
