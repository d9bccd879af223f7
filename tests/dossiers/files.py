"""Bringing a dossier to a state through the use cases, as people do."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.documents.models import Document
from eoffice.dossiers import archiving, queries, service
from eoffice.dossiers.models import Dossier, DossierHeading
from eoffice.dossiers.operations import NewDossier
from eoffice.dossiers.states import Retention, State
from tests.factories import House
from tests.incoming import steps as incoming

#: long enough ago that ten years of keeping are over
LONG_AGO = datetime(2010, 3, 1, 3, tzinfo=UTC)


def heading(session: Session, house: House, year: int | None = None, short: str = "TL") -> DossierHeading:
    """A heading of the year's list."""
    return service.add_heading(
        session, house.chief, year or clock.today().year, short, "Thủy lợi", house.unit.id
    )


def new(of: DossierHeading, title: str = "Khắc phục sạt lở bờ kênh Ba Hồ") -> NewDossier:
    """What is entered."""
    return NewDossier(of.id, title, Retention.YEARS_10)


def opened(session: Session, house: House, title: str = "") -> Dossier:
    """A dossier of the specialist; with a title, one beside others."""
    of = (
        queries.headings(session, house.agency.id, clock.today().year)[0]
        if title
        else heading(session, house)
    )
    return service.open_dossier(session, house.specialist, new(of, title) if title else new(of))


def paper(session: Session, house: House) -> Document:
    """A document the specialist has worked on."""
    return incoming.done(session, house)


def filled(session: Session, house: House, title: str = "") -> Dossier:
    """With one document in it."""
    dossier = opened(session, house, title)
    service.file(session, house.specialist, dossier.id, paper(session, house).id)
    return dossier


def closed(session: Session, house: House, title: str = "") -> Dossier:
    """Its work is done."""
    return service.close(session, house.specialist, filled(session, house, title).id)


def handed_over(session: Session, house: House, title: str = "") -> Dossier:
    """Waiting for the archivist."""
    dossier = closed(session, house, title)
    service.hand_over(session, house.specialist, [dossier.id])
    return dossier


def archived(session: Session, house: House) -> Dossier:
    """Kept."""
    return archiving.accept(session, house.archivist, handed_over(session, house).id)


def returned(session: Session, house: House) -> Dossier:
    """Back with its unit."""
    dossier = handed_over(session, house)
    return archiving.send_back(session, house.archivist, dossier.id, "Thiếu văn bản trả lời")


def destroyed(session: Session, house: House) -> Dossier:
    """Gone by decision."""
    dossier = expired(session, house)
    made = archiving.propose(session, house.archivist, [dossier.id])
    archiving.decide(session, house.leader, made.id, "Quyết định số 9/QĐ-SNNMT ngày 20/11/2026")
    archiving.destroy(session, house.archivist, made.id)
    return dossier


def expired(session: Session, house: House) -> Dossier:
    """Archived so long ago that its time is over."""
    dossier = archived(session, house)
    dossier.end_on = LONG_AGO.date()
    session.commit()
    return dossier


def planned(session: Session, house: House) -> Dossier:
    """On the list only."""
    entry = new(heading(session, house))
    fields = vars(entry) | {"creator_id": house.specialist.assignment_id}
    return service.plan_dossier(session, house.chief, NewDossier(**fields))


#: how each state is reached
WAYS: dict[State, Callable[[Session, House], Dossier]] = {
    State.PLANNED: planned,
    State.OPEN: filled,
    State.CLOSED: closed,
    State.HANDED_OVER: handed_over,
    State.RETURNED: returned,
    State.ARCHIVED: archived,
    State.DESTROYED: destroyed,
}
