"""Bad files are refused with what to do, before anything is stored."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from sqlalchemy.orm import Session

from eoffice.documents import intake, operations
from eoffice.documents.geometry import Box, View
from eoffice.documents.layout.letter import Letter
from eoffice.documents.layout.samples import sample_scan_pdf
from eoffice.documents.models import DocumentFile
from eoffice.documents.pages import Line, PageText, Word

from .conftest import page_with_signature

Filed = Callable[[Letter], Path]
LIMIT = 50 * 2**20
SAMPLES = Path(__file__).parents[2] / "../shared/samples/pdf-attacks"


def put(folder: Path, data: bytes, name: str = "x.pdf") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_a_sound_pdf_passes_with_its_facts(filed: Filed, official_letter: Letter) -> None:
    path = filed(official_letter)
    facts = intake.inspect_pdf(path, limit=LIMIT)
    assert (facts.pages, facts.size, facts.signed) == (1, path.stat().st_size, False)
    assert facts.page_sizes[0] == pytest.approx((595.3, 841.9), abs=0.1)


@pytest.mark.slow
def test_a_scan_passes(tmp_path: Path, official_letter: Letter) -> None:
    facts = intake.inspect_pdf(put(tmp_path, sample_scan_pdf(official_letter)), limit=LIMIT)
    assert facts.pages == 1


def test_a_signed_pdf_is_known_as_signed(tmp_path: Path) -> None:
    assert intake.inspect_pdf(page_with_signature(tmp_path / "a.pdf"), limit=LIMIT).signed


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(intake.EmptyFile):
        intake.inspect_pdf(put(tmp_path, b""), limit=LIMIT)


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.pdf"
    with path.open("wb") as file:
        file.truncate(3 * 2**20)
    with pytest.raises(intake.TooLarge) as refused:
        intake.inspect_pdf(path, limit=2**20)
    assert refused.value.params == {"limit": 1}


def test_a_picture_called_pdf_is_refused_by_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(intake.NotPdf) as refused:
        intake.inspect_pdf(put(tmp_path, b"\x89PNG\r\n\x1a\n" + b"\0" * 50), limit=LIMIT)
    assert refused.value.params == {"found": "a picture"}


@pytest.mark.parametrize("password", ["", "mở"])
def test_a_locked_pdf_is_refused(filed: Filed, decision: Letter, tmp_path: Path, password: str) -> None:
    with pikepdf.open(filed(decision)) as pdf:
        pdf.save(tmp_path / "locked.pdf", encryption=pikepdf.Encryption(owner="chủ", user=password))
    with pytest.raises(intake.EncryptedPdf):
        intake.inspect_pdf(tmp_path / "locked.pdf", limit=LIMIT)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.95])
def test_a_file_cut_off_on_the_way_is_refused(
    filed: Filed, decision: Letter, tmp_path: Path, part: float
) -> None:
    data = filed(decision).read_bytes()
    with pytest.raises(intake.BrokenPdf):
        intake.inspect_pdf(put(tmp_path, data[: int(len(data) * part)]), limit=LIMIT)


@pytest.mark.parametrize(
    "data", [b"%PDF-1.7\n", b"%PDF-1.7\n" + b"\xff" * 5000, b"%PDF-1.4\nstartxref\n0\n%%EOF"]
)
def test_rubbish_under_a_pdf_head_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(intake.BrokenPdf):
        intake.inspect_pdf(put(tmp_path, data), limit=LIMIT)


def test_a_file_that_can_be_mended_passes(filed: Filed, decision: Letter, tmp_path: Path) -> None:
    data = filed(decision).read_bytes()
    mended = put(tmp_path, data.replace(b"endobj", b"endobj\n% one byte more", 1))
    assert intake.inspect_pdf(mended, limit=LIMIT).pages == 1


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="../shared/samples is not on this machine")
def test_attack_files_neither_hang_nor_crash_the_reader() -> None:
    for path in sorted(SAMPLES.glob("*.pdf")):
        try:
            assert intake.inspect_pdf(path, limit=LIMIT).pages
        except (intake.BrokenPdf, intake.TooMuchForTheReader):
            continue


def mark_on_page(text: str, *, y: float = 700) -> list[PageText]:
    words = tuple(
        Word(word, Box(90 + 30 * n, y, 115 + 30 * n, y + 14)) for n, word in enumerate(text.split())
    )
    line = Line(words, Box(90, y, 90 + 30 * len(words), y + 14))
    return [PageText(1, View(Box(0, 0, 595, 842), 0), (line,))]


@pytest.mark.parametrize("mark", ["MẬT", "TỐI MẬT", "TUYỆT MẬT", "M Ậ T", "[ TỐI MẬT ]"])
def test_a_boxed_mark_in_the_head_is_a_state_secret(mark: str) -> None:
    assert intake.find_secret_mark(mark_on_page(mark)) in intake.SECRET_MARKS


@pytest.mark.parametrize(
    "text", ["Mật", "mật", "BẢO VỆ BÍ MẬT NHÀ NƯỚC", "độ MẬT của văn bản", "MẬT ONG", "KHẨN"]
)
def test_the_word_in_a_text_is_no_mark(text: str) -> None:
    assert intake.find_secret_mark(mark_on_page(text)) is None


def test_a_mark_low_on_the_page_is_no_mark() -> None:
    assert intake.find_secret_mark(mark_on_page("MẬT", y=200)) is None


def test_a_real_page_with_the_mark_is_refused_and_one_about_secrets_is_not(
    filed: Filed, official_letter: Letter
) -> None:
    body = "Văn bản có dấu chỉ độ MẬT, TỐI MẬT thì không được gửi qua hệ thống.\n\nBảo vệ bí mật nhà nước./."
    assert intake.inspect_pdf(filed(replace(official_letter, body=body)), limit=LIMIT).pages == 1
    with pytest.raises(intake.StateSecret) as refused:
        intake.inspect_pdf(filed(replace(official_letter, parent="TỐI MẬT")), limit=LIMIT)
    assert refused.value.params == {"mark": "TỐI MẬT"}


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"%PDF-1.7\n", intake.PDF),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (zipped("[Content_Types].xml", "word/document.xml"), intake.DOCX),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), intake.XLSX),
        (zipped("mimetype", "content.xml", "styles.xml"), intake.ODT),
        (zipped("a.txt"), "application/zip"),
        (b"PK\x03\x04 cut off", intake.UNKNOWN),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), intake.DOC),
        ("Kính gửi".encode(), "text/plain"),
        (b"\0\1\2\3", intake.UNKNOWN),
    ],
)
def test_the_kind_of_a_file_is_told_by_its_bytes(tmp_path: Path, data: bytes, expected: str) -> None:
    assert intake.sniff(put(tmp_path, data, "name.pdf")) == expected


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Công văn 12.pdf", "Công văn 12.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\van thu\\quét.pdf", "quét.pdf"),
        ("hoa\u202efdp.exe", "hoafdp.exe"),
        ("a" * 300 + ".pdf", "a" * 140 + ".pdf"),
        ("\0\n", "tep"),
    ],
)
def test_file_names_are_made_safe(given: str, kept: str) -> None:
    assert intake.safe_name(given) == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Công văn.PDF", "Công văn.PDF"),
        ("hoa-don.exe", "hoa-don.pdf"),
        ("125/BC-UBND", "BC-UBND.pdf"),
        ("Báo cáo v1.2 của huyện", "Báo cáo v1.2 của huyện.pdf"),
        ("", "tep.pdf"),
    ],
)
def test_a_pdf_is_kept_under_the_ending_of_a_pdf(given: str, kept: str) -> None:
    assert intake.pdf_name(given) == kept


def test_a_program_is_told_by_its_bytes_and_by_its_ending(tmp_path: Path) -> None:
    assert intake.sniff(put(tmp_path, b"MZ\x90\0" + b"\0" * 60)) == intake.PROGRAM
    assert DocumentFile(name="Bảng kê.XLSM").may_run
    assert not DocumentFile(name="Bảng kê.xlsx").may_run


def test_a_program_under_the_name_of_a_document_is_not_taken_in(session: Session) -> None:
    for must_be_pdf in (True, False):
        with pytest.raises(intake.ProgramFile):
            operations.take_in(io.BytesIO(b"\x7fELF" + b"\0" * 60), "phu-luc.pdf", must_be_pdf=must_be_pdf)
