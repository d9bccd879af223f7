"""What a file says of itself: title, author and the like, which readers show in their title bar and properties."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from lxml import etree
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC, _XMP, _PDF = (
    "{http://purl.org/dc/elements/1.1/}",
    "{http://ns.adobe.com/xap/1.0/}",
    "{http://ns.adobe.com/pdf/1.3/}",
)
_MEDIA = "{http://ns.adobe.com/xap/1.0/mm/}"
#: properties of XMP that say the same as an entry of the document information dictionary (ISO 32000-2 §14.3.3)
_SAME = {
    f"{_DC}title": "/Title",
    f"{_DC}creator": "/Author",
    f"{_DC}description": "/Subject",
    f"{_PDF}Keywords": "/Keywords",
    f"{_PDF}Producer": "/Producer",
    f"{_XMP}CreatorTool": "/Creator",
    f"{_XMP}CreateDate": "/CreationDate",
    f"{_XMP}ModifyDate": "/ModDate",
}
#: what every program writes anew that adds validation data or a time stamp
_FREE = {"/Producer", "/ModDate", f"{_XMP}MetadataDate", f"{_DC}format"}
Facts = set[tuple[str, str]]


def changed_after(reader: PdfFileReader, signed: int) -> bool:
    """Whether revisions after number `signed` (from 0) say something else of the file, other than when and by which
    program it was last written."""
    xrefs: Any = reader.xrefs
    last = xrefs.total_revisions - 1
    if signed >= last:
        return False
    before, after = reader.get_historical_resolver(signed), reader.get_historical_resolver(last)
    # some programs take whichever XMP packet they find, so those that nothing refers to count too
    return _facts(after) | set(_loose(reader, signed + 1, last)) != _facts(before)


def _facts(revision: Any) -> Facts:
    root = revision.root
    xmp = _of_stream(root["/Metadata"]) if "/Metadata" in root else ()
    return set(chain(_of_info(revision.trailer_view), xmp))


def _loose(reader: PdfFileReader, first: int, last: int) -> Iterator[tuple[str, str]]:
    """Of every XMP packet written in these revisions."""
    xrefs: Any = reader.xrefs
    for number in range(first, last + 1):
        resolver: Any = reader.get_historical_resolver(number)
        for reference in xrefs.explicit_refs_in_revision(number):
            found = _object(resolver, reference)
            if isinstance(found, StreamObject) and found.get("/Type") == "/Metadata":
                yield from _of_stream(found)


def _object(resolver: Any, reference: Any) -> Any:
    try:
        return resolver.get_object(reference)
    except PdfReadError:
        return None  # nobody reads it


def _of_info(trailer: Any) -> Iterator[tuple[str, str]]:
    # .get gives a reference where [] gives the object
    info = trailer["/Info"] if "/Info" in trailer else {}  # noqa: SIM401 - see above
    return _told((name, str(info[name])) for name in info)


def _of_stream(stream: Any) -> Iterator[tuple[str, str]]:
    """Raises what pyHanko raises for a stream that cannot be decoded."""
    data = stream.read_data(DecodePurpose.XMP_METADATA)
    try:
        whole = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, ValueError):
        return iter([("", repr(data))])
    return _told(chain.from_iterable(_properties(one) for one in whole.iter(f"{_RDF}Description")))


def _properties(description: Any) -> Iterator[tuple[str, str]]:
    """Written as attributes or as elements (XMP, ISO 16684-1 §7)."""
    yield from ((str(name), str(value)) for name, value in description.attrib.items())
    for element in description.iterchildren("*"):
        yield str(element.tag), " ".join(" ".join(element.itertext()).split())


def _told(entries: Any) -> Iterator[tuple[str, str]]:
    for name, value in entries:
        known = _SAME.get(name, name)
        if known in _FREE or known.startswith((_MEDIA, _RDF)) or not value:
            continue
        # D:20261122113411Z and 2026-11-22T11:34:11Z
        yield known, re.sub(r"\D", "", value)[:14] if known == "/CreationDate" else value
