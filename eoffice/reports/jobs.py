"""Books are set after the register was closed: thousands of lines take longer than a page may."""

from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.blobs import blobs
from eoffice.core.db import transaction
from eoffice.core.jobs import Queue, job
from eoffice.documents import closing
from eoffice.documents.models import Register
from eoffice.reports import binding, queries
from eoffice.reports.binding import Volume
from eoffice.reports.models import BookLines, RegisterBook


@job("reports.bind", Queue.HEAVY, attempts=3)
def bind(session: Session, register_id: int) -> None:
    """Set the volumes of a closed register that are not there yet; the same lines give the same bytes."""
    with transaction(session):
        register = session.get_one(Register, register_id)
        there = {book.volume for book in queries.books(session, register)}
        if len(there) == binding.volumes(register):
            return
        found = closing.gaps(session, register)
        # of a register closed before lines were kept, they are what they are now
        kept = session.get(BookLines, register_id) or binding.keep_lines(session, register)
        lines = [[tuple(cells) for cells in one] for one in kept.volumes]
    for number, rows in enumerate(lines, 1):
        if number not in there:
            _bind(session, register, Volume(number, len(lines), rows), found)
    with transaction(session):
        session.delete(kept)


def _bind(session: Session, register: Register, volume: Volume, found: closing.Gaps) -> None:
    with transaction(session):
        made = binding.volume(session, register, volume, found)
        assert made.seal is not None
        first, last = binding.span_of(register, volume.number)
        session.add(
            RegisterBook(
                agency_id=register.agency_id, register_id=register.id, volume=volume.number, first_number=first,
                last_number=last, sha256=blobs().put_bytes(made.pdf).sha256, page_count=made.pages,
                seal_place=[made.seal.page, *(round(side, 2) for side in made.seal.box)], made_at=clock.now(),
            )
        )  # fmt: skip
