"""A dossier taken out: as one PDF in time order, as XML by the law's fields, as a SIP for another archive.

Decree 30/2020, Appendix VI, I-III.4.g and part II; Circular 05/2025/TT-BNV, Annexes III and IV (E-ARK CSIP).
"""

import hashlib
import io
import shutil
import tempfile
import uuid
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import IO, cast

import pikepdf
from lxml import etree

from eoffice.core import clock, sandbox
from eoffice.core.blobs import blobs
from eoffice.directory.models import Agency
from eoffice.documents.intake import safe_name
from eoffice.documents.layout.tables import Set
from eoffice.documents.models import Direction, DocumentFile
from eoffice.dossiers import papers
from eoffice.dossiers.models import Dossier, DossierDocument
from eoffice.dossiers.states import Fate

sandbox.preload(__name__)

METS, XLINK = "http://www.loc.gov/METS/", "http://www.w3.org/1999/xlink"
EAD, PREMIS = "urn:isbn:1-931666-22-9", "http://www.loc.gov/premis/v3"
CSIP = "https://DILCIS.eu/XML/METS/CSIPExtensionMETS"


@dataclass(frozen=True)
class Enclosed:
    """One document of a dossier with its files: what was issued or arrived, and what goes with it."""

    placed: DossierDocument
    files: Sequence[DocumentFile]
    #: what became of it, when it counts no more
    fate: Fate | None = None

    @property
    def note(self) -> str:
        """What is said beside it."""
        return papers.noted(self.placed, self.fate)


def contents(agency: Agency, dossier: Dossier, enclosed: Sequence[Enclosed]) -> Set:
    """Its list of contents."""
    fates = {one.placed.document_id: one.fate for one in enclosed if one.fate is not None}
    return papers.contents(agency, dossier, [one.placed for one in enclosed], fates)


# One PDF


def as_pdf(agency: Agency, dossier: Dossier, enclosed: Sequence[Enclosed]) -> bytes:
    """The list of contents and then every PDF, in time order. Raises SandboxDied for what cannot be joined."""
    first = contents(agency, dossier, enclosed).pdf
    ordered = sorted(
        enclosed, key=lambda one: (one.placed.document.issued_on or date.min, one.placed.ordinal)
    )
    paths = [
        (str(blobs().path(file.sha256).absolute()), f"{one.placed.document.code} {file.name}")
        for one in ordered
        for file in one.files
        if file.is_pdf
    ]
    joined: bytes = sandbox.call(f"{__name__}:join", first, paths, seconds=60, megabytes=1000)
    return joined


def join(first: bytes, paths: Sequence[tuple[str, str]]) -> bytes:
    """Runs in the sandbox: one PDF of all, each with a bookmark. Signatures stay with the files themselves."""
    with pikepdf.open(io.BytesIO(first)) as whole, whole.open_outline() as outline:
        for path, title in paths:
            with pikepdf.open(path) as part:
                start = len(whole.pages)
                whole.pages.extend(part.pages)
            outline.root.append(pikepdf.OutlineItem(title, start))
        out = io.BytesIO()
        whole.save(out)
    return out.getvalue()


# XML by the law's fields


def as_xml(agency: Agency, dossier: Dossier, enclosed: Sequence[Enclosed]) -> bytes:
    """Metadata of the dossier and its documents under the names of Appendix VI, part II."""
    root = etree.Element("Dossier")
    _code(root, agency, dossier)
    pages = sum(one.placed.document.page_count for one in enclosed)
    fields = (
        ("Title", dossier.title), ("Maintenance", dossier.kept_for), ("Rights", dossier.rights.printed),
        ("Creator", dossier.made_by), ("Language", dossier.language),
        ("StartDate", dossier.start_on), ("EndDate", dossier.end_on), ("DocTotal", len(enclosed)),
        ("PageTotal", pages), ("Description", dossier.description),
    )  # fmt: skip
    for name, value in fields:
        _add(root, name, value)
    documents = etree.SubElement(root, "Documents")
    for one in enclosed:
        _document(etree.SubElement(documents, "Document"), agency, dossier, one)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _document(into: etree._Element, agency: Agency, dossier: Dossier, one: Enclosed) -> None:
    document = one.placed.document
    _code(into, agency, dossier)
    incoming = document.direction is Direction.IN
    fields = (
        ("DocOrdinal", one.placed.ordinal), ("Direction", "den" if incoming else "di"),
        ("TypeName", document.kind.name), ("CodeNumber", document.code_number),
        ("CodeNotation", document.code_notation), ("IssuedDate", document.issued_on),
        ("OrganName", document.issuer_name), ("Subject", document.subject), ("Language", dossier.language),
        ("PageAmount", document.page_count), ("Description", one.note),
        ("ArrivalNumber", document.register_number if incoming else None), ("Priority", int(document.urgency)),
        ("DueDate", document.due_on),
    )  # fmt: skip
    for name, value in fields:
        _add(into, name, value)
    signer = etree.SubElement(into, "SignerInfo")
    _add(signer, "Position", document.signer_title)
    _add(signer, "FullName", document.signer_name)
    for file in one.files:
        etree.SubElement(
            into, "File", name=file_name(one, file), mediaType=file.media_type, size=str(file.size),
            sha256=file.sha256,
        )  # fmt: skip


def _code(into: etree._Element, agency: Agency, dossier: Dossier) -> None:
    code = etree.SubElement(into, "FileCode")
    _add(code, "OrganId", agency.code)
    _add(code, "FileCatalog", dossier.year)
    _add(code, "FileNotation", dossier.notation)


def _add(into: etree._Element, name: str, value: object) -> None:
    if value not in (None, ""):
        etree.SubElement(into, name).text = value.isoformat() if isinstance(value, date) else str(value)


def file_name(one: Enclosed, file: DocumentFile) -> str:
    """A name that is alone in its package: place, number among the document's files, name."""
    return f"{one.placed.ordinal:04d}-{list(one.files).index(file) + 1:02d}-{safe_name(file.name)}"


# SIP


#: of what is described in no published format
_SCHEMA = "schemas/dossier.xsd"


@cache
def _schema() -> bytes:
    return (Path(__file__).parent / _SCHEMA).read_bytes()


def write_sip(target: IO[bytes], agency: Agency, dossier: Dossier, enclosed: Sequence[Enclosed]) -> None:
    """Write a SIP_hoso as ZIP, in memory that does not grow with the files."""
    name = f"uuid-{str(uuid.uuid5(uuid.NAMESPACE_URL, f'{agency.code}/{dossier.year}/{dossier.notation}')).upper()}"
    made = clock.now()
    held = [
        (f"representations/rep1/data/{file_name(one, file)}", file) for one in enclosed for file in one.files
    ]
    described = {
        "metadata/descriptive/EAD.xml": _ead(agency, dossier, enclosed),
        "metadata/preservation/PREMIS.xml": _premis(held, made),
        "metadata/descriptive/dossier.xml": as_xml(agency, dossier, enclosed),
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as package:
        mets = {"METS.xml": _mets(name, agency, dossier, described, held, made)}
        for path, data in {**mets, **described, _SCHEMA: _schema()}.items():
            # by the clock of the offices, as the documents beside them
            entry = zipfile.ZipInfo(f"{name}/{path}", clock.local(made).timetuple()[:6])
            package.writestr(entry, data, zipfile.ZIP_DEFLATED)
        for path, file in held:
            # not compressed: documents are inside already
            entry = zipfile.ZipInfo(f"{name}/{path}", clock.local(file.created_at).timetuple()[:6])
            entry.file_size = file.size
            with blobs().open(file.sha256) as source, package.open(entry, "w") as part:
                shutil.copyfileobj(source, part)


def spooled_sip(agency: Agency, dossier: Dossier, enclosed: Sequence[Enclosed]) -> IO[bytes]:
    """The same in a file that is gone once it is closed."""
    spool = tempfile.TemporaryFile(dir=blobs().spool)  # noqa: SIM115 - whoever sends it closes it
    write_sip(spool, agency, dossier, enclosed)
    spool.seek(0)
    return spool


def _mets(
    name: str, agency: Agency, dossier: Dossier, described: dict[str, bytes],
    held: Sequence[tuple[str, DocumentFile]], made: datetime,
) -> bytes:  # fmt: skip
    """METS 1.12 with the attributes of E-ARK CSIP 2.1."""
    root = etree.Element(
        f"{{{METS}}}mets", nsmap={"mets": METS, "xlink": XLINK, "csip": CSIP}, OBJID=name, LABEL=dossier.title,
        TYPE="Mixed", PROFILE="https://earksip.dilcis.eu/profile/E-ARK-SIP.xml",
    )  # fmt: skip
    root.set(f"{{{CSIP}}}CONTENTINFORMATIONTYPE", "MIXED")
    head = _sub(root, "metsHdr", CREATEDATE=_moment(made), RECORDSTATUS="NEW")
    head.set(f"{{{CSIP}}}OAISPACKAGETYPE", "SIP")
    agent = _sub(head, "agent", ROLE="CREATOR", TYPE="ORGANIZATION")
    _sub(agent, "name").text = agency.name
    _sub(agent, "note").text = agency.code
    sections = (
        ("dmdSec", "metadata/descriptive/EAD.xml", {"MDTYPE": "EAD"}),
        # the law's own fields, in a format that METS has no name for
        ("dmdSec", "metadata/descriptive/dossier.xml", {"MDTYPE": "OTHER", "OTHERMDTYPE": "ND30-PLVI"}),
        ("amdSec", "metadata/preservation/PREMIS.xml", {"MDTYPE": "PREMIS"}),
    )
    for number, (section, path, kind) in enumerate(sections, 1):
        where = _sub(root, section, ID=f"{section}-{number}")
        if section == "amdSec":
            where = _sub(where, "digiprovMD", ID="digiprov-1")
        data = described[path]
        reference = _sub(
            where, "mdRef", LOCTYPE="URL", **kind, MIMETYPE="text/xml", SIZE=str(len(data)),
            CHECKSUM=hashlib.sha256(data).hexdigest(), CHECKSUMTYPE="SHA-256", CREATED=_moment(made),
        )  # fmt: skip
        reference.set(f"{{{XLINK}}}type", "simple")
        reference.set(f"{{{XLINK}}}href", path)
    files = _sub(root, "fileSec", ID="fileSec-1")
    group = _sub(files, "fileGrp", ID="rep1", USE="Representations/rep1")
    schemas = _sub(files, "fileGrp", ID="schemas", USE="Schemas")
    entry = _sub(
        schemas, "file", ID="schema-1", MIMETYPE="application/xml", SIZE=str(len(_schema())),
        CHECKSUM=hashlib.sha256(_schema()).hexdigest(), CHECKSUMTYPE="SHA-256", CREATED=_moment(made),
    )  # fmt: skip
    _locate(entry, _SCHEMA)
    division = _sub(
        _sub(root, "structMap", ID="structMap-1", TYPE="PHYSICAL", LABEL="CSIP"),
        "div",
        ID="div-1",
        LABEL=name,
    )
    _sub(_sub(division, "div", ID="div-schemas", LABEL="Schemas"), "fptr", FILEID="schema-1")
    inner = _sub(division, "div", ID="div-rep1", LABEL="Representations/rep1")
    for number, (path, file) in enumerate(held, 1):
        entry = _sub(
            group, "file", ID=f"file-{number}", MIMETYPE=file.media_type, SIZE=str(file.size),
            CHECKSUM=file.sha256, CHECKSUMTYPE="SHA-256", CREATED=_moment(file.created_at),
        )  # fmt: skip
        _locate(entry, path)
        _sub(inner, "fptr", FILEID=f"file-{number}")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _locate(entry: etree._Element, path: str) -> None:
    place = _sub(entry, "FLocat", LOCTYPE="URL")
    place.set(f"{{{XLINK}}}type", "simple")
    place.set(f"{{{XLINK}}}href", path)


def _sub(into: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(into, f"{{{METS}}}{name}", attributes)


def _ead(agency: Agency, dossier: Dossier, enclosed: Sequence[Enclosed]) -> bytes:
    """EAD 2002: the dossier as one file, its documents as items."""

    def sub(into: etree._Element, name: str, text: object = None, **attributes: str) -> etree._Element:
        made = etree.SubElement(into, f"{{{EAD}}}{name}", attributes)
        made.text = str(text) if text not in (None, "") else None
        return made

    root = etree.Element(f"{{{EAD}}}ead", nsmap=cast("dict[str, str]", {None: EAD}))
    head = sub(root, "eadheader")
    sub(head, "eadid", f"{agency.code}.{dossier.year}.{dossier.notation}")
    sub(sub(sub(head, "filedesc"), "titlestmt"), "titleproper", dossier.title)
    top = sub(root, "archdesc", level="file")
    about = sub(top, "did")
    sub(about, "unitid", f"{agency.code}.{dossier.year}.{dossier.notation}")
    sub(about, "unittitle", dossier.title)
    sub(about, "unitdate", f"{dossier.start_on}/{dossier.end_on}")
    sub(about, "origination", agency.name)
    sub(about, "langmaterial", dossier.language)
    sub(sub(top, "accessrestrict"), "p", dossier.rights.printed)
    sub(sub(top, "appraisal"), "p", dossier.kept_for)
    below = sub(top, "dsc")
    for one in enclosed:
        document = one.placed.document
        entry = sub(below, "c", level="item")
        item = sub(entry, "did")
        sub(item, "unitid", document.code)
        sub(item, "unittitle", f"{document.kind.name}: {document.subject}")
        sub(item, "unitdate", document.issued_on)
        sub(item, "origination", document.issuer_name)
        for file in one.files:
            sub(item, "dao", href=f"representations/rep1/data/{file_name(one, file)}")
        if one.note:
            sub(sub(entry, "odd"), "p", one.note)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _premis(held: Sequence[tuple[str, DocumentFile]], made: datetime) -> bytes:
    """PREMIS 3: every file with its fixity, and the event that packed it."""

    def sub(into: etree._Element, name: str, text: object = None) -> etree._Element:
        found = etree.SubElement(into, f"{{{PREMIS}}}{name}")
        found.text = str(text) if text is not None else None
        return found

    root = etree.Element(
        f"{{{PREMIS}}}premis",
        nsmap={"premis": PREMIS, "xsi": "http://www.w3.org/2001/XMLSchema-instance"},
        version="3.0",
    )
    for path, file in held:
        one = sub(root, "object")
        one.set("{http://www.w3.org/2001/XMLSchema-instance}type", "premis:file")
        identifier = sub(one, "objectIdentifier")
        sub(identifier, "objectIdentifierType", "path")
        sub(identifier, "objectIdentifierValue", path)
        facts = sub(one, "objectCharacteristics")
        fixity = sub(facts, "fixity")
        sub(fixity, "messageDigestAlgorithm", "SHA-256")
        sub(fixity, "messageDigest", file.sha256)
        sub(facts, "size", file.size)
        sub(sub(sub(facts, "format"), "formatDesignation"), "formatName", file.media_type)
    event = sub(root, "event")
    identifier = sub(event, "eventIdentifier")
    sub(identifier, "eventIdentifierType", "UUID")
    sub(identifier, "eventIdentifierValue", uuid.uuid4())
    sub(event, "eventType", "information package creation")
    sub(event, "eventDateTime", _moment(made))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _moment(at: datetime) -> str:
    return clock.local(at).isoformat(timespec="seconds")
