"""The province is made by its services, and a start that was cut short goes on without doubling anything."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import clock, jobs
from eoffice.core.db import transaction
from eoffice.demo import service
from eoffice.demo.province import PLACES
from eoffice.demo.stories import PAPERS, STORIES
from eoffice.directory import following
from eoffice.directory.following import Outside
from eoffice.directory.models import Agency, Assignment, Role
from eoffice.dossiers import queries
from eoffice.dossiers.models import Dossier
from eoffice.dossiers.states import State as Filed
from eoffice.incoming.models import IncomingDocument
from eoffice.outgoing.models import OutgoingDocument
from tests.signatures.keys import pki


def test_every_agency_has_people_in_every_role() -> None:
    for place in PLACES:
        assert {someone.role for someone in place.people} == set(Role)


@pytest.mark.slow
def test_filling_twice_makes_every_document_once(session: Session) -> None:
    with transaction(session):  # the worker may have heard of an agency before
        following.enter(session, [Outside("G09", "Bộ Nội vụ")])
    pki()
    service.fill(session)
    service.go_on(session)
    first = session.execute(sa.select(OutgoingDocument.subject, OutgoingDocument.state)).all()
    assert {(story.subject, story.until) for story in STORIES} == {tuple(row) for row in first}
    service.fill(session)
    service.go_on(session)
    assert session.scalar(sa.select(sa.func.count()).select_from(OutgoingDocument)) == len(STORIES)
    came = sa.select(sa.func.count()).select_from(IncomingDocument)
    assert session.scalar(came.where(IncomingDocument.taken_over_from == "")) == len(PAPERS)
    assert session.scalar(sa.select(sa.func.count()).select_from(Agency).where(Agency.hosted)) == len(PLACES)
    _old_dossier_holds_only_papers_of_its_years(session)
    # people left, as after a merger: the office starts all the same
    yesterday = clock.today() - timedelta(days=1)
    with transaction(session):
        session.execute(
            sa.update(Assignment).where(Assignment.role != Role.LEADER).values(valid_to=yesterday)
        )
    session.expire_all()
    service.fill(session)
    assert service.go_on(session)
    jobs.reset()


def _old_dossier_holds_only_papers_of_its_years(session: Session) -> None:
    """Whoever tries destruction in the demonstration loses nothing that is still worked on."""
    (old,) = session.scalars(sa.select(Dossier).where(Dossier.state == Filed.ARCHIVED))
    assert (old.year, old.keep_until) == (2014, date(2024, 12, 31))
    (placed,) = queries.everything(session, old)
    document = placed.document
    assert document.is_over
    assert document.issued_on is not None
    assert old.start_on is not None
    assert old.end_on is not None
    assert old.start_on <= document.issued_on <= old.end_on
