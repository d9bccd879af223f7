"""Books are set after the register was closed: thousands of lines take longer than a page may."""

from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.blobs import blobs
from eoffice.core.db import transaction
from eoffice.core.jobs import Queue, job
from eoffice.documents import closing
from eoffice.documents.models import Register
from eoffice.reports import binding, queries
from eoffice.reports.models import RegisterBook


@job("reports.bind", Queue.HEAVY, attempts=3)
def bind(session: Session, register_id: int) -> None:
    """Set the volumes of a closed register that are not there yet; the same register gives the same bytes."""
    with transaction(session):
        register = session.get_one(Register, register_id)
        there = {book.volume for book in queries.books(session, register)}
        found = closing.gaps(session, register)
    count = binding.volumes(register)
    for number in range(1, count + 1):
        if number not in there:
            _bind(session, register, number, count, found)


def _bind(session: Session, register: Register, number: int, count: int, found: closing.Gaps) -> None:
    with transaction(session):
        made = binding.volume(session, register, number, count, found)
        assert made.seal is not None
        first, last = binding.span_of(register, number)
        session.add(
            RegisterBook(
                agency_id=register.agency_id, register_id=register.id, volume=number, first_number=first,
                last_number=last, sha256=blobs().put_bytes(made.pdf).sha256, page_count=made.pages,
                seal_place=[made.seal.page, *(round(side, 2) for side in made.seal.box)], made_at=clock.now(),
            )
        )  # fmt: skip
