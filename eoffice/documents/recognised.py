"""Recognised pages as rows keep them."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import jobs
from eoffice.documents import pages
from eoffice.documents.geometry import Box, View, around
from eoffice.documents.models import DocumentFile, PageText


def row(file: DocumentFile, page: pages.PageText) -> PageText:
    """A page as it is kept."""
    kept = [
        [[word.text, *(round(side, 1) for side in word.box)] for word in line.words] for line in page.lines
    ]
    return PageText(
        file_id=file.id, page=page.number, agency_id=file.agency_id, text=page.text, recognised=kept
    )


def of_file(session: Session, file: DocumentFile, limit: int) -> list[pages.PageText]:
    """The first recognised pages of a file with the places of their words; none when it has a text of its own."""
    query = sa.select(PageText).where(PageText.file_id == file.id, PageText.recognised.is_not(None))
    rows = session.scalars(query.order_by(PageText.page).limit(limit))
    return [_page(one, file.page_sizes[one.page - 1]) for one in rows if one.page <= len(file.page_sizes)]


def under_way(session: Session, file: DocumentFile) -> bool:
    """Whether somebody is still reading it."""
    return jobs.pending(session, "documents.read_text", "documents.recognise", file_id=file.id)


def _page(kept: PageText, size: list[float]) -> pages.PageText:
    lines = []
    for words in kept.recognised or ():
        found = tuple(pages.Word(text, Box(*sides)) for text, *sides in words)
        lines.append(pages.Line(found, around(word.box for word in found)))
    return pages.PageText(kept.page, View(Box(0, 0, size[0], size[1]), 0), tuple(lines))
