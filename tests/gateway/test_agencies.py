"""The axis's directory is taken over by differences, closed agencies with their successors; ours stay ours."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.directory import queries as directory
from eoffice.directory.models import Agency
from eoffice.gateway import agencies, axis
from eoffice.gateway.models import Arrival, Report
from exchange.build import build
from exchange.client import AxisClient
from exchange.hub import directory as hub_directory
from exchange.hub.axis import Axis, assemble
from exchange.model import MessageKind, Organization
from exchange.testing import HubProcess
from exchange.testing import document as edoc
from tests.exchanging import receive
from tests.factories import Province, province

pytestmark = pytest.mark.postgres

CLOSED, OLD = "H33.12", "000.00.12.H33"
NAME, BASIS = "Sở Nông nghiệp và Môi trường tỉnh Kiên Giang", "Nghị quyết 202/2025/QH15"


@pytest.fixture
def operator(hub: HubProcess) -> Iterator[Axis]:
    """The axis as its operator's commands reach it."""
    assert hub.database is not None
    made = assemble(hub.database, hub.data, pool=1)
    yield made
    made.close()


@pytest.fixture
def merged(operator: Axis) -> None:
    """The agency of Kiên Giang ended when the provinces were merged."""
    with operator.sessions.begin() as session:
        hub_directory.put_agency(session, "H01", hub_directory.NewAgency(CLOSED, NAME, OLD))
        hub_directory.close_agency(session, CLOSED, clock.today(), ["H01.12"], BASIS)


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


def _client() -> AxisClient:
    client = axis.client()
    assert client is not None
    return client


def test_what_the_axis_knows_is_known_here_and_only_changes_travel(
    session: Session, place: Province, merged: None, theirs: AxisClient
) -> None:
    own = place.a.agency.name
    assert agencies.follow(session, _client()) >= 2
    assert agencies.follow(session, _client()) == 0
    closed = directory.agency_by_code(session, OLD)
    assert closed is not None
    assert (closed.name, closed.legal_basis) == (NAME, BASIS)
    assert closed.valid_to == clock.today() - timedelta(days=1)
    assert directory.serving(session, closed) == place.a.agency
    assert place.a.agency.name == own, "an agency that works here is its administrator's"
    theirs.register_agency("G09", "Bộ Nội vụ (mới)", mail="vanthu@example.vn")
    assert agencies.follow(session, _client()) == 1
    assert session.scalars(sa.select(Agency.name).where(Agency.code == "G09")).one() == "Bộ Nội vụ (mới)"
    theirs.register_agency("G09", "Bộ Nội vụ", mail="vanthu@example.vn")


def test_mail_to_a_merged_agency_arrives_at_its_successor_under_the_name_it_was_written_to(
    session: Session, place: Province, merged: None, theirs: AxisClient
) -> None:
    ministry, out = Organization("G09", "Bộ Nội vụ"), BytesIO()
    letter = edoc(777, sender=ministry, recipients=[Organization(OLD, NAME)])
    digest = build(letter, out)
    out.seek(0)
    theirs.send(out, digest, kind=MessageKind.DOCUMENT, sender="G09")
    receive(session)
    arrival = session.scalars(sa.select(Arrival)).one()
    assert arrival.agency_id == place.a.agency.id
    assert (arrival.addressed_code, arrival.addressed_name) == (OLD, NAME)
    report = session.scalars(sa.select(Report)).one()
    assert report.code == "01"
