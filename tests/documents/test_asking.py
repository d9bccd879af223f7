"""What a document asks of each agency is written in words at one end and read at the other."""

from datetime import date

from eoffice.documents import asking
from eoffice.documents.asking import Asked

OFFICE = Asked(
    "Văn phòng Ủy ban nhân dân tỉnh An Giang", "Báo cáo kết quả; nêu rõ: (a) số cống", date(2026, 11, 27)
)
FINANCE = Asked("Sở Tài chính tỉnh An Giang", "Bố trí kinh phí (hạn chi 31/12)", date(2026, 12, 1))
LATER = Asked("Sở Tài chính tỉnh An Giang", "Quyết toán", date(2026, 11, 30))


def test_each_agency_finds_what_is_asked_of_it_by_any_of_its_names_the_first_day_on_top() -> None:
    words = asking.told([OFFICE, FINANCE, LATER])
    assert asking.of_agency(words, ["Sở Tài chính", "STC"]) == [LATER, FINANCE]
    assert asking.of_agency(words, ["", OFFICE.name]) == [OFFICE]
    assert asking.of_agency(words, ["Sở Xây dựng"]) == []


def test_what_there_was_no_room_for_is_not_made_up() -> None:
    words = asking.told([OFFICE, *[FINANCE] * 9])
    assert words.endswith("và nhiệm vụ khác, xem văn bản")
    assert len(words) <= 500
    assert set(asking.of_agency(words, [FINANCE.name])) == {FINANCE}
    assert (
        asking.told([Asked("A", "x" * 900, date(2026, 11, 27))])
        == "Nhiệm vụ giao: và nhiệm vụ khác, xem văn bản"
    )


def test_other_words_ask_nothing() -> None:
    assert asking.of_agency("Sở Tài chính: làm ngay (hạn 01/12/2026)", [FINANCE.name]) == []
    assert asking.of_agency("Nhiệm vụ giao: Sở Tài chính: làm ngay (hạn 31/02/2026)", ["Sở Tài chính"]) == []
    assert asking.of_agency("", [FINANCE.name]) == []
