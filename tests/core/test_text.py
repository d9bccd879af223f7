"""Text that people paste and programs send."""

from eoffice.core.text import writable


def test_only_what_a_packet_can_hold_is_kept() -> None:
    assert writable("a\0b\x01\x1b\ufffe\ud800c\u00a0đ\t\n😀") == "abc\u00a0đ\t\n😀"
    assert writable("dòng một\vdòng hai") == "dòng một\ndòng hai"
