"""What an agency brings along from the system before: its tables, its files, and the pages that take them in."""

import base64
import html
import io
import re
import zipfile
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.documents.models import Register
from eoffice.incoming.models import IncomingDocument
from tests.factories import Province, province
from tests.incoming.letters import letter_pdf

YEAR = clock.today().year
DAY = f"{clock.today() - timedelta(days=3):%d/%m/%Y}"
LAST = f"{clock.today() - timedelta(days=1):%d/%m/%Y}"
DECISION = f"Quyết định số 15/QĐ-SNNMT ngày {DAY}"
SERIES = (
    "Ký hiệu sổ;Tên sổ;Loại sổ;Năm;Số cuối cùng;Tên loại;Quyết định\n"
    f"DEN;Văn bản đến;Đến;{YEAR};1234;;{DECISION}\n"
    f"QD;Quyết định;Đi;{YEAR};87;QĐ;{DECISION}\n"
    f"DEN;Văn bản đến {YEAR - 1};Đến;{YEAR - 1};4321;;{DECISION}\n"
)
HEAD = (
    "Ký hiệu sổ;Năm;Số trong sổ;Ngày vào sổ;Số, ký hiệu;Ngày văn bản;Cơ quan ban hành;Tên loại;Trích yếu;Người ký;"
    "Nơi nhận;Tình trạng;Lãnh đạo chỉ đạo;Đơn vị chủ trì;Người chủ trì;Ý kiến chỉ đạo;Hạn giải quyết;Tệp;"
    "Tệp kèm theo;Phối hợp\n"
)
#: done with its file; open with a person, overdue; with a unit; with the leader; issued
ROWS = (
    f"DEN;{YEAR};1230;{DAY};125/SNV-CCVC;{DAY};Sở Nội vụ;Công văn;Rà soát biên chế;Nguyễn Văn A;;Đã xong;;;;;;"
    "den/a.pdf;b.xlsx\n"
    f"DEN;{YEAR};1231;{DAY};126/SNV-CCVC;{DAY};Sở Nội vụ;CV;Báo cáo mặn;;;Đang xử lý;a_leader;;a_specialist;"
    f"Trả lời;{LAST};;;KHTC\n"
    f"DEN;{YEAR};1232;{DAY};127/SNV-CCVC;{DAY};Sở Nội vụ;CV;Việc của phòng;;;Đang xử lý;a_leader;KHTC;;Tham mưu;;;\n"
    f"DEN;{YEAR};1234;{DAY};128/SNV-CCVC;{DAY};Sở Nội vụ;CV;Chờ ý kiến;;;Đang xử lý;a_leader;;;;;;\n"
    f'QD;{YEAR};87;{DAY};87/QĐ-SNNMT;{DAY};;QĐ;Quy chế cũ;Trần Thị B;"Các phòng; Sở Nội vụ";Đã xong;;;;;;di/87.pdf;\n'
    f"QD;{YEAR};86;{DAY};86/QĐ-SNNMT;{DAY};;QĐ;Không có tệp;Trần Thị B;;;;;;;;;\n"
)


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


def pack(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), data)
    return out.getvalue()


FILES = {
    "den__a_pdf": letter_pdf(),
    "b_xlsx": b"PK\x03\x04 no workbook, but an attachment",
    "di__87_pdf": letter_pdf(),
}


def look(client: FlaskClient, what: str, text: str, files: bytes | None = None) -> tuple[int, str]:
    name = "file" if what == "registers" else "table"
    sent: dict[str, object] = {
        name: (io.BytesIO(text.encode()), "bang.csv"),
        "system": "VNPT iOffice",
        "what": what,
    }
    if files is not None:
        sent["files"] = (io.BytesIO(files), "tep.zip")
    where = "registers/look" if what == "registers" else "look"
    answer = client.post(f"/registers/take-over/{where}", data=sent, content_type="multipart/form-data")
    return answer.status_code, html.unescape(answer.get_data(as_text=True))


def mistakes(page: str) -> list[tuple[object, ...]]:
    """The rows of the list of mistakes that a refused table links to."""
    packed = re.search(r'href="data:[^"]*;base64,([^"]*)" download="danh-sach-loi.xlsx"', page)
    assert packed
    sheet = load_workbook(io.BytesIO(base64.b64decode(packed[1]))).worksheets[0]
    return list(sheet.iter_rows(min_row=2, values_only=True))


def hidden(page: str) -> dict[str, str]:
    fields = re.findall(r'type="hidden" value="([^"]*)"|name="(\w+)" type="hidden" value="([^"]*)"', page)
    return {name: value for _only, name, value in fields if name}


def series(client: FlaskClient) -> None:
    status, page = look(client, "registers", SERIES)
    assert status == 200, page
    table = re.search(r'name="table"[^>]*value="([^"]*)"', page, re.DOTALL)
    assert table
    assert client.post("/registers/take-over/registers", data={"table": table[1]}).status_code == 303


def register_of(session: Session, place: Province, code: str, year: int = YEAR) -> Register:
    keys = (Register.agency_id == place.a.agency.id, Register.code == code, Register.year == year)
    return session.scalars(sa.select(Register).where(*keys)).one()


def by_number(session: Session, place: Province, number: int) -> IncomingDocument:
    keys = (IncomingDocument.register_number == number, IncomingDocument.agency_id == place.a.agency.id)
    return session.scalars(sa.select(IncomingDocument).where(*keys)).one()


def count(session: Session, kind: type) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(kind)) or 0


DRAFTS = (
    "Trích yếu;Tên loại;Người soạn thảo;Người ký;Nơi nhận;Hạn trả lời;Trả lời văn bản đến;Tình trạng;Tệp\n"
    f"Trả lời báo cáo mặn;CV;a_specialist;a_leader;H01.05;{LAST};DEN 1231;Đang soạn;du-thao/a.pdf\n"
    "Kế hoạch;KH;a_specialist;a_leader;;;;Chờ duyệt;du-thao/a.pdf\n"
)
DOSSIERS = (
    "Số và ký hiệu hồ sơ;Năm;Đề mục;Tiêu đề hồ sơ;Thời hạn bảo quản;Người lập;Ngày bắt đầu;Ngày kết thúc;Văn bản\n"
    f'07.KHTC;{YEAR};Kế hoạch, tài chính;Xâm nhập mặn;10 năm;a_specialist;{DAY};;"DEN 1231; DEN 1232"\n'
    f'02.KHTC;{YEAR};;Biên chế;Vĩnh viễn;a_unit_head;{DAY};{LAST};"DEN 1230; QD 87"\n'
)
