"""Puts an `Appearance` into a signature field through pyHanko's stamp interface."""

import zlib
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.stamp.base import BaseStampStyle

from signing.appearance import Appearance
from signing.fonts import Font, font
from signing.images import picture


class _Raw(generic.PdfObject):
    """Serialised once, written as it is. Only for numbers and names: strings would escape a file's encryption."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def write_to_stream(self, stream: Any, handler: Any = None, container_ref: Any = None) -> None:  # noqa: ARG002 - pyHanko's interface
        stream.write(self._data)


def _stream(data: bytes, entries: dict[str, Any]) -> generic.StreamObject:
    """A stream whose `data` is Flate-compressed already."""
    values = {pdf_name(name): value for name, value in entries.items()}
    return generic.StreamObject(values | {pdf_name("/Filter"): pdf_name("/FlateDecode")}, encoded_data=data)


def _dictionary(entries: dict[str, Any]) -> generic.DictionaryObject:
    return generic.DictionaryObject({pdf_name(name): value for name, value in entries.items()})


def _number(value: float) -> generic.FloatObject:
    return generic.FloatObject(round(value, 3))


@cache
def _font_parts(italic: bool) -> tuple[Font, bytes, _Raw]:
    used = font(italic=italic)
    widths = _Raw(b"[0 [%s]]" % b" ".join(b"%d" % width for width in used.widths))
    return used, used.to_unicode(), widths


def _add_font(writer: BasePdfFileWriter, italic: bool) -> generic.IndirectObject:
    """A composite font with Identity-H, ISO 32000-1 §9.7.4, §9.8."""
    used, to_unicode, widths = _font_parts(italic)
    name = pdf_name("/" + used.postscript_name)
    program = writer.add_object(
        _stream(used.program, {"/Length1": generic.NumberObject(used.program_length)})
    )
    descriptor = _dictionary(
        {
            "/Type": pdf_name("/FontDescriptor"),
            "/FontName": name,
            # serif, symbolic; italic where it is
            "/Flags": generic.NumberObject(2 + 4 + 64 * italic),
            "/FontBBox": _Raw(b"[%d %d %d %d]" % used.bbox),
            "/ItalicAngle": _number(used.italic_angle),
            "/Ascent": generic.NumberObject(used.ascent),
            "/Descent": generic.NumberObject(used.descent),
            "/CapHeight": generic.NumberObject(662),
            "/StemV": generic.NumberObject(80),
            "/FontFile2": program,
        }
    )
    descendant = _dictionary(
        {
            "/Type": pdf_name("/Font"),
            "/Subtype": pdf_name("/CIDFontType2"),
            "/BaseFont": name,
            "/CIDSystemInfo": _dictionary(
                {
                    "/Registry": generic.pdf_string("Adobe"),
                    "/Ordering": generic.pdf_string("Identity"),
                    "/Supplement": generic.NumberObject(0),
                }
            ),
            "/FontDescriptor": writer.add_object(descriptor),
            "/DW": generic.NumberObject(500),
            "/W": widths,
            "/CIDToGIDMap": pdf_name("/Identity"),
        }
    )
    return writer.add_object(
        _dictionary(
            {
                "/Type": pdf_name("/Font"),
                "/Subtype": pdf_name("/Type0"),
                "/BaseFont": name,
                "/Encoding": pdf_name("/Identity-H"),
                "/DescendantFonts": generic.ArrayObject([writer.add_object(descendant)]),
                "/ToUnicode": writer.add_object(_stream(to_unicode, {})),
            }
        )
    )


def _add_picture(writer: BasePdfFileWriter, png: bytes) -> generic.IndirectObject:
    """An image XObject with its soft mask, ISO 32000-1 §8.9.5, §11.6.5.3."""
    image = picture(png)

    def entries(space: str) -> dict[str, Any]:
        return {
            "/Type": pdf_name("/XObject"),
            "/Subtype": pdf_name("/Image"),
            "/Width": generic.NumberObject(image.width),
            "/Height": generic.NumberObject(image.height),
            "/BitsPerComponent": generic.NumberObject(8),
            "/ColorSpace": pdf_name(space),
        }

    rgb = entries("/DeviceRGB")
    if image.alpha is not None:
        rgb["/SMask"] = writer.add_object(_stream(image.alpha, entries("/DeviceGray")))
    return writer.add_object(_stream(image.rgb, rgb))


def _resources(writer: BasePdfFileWriter, appearance: Appearance) -> generic.DictionaryObject:
    parts = [part for row in appearance.rows for part in row]
    fonts = {
        "/I" if italic else "/R": _add_font(writer, italic)
        for italic in sorted({part.italic for part in parts})
    }
    entries: dict[str, Any] = {"/Font": _dictionary(fonts)} if fonts else {}
    if appearance.png is not None:
        entries["/XObject"] = _dictionary({"/P": _add_picture(writer, appearance.png)})
    return _dictionary(entries)


#: form matrix by page rotation, so that the picture stands upright on the page as shown (ISO 32000-1 §12.5.5)
_UPRIGHT = {0: b"[1 0 0 1 0 0]", 90: b"[0 1 -1 0 0 0]", 180: b"[-1 0 0 -1 0 0]", 270: b"[0 -1 1 0 0 0]"}


@dataclass(frozen=True)
class _Stamp:
    writer: BasePdfFileWriter
    style: "AppearanceStyle"

    def apply_appearance(self, annotation: generic.DictionaryObject) -> None:
        """Give the field's annotation its normal appearance."""
        style = self.style
        form = _stream(
            zlib.compress(style.appearance.content(style.width, style.height)),
            {
                "/Type": pdf_name("/XObject"),
                "/Subtype": pdf_name("/Form"),
                "/BBox": generic.ArrayObject(map(_number, (0, 0, style.width, style.height))),
                "/Matrix": _Raw(_UPRIGHT[style.rotation]),
                "/Resources": _resources(self.writer, style.appearance),
            },
        )
        annotation[pdf_name("/AP")] = _dictionary({"/N": self.writer.add_object(form)})


@dataclass(frozen=True)
class AppearanceStyle(BaseStampStyle):
    """pyHanko's name for a way to draw; one per signature."""

    appearance: Appearance = field(default_factory=Appearance)
    #: size as shown on the page, in points
    width: float = 0
    height: float = 0
    #: the page's /Rotate
    rotation: int = 0

    def create_stamp(
        self,
        writer: BasePdfFileWriter,
        box: BoxConstraints,  # noqa: ARG002 - pyHanko's interface
        text_params: dict[str, Any],  # noqa: ARG002 - pyHanko's interface
    ) -> Any:
        """Called by pyHanko once the field is there."""
        return _Stamp(writer, self)
