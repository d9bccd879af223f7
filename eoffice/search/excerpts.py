"""Where the words of a document's pages were found, for answers whose title does not show it."""

import re
from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core.text import fold, nfc, search_text
from eoffice.documents.models import Document, DocumentFile, PageText

#: pages of a file that are looked through: most documents have one or two
_PAGES = 5
#: characters shown before and after the word
_BEFORE, _AFTER = 50, 110


def excerpts(session: Session, documents: Iterable[Document], words: Sequence[str]) -> dict[int, str]:
    """By document, the words around the first one that stands neither in number, subject nor issuer; one statement.

    Empty where it stands further behind, or in what is not shown.
    """
    missing = {one.id: left for one in documents if (left := _missing(one, words))}
    if not missing:
        return {}
    query = (
        sa.select(DocumentFile.document_id, PageText.text)
        .join(PageText, PageText.file_id == DocumentFile.id)
        .where(DocumentFile.document_id.in_(missing), PageText.page <= _PAGES)
        .order_by(DocumentFile.document_id, DocumentFile.id, PageText.page)
    )
    found = dict.fromkeys(missing, "")
    for document_id, text in session.execute(query):
        found[document_id] = found[document_id] or _around(text, missing[document_id])
    return found


def _missing(document: Document, words: Sequence[str]) -> list[re.Pattern[str]]:
    """What is asked for and not seen; the last word counts as a beginning, as in the question."""
    shown = search_text(document.code, document.subject, document.issuer_name)
    asked = (
        [re.compile(rf"\b{word}\b") for word in words[:-1]] + [re.compile(rf"\b{words[-1]}")] if words else []
    )
    return [one for one in asked if not one.search(shown)]


def _around(text: str, wanted: Sequence[re.Pattern[str]]) -> str:
    clean = " ".join(nfc(text).split())
    plain = fold(clean)
    if len(plain) != len(clean):  # a letter without one of its own: places would not agree
        clean = plain
    at = min((hit.start() for one in wanted if (hit := one.search(plain))), default=None)
    if at is None:
        return ""
    first = clean.find(" ", max(0, at - _BEFORE), at) + 1 if at > _BEFORE else 0
    last = len(clean) if len(clean) <= at + _AFTER else clean.rfind(" ", at, at + _AFTER)
    cut = clean[first : last if last > at else at + _AFTER]
    return f"{'… ' if first else ''}{cut}{' …' if last < len(clean) else ''}"
