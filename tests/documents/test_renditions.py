"""What a rendition shows: everything the file shows but its signatures as signatures."""

import io
from pathlib import Path

import pikepdf
import pypdfium2 as pdfium
from pikepdf import Array, Dictionary, Name, String

from eoffice.documents.layout import renditions


def made(path: Path) -> bytes:
    """The rendition, with nothing laid over it."""
    with renditions.shown(path) as document:
        return renditions.written(document)


def filled_in(path: Path, *, look: bytes | None = None, kind: Name = Name.Tx) -> Path:
    """A page with one field and one note that is not for printing; `look`: how the field is drawn."""
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(595, 842))
    font = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    field = Dictionary(
        Type=Name.Annot, Subtype=Name.Widget, FT=kind, T=String("so"), Rect=[100, 700, 400, 730], F=4,
        DA=String("/Helv 14 Tf 0 g"),
    )  # fmt: skip
    if look is None:
        field.V = String("HO TEN NGUYEN VAN A")
    else:
        field.AP = Dictionary(
            N=pdf.make_stream(look, Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 300, 30])
        )
    note = Dictionary(
        Type=Name.Annot, Subtype=Name.Text, Contents=String("ghi chú riêng"), Rect=[0, 0, 9, 9], F=0
    )
    field, note = pdf.make_indirect(field), pdf.make_indirect(note)
    pdf.pages[0].obj.Annots = Array([field, note])
    fonts = Dictionary(Font=Dictionary(Helv=font))
    pdf.Root.AcroForm = pdf.make_indirect(
        Dictionary(Fields=[field], SigFlags=3, NeedAppearances=True, DR=fonts, DA=String("/Helv 14 Tf 0 g"))
    )
    pdf.save(path)
    return path


def dark(data: bytes, *, forms: bool = True) -> int:
    """Dots of ink on page 1; without `forms` those of its own content alone."""
    with pdfium.PdfDocument(data) as document:
        if forms:
            document.init_forms()
        picture = document[0].render(scale=1, may_draw_forms=forms, draw_annots=forms).to_pil().convert("L")
    return sum(picture.histogram()[:128])


def test_what_was_filled_in_is_shown_as_before(tmp_path: Path) -> None:
    path = filled_in(tmp_path / "a.pdf")
    assert dark(made(path)) == dark(path.read_bytes()) > 0


def test_a_signature_becomes_a_drawing_and_a_note_stays_a_note(tmp_path: Path) -> None:
    path = filled_in(tmp_path / "a.pdf", look=b"0 g 0 0 300 30 re f", kind=Name.Sig)
    data = made(path)
    assert dark(data, forms=False) == 300 * 30
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert [one.Subtype for one in pdf.pages[0].obj.Annots] == [Name.Text]
        assert len(pdf.Root.AcroForm.Fields) == 0
        assert Name.SigFlags not in pdf.Root.AcroForm
