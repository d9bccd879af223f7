"""What a PDF is made of, without a verdict."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

import pikepdf
from pyhanko.pdf_utils.generic import DictionaryObject, StreamObject
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from signing import gate
from signing.certificates import certificate_info
from signing.errors import UnreadablePdf
from signing.fields import VisibleField, visible_fields

#: objects of one revision that are looked at
_OBJECTS = 10_000
#: what an object is called by its /Type; others by what they are
_KINDS = {
    "/Sig": "signature",
    "/DocTimeStamp": "time stamp",
    "/Catalog": "catalog",
    "/Page": "page",
    "/Pages": "page tree",
    "/Annot": "annotation or field",
    "/DSS": "security store",
    "/Font": "font",
    "/XRef": "cross-references",
    "/ObjStm": "object stream",
}


def inspect_pdf(source: BinaryIO) -> dict[str, Any]:
    """Version, pages, qpdf's problems, revisions with what each adds, signatures and visible fields, for JSON.

    Revisions and signatures are empty where pyHanko cannot follow the file; `problems` then says so. Raises
    UnreadablePdf, EncryptedPdf.
    """
    structure = gate.examine(source)
    try:
        shown = visible_fields(source)
        with gate.opened(source) as pdf:
            version = pdf.pdf_version
    except (pikepdf.PdfError, ValueError, TypeError) as error:
        raise UnreadablePdf(str(error)) from error
    problems = list(structure.problems)
    try:
        reader = PdfFileReader(source, strict=False)
        if reader.encrypted:
            reader.decrypt(b"")
        revisions, signatures = list(_revisions(reader)), list(_signatures(reader))
    except Exception as error:  # noqa: BLE001 - pyHanko raises anything for damaged files; the rest is said all the same
        revisions, signatures = [], []
        problems.append(f"not followed: {str(error) or type(error).__name__}"[:200])
    return {
        "version": version,
        "pages": structure.pages,
        "objects": structure.objects,
        "signed": structure.signed,
        "hybrid": structure.hybrid,
        "problems": problems,
        "revisions": revisions,
        "signatures": signatures,
        "fields": [_field(field) for field in shown.values()],
    }


def _revisions(reader: PdfFileReader) -> Iterator[dict[str, Any]]:
    """From the first: where its cross-references stand, and how many objects of which kind are new in it or written
    anew."""
    xrefs: Any = reader.xrefs
    known: set[Any] = set()
    for number in range(xrefs.total_revisions):
        references = set(xrefs.explicit_refs_in_revision(number))
        resolver = reader.get_historical_resolver(number)
        place = xrefs.get_xref_container_info(number)
        yield {
            "number": number + 1,
            "cross_references_at": place.start_location,
            "ends_at": _end(reader.stream, place.end_location),
            "adds": _kinds(resolver, references - known),
            "changes": _kinds(resolver, references & known),
            "frees": len(xrefs.refs_freed_in_revision(number)),
        }
        known |= references


def _end(source: BinaryIO, behind: int) -> int:
    """Size of the file up to the end mark that follows the cross-references and their trailer."""
    source.seek(behind)
    before, mark, _ = source.read(4096).partition(b"%%EOF")
    return behind + len(before) + len(mark)


def _kinds(resolver: Any, references: set[Any]) -> dict[str, int]:
    """Kinds of objects with their number, the most frequent first."""
    looked = islice(sorted(references, key=lambda one: (one.idnum, one.generation)), _OBJECTS)
    return dict(Counter(_kind(resolver, reference) for reference in looked).most_common())


def _kind(resolver: Any, reference: Any) -> str:
    try:
        found = resolver.get_object(reference)
    except Exception:  # noqa: BLE001 - one object that cannot be read is a kind of its own
        return "unreadable"
    if not isinstance(found, DictionaryObject):
        return "other"
    plain = "stream" if isinstance(found, StreamObject) else "other"
    return _KINDS.get(str(found.get("/Type", "")), plain)


def _signatures(reader: PdfFileReader) -> Iterator[dict[str, Any]]:
    """What each says of itself; nothing of it is checked."""
    for name, _, field in enumerate_sig_fields(reader, filled_status=True):
        embedded = EmbeddedPdfSignature(reader, field, name)
        info = certificate_info(embedded.signer_cert.dump())
        stated = embedded.self_reported_timestamp
        yield {
            "field": str(name),
            "kind": _KINDS.get(str(embedded.sig_object_type), str(embedded.sig_object_type)),
            "format": str(embedded.sig_object.get("/SubFilter", "")).lstrip("/"),
            "revision": embedded.signed_revision + 1,
            "byte_range": [int(number) for number in embedded.byte_range],
            "digest": embedded.md_algorithm,
            "certificate": info.name,
            "issuer": info.issuer,
            "stated_at": stated.isoformat() if stated else None,
        }


def _field(field: VisibleField) -> dict[str, Any]:
    return {
        "name": field.name,
        "page": field.placement.page,
        "box": [round(edge, 2) for edge in field.placement.box],
        "text": field.text,
        "picture": field.picture,
    }
