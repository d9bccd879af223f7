"""Signature fields as they show: where, with which words, over what."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any, BinaryIO

import pikepdf

from signing import pages
from signing.errors import PlacementError, SigningError
from signing.form import Field, form_fields
from signing.gate import opened
from signing.geometry import Box, Placement, visible

#: flags of an annotation that some readers show and others do not, or elsewhere: hidden, no zoom, no rotation, no view,
#: toggled (ISO 32000-1 §12.5.3)
_ELUSIVE = 2 | 8 | 16 | 32 | 256
#: points of a page's side (ISO 32000-1 Annex C)
_LARGEST = 14_400


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
    #: whether some readers show it and others do not, or otherwise
    elusive: bool = False
    #: whether it is signed, as far as the form tells
    filled: bool = True

    @property
    def places(self) -> tuple[Placement, ...]:
        """Everywhere it shows."""
        return (self.placement, *self.elsewhere)


def visible_fields(source: BinaryIO) -> dict[str, VisibleField]:
    """Signature fields that show, by their full name. Raises pikepdf.PdfError and what it raises."""
    with opened(source) as pdf:
        return fields_of(pdf)


def fields_of(pdf: pikepdf.Pdf) -> dict[str, VisibleField]:
    """As `visible_fields`, of a file that is open."""
    fields = [field for field in form_fields(pdf) if field.kind == "/Sig"]
    widgets = {widget.objgen for field in fields for widget in field.widgets if widget.is_indirect}
    places = _places(pdf, widgets)
    shown = [
        (field, drawn)
        for field in fields
        if (drawn := [one for one in field.widgets if one.is_indirect and one.objgen in places])
    ]
    words = _words([_normal(drawn[0]) for _, drawn in shown])
    return {
        field.name: _shown(field, drawn, [place for one in drawn for place in places[one.objgen]], text)
        for (field, drawn), text in zip(shown, words, strict=True)
    }


def _shown(field: Field, widgets: list[Any], places: list[Placement], text: str) -> VisibleField:
    look = _normal(widgets[0])
    picture = look is not None and any(part.get("/Subtype") == "/Image" for part in _parts(look))
    # pdfium draws no field without a name
    elusive = not all(field.name.split(".")) or any(map(_elusive, widgets))
    return VisibleField(field.name, places[0], text, picture, tuple(places[1:]), elusive, field.filled)


def _elusive(widget: Any) -> bool:
    """Whether readers may show other than what is seen here: flags, other looks, colours, layers, actions."""
    looks, look = widget.get("/AP", {}), _normal(widget)
    return (
        bool(int(widget.get("/F", 0)) & _ELUSIVE)
        or widget.get("/Subtype") != "/Widget"
        or any(name in widget for name in ("/OC", "/A", "/AA"))
        or (look is None and ("/N" in looks or bool(widget.get("/MK"))))
        or any(name != "/N" for name in looks.keys())  # noqa: SIM118 - pikepdf's dictionaries are no mappings
        or (look is not None and any(map(_layered, (look, *_parts(look)))))
    )


def _layered(part: Any) -> bool:
    """Whether a form or picture, or something in it, can be switched, or is another one in print."""
    return "/OC" in part or "/Alternates" in part or bool(part.get("/Resources", {}).get("/Properties"))


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
    look = widget.get("/AP", {}).get("/N")
    return look if isinstance(look, pikepdf.Stream) else None


def _parts(look: Any) -> Iterator[Any]:
    """Forms, patterns and pictures that an appearance draws, however deep; other producers nest them four deep."""
    waiting, seen = [look], {look.objgen}
    while waiting:
        resources = waiting.pop().get("/Resources", {})
        for kind in ("/XObject", "/Pattern"):
            for part in resources.get(kind, {}).values():
                if isinstance(part, pikepdf.Stream) and part.objgen not in seen:
                    seen.add(part.objgen)
                    waiting.append(part)
                    yield part


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
    width, height = (min(max(3, ceil(abs(box[one + 2] - box[one]))), _LARGEST) for one in (0, 1))
    page = pdf.add_blank_page(page_size=(width, height))
    copied = pdf.copy_foreign(form)
    copied["/Matrix"] = pikepdf.Array([1, 0, 0, 1, -min(box[0], box[2]), -min(box[1], box[3])])
    page.obj["/Resources"] = pikepdf.Dictionary(XObject=pikepdf.Dictionary(X=copied))
    page.obj["/Contents"] = pdf.make_stream(b"/X Do")
