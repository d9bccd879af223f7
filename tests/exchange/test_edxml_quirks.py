"""Oddities of real senders, each of which must be read (numbered as in the description of the wire format)."""

import base64
import zipfile
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest

from exchange.build import build
from exchange.interpret import time_of
from exchange.model import BusinessKind, Code, DocumentMessage, StatusMessage
from exchange.parse import Parsed, parse
from exchange.testing import SMALL_PDF, attachment, document, packet, status


@pytest.fixture
def wire(tmp_path: Path) -> bytes:
    """A packet with one PDF, to be made odd."""
    (tmp_path / "in").mkdir()
    out = BytesIO()
    build(document(attachments=[attachment(tmp_path / "in")]), out)
    return out.getvalue()


@pytest.fixture
def read(tmp_path: Path):
    def read(data: bytes) -> Parsed:
        return parse(BytesIO(data), tmp_path / "out")

    return read


def change(data: bytes, *pairs: tuple[str, str]) -> bytes:
    for old, new in pairs:
        assert old.encode() in data, old
        data = data.replace(old.encode(), new.encode())
    return data


def drop(data: bytes, name: str) -> bytes:
    start = data.index(f"<edXML:{name}>".encode())
    end = data.index(f"</edXML:{name}>".encode()) + len(f"</edXML:{name}>")
    return data[:start] + data[end:]


def test_01_correct_spelling_of_business_is_read_too(wire, read):
    odd = change(wire, ("Bussiness", "Business"), ("DocType>0<", "DocType>1<"))
    assert read(odd).message.business.kind is BusinessKind.RECALL


@pytest.mark.parametrize("junk", [b"1212", b"\xef\xbb\xbf", b"\r\n \t"])
def test_02_junk_around_the_document_is_cut(wire, read, junk: bytes):
    assert read(junk + wire + b"\r\n\r\n").message == read(wire).message


def test_03_prefixes_without_declaration_are_read(wire, read):
    odd = change(
        wire,
        (' xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016"', ""),
        ("<AttachmentEncoded>", "<edXML:AttachmentEncoded>"),
        ("</AttachmentEncoded>", "</edXML:AttachmentEncoded>"),
        ("<edXML:Reference>", '<edXML:Reference xlink:href="">'),
    )
    assert read(odd).message == read(wire).message


@pytest.mark.parametrize(
    "pairs",
    [
        [("<edXML xmlns", "<EdXML xmlns"), ("</edXML>", "</EdXML>")],
        [("edXML:", "")],
        [("<edXML:edXMLHeader>", ""), ("</edXML:edXMLHeader>", "")],
        [("edXML:Subject", "edXML:SUBJECT")],
    ],
)
def test_04_other_roots_prefixes_and_cases(wire, read, pairs):
    assert read(change(wire, *pairs)).message == read(wire).message


def test_04_an_envelope_as_root(wire, read):
    start = wire.index(b"<edXML:edXMLEnvelope")
    end = wire.index(b"</edXML:edXMLEnvelope>") + len(b"</edXML:edXMLEnvelope>")
    assert read(wire[start:end]).message.subject == read(wire).message.subject


def test_05_children_in_the_other_order(wire, read):
    start, end = (wire.index(f"<{mark}edXML:DocumentId>".encode()) for mark in ("", "/"))
    document_id = wire[start : end + len("</edXML:DocumentId>")]
    odd = drop(wire, "DocumentId").replace(b"</edXML:MessageHeader>", document_id + b"</edXML:MessageHeader>")
    business = wire[wire.index(b"<edXML:Bussiness>") : wire.index(b"</edXML:Bussiness>") + 18]
    odd = drop(odd, "Bussiness").replace(b"</edXML:TraceHeaderList>", business + b"</edXML:TraceHeaderList>")
    assert read(odd).message == read(wire).message


@pytest.mark.parametrize("name", ["Bussiness", "SignerInfo", "OrganName", "OtherInfo", "DocumentType"])
def test_06_missing_elements(wire, read, name: str):
    message = read(drop(wire, name)).message
    assert message.business.kind is BusinessKind.NEW
    assert message.attachments


@pytest.mark.parametrize(
    "empty",
    [
        "<edXML:ResponseFor/>",
        "<edXML:ResponseFor><edXML:OrganId/><edXML:Code/><edXML:DocumentId/></edXML:ResponseFor>",
        "<edXML:DueDate/>",
        "<edXML:ToPlaces><edXML:Place/></edXML:ToPlaces>",
    ],
)
def test_07_empty_elements_are_absent(wire, read, empty: str):
    odd = change(wire, ("<edXML:SteeringType>", empty + "<edXML:SteeringType>"))
    assert read(odd).message == read(wire).message


def test_08_a_hop_without_a_name(wire, read):
    hop = "<edXML:TraceHeader>{}<edXML:Timestamp>2026/11/20 09:00:00</edXML:Timestamp></edXML:TraceHeader>"
    both = hop.format("<edXML:OrganId>null</edXML:OrganId>") + hop.format("")
    message = read(change(wire, ("</edXML:TraceHeaderList>", both + "</edXML:TraceHeaderList>"))).message
    assert [item.organ_id for item in message.trace] == ["H01.01", "", ""]


@pytest.mark.parametrize(
    "signature",
    [
        "<edXML:DigitalSignature />",
        "<Signature><SignedInfo/><KeyInfo>MIIFqTCCBJG</KeyInfo></Signature>",
        '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><Reference/></SignedInfo></Signature>',
    ],
)
def test_09_any_signature_is_passed_over(wire, read, signature: str):
    odd = change(wire, ("</edXML:edXMLHeader>", signature + "</edXML:edXMLHeader>"))
    assert [item.name for item in read(odd).message.attachments] == ["CV-1415.pdf"]


def test_10_the_type_is_what_the_bytes_are(wire, read):
    odd = change(wire, ("<ContentType>application/pdf<", "<ContentType>application/xslx<"))
    assert read(odd).message.attachments[0].media_type == "application/pdf"


def with_zip(wire: bytes, name: str, entry: str, content: bytes = SMALL_PDF) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(entry, content)
    new = base64.b64encode(packed.getvalue()).decode()
    return change(wire, (base64.b64encode(SMALL_PDF).decode(), new), ("CV-1415.pdf", name))


@pytest.mark.parametrize("name", ["a.pdf", "a.PDF", "a.doc", "a.docx", "a.xlsx", "noextension"])
def test_11_the_senders_zip_is_taken_off(wire, read, name: str):
    odd = with_zip(wire, name, f"0f3a.{name.rpartition('.')[2]}")
    [found] = read(odd).message.attachments
    assert found.content.read_bytes() == SMALL_PDF
    assert found.name == name


def test_11_a_real_office_file_is_left_alone(wire, read):
    [found] = read(with_zip(wire, "a.docx", "[Content_Types].xml")).message.attachments
    assert found.content.read_bytes().startswith(b"PK")


def test_12_ids_with_and_without_cid(wire, read):
    odd = change(
        wire,
        ("<ContentId>cid:1<", "<ContentId>1<"),
        ("<edXML:ContentType>application/zip", "<edXML:ContentType>x"),
    )
    assert read(odd) == Parsed(read(wire).message)


def test_12_ids_that_differ_are_joined_by_place(wire, read):
    odd = change(
        wire,
        ("<ContentId>cid:1<", "<ContentId>uuid-a<"),
        ("<AttachmentName>CV-1415.pdf</AttachmentName>", ""),
    )
    [found] = read(odd).message.attachments
    assert found.name == "CV-1415.pdf"


def test_12_lost_files_and_files_not_listed_are_told(wire, read):
    lost = (
        "<edXML:Reference><edXML:ContentId>cid:9</edXML:ContentId>"
        "<edXML:AttachmentName>mất.pdf</edXML:AttachmentName></edXML:Reference>"
    )
    parsed = read(change(wire, ("</edXML:edXMLManifest>", lost + "</edXML:edXMLManifest>")))
    assert "mất.pdf" in parsed.warnings[0].vi
    parsed = read(drop(wire, "Reference"))
    assert len(parsed.message.attachments) == len(parsed.warnings) == 1


def test_13_a_pdf_mangled_by_its_sender_is_told(wire, read):
    broken = base64.b64encode(b"%PDF-1.3\n%\xef\xbf\xbd\xef\xbf\xbd\n").decode()
    parsed = read(change(wire, (base64.b64encode(SMALL_PDF).decode(), broken)))
    assert any("hỏng" in item.vi for item in parsed.warnings)


@pytest.mark.parametrize("number", ["01/2020", "7816a", "12-2026"])
def test_14_numbers_that_are_none(wire, read, number: str):
    assert read(change(wire, (">1415<", f">{number}<"))).message.code == Code(number, "UBND-KGVX")


def test_15_a_repeated_recipient_is_kept_as_sent(wire, read):
    start, end = wire.index(b"<edXML:To>"), wire.index(b"</edXML:To>") + 11
    assert len(read(wire[:end] + wire[start:end] + wire[end:]).message.recipients) == 2


def test_16_the_agency_answered_may_differ_from_the_issuer_in_the_document_id(read):
    about = document()
    made = replace(status(about), response_for=replace(status(about).response_for, organ_id="H01.77"))
    found = read(packet(made)).message.response_for
    assert (found.organ_id, found.code, found.promulgated_on) == (
        "H01.77",
        about.code.full,
        about.promulgated_on,
    )
    assert found.document_id == about.document_id


@pytest.mark.parametrize(
    "text",
    ["2026-11-20", "2026-11-20T00:00:00", "20/11/2026", "2026/11/20 00:00:00", "2026-11-19T20:00:00Z"],
)
def test_17_dates_in_other_forms(wire, read, text: str):
    odd = change(wire, ("Date>2026/11/20<", f"Date>{text}<"))
    assert read(odd).message.promulgated_on == date(2026, 11, 20)


def test_17_an_impossible_date_is_told_and_left_out(wire, read):
    parsed = read(change(wire, ("Date>2026/11/20<", "Date>2014/02/30<")))
    assert parsed.message.promulgated_on is None
    assert "2014/02/30" in parsed.warnings[0].vi


def test_17_decomposed_vietnamese_is_composed(wire, read):
    odd = change(wire, ("An Giang", "TTĐT ê\u0301"))
    assert read(odd).message.place == "TTĐT ế"


def test_18_comments_spaces_and_cdata(wire, read):
    odd = change(
        wire,
        ("<edXML:Subject>", "<!-- trích yếu --><edXML:Subject>\t  <![CDATA["),
        ("</edXML:Subject>", "]]> <!-- hết --></edXML:Subject>"),
    )
    assert read(odd).message == read(wire).message


def test_base64_in_lines_and_without_padding(wire, read):
    encoded = base64.b64encode(SMALL_PDF).decode()
    lines = "\r\n\t".join(encoded[i : i + 76] for i in range(0, len(encoded), 76))
    odd = change(wire, (encoded, f"\n{lines.rstrip('=')}\n"))
    assert read(odd).message == read(wire).message


@pytest.mark.parametrize(("wire_code", "code"), [("1", "01"), ("06", "06"), ("14", "15")])
def test_status_codes_without_zero_and_under_another_number(read, wire_code: str, code: str):
    out = BytesIO()
    build(status(document(), "01"), out)
    message = read(change(out.getvalue(), (">01<", f">{wire_code}<"))).message
    assert isinstance(message, StatusMessage)
    assert message.status_code == code


def test_the_net_dialect_is_read(read):
    data = f"""<?xml version="1.0"?>
    <edXML xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016">
      <Boundary>x</Boundary><ContentId>a.edxml</ContentId><ContentType>text/xml</ContentType>
      <edXML:edXMLEnvelope xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016"><edXML:edXMLHeader>
      <edXML:MessageHeader><edXML:From><edXML:OrganId>H01.01</edXML:OrganId></edXML:From>
      <edXML:To><edXML:OrganId>H01.12</edXML:OrganId></edXML:To>
      <edXML:Code><edXML:CodeNumber>7</edXML:CodeNumber><edXML:CodeNotation>X</edXML:CodeNotation></edXML:Code>
      <edXML:Subject>Việc</edXML:Subject></edXML:MessageHeader>
      <edXML:TraceHeaderList id="abc" version="1.0" mustUnderstand="1"><edXML:TraceHeader/></edXML:TraceHeaderList>
      <edXML:DigitalSignature /></edXML:edXMLHeader><edXML:edXMLBody><edXML:edXMLManifest version="1.0">
      <edXML:Reference xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="cid:u-1" xlink:type="simple">
      <edXML:Description>File dinh kem 1</edXML:Description><edXML:AttachmentName>a.pdf</edXML:AttachmentName>
      <edXML:ContentType>application/pdf</edXML:ContentType><edXML:ContentId>u-1</edXML:ContentId></edXML:Reference>
      </edXML:edXMLManifest></edXML:edXMLBody></edXML:edXMLEnvelope>
      <AttachmentEncoded><Attachment><ContentId>u-1</ContentId><AttachmentName>a.pdf</AttachmentName>
      <ContentTransferEncoded>{base64.b64encode(SMALL_PDF).decode()}</ContentTransferEncoded></Attachment>
      </AttachmentEncoded></edXML>""".encode()
    message = read(data).message
    assert isinstance(message, DocumentMessage)
    assert message.attachments[0].description == "File dinh kem 1"
    assert message.attachments[0].size == len(SMALL_PDF)


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00", "0001-01-01T00:00:00+07:00", "9999-12-31T23:59:59Z", "30/02/2026"]
)
def test_a_time_that_is_none_is_left_out(text: str) -> None:
    assert time_of(text) is None
