"""A rendition of a PDF: what it shows, with something laid over it, and nothing that signs.

Bytes that are changed prove nothing any more; left in them, a signature would call the rendition forged. What else is
filled in or remarked stays as it is.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pikepdf
from pikepdf import Annotation, Array, Name, Object, Page, Pdf

#: of the catalogue: what signatures permit, and what proves them (ISO 32000-2, 12.8.6; ETSI EN 319 142-1, 5.4)
_PROOF = ("/Perms", "/DSS")
#: fields lie in each other so deep at most; nobody makes more
_DEEP = 16


@contextmanager
def shown(path: str | Path) -> Iterator[Pdf]:
    """The PDF with its signatures as drawings on its pages, to be drawn upon. Raises PdfError."""
    with pikepdf.open(path) as document:
        for page in document.pages:
            _draw_signatures(page)
        if (form := document.Root.get(Name.AcroForm)) is not None:
            form.Fields = Array(_unsigned(form.get(Name.Fields, Array())))
            if Name.SigFlags in form:
                del form.SigFlags
        for name in _PROOF:
            if name in document.Root:
                del document.Root[name]
        yield document


def written(document: Pdf) -> bytes:
    """The rendition's bytes; what nothing refers to is left out."""
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _draw_signatures(page: Page) -> None:
    found = page.obj.get(Name.Annots)
    if found is None:
        return
    kept = []
    for one in found:
        if one.get(Name.Subtype) != Name.Widget or not _signs(one):
            kept.append(one)
            continue
        look = Annotation(one).get_appearance_stream(Name.N)
        if look is not None:
            name = page.add_resource(look, Name.XObject)
            drawn = Annotation(one).get_page_content_for_appearance(name, 0)
            # in brackets of its own: the page may leave its drawing state changed
            page.contents_add(b"q\n", prepend=True)
            page.contents_add(b"\nQ\n" + drawn)
    page.obj.Annots = Array(kept)


def _signs(field: Object) -> bool:
    """Whether it, or the field it is a part of, is a signature (ISO 32000-2, 12.7.4.1)."""
    for _level in range(_DEEP):
        if (kind := field.get(Name.FT)) is not None:
            return kind == Name.Sig
        above = field.get(Name.Parent)
        if above is None:
            return False
        field = above
    return False


def _unsigned(fields: Object, level: int = 0) -> list[Object]:
    """Those that sign nothing, with those of their parts that sign nothing."""
    kept = []
    for field in fields:
        if field.get(Name.FT) == Name.Sig:
            continue
        kids = field.get(Name.Kids)
        if kids is not None and level < _DEEP:
            left = _unsigned(kids, level + 1)
            if len(kids) and not left:
                continue
            field.Kids = Array(left)
        kept.append(field)
    return kept
