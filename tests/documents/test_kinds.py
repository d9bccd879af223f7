"""The kinds of documents and their notations are the law's (Decree 30/2020, Article 7 and Appendices I and III)."""

from eoffice.documents.kinds import KINDS, kind, notation, padded

#: Appendix III-I, in its order
_LAW = (
    "NQ", "QĐ", "CT", "QC", "QyĐ", "TC", "TB", "HD", "CTr", "KH", "PA", "ĐA", "DA", "BC", "BB", "TTr", "HĐ", "", "CĐ",
    "BGN", "BTT", "GUQ", "GM", "GGT", "GNP", "PG", "PC", "PB", "",
)  # fmt: skip


def test_requirement_01_the_29_kinds_have_the_abbreviations_of_the_law() -> None:
    assert tuple(one.abbreviation for one in KINDS.values()) == _LAW
    assert [one.place for one in KINDS.values()] == list(range(1, 30))
    assert [one.name for one in KINDS.values() if not one.abbreviation] == ["Công văn", "Thư công"]


def test_requirement_02_the_notation_is_built_by_kind_and_numbers_below_ten_get_a_zero() -> None:
    assert notation(kind("QD"), "BNV", "VP") == "QĐ-BNV"
    assert notation(kind("CV"), "UBND", "VX") == "UBND-VX"
    assert [padded(number) for number in (1, 9, 10, 120)] == ["01", "09", "10", "120"]
