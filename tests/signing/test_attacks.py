"""Published attacks on signed PDF files, and files of our own making for every family: each is refused for itself."""

import asyncio
import hashlib
import io
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import cms, x509
from pyhanko.keys import load_private_key_from_pemder
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.timestamps import DummyTimeStamper

from signing import appearance
from signing.cms import KeySigner
from signing.fields import visible_fields
from signing.geometry import Box, Placement
from signing.keys import Pkcs12Key
from signing.report import Changes, Code, Coverage, Report, Verdict
from signing.testing import DemoPki
from signing.trust import TrustStore
from signing.verify import verify_pdf
from tests.signing.conftest import sign

#: by the published samples' names: what is wrong with each, other than damage
SAMPLES = {
    "dss-2236__hide.pdf": Code.CONTENT_CHANGED,
    "isa_A.pdf": Code.CONTENT_CHANGED,
    "isa_C.pdf": Code.CONTENT_CHANGED,
    "isa_F.pdf": Code.CONTENT_CHANGED,
    "isa_H.pdf": Code.CONTENT_CHANGED,
    "shadow_1.pdf": Code.CONTENT_CHANGED,
    "shadow_2.pdf": Code.CONTENT_CHANGED,
    "shadow_3.pdf": Code.CONTENT_CHANGED,
    "siwa_B.pdf": Code.PART_ONLY,
    "siwa_D.pdf": Code.PART_ONLY,
    "usf_01_Empty_Contents.pdf": Code.MALFORMED,
    "usf_03_Null_Contents.pdf": Code.MALFORMED,
    "usf_14_No_ByteRange.pdf": Code.MALFORMED,
}
#: what an attack is: neither an unknown signer nor mere damage
PROOFS = {
    Code.HIDDEN_REVISION, Code.MALFORMED, Code.ALTERED, Code.PART_ONLY, Code.CONTENT_CHANGED, Code.FORBIDDEN_CHANGE,
}  # fmt: skip


def codes(report: Report) -> set[Code]:
    return {finding.code for finding in report.all_findings}


def check(data: bytes, trust: TrustStore) -> Report:
    return verify_pdf(io.BytesIO(data), trust)


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


@pytest.mark.parametrize("name", SAMPLES)
def test_a_published_attack_is_refused_for_itself(name: str, attack: Callable[[str], Path]) -> None:
    data = attack(name).read_bytes()
    trust, at = own_trust(data)
    report = verify_pdf(io.BytesIO(data), trust, at=at)
    assert report.verdict is Verdict.INVALID
    assert SAMPLES[name] in codes(report)
    assert Code.UNTRUSTED not in codes(report)
    (signature,) = report.signatures
    broken = (
        not signature.intact,
        signature.coverage is Coverage.PART,
        signature.changes_after is Changes.CONTENT,
    )
    assert any(broken)


@pytest.mark.parametrize("name", [name for name in SAMPLES if not name.startswith(("usf", "siwa"))])
def test_the_original_of_a_published_attack_is_not_refused_for_it(
    name: str, attack: Callable[[str], Path]
) -> None:
    data = attack(name).read_bytes()
    _, _, start, length = map(int, re.findall(rb"/ByteRange\s*\[(\d+) (\d+) (\d+) (\d+)", data)[0])
    trust, at = own_trust(data)
    report = verify_pdf(io.BytesIO(data[: start + length]), trust, at=at)
    assert not codes(report) & PROOFS
    (signature,) = report.signatures
    assert signature.intact
    assert signature.trusted
    assert signature.coverage is Coverage.WHOLE_FILE
    assert signature.changes_after is Changes.NONE


# files of our own making


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


def test_a_file_signed_by_hand_is_valid_before_it_is_attacked(leader: Pkcs12Key, trust: TrustStore) -> None:
    report = check(signed_by_hand(leader), trust)
    assert report.verdict is Verdict.VALID, report.all_findings


@pytest.mark.parametrize(
    "forged",
    [
        (rb"/ByteRange \[[^]]*\]", b""),
        (rb"/ByteRange \[[^]]*\]", b"/ByteRange null"),
        (rb"/ByteRange \[[^]]*\]", b"/ByteRange [0 -1 -1 0]"),
        (rb"/ByteRange \[[^]]*\]", b"/ByteRange [0 0 0 0]"),
        (rb"/Contents <[^>]*>", b"/Contents <>"),
        (rb"/Contents <[^>]*>", b"/Contents null"),
        (rb"/Contents <[^>]*>", b"/Contents <00>"),
        (rb"/Contents <[^>]*>", b""),
    ],
)
def test_a_signature_without_its_data_is_worth_nothing(
    forged: tuple[bytes, bytes], leader: Pkcs12Key, trust: TrustStore
) -> None:
    """Universal signature forgery."""
    data = re.sub(*forged, signed_by_hand(leader)).replace(b"100 dong", b"999 dong")
    report = check(relisted(data), trust)
    assert report.verdict is Verdict.INVALID
    assert Code.MALFORMED in codes(report)


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


def test_other_content_wrapped_between_the_signed_parts_is_refused(
    leader: Pkcs12Key, trust: TrustStore
) -> None:
    """Signature wrapping: every covered byte is as it was signed."""
    report = check(wrapped(signed_by_hand(leader)), trust)
    assert report.verdict is Verdict.INVALID
    assert Code.PART_ONLY in codes(report)
    assert report.signatures[0].coverage is Coverage.PART


@pytest.mark.parametrize("written", ["<{}>/Name (X)", " <{}>", "<{}> ", "<{}>%9 0 obj"])
def test_a_gap_with_more_than_the_signature_is_refused(
    written: str, leader: Pkcs12Key, trust: TrustStore
) -> None:
    """What stands there no signature covers, whatever the sizes say."""
    report = check(signed_by_hand(leader, contents=written), trust)
    assert report.verdict is Verdict.INVALID
    assert codes(report) & {Code.PART_ONLY, Code.MALFORMED}


# incremental saving


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


TABLES = {
    "listed": b"xref\n%(number)d 1\n%(place)010d 00000 n \n",
    "empty": b"xref\n",
    "zero": b"xref\n0 0\n",
    "only the free one": b"xref\n0 1\n0000000000 65535 f \n",
    "another": b"xref\n%(spare)d 1\n%(spared)010d 00000 n \n",
    "none": b"",
    "beside": b"xref\n%(number)d 1\n%(beside)010d 00000 n \n",
}


@pytest.mark.parametrize("table", TABLES)
def test_a_later_revision_with_other_content_is_refused(
    table: str, leader: Pkcs12Key, trust: TrustStore
) -> None:
    """Incremental saving, with cross-references as the published variants have them and without."""
    data = signed_by_hand(leader)
    number, body = other_page(data)
    spare = int(re.findall(rb"/Size (\d+)", data)[-1])
    spared = b"%d 0 obj\n<<>>\nendobj\n" % spare
    places = {
        b"number": number, b"place": len(data), b"beside": len(data) + 3,
        b"spare": spare, b"spared": len(data) + len(body),
    }  # fmt: skip
    report = check(tail(data, body + spared, TABLES[table] % places, size=spare + 1), trust)
    assert report.verdict is Verdict.INVALID
    assert codes(report) & {Code.CONTENT_CHANGED, Code.HIDDEN_REVISION}


# shadow attacks


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


@pytest.fixture(scope="module")
def prepared(leader: Pkcs12Key) -> bytes:
    """A signed page with a text field and a drawing over some words."""
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(300, 300))
        font = pdf.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
            )
        )
        fonts = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
        cover = pdf.make_stream(
            b"1 g 20 100 200 20 re f", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form
        )
        cover["/BBox"] = pikepdf.Array([0, 0, 300, 300])
        page.obj["/Resources"] = pikepdf.Dictionary(
            Font=fonts.Font, XObject=pdf.make_indirect(pikepdf.Dictionary(Cover=cover))
        )
        page.obj["/Contents"] = pdf.make_stream(
            b"BT /F 12 Tf 30 150 Td (Sum:) Tj ET BT /F 12 Tf 30 105 Td (I owe you 999 dong) Tj ET /Cover Do"
        )
        look = pdf.make_stream(
            b"BT /F 12 Tf 2 5 Td (100 dong) Tj ET", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form
        )
        look["/BBox"] = pikepdf.Array([0, 0, 100, 20])
        look["/Resources"] = fonts
        field = pdf.make_indirect(
            pikepdf.Dictionary(
                FT=pikepdf.Name.Tx, T=pikepdf.String("Sum"), V=pikepdf.String("100 dong"), F=4,
                Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, Rect=pikepdf.Array([60, 145, 160, 165]),
                AP=pikepdf.Dictionary(N=look), P=page.obj,
            )
        )  # fmt: skip
        page.obj["/Annots"] = pdf.make_indirect(pikepdf.Array([field]))
        pdf.Root["/AcroForm"] = pdf.make_indirect(
            pikepdf.Dictionary(Fields=pikepdf.Array([field]), DA=pikepdf.String("/F 12 Tf 0 g"), SigFlags=3)
        )
        out = io.BytesIO()
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return sign(out.getvalue(), leader, field="Leader")[0]


def test_the_prepared_file_is_valid_before_it_is_attacked(prepared: bytes, trust: TrustStore) -> None:
    assert check(prepared, trust).verdict is Verdict.VALID


@pytest.mark.parametrize("change", [repaint, uncover, swap_font, fill])
def test_signed_content_hidden_or_replaced_later_is_refused(
    change: Callable[[IncrementalPdfFileWriter], None], prepared: bytes, trust: TrustStore
) -> None:
    report = check(updated(prepared, change), trust)
    assert report.verdict is Verdict.INVALID
    assert Code.CONTENT_CHANGED in codes(report)
    assert report.signatures[0].changes_after is Changes.CONTENT


def test_readers_told_to_draw_fields_anew_make_the_file_doubtful(prepared: bytes, trust: TrustStore) -> None:
    report = check(updated(prepared, regenerate), trust)
    assert report.verdict is not Verdict.VALID
    assert report.signatures[0].changes_after in (Changes.UNSIGNED, Changes.CONTENT)


def test_a_change_that_the_agency_signs_over_is_still_the_leaders_change(
    prepared: bytes, agency: Pkcs12Key, trust: TrustStore
) -> None:
    signed, _ = sign(updated(prepared, fill), agency, field="Seal")
    leader, seal = check(signed, trust).signatures
    assert leader.verdict in (Verdict.INVALID, Verdict.INDETERMINATE)
    assert leader.changes_after in (Changes.UNSIGNED, Changes.CONTENT)
    assert seal.changes_after is Changes.NONE


# certification attacks


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


@pytest.mark.parametrize("permission", [MDPPerm.NO_CHANGES, MDPPerm.FILL_FORMS, MDPPerm.ANNOTATE])
def test_a_note_over_certified_content_is_refused(
    permission: MDPPerm, document: bytes, leader: Pkcs12Key, trust: TrustStore
) -> None:
    data = certified(document, leader, permission)
    assert check(data, trust).verdict is Verdict.VALID
    report = check(updated(data, annotate((90, 600, 390, 680))), trust)
    assert report.verdict is Verdict.INVALID
    assert Code.CONTENT_CHANGED in codes(report)


def test_a_signature_after_a_certificate_that_forbids_it_is_refused(
    document: bytes, leader: Pkcs12Key, agency: Pkcs12Key, trust: TrustStore
) -> None:
    """Sneaky signature attack: what is drawn is called a signature."""
    data = certified(document, leader, MDPPerm.NO_CHANGES)
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    place = SigFieldSpec("Later", on_page=0, box=(90, 600, 390, 680))
    signer = PdfSigner(
        PdfSignatureMetadata(field_name="Later", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES),
        KeySigner(agency),
        new_field_spec=place,
    )
    # pyHanko keeps to the certificate; an attacker does not
    del writer.root["/Perms"]
    writer.update_root()
    out = io.BytesIO()
    signer.sign_pdf(writer, output=out)
    report = check(out.getvalue(), trust)
    assert report.verdict in (Verdict.INVALID, Verdict.INDETERMINATE)
    assert report.signatures[0].changes_after in (Changes.UNSIGNED, Changes.CONTENT)


def test_a_visible_signature_on_a_certified_file_is_an_addition_to_it(
    document: bytes, leader: Pkcs12Key, stranger: Pkcs12Key, trust: TrustStore
) -> None:
    data = certified(document, leader, MDPPerm.FILL_FORMS)
    words = appearance.Appearance(rows=((appearance.Text("Số: 999/SNV-VP"),),))
    where = Placement(1, Box(90, 600, 390, 680))
    signed, _ = sign(data, stranger, field="Later", placement=where, appearance=words)
    report = check(signed, trust)
    assert report.verdict is not Verdict.VALID
    assert report.signatures[0].changes_after in (Changes.UNSIGNED, Changes.CONTENT)
    assert Code.OTHER_AGENCY in codes(report)


# later signature fields that draw what no signature explains


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


def test_a_picture_in_a_field_that_nobody_signs_is_refused(chain: list[bytes], trust: TrustStore) -> None:
    report = check(updated(chain[2], empty_field), trust)
    assert report.verdict is Verdict.INVALID
    assert Code.CONTENT_CHANGED in codes(report)


def test_a_field_shown_where_its_own_entry_does_not_say_is_found(
    make_document: Callable[[int], bytes], leader: Pkcs12Key, agency: Pkcs12Key, trust: TrustStore
) -> None:
    """/P names page 2, whose corner is empty; page 1 lists the field, over its words."""
    first, _ = sign(make_document(60), leader, field="Leader")
    place = Placement(1, Box(90, 600, 390, 680))
    words = appearance.Appearance(rows=tuple((appearance.Text("MMMMMMMMMMMMMM"),) for _ in range(3)))
    signed, _ = sign(first, agency, field="Later", placement=place, appearance=words)
    assert Code.INK_ON_SIGNED in codes(check(signed, trust))
    with pikepdf.open(io.BytesIO(first)) as pdf:
        second = pdf.pages[1].obj.objgen[0]
    (page,) = set(re.findall(rb"/P (\d+) 0 R", signed[len(first) :]))
    lying = signed[len(first) :].replace(b"/P %s 0 R" % page, (b"/P %d 0 R" % second).ljust(len(page) + 7))
    assert visible_fields(io.BytesIO(first + lying))["Later"].placement.page == 1


def test_a_time_stamp_that_draws_over_the_page_is_not_confirmed(
    chain: list[bytes], pki: DemoPki, trust: TrustStore
) -> None:
    """Anybody may order one from an authority that everybody trusts."""
    writer = IncrementalPdfFileWriter(io.BytesIO(chain[2]))
    authority = DummyTimeStamper(
        tsa_cert=x509.Certificate.load(pki.tsa.der),
        tsa_key=load_private_key_from_pemder(str(pki.folder / "tsa.key"), passphrase=None),
        certs_to_embed=None,
    )
    out = io.BytesIO()
    PdfTimeStamper(authority, field_name="Stamp").timestamp_pdf(writer, "sha256", output=out)
    assert check(out.getvalue(), trust).verdict is Verdict.VALID
    made = out.getvalue()
    assert b"/Rect [ 0 0 0 0 ]" in made[len(chain[2]) :]
    drawn = IncrementalPdfFileWriter(io.BytesIO(chain[2]))
    append_signature_field(drawn, SigFieldSpec("Stamp", on_page=0, box=(90, 600, 390, 680)))
    out = io.BytesIO()
    PdfTimeStamper(authority, field_name="Stamp").timestamp_pdf(drawn, "sha256", output=out)
    report = check(out.getvalue(), trust)
    assert report.verdict is Verdict.INDETERMINATE
    assert Code.UNSIGNED_ADDITION in codes(report)
