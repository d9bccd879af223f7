"""Where number, date, signature and seal go: noted inside the files that our templates make."""

from dataclasses import dataclass
from pathlib import Path

import pikepdf

from eoffice.core import sandbox
from eoffice.documents.geometry import Box

#: middle of the number (ô 3) and of place and date (ô 4), as a share of the width of the number line
NUMBER_MIDDLE, DATE_MIDDLE = 36 / 165, (72 + 93 / 2) / 165
#: our name among the private data of a PDF (ISO 32000-1, 14.5); later incremental updates keep it
_OWNER = "/EOfficeVN"
sandbox.preload(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """A box on a page that a later step fills."""

    #: from 1
    page: int
    #: PDF points from the bottom left corner
    box: Box


@dataclass(frozen=True, slots=True)
class Places:
    """What a finished document leaves blank."""

    #: the line of ô 3 and ô 4; None when the number is printed already
    number_line: Place | None
    #: between title and name: the signature in the middle, the seal a third over its left side
    signature_block: Place


def find(path: Path) -> Places | None:
    """Return the places noted in a file of ours, None for any other file. Raises SandboxDied, PdfError."""
    found: Places | None = sandbox.call(f"{__name__}:read", str(path.absolute()))
    return found


def note(document: pikepdf.Pdf, places: Places) -> None:
    """Write the places into the private data of a document that is not signed yet."""
    private = pikepdf.Dictionary(Signature=_written(places.signature_block))
    if places.number_line:
        private.Number = _written(places.number_line)
    made = document.docinfo.get("/CreationDate", pikepdf.String("D:19700101000000Z"))
    document.Root.PieceInfo = pikepdf.Dictionary(
        {_OWNER: pikepdf.Dictionary(LastModified=made, Private=private)}
    )


def read(path: str) -> Places | None:
    """Runs in the sandbox: the file may come from anywhere."""
    with pikepdf.open(path) as document:
        try:
            private = document.Root.PieceInfo[_OWNER].Private
            number = _read(private.Number) if "/Number" in private else None
            return Places(number, _read(private.Signature))
        except (AttributeError, KeyError, TypeError, ValueError):
            return None


def _written(place: Place) -> pikepdf.Array:
    return pikepdf.Array([place.page, *(round(side, 2) for side in place.box)])


def _read(entry: pikepdf.Object) -> Place:
    page, x0, y0, x1, y1 = (float(side) for side in list(entry))
    return Place(int(page), Box(x0, y0, x1, y1))
