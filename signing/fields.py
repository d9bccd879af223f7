"""Signature fields as they show: where, with which words, over what."""

import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import pikepdf

from signing import pages
from signing.errors import PlacementError, SigningError
from signing.gate import opened
from signing.geometry import Box, Placement, visible

#: flags of an annotation that some readers show and others do not: hidden, no view, toggled (ISO 32000-1 §12.5.3)
_ELUSIVE = 2 | 32 | 256


@dataclass(frozen=True)
class VisibleField:
    """A signature field with an area on a page."""

    name: str
    placement: Placement
    #: words its appearance shows, NFC
    text: str
    #: whether it draws a picture
    picture: bool
    #: where else it shows; a sound field has one place
    elsewhere: tuple[Placement, ...] = ()
    #: whether some readers show it and others do not
    elusive: bool = False

    @property
    def places(self) -> tuple[Placement, ...]:
        """Everywhere it shows."""
        return (self.placement, *self.elsewhere)


def visible_fields(source: BinaryIO) -> dict[str, VisibleField]:
    """Signature fields that show, by their full name. Raises pikepdf.PdfError and what it raises."""
    with opened(source) as pdf:
        fields = list(_fields(pdf))
        places = _places(pdf, {widget.objgen for _, widgets in fields for widget in widgets})
        shown = {
            name: (widgets, found)
            for name, widgets in fields
            if (found := [place for widget in widgets for place in places.get(widget.objgen, [])])
        }
        words = _words([_normal(widgets[0]) for widgets, _ in shown.values()])
        return {
            name: _shown(name, widgets, found, text)
            for (name, (widgets, found)), text in zip(shown.items(), words, strict=True)
        }


def _shown(name: str, widgets: list[Any], places: list[Placement], text: str) -> VisibleField:
    form = _normal(widgets[0])
    picture = form is not None and _draws_picture(form, 4)
    elusive = any(int(widget.get("/F", 0)) & _ELUSIVE for widget in widgets)
    return VisibleField(name, places[0], text, picture, tuple(places[1:]), elusive)


def _fields(pdf: pikepdf.Pdf) -> Iterator[tuple[str, list[Any]]]:
    """Signature fields with their full names and widgets, at most 10,000 nodes deep and wide."""
    form: Any = pdf.Root.get("/AcroForm", {})
    waiting = deque(("", field) for field in form.get("/Fields", []))
    for _ in range(10_000):
        if not waiting:
            return
        above, field = waiting.popleft()
        part = str(field.get("/T", ""))
        name = f"{above}.{part}" if above and part else above or part
        kids = list(field.get("/Kids", []))
        if field.get("/FT") == "/Sig":
            yield name, kids or [field]
        else:
            waiting.extend((name, kid) for kid in kids)


def _places(pdf: pikepdf.Pdf, wanted: set[Any]) -> dict[Any, list[Placement]]:
    """Where the widgets show, by the pages that list them: what a widget says of its page (/P) binds no reader."""
    found: dict[Any, list[Placement]] = {}
    for number, page in enumerate(pdf.pages, 1):
        for widget in page.obj.get("/Annots", []):
            if widget.objgen in wanted and (place := placement(page, number, widget)) is not None:
                found.setdefault(widget.objgen, []).append(place)
    return found


def placement(page: pikepdf.Page, number: int, annotation: Any) -> Placement | None:
    """Where an annotation of a page stands; None when it has no area."""
    edges = [float(edge) for edge in annotation.get("/Rect", [0, 0, 0, 0])]
    box = Box(
        min(edges[0], edges[2]), min(edges[1], edges[3]), max(edges[0], edges[2]), max(edges[1], edges[3])
    )
    if box.width <= 0 or box.height <= 0:
        return None
    try:
        shape = visible(page.mediabox, page.cropbox, page.obj.get("/Rotate", 0))
    except PlacementError:
        return Placement(number, box)
    return Placement(number, shape.to_shown(box))


def _normal(widget: Any) -> Any:
    form = widget.get("/AP", {}).get("/N")
    return form if isinstance(form, pikepdf.Stream) else None


def _draws_picture(form: Any, depth: int) -> bool:
    """An image in the form or in the forms it draws; other producers nest them four deep."""
    for part in form.get("/Resources", {}).get("/XObject", {}).values():
        if part.get("/Subtype") == "/Image":
            return True
        if depth and part.get("/Subtype") == "/Form" and _draws_picture(part, depth - 1):
            return True
    return False


def _words(forms: list[Any]) -> list[str]:
    """Draw each appearance alone on a page and read it: pdfium reads no words in fields."""
    if all(form is None for form in forms):
        return [""] * len(forms)
    with pikepdf.new() as alone:
        for form in forms:
            _draw_alone(alone, form)
        stream = io.BytesIO()
        alone.save(stream)
    try:
        with pages.opened(stream.getvalue()) as document:
            return [
                " ".join(run.text for run in pages.words(document[number])) for number in range(len(forms))
            ]
    except SigningError:
        # one that cannot be read takes no other's words away
        return [word for form in forms for word in _words([form])] if len(forms) > 1 else [""]


def _draw_alone(pdf: pikepdf.Pdf, form: Any) -> None:
    if form is None:
        pdf.add_blank_page(page_size=(3, 3))
        return
    box = [float(edge) for edge in form.get("/BBox", [0, 0, 1, 1])]
    page = pdf.add_blank_page(page_size=(max(3, abs(box[2] - box[0])), max(3, abs(box[3] - box[1]))))
    copied = pdf.copy_foreign(form)
    copied["/Matrix"] = pikepdf.Array([1, 0, 0, 1, -min(box[0], box[2]), -min(box[1], box[3])])
    page.obj["/Resources"] = pikepdf.Dictionary(XObject=pikepdf.Dictionary(X=copied))
    page.obj["/Contents"] = pdf.make_stream(b"/X Do")
