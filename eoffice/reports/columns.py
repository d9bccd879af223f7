"""The forms of Decree 30/2020, Appendix IV, as the law writes them: their words are data, not messages."""

from dataclasses import dataclass
from enum import StrEnum

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from eoffice.documents.layout.tables import Column
from eoffice.documents.models import Direction


class Form(StrEnum):
    """What can be printed of a register."""

    OUTGOING = "outgoing"
    INCOMING = "incoming"
    #: how each incoming document was dealt with
    HANDLING = "handling"
    #: what went out on paper, to be signed for by the post
    POST = "post"
    #: what was handed over by messenger, signed for by whoever took it
    HAND = "hand"
    #: sealed envelopes: what stands outside and who took them over, never what lies in them
    ENVELOPES = "envelopes"
    #: who used what is kept of issued documents
    KEPT = "kept"

    @property
    def word(self) -> LazyString:
        """Its name in lists."""
        return _WORDS[self]

    @property
    def direction(self) -> Direction:
        """Whose registers it shows."""
        return Direction.OUT if self in _OUTGOING else Direction.IN


_OUTGOING = (Form.OUTGOING, Form.POST, Form.HAND, Form.KEPT)
_WORDS = {
    Form.OUTGOING: _l("Register of outgoing documents"),
    Form.INCOMING: _l("Register of incoming documents"),
    Form.HANDLING: _l("Follow-up of incoming documents"),
    Form.POST: _l("Documents sent by post"),
    Form.HAND: _l("Documents handed over"),
    Form.ENVELOPES: _l("Sealed envelopes"),
    Form.KEPT: _l("Use of kept copies"),
}


@dataclass(frozen=True)
class Sheet:
    """Title and columns of a form."""

    title: str
    columns: tuple[Column, ...]


SHEETS: dict[Form, Sheet] = {
    Form.OUTGOING: Sheet(
        "Sổ đăng ký văn bản đi",
        (
            Column("Số, ký hiệu văn bản", 3.2), Column("Ngày tháng văn bản", 2, True),
            Column("Tên loại và trích yếu nội dung văn bản", 7), Column("Người ký", 2.4),
            Column("Nơi nhận văn bản", 4.6), Column("Đơn vị, người nhận bản lưu", 2.2),
            Column("Số lượng bản", 1.3, True), Column("Ngày chuyển", 2, True), Column("Ký nhận", 2.4),
            Column("Ghi chú", 2.4),
        ),
    ),
    Form.INCOMING: Sheet(
        "Sổ đăng ký văn bản đến",
        (
            Column("Ngày đến", 2, True), Column("Số đến", 1.3, True), Column("Tác giả", 3.6),
            Column("Số, ký hiệu văn bản", 2.8), Column("Ngày tháng văn bản", 2, True),
            Column("Tên loại và trích yếu nội dung văn bản", 6.6), Column("Đơn vị hoặc người nhận", 3.2),
            Column("Ngày chuyển", 2, True), Column("Ký nhận", 2.4), Column("Ghi chú", 2.2),
        ),
    ),
    Form.HANDLING: Sheet(
        "Sổ theo dõi giải quyết văn bản đến",
        (
            Column("Số đến", 1.3, True),
            Column("Tên loại, số, ký hiệu, ngày tháng và cơ quan ban hành", 7),
            Column("Đơn vị hoặc người nhận", 4), Column("Thời hạn giải quyết", 2.2, True),
            Column("Tiến độ giải quyết", 3), Column("Số, ký hiệu văn bản trả lời", 3), Column("Ghi chú", 2.6),
        ),
    ),
    Form.POST: Sheet(
        "Sổ gửi văn bản đi bưu điện",
        (
            Column("Ngày chuyển", 2, True), Column("Số, ký hiệu văn bản", 3.4), Column("Nơi nhận văn bản", 7),
            Column("Số lượng bì", 1.8, True), Column("Ký nhận và dấu bưu điện", 4), Column("Ghi chú", 3),
        ),
    ),
    Form.HAND: Sheet(
        "Sổ chuyển giao văn bản đi",
        (
            Column("Ngày chuyển", 2, True), Column("Số, ký hiệu văn bản", 3.4), Column("Nơi nhận văn bản", 7),
            Column("Ký nhận", 4.4), Column("Ghi chú", 4.4),
        ),
    ),
    # of state secrets the law asks for a register apart (Decree 30/2020, Article 22.4); these are the columns held here
    Form.ENVELOPES: Sheet(
        "Sổ đăng ký bì văn bản mật, bì đích danh đến",
        (
            Column("Số đến", 1.6, True), Column("Ngày đến", 2.2, True), Column("Nơi gửi", 5),
            Column("Số, ký hiệu ngoài bì", 3.2), Column("Dấu trên bì", 1.8, True), Column("Người nhận", 4.4),
            Column("Ngày, giờ nhận", 2.4, True), Column("Ký nhận", 4), Column("Ghi chú", 3.2),
        ),
    ),
    Form.KEPT: Sheet(
        "Sổ sử dụng bản lưu",
        (
            Column("Ngày tháng", 2, True), Column("Họ và tên người sử dụng", 4),
            Column("Số, ký hiệu, ngày tháng văn bản", 3.4), Column("Tên loại và trích yếu nội dung văn bản", 7),
            Column("Số, ký hiệu hồ sơ", 2.6), Column("Ký nhận", 2), Column("Ngày trả", 1.8, True),
            Column("Người cho phép sử dụng", 2.6), Column("Ghi chú", 2.8),
        ),
    ),
}  # fmt: skip
