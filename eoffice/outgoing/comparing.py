"""What changed between two versions of a draft, word by word, by the text of their pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.documents.models import DocumentFile, PageText

#: words kept around a change; what lies farther off is left out
_AROUND = 14


class Change(StrEnum):
    """What became of some words."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"
    #: words that stay, left out for brevity
    CUT = "cut"


@dataclass(frozen=True)
class Piece:
    """Some words one after the other, and what became of them."""

    change: Change
    text: str


def words_of(session: Session, file: DocumentFile) -> str:
    """The text of a version, page after page."""
    query = sa.select(PageText.text).where(PageText.file_id == file.id).order_by(PageText.page)
    return "\n".join(session.scalars(query))


def compare(before: str, after: str) -> list[Piece]:
    """The later text with what was taken away still in it; nothing when both say the same."""
    old, new = before.split(), after.split()
    pieces: list[Piece] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces += _shortened(old[i1:i2], first=not pieces, last=i2 == len(old) and j2 == len(new))
            continue
        pieces += [Piece(Change.GONE, " ".join(old[i1:i2]))] if i2 > i1 else []
        pieces += [Piece(Change.NEW, " ".join(new[j1:j2]))] if j2 > j1 else []
    return pieces if any(piece.change in (Change.GONE, Change.NEW) for piece in pieces) else []


def _shortened(words: Sequence[str], *, first: bool, last: bool) -> list[Piece]:
    head, tail = ([] if first else words[:_AROUND]), ([] if last else words[-_AROUND:])
    if len(words) <= len(head) + len(tail):
        return [Piece(Change.SAME, " ".join(words))]
    parts = [
        Piece(Change.SAME, " ".join(head)), Piece(Change.CUT, str(len(words) - len(head) - len(tail))),
        Piece(Change.SAME, " ".join(tail)),
    ]  # fmt: skip
    return [part for part in parts if part.text]
