"""The gate for foreign files: what a file really is, and why it is refused.

Everything is found out before a byte is stored.
"""

import re
import unicodedata
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from eoffice.core import sandbox
from eoffice.core.errors import Invalid
from eoffice.documents.pages import PageText
from eoffice.documents.reading import Structure, Unreadable

PDF = "application/pdf"
DOC = "application/msword"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODT = "application/vnd.oasis.opendocument.text"
XLS = "application/vnd.ms-excel"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
PROGRAM = "application/x-executable"
UNKNOWN = "application/octet-stream"

#: the marks of Law 29/2018, Article 8, and its successor of 2025
SECRET_MARKS = ("TUYỆT MẬT", "TỐI MẬT", "MẬT")
#: stands in each of them: a page without its letters need not be looked at closely
IN_EVERY_MARK = "MẬT"
#: share of page 1, from its top, where a mark may stand (Decree 30/2020, Appendix I, cell 10a and above)
_HEADER = 0.45

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"GIF8", "image/gif"),
    (b"{\\rtf", "application/rtf"),
    (b"<?xml", "application/xml"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"MZ", PROGRAM),
    (b"\x7fELF", PROGRAM),
)
#: what a kind of file is called by those who send it
_WORDS = {
    DOC: _l("a Word document"),
    DOCX: _l("a Word document"),
    ODT: _l("a text document"),
    XLS: _l("an Excel sheet"),
    XLSX: _l("an Excel sheet"),
    PPTX: _l("a presentation"),
    PROGRAM: _l("a program"),
    "application/zip": _l("an archive"),
    "application/vnd.rar": _l("an archive"),
    "application/x-7z-compressed": _l("an archive"),
    "text/plain": _l("plain text"),
}
_ZIP_MEMBERS = (("word/", DOCX), ("xl/", XLSX), ("ppt/", PPTX))


class NotPdf(Invalid):
    """Another kind of file under the name of a PDF."""

    message = _l("This file is not a PDF (%(found)s). Save or scan it as PDF, then choose it again.")


class EncryptedPdf(Invalid):
    """A password or a restriction lies on the file."""

    message = _l("The PDF is locked with a password. Save it again without protection, then choose it again.")


class BrokenPdf(Invalid):
    """The file was cut off or damaged on the way."""

    message = _l("The PDF is damaged and cannot be read. Ask for it again, or scan the paper once more.")


class TooLarge(Invalid):
    """Larger than the installation takes."""

    message = _l("The file is larger than %(limit)s MB. Scan it in fewer dots per inch or split it.")


class EmptyFile(Invalid):
    """Nothing in it."""

    message = _l("The file is empty. Choose it again; if it stays empty, save it anew.")


class TooMuchForTheReader(Invalid):
    """The parser ran out of time or memory, or died."""

    message = _l("The PDF is too complex to be checked safely. Print it to a new PDF, then choose that one.")


class ProgramFile(Invalid):
    """Something a desktop would run, whatever its name says."""

    message = _l("This file is a program and is not taken in. Choose the document itself.")


class StateSecret(Invalid):
    """A mark of a state secret stands on page 1."""

    message = _l(
        "The page carries the mark “%(mark)s”. State secrets must not be put into this system; "
        "nothing was stored. Hand the paper to your officer for state secrets."
    )


#: a file's structure without its words, or None where it could not be had that way; raises Unreadable
Reading = Callable[[Path], Structure | None]


@dataclass(frozen=True)
class PdfFacts:
    """A PDF that passed the gate."""

    pages: int
    #: bytes
    size: int
    signed: bool
    #: width and height of each page in points, as shown
    page_sizes: list[tuple[float, float]]
    #: what is written on each page; None where that is read later: of a long document, or by the caller's wish
    text: list[str] | None


def inspect_pdf(path: Path, *, limit: int, words: bool = True, read: Reading | None = None) -> PdfFacts:
    """Check a PDF of at most `limit` bytes. `words`: read those of a short document at once. `read`: reads the
    structure in the sandbox together with something else.

    Raises EmptyFile, TooLarge, NotPdf, EncryptedPdf, BrokenPdf, TooMuchForTheReader, StateSecret.
    """
    size = path.stat().st_size
    if not size:
        raise EmptyFile
    if size > limit:
        raise TooLarge(limit=limit // 2**20)
    if (found := sniff(path)) != PDF:
        raise NotPdf(found=str(word_for(found)))
    structure = _structure(path, words, read)
    if structure.encrypted:
        raise EncryptedPdf
    if not structure.page_sizes or not _has_end(path, size):
        raise BrokenPdf
    if structure.first_page and (mark := find_secret_mark([structure.first_page])):
        raise StateSecret(mark=mark)
    return PdfFacts(
        pages=len(structure.page_sizes),
        size=size,
        signed=structure.signed,
        page_sizes=structure.page_sizes,
        text=structure.text,
    )


def _structure(path: Path, words: bool, read: Reading | None) -> Structure:
    try:
        if read is not None and (known := read(path)) is not None:
            return known
        found: Structure = sandbox.call(
            "eoffice.documents.reading:structure",
            str(path.absolute()),
            IN_EVERY_MARK,
            words=words,
            seconds=30,
        )
    except Unreadable as error:
        raise BrokenPdf from error
    except sandbox.SandboxDied as error:
        raise TooMuchForTheReader from error
    return found


def _has_end(path: Path, size: int) -> bool:
    """Tell whether the last bytes name a cross-reference table: a file cut off on the way has none."""
    with path.open("rb") as file:
        file.seek(max(0, size - 4096))
        return b"startxref" in file.read()


def find_secret_mark(pages: Sequence[PageText]) -> str | None:
    """Return the mark of a state secret on page 1: capitals, a line of its own, in the header.

    The same words in running text are no mark.
    """
    if not pages:
        return None
    page = pages[0]
    written = {mark.replace(" ", ""): mark for mark in SECRET_MARKS}
    for line in page.lines:
        if line.box.middle[1] <= page.height * (1 - _HEADER):
            continue
        # a box may be drawn with characters; specks on a scan are read as words of one letter beside the mark
        letters = line.text.replace(" ", "").strip("[]|()")
        without_specks = "".join(word for word in line.text.split() if len(word) > 1)
        found = next((one for one in (letters, without_specks) if one in written), None)
        if found is not None:
            return written[found]
    return None


def sniff(path: Path) -> str:
    """Return the media type by the bytes, whatever the name says."""
    with path.open("rb") as file:
        head = file.read(4096)
    if b"%PDF-" in head[:1024]:
        return PDF
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith(b"PK\x03\x04"):
        return _sniff_zip(path)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _sniff_ole(path)
    return "text/plain" if _is_text(head) else UNKNOWN


def word_for(media_type: str) -> LazyString:
    """What people call this kind of file."""
    if media_type.startswith("image/"):
        return _l("a picture")
    return _WORDS.get(media_type, _l("an unknown kind of file"))


def _sniff_zip(path: Path) -> str:
    try:
        names: list[str] = sandbox.call(
            "eoffice.documents.reading:zip_names", str(path.absolute()), seconds=5
        )
    except (zipfile.BadZipFile, sandbox.SandboxDied, OSError, ValueError):
        return UNKNOWN
    for start, media_type in _ZIP_MEMBERS:
        if "[Content_Types].xml" in names and any(name.startswith(start) for name in names):
            return media_type
    return ODT if {"content.xml", "mimetype", "styles.xml"} <= set(names) else "application/zip"


def _sniff_ole(path: Path) -> str:
    """Tell old Word from old Excel by the stream names in the OLE directory, which are UTF-16."""
    with path.open("rb") as file:
        data = file.read(8 * 2**20)
    if "WordDocument".encode("utf-16-le") in data:
        return DOC
    return XLS if "Workbook".encode("utf-16-le") in data else UNKNOWN


def _is_text(head: bytes) -> bool:
    try:
        text = head[:4000].decode("utf-8")
    except UnicodeDecodeError as error:
        text = "" if error.start < len(head[:4000]) - 4 else head[: error.start].decode("utf-8")
    return bool(text) and not re.search(r"[\x00-\x08\x0e-\x1f]", text)


def safe_name(name: str) -> str:
    """Return a file name that is safe to store and show: no path, no control or direction marks, NFC."""
    base = PurePosixPath(name.replace("\\", "/")).name
    kept = "".join(
        character
        for character in unicodedata.normalize("NFC", base)
        if unicodedata.category(character)[0] != "C"
    ).strip(" .")
    stem, dot, extension = kept.rpartition(".")
    if dot and len(extension) <= 8:
        return f"{stem[:140] or 'tep'}.{extension}"
    return kept[:150] or "tep"


def pdf_name(name: str) -> str:
    """Return the safe name with the ending of a PDF: another one would make a desktop open it as something else."""
    kept = safe_name(name)
    if kept.lower().endswith(".pdf"):
        return kept
    stem, dot, extension = kept.rpartition(".")
    return f"{stem if dot and stem and len(extension) <= 8 else kept}.pdf"
