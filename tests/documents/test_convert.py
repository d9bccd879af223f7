"""A Word draft becomes a PDF where LibreOffice is; elsewhere the person is told what to do."""

import zipfile
from pathlib import Path

import pikepdf
import pytest

from eoffice.documents import convert
from eoffice.documents.intake import inspect_pdf
from eoffice.documents.pages import page_text

needs_office = pytest.mark.skipif(not convert.available(), reason="LibreOffice is not installed")
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """The smallest Word file there is, with one sentence."""
    path = tmp_path / "draft.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType='
            '"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" '
            'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
            f'Type="{OFFICE}/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        )
        archive.writestr(
            "word/document.xml",
            f'<w:document xmlns:w="{WORD}"><w:body><w:p><w:r><w:t>Kính gửi: Sở Nội vụ</w:t></w:r></w:p>'
            "</w:body></w:document>",
        )
    return path


@needs_office
@pytest.mark.slow
def test_a_word_draft_becomes_a_sound_pdf(draft: Path, tmp_path: Path) -> None:
    made = tmp_path / "made.pdf"
    made.write_bytes(convert.word_to_pdf(draft))
    assert inspect_pdf(made, limit=10**7).pages == 1
    with pikepdf.open(made) as pdf:
        assert pdf.check_pdf_syntax() == []
    assert "Kính gửi: Sở Nội vụ" in page_text(made)[0].text


@needs_office
def test_a_conversion_that_takes_too_long_is_ended(draft: Path) -> None:
    with pytest.raises(convert.CannotConvert):
        convert.word_to_pdf(draft, seconds=0.05)


def test_without_the_program_the_message_says_how_to_add_it(
    draft: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert not convert.available()
    with pytest.raises(convert.OfficeMissing, match="apt-get install"):
        convert.word_to_pdf(draft)


@needs_office
def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.docx"
    path.write_bytes(b"%PDF-1.7\n")
    with pytest.raises(convert.NotWord):
        convert.word_to_pdf(path)
