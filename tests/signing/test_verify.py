import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from signing import appearance, placement
from signing.ades import outcome
from signing.geometry import Box, Placement
from signing.keys import Pkcs12Key
from signing.placement import Role
from signing.report import Changes, Code, Report, Revocation, Verdict
from signing.sentences import about, headline, sentence, verdict_word
from signing.sign import Level
from signing.testing import DemoPki, LocalTimestamper
from signing.trust import TrustStore
from signing.verify import verify_pdf
from tests.signing.conftest import AGENCY, LEADER, sign


def check(data: bytes, trust: TrustStore, **options: object) -> Report:
    return verify_pdf(io.BytesIO(data), trust, **options)  # type: ignore[arg-type]


def codes(report: Report) -> set[Code]:
    return {finding.code for finding in report.all_findings}


def test_each_signature_tells_who_in_which_role_with_which_words(
    chain: list[bytes], trust: TrustStore
) -> None:
    leader, number, seal = check(chain[2], trust).signatures
    assert [one.role for one in (leader, number, seal)] == [Role.LEADER, Role.NUMBER, Role.SEAL]
    assert number.text == "Số: 123/SNV-VP An Giang, ngày 20 tháng 11 năm 2026"
    assert {one.signer.organisation for one in (leader, number, seal) if one.signer} == {AGENCY}
    assert leader.changes_after is Changes.SIGNATURES
    assert seal.changes_after is Changes.NONE
    assert leader.revocation is Revocation.GOOD


def test_later_visible_fields_are_named(chain: list[bytes], trust: TrustStore) -> None:
    named = [f.params["field"] for f in check(chain[2], trust).findings if f.code is Code.LATER_FIELD]
    assert named == ["Number", "Seal"]


@pytest.mark.parametrize("where", [300, 5000, -900])
def test_one_changed_byte_is_never_valid(where: int, chain: list[bytes], trust: TrustStore) -> None:
    data = bytearray(chain[2])
    data[where] ^= 1
    assert check(bytes(data), trust).verdict in (Verdict.INVALID, Verdict.UNREADABLE)


def test_a_changed_byte_in_a_stream_makes_every_signature_invalid(
    chain: list[bytes], trust: TrustStore
) -> None:
    data = bytearray(chain[2])
    # a comment's byte: the file stays readable, so that only the digest can tell
    at = data.index(b"%PDF-") + 10
    data[at] ^= 1
    report = check(bytes(data), trust)
    assert report.verdict is Verdict.INVALID
    assert [one.intact for one in report.signatures] == [False] * 3
    assert Code.ALTERED in codes(report)


def test_an_unsigned_file_is_unsigned(document: bytes, trust: TrustStore) -> None:
    assert check(document, trust).verdict is Verdict.UNSIGNED


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 word", b"%PDF-1.7 nothing else"])
def test_what_cannot_be_read_gets_no_verdict_on_signatures(data: bytes, trust: TrustStore) -> None:
    assert check(data, trust).verdict is Verdict.UNREADABLE


def test_a_file_cut_behind_a_signature_is_found_signed_and_not_confirmed(
    chain: list[bytes], trust: TrustStore
) -> None:
    report = check(chain[2][: len(chain[1]) + 3000], trust)
    assert report.verdict is Verdict.INDETERMINATE
    assert [one.field for one in report.signatures] == ["Leader", "Number"]
    assert all(one.intact for one in report.signatures)
    assert "Tìm thấy chữ ký nhưng cấu trúc tệp bị hỏng" in headline(report)


def test_a_file_cut_within_its_signature_is_unreadable_not_invalid(
    chain: list[bytes], trust: TrustStore
) -> None:
    assert check(chain[0][: len(chain[0]) * 6 // 10], trust).verdict is Verdict.UNREADABLE


def test_an_encrypted_file_says_so(document: bytes, trust: TrustStore) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(document)) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="a", user="b"))
    assert codes(check(out.getvalue(), trust)) == {Code.ENCRYPTED}


@pytest.mark.slow
def test_an_untrusted_signer_is_not_confirmed(chain: list[bytes], tmp_path: Path) -> None:
    other = DemoPki.create(tmp_path / "other", "http://127.0.0.1:9")
    report = check(chain[0], other.trust)
    assert report.verdict is Verdict.INDETERMINATE
    assert Code.UNTRUSTED in codes(report)


def test_a_certificate_revoked_before_the_check_is_invalid(
    document: bytes, pki: DemoPki, now: datetime
) -> None:
    key = Pkcs12Key.unlock(pki.issue_person("Lê Thị Thu", "Chuyên viên", AGENCY, passphrase="x"), "x")
    signed, _ = sign(document, key, field="L")
    pki.revoke(key.info.serial, at=now - timedelta(minutes=5))
    report = check(signed, pki.trust.with_revocation(crls=[pki.crl(), pki.root_crl()]))
    assert report.verdict is Verdict.INVALID
    assert report.signatures[0].revocation is Revocation.REVOKED


def test_unchecked_revocation_is_said_and_may_be_required(chain: list[bytes], pki: DemoPki) -> None:
    report = check(chain[0], pki.trust)
    assert report.verdict is Verdict.VALID
    assert report.signatures[0].revocation is Revocation.UNCHECKED
    assert "thu hồi" in headline(report)
    assert check(chain[0], pki.trust, require_revocation=True).verdict is Verdict.INDETERMINATE


def test_a_list_whose_next_one_is_due_says_nothing_unless_it_names_the_signer(
    document: bytes, pki: DemoPki
) -> None:
    key = Pkcs12Key.unlock(pki.issue_person("Vũ Thị Hà", "Trưởng phòng", AGENCY, passphrase="x"), "x")
    signed, _ = sign(document, key, field="S")
    later = datetime.now(UTC) + timedelta(days=60)
    old = pki.trust.with_revocation(crls=[pki.crl(), pki.root_crl()])
    (found,) = check(signed, old, at=later).signatures
    assert (found.verdict, found.revocation) == (Verdict.VALID, Revocation.UNCHECKED)
    pki.revoke(key.info.serial)
    old = pki.trust.with_revocation(crls=[pki.crl(), pki.root_crl()])
    assert check(signed, old, at=later).verdict is not Verdict.VALID


def test_an_expired_certificate_without_a_time_stamp_is_not_confirmed(
    chain: list[bytes], pki: DemoPki
) -> None:
    later = check(chain[0], pki.trust, at=datetime.fromisoformat("2033-01-01T00:00:00+00:00"))
    assert later.verdict is Verdict.INDETERMINATE
    assert Code.EXPIRED_SINCE in codes(later)


def test_before_its_certificate_begins_a_signature_is_neither_expired_nor_of_a_lower_level(
    document: bytes, leader: Pkcs12Key, pki: DemoPki
) -> None:
    stamped, _ = sign(document, leader, field="L", level=Level.B_T, timestamper=LocalTimestamper(pki))
    report = check(stamped, pki.trust, at=datetime.fromisoformat("2020-01-01T00:00:00+00:00"))
    assert report.verdict is Verdict.INDETERMINATE
    assert Code.NOT_YET_VALID in codes(report)
    assert Code.EXPIRED_SINCE not in codes(report)
    said = headline(report, "en")
    assert said.startswith(
        f"At 01/01/2020 07:00:00 the certificate of {LEADER} was not valid yet: it begins on"
    )
    assert "B-B" not in about(report, report.signatures[0])["level"]
    assert report.signatures[0].to_dict()["level"] is None


def test_a_later_field_of_another_agency_is_not_confirmed(
    chain: list[bytes], stranger: Pkcs12Key, trust: TrustStore
) -> None:
    note = appearance.Appearance(rows=((appearance.Text("Đã sao"),),))
    where = Placement(1, Box(60, 40, 160, 60))
    signed, _ = sign(chain[2], stranger, field="X", placement=where, appearance=note)
    report = check(signed, trust)
    assert report.verdict is Verdict.INDETERMINATE
    assert Code.OTHER_AGENCY in codes(report)
    assert Code.INK_ON_SIGNED not in codes(report)
    same = [frozenset({AGENCY, "Sở Tài chính tỉnh An Giang"})]
    assert check(signed, trust, same_agency=same).verdict is Verdict.VALID


@pytest.mark.slow
def test_a_person_who_signs_after_an_agency_does_not_become_the_issuer(
    document: bytes, agency: Pkcs12Key, pki: DemoPki, trust: TrustStore
) -> None:
    first, _ = sign(document, agency, field="Seal")
    stranger = pki.issue_person("Hồ Thị Mai", "Giám đốc", "Sở Y tế tỉnh An Giang", passphrase="x")
    words = appearance.Appearance(rows=((appearance.Text("Đã duyệt chi"),),))
    signed, _ = sign(
        first, Pkcs12Key.unlock(stranger, "x"), field="Later",
        placement=Placement(1, Box(90, 60, 300, 90)), appearance=words,
    )  # fmt: skip
    report = check(signed, trust)
    assert report.verdict is Verdict.INDETERMINATE
    assert Code.OTHER_AGENCY in {finding.code for finding in report.findings}


@pytest.mark.parametrize("over", ["body", "number", "name"])
def test_a_later_field_of_the_same_agency_over_signed_words_is_not_confirmed(
    over: str, chain: list[bytes], agency: Pkcs12Key, block: Placement, trust: TrustStore
) -> None:
    name = Box(block.box.x0, block.box.y0 - 60, block.box.x1, block.box.y0 - 10)
    line = placement.number_line(chain[0]).box
    box = {"body": Box(90, 600, 300, 680), "number": line, "name": name}[over]
    note = appearance.Appearance(
        rows=tuple((appearance.Text("MMMMMMMMM", align="center"),) for _ in range(3))
    )
    if over == "number":
        note = appearance.Appearance(rows=((appearance.Text("Số: 999/SNV-VP"),),))
    signed, _ = sign(chain[2], agency, field="X", placement=Placement(1, box), appearance=note)
    report = check(signed, trust)
    assert Code.INK_ON_SIGNED in codes(report)
    assert report.verdict is Verdict.INDETERMINATE


def test_a_later_field_of_the_same_agency_that_hides_a_signature_is_not_confirmed(
    chain: list[bytes], agency: Pkcs12Key, block: Placement, trust: TrustStore
) -> None:
    blank = io.BytesIO()
    Image.new("RGB", (30, 10), "white").save(blank, "PNG")
    cover = appearance.Appearance(png=blank.getvalue())
    for end in (0, 2):
        signed, _ = sign(chain[end], agency, field="X", placement=block, appearance=cover)
        report = check(signed, trust)
        assert Code.INK_ON_SIGNED in codes(report), end
        assert report.verdict is Verdict.INDETERMINATE
    corner = Placement(block.page, Box(block.box.x0, block.box.y0, block.box.x0 + 20, block.box.y1))
    signed, _ = sign(chain[0], agency, field="X", placement=corner, appearance=cover)
    assert Code.INK_ON_SIGNED not in codes(check(signed, trust)), "as much as a seal covers"


@pytest.mark.slow
def test_words_a_person_adds_when_signing_later_are_not_confirmed(
    chain: list[bytes], pki: DemoPki, trust: TrustStore
) -> None:
    made = pki.issue_person("Hồ Thị Mai", "Kế toán trưởng", AGENCY, passphrase="x")
    person = Pkcs12Key.unlock(made, "x")
    for words, added in (
        ("Và chi thêm 900.000.000 đồng.", True),
        ("Ký bởi: Hồ Thị Mai, Kế toán trưởng; Thời gian ký: 20/11/2026 09:30:12 +07:00", False),
    ):
        note = appearance.Appearance(rows=((appearance.Text(words, size=6),),))
        signed, _ = sign(
            chain[2], person, field="X", placement=Placement(1, Box(60, 40, 400, 60)), appearance=note
        )
        report = check(signed, trust)
        assert (Code.WORDS_ADDED in codes(report)) is added, words
        assert report.verdict is (Verdict.INDETERMINATE if added else Verdict.VALID)


def append(data: bytes, change: Callable[[pikepdf.Pdf], None], tmp_path: Path) -> bytes:
    """An incremental update that nobody signs."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    change(writer)  # type: ignore[arg-type]
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.slow
def test_an_unsigned_note_leaves_the_signed_part_intact_but_is_not_valid(
    chain: list[bytes], trust: TrustStore, tmp_path: Path
) -> None:
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.generic import pdf_name

    def note(writer) -> None:
        page = writer.find_page_for_modification(0)[0].get_object()
        annotation = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Text"),
                pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (50, 50, 70, 70))),
                pdf_name("/Contents"): generic.pdf_string("sửa"),
            }
        )
        page["/Annots"].append(writer.add_object(annotation))
        writer.update_container(page["/Annots"])

    report = check(append(chain[2], note, tmp_path), trust)
    assert report.verdict is Verdict.INDETERMINATE
    assert report.signatures[0].changes_after is Changes.UNSIGNED
    assert verdict_word(report) == "Có phần thêm không ai ký"


def test_changed_page_content_is_invalid_and_names_the_page(
    chain: list[bytes], trust: TrustStore, tmp_path: Path
) -> None:
    from pyhanko.pdf_utils import generic

    def paint(writer) -> None:
        stream = generic.StreamObject({}, stream_data=b"q 1 0 0 rg 100 400 200 100 re f Q")
        writer.add_stream_to_page(0, writer.add_object(stream))

    report = check(append(chain[2], paint, tmp_path), trust)
    assert report.verdict is Verdict.INVALID
    assert "Nội dung trang 1 đã bị sửa sau khi ký." in {sentence(finding) for finding in report.all_findings}


def test_an_empty_cross_reference_section_is_never_valid(chain: list[bytes], trust: TrustStore) -> None:
    """The hole of the incremental saving attack: new objects that only scanning readers find."""
    data = chain[0]
    start = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    size = int(re.findall(rb"/Size (\d+)", data)[-1])
    root = re.findall(rb"/Root (\d+) 0 R", data)
    at = len(data) + 1
    trailer = b"\nxref\n0 0\ntrailer\n<< /Size %d /Root %s 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n"
    forged = data + trailer % (size, root[-1], start, at)
    assert check(forged, trust).verdict is not Verdict.VALID


def test_bytes_after_the_end_are_never_valid(chain: list[bytes], trust: TrustStore) -> None:
    report = check(chain[2] + b"\n1 0 obj << /Type /Catalog >> endobj\n", trust)
    assert report.verdict is not Verdict.VALID


def test_every_finding_has_a_sentence_in_both_languages() -> None:
    from signing.sentences import _words

    for lang in ("vi", "en"):
        assert {code.value for code in Code} <= _words(lang).keys()
        about = _words(lang)["about"]
        wanted = (*Level, *Revocation, *Changes)
        assert {f"{one}" for one in wanted} <= {name.partition(".")[2] for name in about}


def test_each_aspect_of_a_signature_is_said_in_both_languages(chain: list[bytes], trust: TrustStore) -> None:
    report = check(chain[2], trust)
    leader = report.signatures[0]
    vietnamese, english = (about(report, leader, lang) for lang in ("vi", "en"))
    assert list(vietnamese) == ["who", "when", "level", "integrity", "chain", "revocation", "after", "shown"]
    assert vietnamese.keys() == english.keys()
    assert vietnamese["who"].startswith(f"Người ký: {LEADER}, Phó Giám đốc, {AGENCY}; chứng thư số do")
    assert vietnamese["when"].endswith("không có dấu thời gian chứng minh.")
    assert english["after"] == (
        f"After this signature came signatures, time stamps or validation data only; signed later: {AGENCY}."
    )
    assert english["shown"] == "A reader shows what was signed."
    assert about(report, report.signatures[2], "en")["after"] == "Nothing came after this signature."
    assert outcome(leader) == ("TOTAL-PASSED", "")
