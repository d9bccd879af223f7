"""Published attacks on signed PDF files, and files of our own making for every family: each is refused for itself."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from asn1crypto import x509
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
from signing.form import form_fields
from signing.geometry import Box, Placement
from signing.keys import Pkcs12Key
from signing.report import Changes, Code, Coverage, Report, Verdict
from signing.testing import DemoPki
from signing.trust import TrustStore
from signing.verify import verify_pdf
from tests.signing.conftest import sign
from tests.signing.forging import (
    Spelled,
    annotate,
    certified,
    dictionary,
    drawn_over,
    empty_field,
    fill,
    look,
    numbers,
    other_page,
    own_trust,
    regenerate,
    relisted,
    repaint,
    signed_by_hand,
    swap_font,
    tail,
    uncover,
    updated,
    wrapped,
)

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


@pytest.mark.slow
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


def _nameless(_writer: Any, field: Any, _widget: Any) -> None:
    field[pdf_name("/T")] = Spelled("Later", b"()")


def _enormous(writer: Any, _field: Any, widget: Any) -> None:
    """Drawn at its real size it would be kilometres wide; what it draws is not."""
    widget[pdf_name("/Rect")] = numbers(-100_000, -100_000, 100_000, 100_000)
    dot = look(writer, b"1 0 0 rg 5004.5 5030 5 2 re f", BBox=numbers(0, 0, 10_000, 10_000))
    widget[pdf_name("/AP")] = dictionary(N=dot)


def _popup(_writer: Any, _field: Any, widget: Any) -> None:
    widget[pdf_name("/Subtype")] = pdf_name("/Popup")


def _under_the_mouse(writer: Any, _field: Any, widget: Any) -> None:
    widget[pdf_name("/AP")] = dictionary(N=look(writer, b" "), R=look(writer))


def _switched(writer: Any, _field: Any, widget: Any) -> None:
    widget[pdf_name("/AP")] = dictionary(N=dictionary(On=look(writer), Off=look(writer, b" ")))
    widget[pdf_name("/AS")] = pdf_name("/Off")


def _layered(writer: Any, _field: Any, widget: Any) -> None:
    layer = writer.add_object(dictionary(Type=pdf_name("/OCG"), Name=generic.pdf_string("x")))
    hidden = look(writer, b"/OC /L BDC EMC", Resources=dictionary(Properties=dictionary(L=layer)))
    widget[pdf_name("/AP")] = dictionary(N=hidden)


def _coloured(_writer: Any, _field: Any, widget: Any) -> None:
    """Without an appearance, poppler fills the field with the colour it names."""
    del widget["/AP"]
    widget[pdf_name("/MK")] = dictionary(BG=numbers(1, 0, 0))


def _acting(writer: Any, _field: Any, widget: Any) -> None:
    script = dictionary(S=pdf_name("/JavaScript"), JS=generic.pdf_string("this.closeDoc()"))
    widget[pdf_name("/AA")] = dictionary(PO=script)
    widget[pdf_name("/AP")] = dictionary(N=look(writer, b" "))


@pytest.mark.parametrize(
    "forge", [_nameless, _enormous, _popup, _under_the_mouse, _switched, _layered, _coloured, _acting]
)
def test_a_later_field_that_readers_show_otherwise_counts_as_drawn_over_the_page(
    forge: Callable[[Any, Any, Any], None], chain: list[bytes], agency: Pkcs12Key, trust: TrustStore
) -> None:
    report = check(drawn_over(chain[2], agency, forge), trust)
    assert report.verdict is Verdict.INDETERMINATE
    assert Code.INK_ON_SIGNED in codes(report)


def test_a_signature_below_another_field_is_seen_where_it_draws(
    chain: list[bytes], stranger: Pkcs12Key, trust: TrustStore
) -> None:
    """Type and value of a field may stand above it, and its widget below it."""
    report = check(drawn_over(chain[2], stranger, lambda *_: None, under="Form"), trust)
    assert report.verdict is Verdict.INDETERMINATE
    assert {Code.INK_ON_SIGNED, Code.OTHER_AGENCY} <= codes(report)
    assert report.signatures[-1].placement is not None


@pytest.mark.slow
def test_no_number_of_fields_hides_a_signature(document: bytes) -> None:
    with pikepdf.open(io.BytesIO(document)) as pdf:
        crowd = [pikepdf.Dictionary(T=pikepdf.String(str(one)), FT=pikepdf.Name.Tx) for one in range(10_001)]
        last = pikepdf.Dictionary(T=pikepdf.String("S"), FT=pikepdf.Name.Sig, V=pikepdf.Dictionary())
        pdf.Root["/AcroForm"] = pikepdf.Dictionary(Fields=pikepdf.Array([*crowd, last]))
        found = list(form_fields(pdf))
    assert len(found) == 10_002
    assert (found[-1].name, found[-1].kind, found[-1].filled) == ("S", "/Sig", True)


def test_an_object_that_no_table_lists_is_found_however_it_is_written(
    leader: Pkcs12Key, trust: TrustStore
) -> None:
    """NUL is white space to a reader that searches the file."""
    data = signed_by_hand(leader)
    _, body = other_page(data)
    spare = int(re.findall(rb"/Size (\d+)", data)[-1])
    listed = b"%d 0 obj\n<<>>\nendobj\n" % spare
    table = b"xref\n%d 1\n%010d 00000 n \n" % (spare, len(data) + len(body))
    hidden = body.replace(b" 0 obj", b" 0\0obj")
    report = check(tail(data, hidden + listed, table, size=spare + 1), trust)
    assert Code.HIDDEN_REVISION in codes(report)
