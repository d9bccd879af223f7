"""What a PDF is made of, without a verdict."""

from typing import Any, BinaryIO

import pikepdf

from signing import gate
from signing.errors import UnreadablePdf
from signing.fields import visible_fields


def inspect_pdf(source: BinaryIO) -> dict[str, Any]:
    """Version, pages, revisions (`%%EOF` marks), qpdf's problems and fields, for JSON.

    Raises UnreadablePdf, EncryptedPdf.
    """
    structure = gate.examine(source)
    try:
        shown = visible_fields(source)
        with gate.opened(source) as pdf:
            version = pdf.pdf_version
    except (pikepdf.PdfError, ValueError, TypeError) as error:
        raise UnreadablePdf(str(error)) from error
    return {
        "version": version,
        "pages": structure.pages,
        "signed": structure.signed,
        "revisions": _marks(source),
        "hybrid": structure.hybrid,
        "problems": list(structure.problems),
        "fields": [
            {
                "name": field.name,
                "page": field.placement.page,
                "box": [round(edge, 2) for edge in field.placement.box],
                "text": field.text,
                "picture": field.picture,
            }
            for field in shown.values()
        ],
    }


def _marks(source: BinaryIO) -> int:
    """How often `%%EOF` stands in the file, counted without loading it."""
    source.seek(0)
    count, rest = 0, b""
    while part := source.read(1 << 20):
        joined = rest + part
        count += joined.count(b"%%EOF")
        # four bytes are one too few to be counted twice
        rest = joined[-4:]
    return count
