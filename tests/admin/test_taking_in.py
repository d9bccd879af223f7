"""People and agencies come in from tables: looked at first, all or nothing, never another agency's."""

import html
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from eoffice.accounts.models import User
from eoffice.accounts.settings import KEEPER
from eoffice.core import clock
from eoffice.core.audit import AuditEntry
from eoffice.core.config import override
from eoffice.core.db import transaction
from eoffice.core.permissions import system_actor
from eoffice.directory import operations, queries
from eoffice.directory.models import Agency, Person, Role, Unit
from tests.factories import PASSWORD, Province, province
from tests.web import client_for

pytestmark = pytest.mark.postgres

HEAD = "Họ và tên;Tên đăng nhập;Đơn vị;Ký hiệu đơn vị;Vai trò;Chức vụ;Quyền hạn ký\n"
GOOD = HEAD + (
    "Lê Thị Mới;a_moi;Phòng Pháp chế;PC;Chuyên viên;Chuyên viên;\n"
    "Lê Thị Mới;a_moi;;VP;Lưu trữ;Lưu trữ viên kiêm nhiệm;\n"
    "Bùi Văn Phó;a_pho;;;Lãnh đạo;Phó Giám đốc;KT. GIÁM ĐỐC | PHÓ GIÁM ĐỐC\n"
    "Lâm Thị Bích An;a_clerk;;VP;Văn thư;Văn thư;\n"
)


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


def _look(client: FlaskClient, text: str, what: str = "people") -> tuple[int, str]:
    sent = {"file": (io.BytesIO(text.encode()), "bang.csv")}
    answer = client.post(f"/admin/{what}/look", data=sent, content_type="multipart/form-data")
    return answer.status_code, answer.get_data(as_text=True)


def _kept(page: str) -> str:
    found = re.search(r'name="table"[^>]*value="([^"]*)"', page, re.DOTALL)
    assert found, page
    return html.unescape(found[1])


@pytest.mark.slow
def test_a_table_is_rehearsed_then_taken_in_and_newcomers_choose_their_password(
    app: Flask, session: Session, place: Province
) -> None:
    admin = client_for(app, "a_administrator")
    before = session.scalar(sa.select(sa.func.count()).select_from(AuditEntry))
    status, page = _look(admin, GOOD)
    assert status == 200
    assert page.count("thêm người, mở tài khoản") == 2
    assert page.count("thêm chức vụ") == 1
    assert page.count("giữ nguyên") == 1
    assert session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) == before, (
        "rehearsing writes nothing"
    )

    done = admin.post("/admin/people/take-in", data={"table": _kept(page)}).get_data(as_text=True)
    first = re.search(r"a_moi</td><td><code>([^<]+)<", done)
    assert first, done
    posts = [
        post for post in queries.roll(session, place.a.agency.id) if post.person.full_name == "Lê Thị Mới"
    ]
    assert {(post.unit.abbreviation, post.title) for post in posts if post.unit} == {
        ("PC", "Chuyên viên"), ("VP", "Lưu trữ viên kiêm nhiệm"),
    }  # fmt: skip
    leader = next(one for one in queries.signers(session, place.a.agency.id) if one.title == "Phó Giám đốc")
    assert leader.authority == "KT. GIÁM ĐỐC\nPHÓ GIÁM ĐỐC"

    newcomer = client_for(app, "a_moi", first[1])
    assert newcomer.get("/").headers["Location"] == "/password"
    same = {"present": first[1], "password": first[1], "again": first[1]}
    assert newcomer.post("/password", data=same).status_code == 422
    assert newcomer.post("/password", data=same | {"password": "ngan", "again": "ngan"}).status_code == 422
    mine = {"present": first[1], "password": PASSWORD, "again": PASSWORD}
    assert newcomer.post("/password", data=mine | {"present": "khác"}).status_code == 422
    assert newcomer.post("/password", data=mine).headers["Location"] == "/"
    assert newcomer.get("/").status_code == 200, "the session that changed it goes on"
    assert client_for(app, "a_moi").get("/").status_code == 200


def test_all_that_is_wrong_with_a_row_is_named_at_once(app: Flask, session: Session, place: Province) -> None:
    head = HEAD.replace("\n", ";Từ ngày\n")
    row = "Ai Đó;Viết Hoa;Phòng chưa có;;Chuyên viên;;;31/02/2026\n"
    _status, page = _look(client_for(app, "a_administrator"), head + row + "Ai Đó;b_clerk;;;Trùm;Trưởng;;\n")
    _status, mail = _look(
        client_for(app, "a_administrator"), "Thư điện tử;" + HEAD + "ai_do;Ai Đó;a_ai;;VP;;;\n"
    )
    assert "“ai_do” không phải địa chỉ thư điện tử" in mail
    for told in (
        "“Viết Hoa” không", "Phòng chưa có”", "“31/02/2026” không phải",
        "Mục này bắt buộc. Hãy điền vào.", "Không có vai trò “Trùm”", "“b_clerk” là của người khác",
    ):  # fmt: skip
        assert told in page, told
    with override(**{KEEPER.name: place.a.agency.code}):
        text = "Mã định danh;Mã cũ;Tên cơ quan;Trên trục;Từ ngày;Đến ngày\n"
        row = f"{place.b.agency.code};h01;;có lẽ;01/01/2026;01/01/2025\n"
        _status, page = _look(client_for(app, "a_administrator"), text + row, "agencies")
    for told in (
        "đang làm việc trên hệ thống này",
        "“h01” không phải",
        "“có lẽ”",
        "Mục này bắt buộc. Hãy điền vào.",
        "trước ngày đầu",
    ):
        assert told in page, told


def test_one_bad_row_keeps_all_out_and_each_mistake_is_named_with_its_row(
    app: Flask, session: Session, place: Province
) -> None:
    text = GOOD + (
        "Ai Đó;b_clerk;;VP;Chuyên viên;Chuyên viên;\n"
        "Người Khác;a_head_khong_phai;;VP;Trùm;Trưởng;\n"
        "Không Đơn Vị;a_khong;;;Chuyên viên;Chuyên viên;\n"
        ";a_rong;;VP;Chuyên viên;Chuyên viên;\n"
        "Tên Xấu;Viết Hoa;;VP;Chuyên viên;Chuyên viên;\n"
        "Tên Khác;a_leader;;;Lãnh đạo;Giám đốc;\n"
    )
    admin = client_for(app, "a_administrator")
    status, page = _look(admin, text)
    assert status == 422
    for told in (
        "của người khác",
        "Không có vai trò",
        "ai cũng thuộc một đơn vị",
        "Họ và tên",
        "không dùng làm tên",
    ):
        assert told in page, told
    assert "6 dòng không nhập được" in re.sub(r"\s+", " ", page)
    assert ">Nhập<" not in page
    people = session.scalar(sa.select(sa.func.count()).select_from(Person))
    answer = admin.post("/admin/people/take-in", data={"table": _kept(page)})
    assert answer.status_code == 422
    assert session.scalar(sa.select(sa.func.count()).select_from(Person)) == people
    assert session.scalar(sa.select(Unit).where(Unit.abbreviation == "PC")) is None


def test_nobody_is_made_a_signer_by_a_table_against_article_13(
    app: Flask, session: Session, place: Province
) -> None:
    admin = client_for(app, "a_administrator")
    text = HEAD + (
        "Lê Thị Mới;a_moi;;VP;Chuyên viên;Chuyên viên;XX. ???\n"
        "Bùi Văn Phó;a_pho;;;Lãnh đạo;Phó Giám đốc;XX. ???\n"
        "Vũ Văn Hai;a_hai;;;Lãnh đạo;Phó Giám đốc;GIÁM ĐỐC\n"
    )
    status, page = _look(admin, text)
    assert status == 422
    for told in ("không có quyền tự ký", "“XX. ???” không phải quyền hạn ký", "“GIÁM ĐỐC” không phải cả hai"):
        assert told in page, told


def test_a_new_unit_is_announced_and_one_that_is_here_under_another_name_refused(
    app: Flask, session: Session, place: Province
) -> None:
    admin = client_for(app, "a_administrator")
    _status, page = _look(admin, GOOD + "Vũ Văn Hai;a_hai;Phòng Pháp chế;PC;Chuyên viên;Chuyên viên;\n")
    assert page.count("thêm đơn vị “Phòng Pháp chế” (PC)") == 1, "once, in the line that adds it"
    unit = place.a.unit
    text = HEAD + (
        f"Lê Thị Một;a_mot;{unit.name}i;{unit.abbreviation};Chuyên viên;Chuyên viên;\n"
        f"Lê Thị Hai;a_hai;{unit.name};KHTCX;Chuyên viên;Chuyên viên;\n"
        f"Lê Thị Ba;a_ba;{unit.name};VP;Chuyên viên;Chuyên viên;\n"
        f"Lê Thị Tư;a_tu;{unit.name.lower()};{unit.abbreviation.lower()};Chuyên viên;Chuyên viên;\n"
    )
    status, page = _look(admin, text)
    assert (status, "3 dòng không nhập được" in re.sub(r"\s+", " ", page)) == (422, True)
    assert page.count(f"Đã có đơn vị “{unit.name}” với ký hiệu “{unit.abbreviation}”") == 2 * 2
    assert f"Đã có đơn vị “{place.a.office.name}” với ký hiệu “VP”" in page


def test_nobody_comes_into_a_closed_unit_and_its_name_is_free_its_notation_not(
    app: Flask, session: Session, place: Province
) -> None:
    admin = client_for(app, "a_administrator")
    with transaction(session):
        closed = operations.add_unit(session, system_actor(), place.a.agency, "Phòng Pháp chế", "PC")
        operations.close_unit(session, system_actor(), closed)
    row = "Lê Thị Mới;a_moi;Phòng Pháp chế;{};Chuyên viên;Chuyên viên;\n"
    assert "(PC) đã đóng" in _look(admin, HEAD + row.format("PC"))[1]
    assert "(PC) đã đóng" in _look(admin, HEAD + row.format(""))[1]
    assert "thêm đơn vị “Phòng Pháp chế” (PC2)" in _look(admin, HEAD + row.format("PC2"))[1]


def test_a_table_taken_in_twice_leaves_everything_as_it_is(
    app: Flask, session: Session, place: Province
) -> None:
    admin = client_for(app, "a_administrator")
    text = HEAD.replace("\n", ";Từ ngày\n") + (
        "Lê Thị Mới;a_moi;;VP;Chuyên viên;Chuyên viên;;01/01/2030\n"
        "Bùi\u202e Văn\u200b Phó;a_pho;;;Lãnh đạo;Phó Giám đốc;KT. GIÁM ĐỐC | PHÓ GIÁM ĐỐC;\n"
    )
    _status, page = _look(admin, text)
    assert admin.post("/admin/people/take-in", data={"table": _kept(page)}).status_code == 200
    status, page = _look(admin, text)
    assert (status, page.count("giữ nguyên")) == (200, 2)
    names = session.scalars(sa.select(Person.full_name)).all()
    assert "Bùi Văn Phó" in names, "nothing is stored that nobody sees"


def test_what_a_table_says_otherwise_of_somebody_is_shown_and_taken_over(
    app: Flask, session: Session, place: Province
) -> None:
    admin = client_for(app, "a_administrator")
    _status, page = _look(admin, GOOD)
    assert admin.post("/admin/people/take-in", data={"table": _kept(page)}).status_code == 200
    with transaction(session):
        place.a.posts[Role.LEADER].valid_to = clock.today() - timedelta(days=1)
    head = HEAD.replace("Đơn vị;", "Thư điện tử;Đơn vị;", 1)
    rows = (
        "Bùi Văn Phó;a_pho;pho@angiang.gov.vn;;;Lãnh đạo;Phó Giám đốc;Q. GIÁM ĐỐC\n"
        "Lê Thị Mới;a_moi;;Phòng Pháp chế;PC;Chuyên viên;Chuyên viên;\n"
    )
    _status, page = _look(admin, head + rows)
    told = html.unescape(page)
    assert "thư điện tử: “” → “pho@angiang.gov.vn”" in told
    assert "quyền hạn ký: “KT. GIÁM ĐỐC | PHÓ GIÁM ĐỐC” → “Q. GIÁM ĐỐC”" in told
    assert told.count("giữ nguyên") == 1
    assert admin.post("/admin/people/take-in", data={"table": _kept(page)}).status_code == 200
    session.expire_all()
    post = next(
        one for one in queries.roll(session, place.a.agency.id) if one.person.full_name == "Bùi Văn Phó"
    )
    assert (post.authority, post.person.email) == ("Q. GIÁM ĐỐC", "pho@angiang.gov.vn")
    # an empty cell takes no right away, and the rule of the page holds here, too
    _status, page = _look(admin, HEAD + "Bùi Văn Phó;a_pho;;;Lãnh đạo;Phó Giám đốc;\n")
    assert "giữ nguyên, kể cả quyền hạn ký “Q. GIÁM ĐỐC”" in html.unescape(page)
    status, page = _look(admin, HEAD + "Bùi Văn Phó;a_pho;;;Lãnh đạo;Phó Giám đốc;PHÓ GIÁM ĐỐC\n")
    assert status == 422
    assert "không đúng thẩm quyền ký của chức vụ này" in html.unescape(page)


def test_a_right_to_sign_against_article_13_from_earlier_times_is_named_to_the_administrator(
    app: Flask, session: Session, place: Province
) -> None:
    admin = client_for(app, "a_administrator")
    assert "Trái Điều 13" not in admin.get("/admin/people").text
    post = place.a.posts[Role.SPECIALIST]
    with transaction(session):
        post.authority = "GIÁM ĐỐC"
    page = html.unescape(admin.get("/admin/people").text)
    assert "Trái Điều 13" in page
    assert (
        f'href="/admin/people/posts/{post.id}/end"'
        in page[page.index('id="wrong"') : page.index("</section>", page.index('id="wrong"'))]
    )
    assert "không có quyền tự ký" in page


def test_people_are_taken_into_ones_own_agency_by_its_administrator_only(
    app: Flask, session: Session, place: Province
) -> None:
    assert _look(client_for(app, "a_clerk"), GOOD)[0] == 403
    admin = client_for(app, "b_administrator")
    _status, page = _look(admin, HEAD + "Lê Thị Mới;b_moi;;VP;Chuyên viên;Chuyên viên;\n")
    admin.post("/admin/people/take-in", data={"table": _kept(page)})
    assert "Lê Thị Mới" not in {post.person.full_name for post in queries.roll(session, place.a.agency.id)}
    mine = place.a.posts["specialist"].person_id
    assert admin.post(f"/admin/people/{mine}/password").status_code == 404


def test_a_forgotten_password_is_renewed_and_ends_open_sessions(
    app: Flask, session: Session, place: Province
) -> None:
    open_one = client_for(app, "a_specialist")
    person = place.a.posts["specialist"].person_id
    page = client_for(app, "a_administrator").post(f"/admin/people/{person}/password").get_data(as_text=True)
    told = re.search(r"a_specialist</td><td><code>([^<]+)<", page)
    assert told
    assert open_one.get("/").status_code == 302
    assert client_for(app, "a_specialist", told[1]).get("/").headers["Location"] == "/password"
    user = session.scalars(sa.select(User).where(User.username == "a_specialist")).one()
    assert told[1] not in user.password_hash


AGENCIES = (
    "Mã định danh;Tên cơ quan;Mã cũ;Trên trục;Từ ngày;Đến ngày\n"
    "H01.901;Trường Cao đẳng Nghề;000.00.91.H01;Có;01/07/2025;\n"
    "H01.900;Công ty Thủy lợi tỉnh An Giang;;;;\n"
)


@pytest.fixture
def keeper(app: Flask, place: Province) -> Iterator[Province]:
    with override(**{KEEPER.name: place.a.agency.code}):
        yield place


def test_outside_agencies_are_the_keepers_to_enter(app: Flask, session: Session, keeper: Province) -> None:
    assert _look(client_for(app, "b_administrator"), AGENCIES, "agencies")[0] == 403
    admin = client_for(app, "a_administrator")
    status, page = _look(admin, AGENCIES, "agencies")
    assert status == 200
    assert "thêm cơ quan" in page
    assert "được sửa" in page
    assert queries.agency_by_code(session, "H01.901") is None
    assert admin.post("/admin/agencies/take-in", data={"table": _kept(page)}).status_code == 303
    session.expire_all()
    school = queries.agency_by_code(session, "000.00.91.H01")
    assert school is not None
    assert (school.on_axis, school.hosted, f"{school.valid_from:%d/%m/%Y}") == (True, False, "01/07/2025")
    assert keeper.outside.name == "Công ty Thủy lợi tỉnh An Giang"
    assert keeper.outside.short_name == "Công ty Thủy lợi", "an empty cell leaves the field as it is"
    assert [one.code for one in queries.search_agencies(session, "cao dang nghe")] == ["H01.901"]


def test_a_table_changes_no_agency_of_the_installation_and_no_code_changes_hands(
    app: Flask, session: Session, keeper: Province, tmp_path: Path
) -> None:
    text = AGENCIES + (
        "H01.05;Sở Tài chính giả;;;;\nH01.901;Lần nữa;;;;\nh1;Mã sai;;;;\n"
        "H01.902;Lấy mã người khác;H01.900;;;\nH01.903;Ngược;;;02/02/2026;01/01/2026\nH01.904;Sao;;lúc;;\n"
    )
    path = tmp_path / "a.csv"
    path.write_text(text)
    ran = CliRunner().invoke(app.cli, ["agency", "import", str(path)])
    assert ran.exit_code == 1
    assert sorted(int(number) for number in re.findall(r"^row (\d+)", ran.output, re.MULTILINE)) == [
        4,
        5,
        6,
        7,
        8,
        9,
    ]
    assert session.scalar(sa.select(sa.func.count()).select_from(Agency)) == 3
    path.write_text(AGENCIES)
    assert CliRunner().invoke(app.cli, ["agency", "import", str(path), "--dry-run"]).exit_code == 0
    assert session.scalar(sa.select(sa.func.count()).select_from(Agency)) == 3
    assert CliRunner().invoke(app.cli, ["agency", "import", str(path)]).exit_code == 0
    assert session.scalar(sa.select(sa.func.count()).select_from(Agency)) == 4


def test_a_cell_with_two_lines_is_read_as_two_lines(app: Flask, session: Session, place: Province) -> None:
    row = 'Lê Văn Phó;a_pho;;;Lãnh đạo;Phó Giám đốc;"KT. GIÁM ĐỐC\nPHÓ GIÁM ĐỐC"\n'
    admin = client_for(app, "a_administrator")
    status, page = _look(admin, HEAD + row)
    assert status == 200
    admin.post("/admin/people/take-in", data={"table": _kept(page)})
    found = [
        one for one in queries.signers(session, place.a.agency.id) if one.person.full_name == "Lê Văn Phó"
    ]
    assert [one.authority for one in found] == ["KT. GIÁM ĐỐC\nPHÓ GIÁM ĐỐC"]


def test_one_person_is_added_by_the_rules_of_the_table(app: Flask, session: Session, place: Province) -> None:
    admin = client_for(app, "a_administrator")
    typed = {
        "name": "Nguyễn Thị Mới", "username": "a_moi", "email": "", "role": "Chuyên viên", "title": "Chuyên viên",
        "unit": place.a.unit.abbreviation, "authority": "", "since": "",
    }  # fmt: skip
    wrong = admin.post("/admin/people/add", data=typed | {"username": "Có dấu", "unit": ""})
    assert wrong.status_code == 422
    assert 'value="Có dấu"' in wrong.text
    assert wrong.text.count('class="field-error"') >= 2, "the user name, and the unit that everybody works in"
    done = admin.post("/admin/people/add", data=typed)
    assert done.status_code == 200
    assert "a_moi" in done.text
    assert 'download="mat-khau-mot-lan.xlsx"' in done.text
    user = session.scalars(sa.select(User).where(User.username == "a_moi")).one()
    assert user.must_change
    again = admin.post("/admin/people/add", data=typed | {"title": "Phó trưởng phòng"})
    assert again.status_code == 200, "one more post of the same person"
    other = admin.post("/admin/people/add", data=typed | {"name": "Người Khác"})
    assert other.status_code == 422
    assert "“a_moi” là của người khác" in html.unescape(other.text)
    assert client_for(app, "a_clerk").post("/admin/people/add", data=typed).status_code == 403


def test_a_day_that_is_no_day_is_refused_in_words(app: Flask, place: Province) -> None:
    admin = client_for(app, "a_administrator")
    for day in ("31/02/2026", "abc", ""):
        page = admin.get("/admin/access", query_string={"number": "1", "day": day})
        assert page.status_code in (200, 422), day
        posted = admin.post("/admin/access", data={"number": "1", "day": day})
        assert posted.status_code in (405, 422), day
