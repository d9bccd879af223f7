"""The kinds of documents and their notations are the law's (Decree 30/2020, Article 7 and Appendices I and III)."""

from eoffice.documents.kinds import KINDS, kind, notation, padded
from eoffice.documents.models import Document, Recipient

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


def test_requirement_13_the_fields_of_appendix_vi_have_its_lengths() -> None:
    columns = Document.__table__.columns
    lengths = {
        name: columns[name].type.length for name in ("code_number", "code_notation", "issuer_name", "subject")
    }
    assert lengths == {"code_number": 11, "code_notation": 30, "issuer_name": 200, "subject": 500}
    # a name in full is longer than its field there; a code has 35 characters since Decision 20/2020
    assert columns["signer_title"].type.length == 100
    assert columns["signer_name"].type.length >= 50
    assert columns["issuer_code"].type.length == Recipient.__table__.columns["code"].type.length == 35
    assert Recipient.__table__.columns["name"].type.length == 200
