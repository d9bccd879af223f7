"""A rendition of a PDF: what it shows, with something laid over it, and nothing that signs or is filled in.

Bytes that are changed prove nothing any more; left in them, a signature would call the rendition forged.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pikepdf

#: of the catalogue: fields, what signatures permit, what proves them (ISO 32000-2, 7.7.2; PAdES, ETSI EN 319 142-1)
_SIGNING = ("/AcroForm", "/Perms", "/DSS")


@contextmanager
def shown(path: str | Path) -> Iterator[pikepdf.Pdf]:
    """The PDF with its fields and marks as part of its pages, to be drawn upon. Raises PdfError."""
    with pikepdf.open(path) as document:
        document.flatten_annotations("all")
        for name in _SIGNING:
            if name in document.Root:
                del document.Root[name]
        yield document


def written(document: pikepdf.Pdf) -> bytes:
    """The rendition's bytes; what nothing refers to is left out."""
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
