"""The axis's directory is taken over by differences, closed agencies with their successors; ours stay ours."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.accounts.settings import KEEPER
from eoffice.admin import merging
from eoffice.core import clock, jobs
from eoffice.core.config import override
from eoffice.core.db import transaction
from eoffice.directory import following
from eoffice.directory import queries as directory
from eoffice.directory.following import Outside, Ties
from eoffice.directory.models import Agency, Merger, Role
from eoffice.gateway import agencies, axis
from eoffice.gateway.models import Arrival, Report
from exchange.build import build
from exchange.client import AxisClient
from exchange.errors import Refused
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


@pytest.mark.slow
def test_a_merger_that_was_announced_reaches_the_axis_and_its_withdrawal_too(
    session: Session, place: Province, hub: HubProcess, theirs: AxisClient
) -> None:
    a, b = place.a.agency, place.b.agency
    day = clock.today() + timedelta(days=9)
    keeper = place.b.admin
    with override(**{KEEPER.name: b.code}):
        keeper = accounts.actor_of(session, place.b.users[Role.ADMINISTRATOR])
        merger = merging.plan(session, keeper, merging.NewMerger(a.id, b.id, day, BASIS))
        waiting = sa.text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'gateway.tell_merger'")
        assert (session.scalar(waiting), merger.announced_at) == (0, None), "a plan alone is told to nobody"
        session.rollback()
        for _again in range(2):
            merging.announce(session, keeper, merger.id)
            assert session.scalar(waiting) == 1, "once, in the transaction that says so"
            session.rollback()
        for _repeated in range(2):
            jobs.JOBS["gateway.tell_merger"].function(session, merger.id)
        [told] = theirs.recipients([a.code]) or []
        assert (told.closed_on, told.legal_basis) == (f"{day}", BASIS), "senders are told before the day"
        assert told.successors == ((b.code, "Sở Tài chính"),)
        assert merger.axis_told_at is not None
        for call in (
            lambda: theirs.close_agency(a.code, day, [], BASIS),
            lambda: theirs.reopen_agency(a.code),
        ):
            with pytest.raises(Refused):
                call()  # another system's agency
        merging.withdraw(session, keeper, merger.id, "Quốc hội lùi thời hạn")
        session.rollback()
        jobs.JOBS["gateway.tell_merger"].function(session, merger.id)
        [told] = theirs.recipients([a.code]) or []
        assert (told.closed_on, told.successors) == ("", ())


def test_an_axis_that_takes_no_mergers_is_named_with_its_reason(session: Session, place: Province) -> None:
    day = clock.today() + timedelta(days=9)
    merger = Merger(
        agency_id=place.a.agency.id,
        to_id=place.b.agency.id,
        on=day,
        legal_basis=BASIS,
        planned_by="",
        planned_at=clock.now(),
    )  # fmt: skip
    with transaction(session):
        session.add(merger)

    class Other(AxisClient):
        """Another axis: it knows no such operation."""

        def close_agency(self, *_said: object) -> None:  # type: ignore[override]  # whatever is said
            raise Refused("-1", "Unknown operation")

    agencies.tell(session, Other("http://localhost", "H01", "x"), merger.id)
    assert (merger.axis_told_at, "Unknown operation" in merger.axis_refusal) == (None, True)


def test_who_is_named_before_its_own_entry_comes_is_linked_when_it_does(session: Session) -> None:
    def known(code: str) -> Agency:
        return session.scalars(sa.select(Agency).where(Agency.code == code)).one()

    ended = clock.today() - timedelta(days=1)
    with transaction(session):
        following.enter(session, [Outside("H77.1", "Phòng"), Outside("H77.2", "Sở cũ", valid_to=ended)])
        following.tie(session, [Ties("H77.1", "H77"), Ties("H77.2", "H77", ("H77.3", "H77.4"))])
    assert known("H77.1").parent_id is None
    with transaction(session):
        following.enter(session, [Outside("H77", "Tỉnh"), Outside("H77.3", "Sở A"), Outside("H77.4", "Sở B")])
        following.tie(session, [Ties("H77"), Ties("H77.3", "H77"), Ties("H77.4", "H77")])
    session.expire_all()
    assert {known(code).parent_id for code in ("H77.1", "H77.2", "H77.3")} == {known("H77").id}
    assert directory.serving(session, known("H77.2")) == known("H77.3")
    assert directory.successors(session, known("H77.2")) == [known("H77.3"), known("H77.4")]
