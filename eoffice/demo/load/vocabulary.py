"""Words of made-up documents, folded once: common ones, rare ones, and everything in between."""

import random
from collections.abc import Iterable
from typing import NamedTuple

from eoffice.core.text import search_text


class Phrase(NamedTuple):
    """Text as it is read, and folded as it is searched."""

    text: str
    folded: str


def phrase(text: str) -> Phrase:
    """Fold a text."""
    return Phrase(text, search_text(text))


def phrases(*texts: str) -> tuple[Phrase, ...]:
    """Fold several."""
    return tuple(map(phrase, texts))


SYLLABLES = (
    "Tân", "Phú", "Long", "Bình", "Vĩnh", "Hòa", "Mỹ", "An", "Thạnh", "Châu", "Thới", "Đông", "Tây", "Nam", "Bắc",
    "Sơn", "Thủy", "Hưng", "Thịnh", "Phước", "Lộc", "Thọ", "Khánh", "Hậu", "Quới", "Thuận", "Đức", "Trung", "Lập",
)  # fmt: skip
#: names of places: 812 of them
PLACES = phrases(*(f"{first} {second}" for first in SYLLABLES for second in SYLLABLES if first != second))

SUBJECTS = phrases(
    "Về việc rà soát hồ sơ đất đai tại",
    "Báo cáo tình hình sản xuất vụ Đông Xuân của",
    "Kiểm tra công tác phòng, chống dịch tại",
    "Đề nghị hỗ trợ kinh phí sửa chữa trường học ở",
    "Triển khai đề án chuyển đổi số của",
    "Kế hoạch nạo vét kênh mương ở",
    "Trả lời kiến nghị của cử tri",
    "Mời dự họp về quy hoạch chung",
    "Phân bổ dự toán ngân sách cho",
    "Thẩm định thiết kế cầu qua",
    "Cử công chức tham gia đoàn kiểm tra tại",
    "Góp ý dự thảo nghị quyết về phát triển",
    "Tổ chức tiếp công dân định kỳ ở",
    "Giải quyết đơn khiếu nại của công dân",
    "Chấn chỉnh kỷ luật, kỷ cương hành chính tại",
    "Cung cấp số liệu thống kê của",
    "Khắc phục sạt lở bờ sông đoạn qua",
    "Công bố danh mục thủ tục hành chính của",
    "Thu hồi đất thực hiện dự án khu dân cư",
    "Hướng dẫn xét khen thưởng thi đua tại",
)  # fmt: skip
#: stands on nine pages of ten
COMMON = phrase("Đề nghị quý cơ quan triển khai thực hiện nhiệm vụ được giao theo đúng tiến độ.")
#: stands on one page of ten thousand
RARE = phrase("Phương tiện bị chìm là xà lan chở cát.")
SENTENCES = phrases(
    "Thực hiện ý kiến chỉ đạo của Chủ tịch Ủy ban nhân dân tỉnh tại cuộc họp giao ban.",
    "Giao Phòng chuyên môn chủ trì, phối hợp với các đơn vị có liên quan tham mưu báo cáo.",
    "Kinh phí lấy từ nguồn sự nghiệp kinh tế năm nay và các nguồn hợp pháp khác.",
    "Số liệu báo cáo phải được thủ trưởng đơn vị ký xác nhận bằng chữ ký số.",
    "Trong quá trình thực hiện nếu có vướng mắc, kịp thời phản ánh để được hướng dẫn.",
    "Căn cứ Luật Tổ chức chính quyền địa phương và các văn bản hướng dẫn thi hành.",
    "Báo cáo gửi về trước ngày 15 hằng tháng để tổng hợp, trình cấp có thẩm quyền xem xét.",
    "Đối tượng thụ hưởng là hộ nghèo, hộ cận nghèo và hộ bị thiệt hại do thiên tai.",
    "Tăng cường tuyên truyền, vận động người dân chấp hành quy định của pháp luật.",
    "Hồ sơ gồm tờ trình, dự thảo quyết định và bảng tổng hợp ý kiến góp ý.",
    "Cập nhật đầy đủ kết quả giải quyết lên hệ thống thông tin của tỉnh.",
    "Chất lượng công trình phải bảo đảm theo thiết kế đã được phê duyệt.",
)  # fmt: skip
_FAMILY = (
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Huỳnh",
    "Phan",
    "Võ",
    "Đặng",
    "Bùi",
    "Đỗ",
    "Danh",
    "Thạch",
    "Lâm",
    "Ngô",
)
_GIVEN = (
    "Thị Ngọc",
    "Văn",
    "Minh",
    "Hoàng",
    "Thị Kim",
    "Quốc",
    "Thanh",
    "Hồng",
    "Gia",
    "Thị Bích",
    "Hữu",
    "Tấn",
)


def name(chance: random.Random) -> Phrase:
    """A person's name."""
    return phrase(f"{chance.choice(_FAMILY)} {chance.choice(_GIVEN)} {chance.choice(SYLLABLES)}")


def page(chance: random.Random, serial: int, *, rare: bool) -> Phrase:
    """The text of a page: a reference of its own, usual sentences, a place and a sum."""
    reference, sum_of = serial * 7919 % 1_000_003, chance.randrange(10, 9999)
    parts = [*chance.sample(SENTENCES, 3), chance.choice(PLACES)]
    if serial % 10:
        parts.append(COMMON)
    if rare:
        parts.append(RARE)
    parts.append(
        Phrase(
            f"Hồ sơ số {reference}, giá trị {sum_of} triệu đồng.",
            f"ho so so {reference} gia tri {sum_of} trieu dong",
        )
    )
    return Phrase("\n".join(part.text for part in parts), " ".join(part.folded for part in parts))


def vector(folded: Iterable[str]) -> str:
    """Folded words as PostgreSQL writes what `to_tsvector('simple', …)` makes of them."""
    words = " ".join(folded).split()
    return " ".join(f"'{word}':{place}" for place, word in enumerate(words, 1))
