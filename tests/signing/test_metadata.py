"""Title and author are shown by readers: who changes them after the last signature is asked for his."""

import io
from datetime import UTC, datetime

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import BasePdfFileWriter

from signing.keys import Pkcs12Key
from signing.report import Changes, Code, Report, Verdict
from signing.sentences import about, headline
from signing.sign import Level
from signing.testing import DemoPki, LocalTimestamper
from signing.trust import TrustStore
from signing.verify import verify_pdf
from signing.writer import PageWriter
from tests.signing.conftest import sign

XMP = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" {attributes}>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def packet(title: str, attributes: str = "") -> generic.StreamObject:
    kind = {pdf_name("/Type"): pdf_name("/Metadata"), pdf_name("/Subtype"): pdf_name("/XML")}
    data = XMP.format(title=title, attributes=attributes).encode()
    return generic.StreamObject(kind, stream_data=data)


def described(data: bytes, title: str, attributes: str = "", *, loose: bool = False) -> bytes:
    """One revision more, whose XMP packet has this title; `loose`: nothing refers to it."""
    writer = PageWriter(io.BytesIO(data))
    reference = writer.add_object(packet(title, attributes))
    if not loose:
        writer.root[pdf_name("/Metadata")] = reference
        writer.update_root()
    return written(writer)


def entitled(data: bytes, **entries: str) -> bytes:
    """One revision more, with another document information dictionary."""
    writer = PageWriter(io.BytesIO(data))
    writer.set_info(
        generic.DictionaryObject(
            {pdf_name(f"/{name}"): generic.pdf_string(value) for name, value in entries.items()}
        )
    )
    return written(writer)


def written(writer: BasePdfFileWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def check(data: bytes, trust: TrustStore) -> Report:
    return verify_pdf(io.BytesIO(data), trust)


@pytest.fixture(scope="module")
def signed(document: bytes, leader: Pkcs12Key) -> bytes:
    return sign(described(entitled(document, Title="Quyết định"), "Quyết định"), leader, field="Leader")[0]


@pytest.mark.parametrize("way", ["xmp", "loose", "info", "author", "removed"])
def test_another_title_that_nobody_signed_is_not_confirmed(
    way: str, signed: bytes, trust: TrustStore
) -> None:
    forged = {
        "xmp": lambda: described(signed, "Chi 900 tỷ"),
        "loose": lambda: described(signed, "Chi 900 tỷ", loose=True),
        "info": lambda: entitled(signed, Title="Chi 900 tỷ"),
        "author": lambda: entitled(signed, Title="Quyết định", Author="Người khác"),
        "removed": lambda: entitled(described(signed, ""), Author=""),
    }[way]()
    report = check(forged, trust)
    assert report.verdict is Verdict.INDETERMINATE
    assert Code.METADATA_CHANGED in {one.code for one in report.all_findings}
    (signature,) = report.signatures
    assert signature.changes_after is Changes.METADATA
    assert headline(report, "en").endswith("were changed later, and nobody signed that.")
    said = about(report, signature, "vi")
    assert said["after"].startswith("Sau chữ ký này tiêu đề, tác giả")
    assert said["shown"] == "Trình đọc PDF có thể hiển thị cả phần không được ký."


def test_the_date_of_writing_the_program_and_a_copy_between_the_two_places_are_no_change(
    document: bytes, signed: bytes, leader: Pkcs12Key, trust: TrustStore
) -> None:
    later = described(signed, "Quyết định", 'xmp:ModifyDate="2026-11-22T11:50:51+00:00"')
    later = entitled(later, Title="Quyết định", Producer="Another", ModDate="D:20261122115051Z")
    assert check(later, trust).verdict is Verdict.VALID
    plain = PageWriter(io.BytesIO(document))
    del plain.root["/Metadata"]
    plain.update_root()
    by_info, _ = sign(entitled(written(plain), Title="Quyết định"), leader, field="Leader")
    assert check(described(by_info, "Quyết định"), trust).verdict is Verdict.VALID


def test_another_title_under_a_later_signature_is_the_later_signers(
    signed: bytes, agency: Pkcs12Key, trust: TrustStore
) -> None:
    sealed, _ = sign(described(signed, "Quyết định số 1"), agency, field="Seal")
    report = check(sealed, trust)
    assert report.verdict is Verdict.VALID
    assert report.signatures[0].changes_after is Changes.SIGNATURES
    assert check(described(sealed, "Quyết định số 2"), trust).verdict is Verdict.INDETERMINATE


def test_validation_data_and_time_stamps_are_no_change_and_hide_none(
    signed: bytes, document: bytes, leader: Pkcs12Key, pki: DemoPki, trust: TrustStore
) -> None:
    stamper = LocalTimestamper(pki)
    lasting, _ = sign(document, leader, field="Leader", level=Level.B_LTA, timestamper=stamper, trust=trust)
    assert check(lasting, trust).verdict is Verdict.VALID
    # pyHanko's own writer puts the date and its name into XMP and the information dictionary
    assert check(written(_dated(lasting)), trust).verdict is Verdict.VALID
    assert check(described(lasting, "Chi 900 tỷ"), trust).verdict is Verdict.INDETERMINATE


def _dated(data: bytes) -> IncrementalPdfFileWriter:
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    writer.set_info(
        generic.DictionaryObject({pdf_name("/ModDate"): generic.pdf_date(datetime(2026, 11, 20, tzinfo=UTC))})
    )
    return writer
