"""The kinds of administrative documents, in the order of the law (Decree 30/2020, Article 7 and Appendix III)."""

import re
from dataclasses import dataclass

from eoffice.core.text import fold


@dataclass(frozen=True)
class Kind:
    """One kind of document."""

    #: our code: the abbreviation folded to ASCII, CV and THC for the two that have none
    code: str
    #: Vietnamese name as written on the page; it is data of the law, not a message
    name: str
    #: abbreviation in a notation, empty for công văn and thư công
    abbreviation: str
    #: 1 to 29, the place in Article 7
    place: int


#: the 29 kinds
KINDS: dict[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind("NQ", "Nghị quyết", "NQ", 1),
        Kind("QD", "Quyết định", "QĐ", 2),
        Kind("CT", "Chỉ thị", "CT", 3),
        Kind("QC", "Quy chế", "QC", 4),
        Kind("QYD", "Quy định", "QyĐ", 5),
        Kind("TC", "Thông cáo", "TC", 6),
        Kind("TB", "Thông báo", "TB", 7),
        Kind("HD", "Hướng dẫn", "HD", 8),
        Kind("CTR", "Chương trình", "CTr", 9),
        Kind("KH", "Kế hoạch", "KH", 10),
        Kind("PA", "Phương án", "PA", 11),
        Kind("DEA", "Đề án", "ĐA", 12),
        Kind("DA", "Dự án", "DA", 13),
        Kind("BC", "Báo cáo", "BC", 14),
        Kind("BB", "Biên bản", "BB", 15),
        Kind("TTR", "Tờ trình", "TTr", 16),
        Kind("HDG", "Hợp đồng", "HĐ", 17),
        Kind("CV", "Công văn", "", 18),
        Kind("CD", "Công điện", "CĐ", 19),
        Kind("BGN", "Bản ghi nhớ", "BGN", 20),
        Kind("BTT", "Bản thỏa thuận", "BTT", 21),
        Kind("GUQ", "Giấy ủy quyền", "GUQ", 22),
        Kind("GM", "Giấy mời", "GM", 23),
        Kind("GGT", "Giấy giới thiệu", "GGT", 24),
        Kind("GNP", "Giấy nghỉ phép", "GNP", 25),
        Kind("PG", "Phiếu gửi", "PG", 26),
        Kind("PC", "Phiếu chuyển", "PC", 27),
        Kind("PB", "Phiếu báo", "PB", 28),
        Kind("THC", "Thư công", "", 29),
    )
}

#: what may arrive but is no administrative kind of its own
OTHER = Kind("KHAC", "Khác", "", 30)
#: kinds of normative and other texts an office receives and never numbers as its own
INCOMING_ONLY: tuple[Kind, ...] = (
    Kind("LUAT", "Luật", "", 31),
    Kind("ND", "Nghị định", "NĐ", 32),
    Kind("TT", "Thông tư", "TT", 33),
    Kind("DON", "Đơn thư", "", 34),
    OTHER,
)
OFFICIAL_LETTER = KINDS["CV"]
#: say “Kính gửi”: official letters, and submissions and reports, which go to a higher agency (Appendix I, II.9.a)
ADDRESSED = frozenset({"CV", "TTR", "BC"})
#: bears a date and no number on its page, though the register gives it one: it has no abbreviation (Appendix III)
UNNUMBERED = frozenset({"THC"})
_LETTER = re.compile(r"thu (?!vien\b|ky\b)\w+( \w+){0,3}")
#: the three copies; not kinds of Article 7, numbered in a series of their own (Article 25 and Appendix III)
COPIES: dict[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind("SY", "Sao y", "SY", 35),
        Kind("SL", "Sao lục", "SL", 36),
        Kind("TRS", "Trích sao", "TrS", 37),
    )
}
#: of what no certified copy is made, by code: of copies but a sao y (Article 3.10 to 12)
NOT_COPIED = frozenset(COPIES) - {"SY"}
#: whatever a register may hold
EVERY: dict[str, Kind] = KINDS | COPIES | {kind.code: kind for kind in INCOMING_ONLY}


def heads_letter(line: str) -> bool:
    """Tell whether a line is what a thư công is called, as “THƯ KHEN”; a library or a secretary is none."""
    return line.isupper() and _LETTER.fullmatch(fold(line)) is not None


def kind(code: str) -> Kind:
    """A kind by our code; what is not known counts as other."""
    return EVERY.get(code, OTHER)


def notation(of: Kind, agency: str, unit: str) -> str:
    """The notation after the number: QĐ-UBND, or UBND-VX for a công văn (Appendix I, part II.3)."""
    return f"{of.abbreviation}-{agency}" if of.abbreviation else f"{agency}-{unit}"


def padded(number: int) -> str:
    """A number as printed: below 10 with a leading zero (Appendix I, part II.3)."""
    return f"{number:02d}"
