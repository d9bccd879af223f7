"""Forged files: what the published attacks do, done to files of our own."""

import asyncio
import hashlib
import io
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pikepdf
from asn1crypto import cms
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko.stamp import BaseStampStyle

from signing.cms import KeySigner
from signing.keys import Key, Pkcs12Key
from signing.trust import TrustStore


def own_trust(data: bytes) -> tuple[TrustStore, datetime | None]:
    """Whoever signed the sample is trusted, and the moment lies within the certificates' validity."""
    certificates = {}
    for digits in re.findall(rb"/Contents\s*<(30[0-9A-Fa-f]+)", data):
        signed = cms.ContentInfo.load(bytes.fromhex(digits.decode() + "0" * (len(digits) % 2)))["content"]
        certificates.update({one.chosen.dump(): one.chosen for one in signed["certificates"]})
    limits = [one["tbs_certificate"]["validity"] for one in certificates.values()]
    if not limits:
        return TrustStore(()), None
    begin = max(one["not_before"].native for one in limits)
    return TrustStore(tuple(certificates)), begin + (
        min(one["not_after"].native for one in limits) - begin
    ) / 2


def updated(data: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """The file with one more revision that nobody signed."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    made = out.getvalue()[len(data) :]
    # without a new object, pyHanko counts one too many
    numbers = [int(one) for one in re.findall(rb"^(\d+) 0 obj", made, re.MULTILINE)]
    highest = max(*numbers, int(re.findall(rb"/Size (\d+)", data)[-1]) - 1)
    return data + re.sub(rb"/Size \d+", b"/Size %d" % (highest + 1), made)


def signed_by_hand(key: Pkcs12Key, *, contents: str = "<{}>", text: str = "100 dong") -> bytes:
    """One page signed with the byte range behind the signature, where an attacker can reach it (signature wrapping).

    `contents`: how the signature is written; its braces take the hexadecimal digits.
    """
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(300, 300))
        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
        )
        page.obj["/Resources"] = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
        page.obj["/Contents"] = pdf.make_stream(b"BT /F 24 Tf 30 150 Td (%s) Tj ET" % text.encode())
        value = pikepdf.Dictionary(
            Type=pikepdf.Name.Sig,
            Filter=pikepdf.Name("/Adobe.PPKLite"),
            SubFilter=pikepdf.Name("/ETSI.CAdES.detached"),
            Contents=pikepdf.String("CONTENTS"),
            Extent=pikepdf.String("RANGE"),
        )
        field = pikepdf.Dictionary(
            FT=pikepdf.Name.Sig, T=pikepdf.String("S"), V=pdf.make_indirect(value),
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, Rect=pikepdf.Array([0, 0, 0, 0]),
        )  # fmt: skip
        page.obj["/Annots"] = pikepdf.Array([pdf.make_indirect(field)])
        pdf.Root["/AcroForm"] = pikepdf.Dictionary(Fields=page.obj["/Annots"], SigFlags=3)
        out = io.BytesIO()
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    # qpdf sorts the entries by name: /Contents stands before what becomes /ByteRange
    space, ranges = contents.format("0" * 16_384), b"/ByteRange [%010d %010d %010d %010d]"
    data = out.getvalue().replace(b"(CONTENTS)", space.encode())
    data = data.replace(b"/Extent (RANGE)", ranges % (0, 0, 0, 0))
    data = relisted(data)
    start = data.index(space.encode())
    end = start + len(space)
    data = data.replace(ranges % (0, 0, 0, 0), ranges % (0, start, end, len(data) - end))
    digest = hashlib.sha256(data[:start] + data[end:]).digest()
    made = asyncio.run(KeySigner(key).async_sign(digest, "sha256", use_pades=True)).hex()
    return data[:start] + contents.format(made.ljust(16_384, "0")).encode() + data[end:]


def relisted(data: bytes) -> bytes:
    """The same objects with a cross-reference table that fits them."""
    body, _, _ = data.rpartition(b"xref\n0 ")
    places = {int(one[1]): one.start() for one in re.finditer(rb"^(\d+) 0 obj", body, re.MULTILINE)}
    trailer = re.search(rb"trailer.*?>>", data[len(body) :], re.DOTALL)
    assert trailer
    table = b"".join(b"%010d 00000 n \n" % places[number] for number in sorted(places))
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    return body + head + table + trailer[0] + b"\nstartxref\n%d\n%%%%EOF\n" % len(body)


def wrapped(data: bytes) -> bytes:
    """The covered bytes, and in the gap between them another content and the table that finds it."""
    start = data.index(b"/Contents <") + len(b"/Contents ")
    end = data.index(b">", start) + 1
    content = int(re.search(rb"/Contents (\d+) 0 R", data)[1])  # type: ignore[index]  # it is there
    table = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    trailer = re.search(rb"trailer.*?>>", data, re.DOTALL)
    assert trailer
    stream = b"BT /F 24 Tf 30 150 Td (999 dong) Tj ET"
    signature = data[start:end].rstrip(b"0>") + b"00>"
    ranges = b"/ByteRange [0 %010d %010d %010d]"
    rest = data[end:]
    kind = b"/Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached>>\nendobj\n"
    gap = signature + ranges % (start, 0, len(rest)) + kind
    evil = start + len(gap)
    gap += b"%d 0 obj\n<</Length %d>>stream\n%s\nendstream\nendobj\n" % (content, len(stream), stream)
    gap = gap.ljust(table - start)
    places = {int(one[1]): one.start() for one in re.finditer(rb"^(\d+) 0 obj", data, re.MULTILINE)}
    length = len(gap) + 20 * (len(places) + 1) + len(b"xref\n0 %d\n" % (len(places) + 1) + trailer[0])
    length += len(b"\nstartxref\n%d\n%%%%EOF\n" % table)
    shift = start + length - end
    moved = {number: place + shift * (place > end) for number, place in places.items()} | {content: evil}
    gap += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    gap += b"".join(b"%010d 00000 n \n" % moved[number] for number in sorted(moved))
    gap += trailer[0] + b"\nstartxref\n%d\n%%%%EOF\n" % table
    assert len(gap) == length
    gap = gap.replace(ranges % (start, 0, len(rest)), ranges % (start, start + length, len(rest)))
    return data[:start] + gap + rest


def tail(data: bytes, body: bytes, table: bytes, *, size: int = 0) -> bytes:
    """One more revision, written by hand."""
    start = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    count = size or int(re.findall(rb"/Size (\d+)", data)[-1])
    root = re.findall(rb"/Root (\d+) 0 R", data)[-1]
    at = len(data) + len(body)
    trailer = b"trailer\n<< /Size %d /Root %s 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n"
    return data + body + table + trailer % (count, root, start, at)


def other_page(data: bytes) -> tuple[int, bytes]:
    """Number and bytes of the object that shows another sum."""
    number = int(re.search(rb"/Contents (\d+) 0 R", data)[1])  # type: ignore[index]  # it is there
    stream = b"BT /F 24 Tf 30 150 Td (999 dong) Tj ET"
    return number, b"%d 0 obj\n<</Length %d>>stream\n%s\nendstream\nendobj\n" % (number, len(stream), stream)


def repaint(writer: IncrementalPdfFileWriter) -> None:
    stream = generic.StreamObject({}, stream_data=b"q 1 0 0 rg 100 40 80 40 re f Q")
    writer.add_stream_to_page(0, writer.add_object(stream))


def uncover(writer: IncrementalPdfFileWriter) -> None:
    """What covered words when they were signed is taken away."""
    page = writer.find_page_for_modification(0)[0].get_object()
    page["/Resources"]["/XObject"]["/Cover"] = generic.NullObject()
    writer.update_container(page["/Resources"]["/XObject"])


def swap_font(writer: IncrementalPdfFileWriter) -> None:
    """The same codes in another font are other words."""
    page = writer.find_page_for_modification(0)[0].get_object()
    page["/Resources"]["/Font"]["/F"][pdf_name("/BaseFont")] = pdf_name("/Symbol")
    writer.update_container(page["/Resources"]["/Font"]["/F"])


def fill(writer: IncrementalPdfFileWriter) -> None:
    """A signed text field shows another value."""
    (field,) = (
        one.get_object() for one in writer.root["/AcroForm"]["/Fields"] if one.get_object()["/FT"] == "/Tx"
    )
    field[pdf_name("/V")] = generic.pdf_string("999 dong")
    form = field["/AP"]["/N"]
    form._data = b"BT /F 12 Tf 2 5 Td (999 dong) Tj ET"
    form._encoded_data = None
    writer.update_container(form)
    writer.update_container(field)


def regenerate(writer: IncrementalPdfFileWriter) -> None:
    """Readers are told to draw the fields anew, in white."""
    form = writer.root["/AcroForm"]
    form[pdf_name("/NeedAppearances")] = generic.BooleanObject(True)
    form[pdf_name("/DA")] = generic.pdf_string("/F 12 Tf 1 g")
    writer.update_container(form)


def certified(data: bytes, key: Pkcs12Key, permission: MDPPerm) -> bytes:
    """The leader certifies the document, and says what may follow."""
    metadata = PdfSignatureMetadata(
        field_name="Leader", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES,
        certify=True, docmdp_permissions=permission,
    )  # fmt: skip
    out = io.BytesIO()
    PdfSigner(metadata, KeySigner(key)).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data)), output=out)
    return out.getvalue()


def annotate(box: tuple[int, int, int, int]) -> Callable[[IncrementalPdfFileWriter], None]:
    """A note that draws over a part of page 1 (evil annotation attack)."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        page = writer.find_page_for_modification(0)[0].get_object()
        look = generic.StreamObject(
            {
                pdf_name("/Type"): pdf_name("/XObject"), pdf_name("/Subtype"): pdf_name("/Form"),
                pdf_name("/BBox"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 300, 80))),
            },
            stream_data=b"1 0 0 rg 0 0 300 80 re f",
        )  # fmt: skip
        note = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"), pdf_name("/Subtype"): pdf_name("/Stamp"),
                pdf_name("/F"): generic.NumberObject(4),
                pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, box)),
                pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): writer.add_object(look)}),
            }
        )  # fmt: skip
        notes = page["/Annots"] if "/Annots" in page else generic.ArrayObject()
        page[pdf_name("/Annots")] = generic.ArrayObject([*notes, writer.add_object(note)])
        writer.update_container(page)

    return change


def empty_field(writer: IncrementalPdfFileWriter) -> None:
    """A field that nobody signs, with a picture."""
    annotate((90, 600, 390, 680))(writer)
    page = writer.find_page_for_modification(0)[0].get_object()
    reference = page["/Annots"].raw_get(-1)
    field = reference.get_object()
    field[pdf_name("/Subtype")] = pdf_name("/Widget")
    field[pdf_name("/FT")] = pdf_name("/Sig")
    field[pdf_name("/T")] = generic.pdf_string("Note")
    form = writer.root["/AcroForm"]
    form["/Fields"].append(reference)
    writer.update_container(form["/Fields"])


class Spelled(generic.TextStringObject):
    """A string that is written otherwise than whoever works with it in memory knows."""

    def __new__(cls, known: str, _written: bytes) -> "Spelled":
        return super().__new__(cls, known)

    def __init__(self, _known: str, written: bytes) -> None:
        self._written = written

    def write_to_stream(self, stream: Any, *_handler: Any, **_options: Any) -> None:
        stream.write(self._written)


#: of the form written: what draws red over the words of page 1
OVER = (90, 600, 390, 680)


def dictionary(**entries: Any) -> generic.DictionaryObject:
    return generic.DictionaryObject({pdf_name(f"/{name}"): value for name, value in entries.items()})


def numbers(*given: float) -> generic.ArrayObject:
    return generic.ArrayObject(map(generic.FloatObject, given))


def look(
    writer: IncrementalPdfFileWriter, content: bytes = b"1 0 0 rg 0 0 300 80 re f", **entries: Any
) -> Any:
    """Reference to an appearance."""
    entries = {"Subtype": pdf_name("/Form"), "BBox": numbers(0, 0, 300, 80), **entries}
    return writer.add_object(generic.StreamObject(dictionary(**entries), stream_data=content))


def drawn_over(
    data: bytes,
    key: Key,
    forge: Callable[[IncrementalPdfFileWriter, generic.DictionaryObject, generic.DictionaryObject], None],
    *,
    under: str = "",
) -> bytes:
    """The file with one more signature, drawn red over the words of page 1.

    `forge`: what is done to the field and its widget before. `under`: name of a field above it.
    """
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    widget = dictionary(
        Type=pdf_name("/Annot"), Subtype=pdf_name("/Widget"), F=generic.NumberObject(4), Rect=numbers(*OVER),
        AP=dictionary(N=look(writer)),
    )  # fmt: skip
    field = dictionary(T=generic.pdf_string("Later"), FT=pdf_name("/Sig"))
    forge(writer, field, widget)
    top, shown = writer.add_object(field), writer.add_object(widget)
    field[pdf_name("/Kids")] = generic.ArrayObject([shown])
    widget[pdf_name("/Parent")] = top
    if under:
        above = dictionary(T=generic.pdf_string(under), FT=pdf_name("/Sig"), Kids=generic.ArrayObject([top]))
        field[pdf_name("/Parent")] = top = writer.add_object(above)
    page = writer.find_page_for_modification(0)[0].get_object()
    page[pdf_name("/Annots")] = generic.ArrayObject([*page["/Annots"], shown])
    writer.update_container(page)
    fields = writer.root["/AcroForm"]["/Fields"]
    fields.append(top)
    writer.update_container(fields)
    name = f"{under}.Later" if under else "Later"
    metadata = PdfSignatureMetadata(name, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
    out = io.BytesIO()
    signer = PdfSigner(metadata, KeySigner(key), stamp_style=_AsItIs())
    signer.sign_pdf(writer, output=out, existing_fields_only=True)
    return out.getvalue()


class _AsItIs(BaseStampStyle):
    """What the field draws already stays."""

    def create_stamp(self, *_arguments: Any, **_options: Any) -> Any:
        return None
