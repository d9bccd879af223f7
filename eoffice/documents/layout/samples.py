"""Papers as a clerk scans them: pictures of pages, no text. For the demonstration and the tests."""

import io
import random

import pikepdf
import pypdfium2 as pdfium
from PIL import Image, ImageFilter

from eoffice.documents.layout.letter import Letter
from eoffice.documents.layout.typesetting import typeset

#: what Decree 30/2020, Appendix I, Part II asks of a digitised paper at least
DOTS_PER_INCH = 200


def sample_scan_pdf(letter: Letter, *, tilt: float = 0.3, seed: int = 1) -> bytes:
    """Return a PDF of JPEG pages that look like a scan of this letter, `tilt` degrees askew.

    Give the letter a `number_text` and a `place_and_date`: a paper that arrives has both. Only for letters
    of our own: they are drawn in this process. The same arguments give the same pictures.
    """
    noise = random.Random(seed)  # noqa: S311 - paper grain, not a secret
    scanned = pikepdf.new()
    with pdfium.PdfDocument(typeset(letter).pdf) as document:
        for page in document:
            picture = _scanned(page.render(scale=DOTS_PER_INCH / 72).to_pil(), tilt, noise)
            _add_page(scanned, picture)
    out = io.BytesIO()
    scanned.save(out, deterministic_id=True, min_version="1.4")
    return out.getvalue()


def _scanned(page: Image.Image, tilt: float, noise: random.Random) -> Image.Image:
    """Turn, blur and grain the page, on paper that is not quite white."""
    paper = (247, 245, 239)
    turned = page.convert("RGB").rotate(tilt, resample=Image.Resampling.BICUBIC, fillcolor="white")
    soft = turned.filter(ImageFilter.GaussianBlur(0.6))
    tinted = Image.composite(soft, Image.new("RGB", soft.size, paper), soft.convert("L").point(_ink))
    grain = Image.frombytes("L", (256, 256), noise.randbytes(256 * 256)).resize(soft.size)
    return Image.blend(tinted, Image.merge("RGB", (grain, grain, grain)), 0.03)


def _ink(lightness: int) -> int:
    """How much of the printed page covers the paper: all of the ink, nothing where it is white."""
    return min(255, (255 - lightness) * 2)


def _add_page(document: pikepdf.Pdf, picture: Image.Image) -> None:
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", quality=70, dpi=(DOTS_PER_INCH, DOTS_PER_INCH))
    width, height = (side * 72 / DOTS_PER_INCH for side in picture.size)
    image = pikepdf.Stream(
        document,
        jpeg.getvalue(),
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=picture.width,
        Height=picture.height,
        ColorSpace=pikepdf.Name.DeviceRGB,
        BitsPerComponent=8,
        Filter=pikepdf.Name.DCTDecode,
    )
    page = document.add_blank_page(page_size=(width, height))
    name = page.add_resource(image, pikepdf.Name.XObject)
    page.contents_add(f"q {width:.2f} 0 0 {height:.2f} 0 0 cm {name} Do Q".encode())
