"""The documents of the demonstration: what they say and how far each has come."""

from dataclasses import dataclass

from eoffice.documents.models import Urgency
from eoffice.incoming.states import State as In
from eoffice.outgoing.workflow import State as Out


@dataclass(frozen=True)
class Story:
    """One outgoing document, and what its recipients here make of it."""

    #: mark of the agency that writes, see `province`
    writer: str
    #: abbreviation of the drafting unit
    unit: str
    subject: str
    body: str
    #: codes of the recipients
    recipients: tuple[str, ...]
    #: how far it has come
    until: Out
    kind: str = "CV"
    urgency: Urgency = Urgency.NORMAL
    #: for each recipient here, by mark: how far it takes the document
    taken: tuple[tuple[str, In], ...] = ()


@dataclass(frozen=True)
class Paper:
    """A paper that was scanned."""

    #: mark of the agency that received it
    receiver: str
    issuer: str
    issuer_lines: tuple[str, ...]
    number: str
    notation: str
    subject: str
    body: str
    signer: str
    authority: str
    until: In


_ANSWER = (
    "Thực hiện ý kiến chỉ đạo của Ủy ban nhân dân tỉnh, đề nghị quý cơ quan rà soát, tổng hợp số liệu thuộc phạm vi "
    "quản lý và gửi kết quả qua trục liên thông văn bản trước thời hạn nêu trên.\n\n"
    "Trong quá trình thực hiện, nếu có vướng mắc, đề nghị phản ánh về cơ quan soạn thảo để được hướng dẫn./."
)

STORIES = (
    Story(
        "vpub", "KTN", "Triển khai các biện pháp cấp bách ứng phó xâm nhập mặn, bảo vệ sản xuất vụ Đông Xuân",
        "Theo bản tin dự báo nguồn nước, ranh mặn 4 g/lít trên sông Cái Lớn có khả năng vào sâu từ 45 km đến 50 km, cao "
        "hơn trung bình nhiều năm.\n\nĐể chủ động bảo vệ diện tích lúa đã xuống giống, Chủ tịch Ủy ban nhân dân tỉnh yêu "
        "cầu:\n\n1. Sở Nông nghiệp và Môi trường chủ trì rà soát lịch vận hành các cống ngăn mặn; đắp đập tạm tại các "
        "kênh chưa có công trình.\n\n2. Sở Tài chính cân đối nguồn dự phòng ngân sách tỉnh, tham mưu bổ sung kinh "
        "phí./.",
        ("H01.12", "H01.05", "H01.187"), Out.ISSUED, urgency=Urgency.VERY_URGENT,
        taken=(("snnmt", In.IN_PROGRESS), ("stc", In.SUBMITTED)),
    ),
    Story(
        "snnmt", "CCTL", "Hướng dẫn lịch thời vụ và cơ cấu giống lúa vụ Đông Xuân", _ANSWER,
        ("H01.05", "H01.187", "G09"), Out.ISSUED, taken=(("stc", In.REGISTERED),),
    ),
    Story(
        "stc", "QLNS", "Đối chiếu số liệu quyết toán kinh phí phòng, chống thiên tai", _ANSWER,
        ("H01.12",), Out.ISSUED, urgency=Urgency.URGENT, taken=(("snnmt", In.WAITING),),
    ),
    Story(
        "vhh", "KT", "Đề nghị hỗ trợ kinh phí khắc phục sạt lở bờ kênh Ba Hồ, đoạn qua ấp Vĩnh Lợi",
        "Rạng sáng ngày 15 tháng 11, tuyến bờ kênh Ba Hồ đoạn qua ấp Vĩnh Lợi bị sạt lở dài 86 m, ăn sâu vào đất liền từ "
        "4 m đến 7 m; 11 căn nhà phải di dời khẩn cấp.\n\nỦy ban nhân dân xã kính trình Sở Nông nghiệp và Môi trường "
        "xem xét, tham mưu Ủy ban nhân dân tỉnh hỗ trợ kinh phí xây dựng kè kiên cố./.",
        ("H01.12",), Out.ISSUED, kind="TTR", taken=(("snnmt", In.SUBMITTED),),
    ),
    Story(
        "snnmt", "CCTL", "Thành lập Đoàn kiểm tra công tác vận hành công trình thủy lợi mùa khô",
        "**Điều 1.** Thành lập Đoàn kiểm tra công tác vận hành công trình thủy lợi, phòng, chống hạn, mặn mùa khô, gồm "
        "09 thành viên theo danh sách kèm theo.\n\n**Điều 2.** Đoàn kiểm tra làm việc từ ngày 23 tháng 11 đến ngày 04 "
        "tháng 12; báo cáo kết quả với Giám đốc Sở trước ngày 08 tháng 12.\n\n**Điều 3.** Chánh Văn phòng Sở, Chi cục "
        "trưởng Chi cục Thủy lợi và các cá nhân có tên tại Điều 1 chịu trách nhiệm thi hành Quyết định này./.",
        ("H01.01",), Out.SIGNATURE, kind="QD",
    ),
    Story(
        "snnmt", "CCTL", "Thông báo lịch đóng, mở cống Cái Lớn, cống Cái Bé", _ANSWER,
        ("H01.187", "H01.01"), Out.NUMBERING, urgency=Urgency.URGENT,
    ),
    Story(
        "snnmt", "CCTL", "Báo cáo tình hình thực hiện Chương trình nước sạch nông thôn", _ANSWER,
        ("H01.01",), Out.SEALING, kind="BC",
    ),
    Story("snnmt", "CCTL", "Góp ý dự thảo Nghị quyết về hỗ trợ phát triển hợp tác xã", _ANSWER, ("H01.05",), Out.APPROVAL),
    Story("snnmt", "CCTL", "Cung cấp số liệu quan trắc mặn tháng 11", _ANSWER, ("H01.01", "H01.15"), Out.FORM_CHECK),
    Story("snnmt", "CCTL", "Trả lời kiến nghị cử tri xã Vĩnh Thuận về nước sinh hoạt", _ANSWER, ("H01.187",), Out.SENT_BACK),
    Story("stc", "QLNS", "Thẩm định dự toán nạo vét kênh cấp hai", _ANSWER, ("H01.12",), Out.DRAFT),
    Story("stc", "QLNS", "Hướng dẫn lập dự toán ngân sách năm sau", _ANSWER, ("H01.12", "H01.187"), Out.SIGNATURE),
)  # fmt: skip

PAPERS = (
    Paper(
        "snnmt", "Sở Y tế tỉnh An Giang", ("SỞ Y TẾ",), "655", "SYT-NVY",
        "Phối hợp giám sát dịch bệnh lây truyền từ động vật",
        "Sở Y tế đề nghị Sở Nông nghiệp và Môi trường chia sẻ kết quả giám sát cúm gia cầm tại các chợ đầu mối trong "
        "tháng 11 và cử cán bộ tham gia tổ công tác liên ngành./.",
        "Trần Quang Hiền", "GIÁM ĐỐC", In.WAITING,
    ),
    Paper(
        "snnmt", "Sở Xây dựng tỉnh An Giang", ("SỞ XÂY DỰNG",), "1290", "SXD-HTKT",
        "Thỏa thuận hướng tuyến đường ven kênh Vĩnh Tế",
        "Sở Xây dựng gửi hồ sơ hướng tuyến đường ven kênh Vĩnh Tế, đề nghị Sở Nông nghiệp và Môi trường cho ý kiến về "
        "hành lang bảo vệ công trình thủy lợi./.",
        "Nguyễn Việt Trí", "GIÁM ĐỐC", In.REGISTERED,
    ),
)  # fmt: skip
