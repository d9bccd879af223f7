"""What a file's structure must be before it is signed or called valid: nothing a second reader would read otherwise."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import SEEK_END
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import pikepdf
from pyhanko.pdf_utils.reader import PdfFileReader

from signing.errors import EncryptedPdf, UnreadablePdf
from signing.form import form_fields
from signing.ranges import occurrences

#: read as needed: a large file that is mapped would count as memory
_STREAM = pikepdf.AccessMode.stream
#: bytes of a file that is mapped
_MAPPED = 20_000_000
#: qpdf begins its lines with the name of the stream
_NAMING = re.compile(r"^(stream )?<[^>]*>[,:]? ?")
#: bytes in which the header must stand (ISO 32000-1, implementation note to §7.5.2)
_HEADER_WITHIN = 1024
#: the word that begins an object, after a number or a comment; NUL is white space too (ISO 32000-1 §7.2.2)
_OBJECT = re.compile(rb"(?<=[0-9\s\0])obj(?![0-9A-Za-z])")
_HEADER = re.compile(rb"[\s\0]*[0-9]+[\s\0]+[0-9]+[\s\0]+obj(?![0-9A-Za-z])")


@dataclass(frozen=True)
class Structure:
    """What qpdf and pyHanko found; `problems` is empty for a sound file."""

    #: English lines, as qpdf words them
    problems: tuple[str, ...]
    signed: bool
    #: cross-reference table and stream together, which two readers may resolve differently
    hybrid: bool
    pages: int
    objects: int

    @property
    def sound(self) -> bool:
        """No reader has to guess."""
        return not self.problems and not self.hybrid


@contextmanager
def opened(source: BinaryIO) -> Iterator[pikepdf.Pdf]:
    """The file for qpdf, which asks a Python stream for every token: a small one is mapped into memory instead.

    Raises what pikepdf raises.
    """
    size = source.seek(0, SEEK_END)
    source.seek(0)
    with ExitStack() as stack:
        mode = _STREAM
        if size <= _MAPPED:
            mode = pikepdf.AccessMode.mmap
            source = source if _real(source) else stack.enter_context(_copied(source))
        yield stack.enter_context(pikepdf.open(source, access_mode=mode, suppress_warnings=True))


def _real(source: BinaryIO) -> bool:
    """Whether it is a file that can be mapped, with all its bytes in it."""
    try:
        source.fileno()
        source.flush()
    except OSError:
        return False
    return True


@contextmanager
def _copied(source: BinaryIO) -> Iterator[BinaryIO]:
    with TemporaryFile() as copy:
        copyfileobj(source, copy)
        copy.flush()
        yield copy


def examine(source: BinaryIO) -> Structure:
    """Look at every object of the file with qpdf. Raises UnreadablePdf, EncryptedPdf, MemoryError.

    Streams are not unpacked: what they hold is what was signed, good or bad, and a bomb in one stays unlit.
    """
    with examined(source) as (structure, _):
        return structure


@contextmanager
def examined(source: BinaryIO) -> Iterator[tuple[Structure, pikepdf.Pdf]]:
    """As `examine`, with the file for whoever looks further: its objects are read only once."""
    with ExitStack() as stack:
        try:
            pdf = stack.enter_context(opened(source))
            structure = _structure(pdf)
        except pikepdf.PasswordError as error:
            raise EncryptedPdf from error
        except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, OSError) as error:
            reason = _NAMING.sub("", str(error)) if begins_as_pdf(source) else "it does not begin as one does"
            raise UnreadablePdf(reason) from error
        finally:
            source.seek(0)
        yield structure, pdf


def _structure(pdf: pikepdf.Pdf) -> Structure:
    # counting the objects reads them all; counting the pages repairs the tree
    count, length = len(pdf.objects), len(pdf.pages)
    problems = tuple(dict.fromkeys(_NAMING.sub("", line) for line in pdf.get_warnings()))
    if any("bad_alloc" in line for line in problems):
        raise MemoryError
    return Structure(
        problems=problems,
        signed=any(one.kind == "/Sig" and one.filled for one in form_fields(pdf)),
        hybrid="/XRefStm" in pdf.trailer,
        pages=length,
        objects=count,
    )


def begins_as_pdf(source: BinaryIO) -> bool:
    """Whether the header stands where readers look for it."""
    source.seek(0)
    return b"%PDF-" in source.read(_HEADER_WITHIN)


def normalise(source: BinaryIO, target: BinaryIO) -> None:
    """Write an unsigned file anew with a clean structure. Raises UnreadablePdf, EncryptedPdf."""
    try:
        with opened(source) as pdf:
            pdf.save(target, min_version="1.7", object_stream_mode=pikepdf.ObjectStreamMode.disable)
    except pikepdf.PasswordError as error:
        raise EncryptedPdf from error
    except (pikepdf.PdfError, ValueError, OSError) as error:
        raise UnreadablePdf(str(error)) from error
    target.seek(0)


def hides_objects(reader: PdfFileReader, source: BinaryIO, signed: int, end: int) -> bool:
    """Whether a revision after the revision `signed`, which ends at byte `end`, holds what its cross-references do
    not tell: an empty section, or an object that none of them lists.

    Readers that rebuild the table by scanning find it and others do not (incremental saving attack "B").
    """
    xrefs: Any = reader.xrefs
    later = range(signed + 1, xrefs.total_revisions)
    if any(
        not xrefs.explicit_refs_in_revision(one) and not xrefs.refs_freed_in_revision(one) for one in later
    ):
        return True
    listed = {place for one in later for place in _listed(xrefs, one)}
    headers = {_header_end(source, place) for place in listed}
    return any(
        place + len(found[0]) not in headers for place, found in occurrences(source, _OBJECT, start=end)
    )


def _listed(xrefs: Any, revision: int) -> Iterator[int]:
    """Where the objects of a revision stand, that of its cross-reference stream among them."""
    yield xrefs.get_xref_container_info(revision).start_location
    for reference in xrefs.explicit_refs_in_revision(revision):
        place = xrefs.get_historical_ref(reference, revision)
        if isinstance(place, int):
            yield place


def _header_end(source: BinaryIO, place: int) -> int:
    source.seek(place)
    found = _HEADER.match(source.read(128))
    return place + found.end() if found else -1
