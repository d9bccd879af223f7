"""Any process is killed at any moment: nothing is lost, nothing is sent twice, the number stays."""

import signal
from collections.abc import Iterator

import pytest

from tests.flows.installation import Installation, wait_for
from tests.flows.steps import B, Office

pytestmark = [pytest.mark.fault, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation that may be hurt."""
    made = Installation(tmp_path_factory.mktemp("hurt") / "eoffice")
    made.start_filled()
    yield made
    assert made.stop() == 0


def _kill_all(own: Installation) -> None:
    for victim in ("web", "worker", "axis", "database"):
        own.kill(victim)


def _once_at_b(office: Office, subject: str, document_id: int) -> None:
    """Exactly one arrival, registered once, and A knows."""
    arrived = office.arrived(subject, 90)
    office.register_at_b(arrived)
    wait_for(lambda: office.hop(document_id, B) == "registered", 90, told="03 back at A")
    assert len(office.all_at_b(subject)) == 1


def test_killed_after_the_number_it_stays_and_the_way_goes_on(own: Installation) -> None:
    office = Office(own)
    draft = office.draft("Bị ngắt sau khi cấp số", recipients=(B,))
    office.sign(draft)
    number = office.number(draft)["code_number"]
    _kill_all(own)
    assert office.outgoing(draft)["code_number"] == number
    office.seal(draft)
    own.kill("web")
    own.kill("database")
    assert office.outgoing(draft)["code_number"] == number
    assert office.outgoing(draft)["state"] == "issuing"
    office.issue(draft)
    _once_at_b(office, "Bị ngắt sau khi cấp số", draft)


def test_with_the_pages_killed_right_after_issue_it_arrives_once(own: Installation) -> None:
    office = Office(own)
    subject = "Bị ngắt sau khi phát hành"
    draft = office.draft(subject, recipients=(B,))
    office.sign(draft)
    office.number(draft)
    office.seal(draft)
    office.issue(draft)
    own.kill("web")
    _once_at_b(office, subject, draft)


def test_with_the_axis_stopped_a_document_is_issued_waits_and_leaves_by_itself(own: Installation) -> None:
    office = Office(own)
    subject = "Trục dừng, vẫn phát hành"
    draft = office.draft(subject, recipients=(B,))
    office.sign(draft)
    office.number(draft)
    office.seal(draft)
    axis = own.find("axis")
    axis.suspend()
    try:
        office.issue(draft)
        assert office.outgoing(draft)["state"] == "issued"
        assert office.hop(draft, B) == "waiting"
    finally:
        axis.resume()
    _once_at_b(office, subject, draft)


def test_the_supervisor_killed_leaves_nothing_and_goes_on_where_it_stopped(own: Installation) -> None:
    office = Office(own)
    draft = office.draft("Ngắt cả hệ thống", recipients=(B,))
    office.sign(draft)
    number = office.number(draft)["code_number"]
    office.seal(draft)
    office.issue(draft)
    own.stop(signal.SIGKILL)
    own.start()
    assert office.outgoing(draft)["code_number"] == number
    _once_at_b(office, "Ngắt cả hệ thống", draft)
