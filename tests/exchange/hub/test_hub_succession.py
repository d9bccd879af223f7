"""A closed agency's mail goes to its successor, under both names, from the day the decision says."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from eoffice.core.clock import today
from exchange.answers import RecipientState
from exchange.errors import Refused
from exchange.hub import directory
from exchange.hub.axis import assemble
from exchange.hub.refusal import Refusal
from exchange.model import MessageKind
from exchange.testing import HubProcess, status

BASIS = "Nghị quyết 202/2025/QH15"


@pytest.fixture
def close(hub: HubProcess) -> Iterator[Callable[..., None]]:
    """Does what the operator's command does, without its start."""
    axis = assemble(hub.database, hub.data, pool=1)

    def closed(party, *successors, days: int = 0, basis: str = BASIS) -> None:
        with axis.sessions.begin() as session:
            day = today() + timedelta(days=days)
            directory.close_agency(session, party.code, day, [one.code for one in successors], basis)

    yield closed
    axis.close()


def under(party, code: str):
    return replace(party, organization=replace(party.organization, organ_id=code))


def test_mail_to_a_closed_agency_reaches_its_successor_with_both_names(close, party, letter):
    sender, closed, successor = party(), party(old_code="000.00.77.H99"), party()
    close(closed, successor)
    sent = sender.send(letter(sender, closed))
    assert closed.client.received() == []
    [waiting] = successor.client.received()
    assert waiting.recipients == (successor.code,)
    assert waiting.addressed == {successor.code: (closed.code, closed.organization.name)}
    assert sent.receipt.statement.recipients == (successor.code,)
    sender.send(letter(sender, under(closed, "000.00.77.H99"), number=2))
    first, second = successor.client.received()
    assert second.addressed[successor.code] == ("000.00.77.H99", closed.organization.name)
    # What comes back is said in the name that was written to, by the system that has it now.
    about = letter(sender, closed)
    under(successor, closed.code).send(status(about))
    [told] = sender.client.received(MessageKind.STATUS)
    assert told.sender == closed.code
    assert first.doc_id != second.doc_id


@pytest.mark.slow
def test_the_sender_is_told_before_he_sends(close, party):
    sender, closed, following, second, ending = party(), party(), party(), party(), party()
    close(closed, following, second)
    close(ending, following, days=30, basis="Nghị quyết 1/2027")
    found = sender.client.recipients([closed.code, ending.code, following.code, "H00.NONE"])
    assert [item.state for item in found] == [
        RecipientState.SUCCEEDED,
        RecipientState.OPEN,
        RecipientState.OPEN,
        RecipientState.UNKNOWN,
    ]
    gone, going, _, _ = found
    assert (gone.served_by, gone.served_by_name) == (following.code, following.organization.name)
    assert gone.legal_basis == BASIS
    assert [code for code, _ in gone.successors] == [following.code, second.code]
    assert going.closed_on == f"{today() + timedelta(days=30)}", "also what is decided for a day to come"


@pytest.mark.slow
def test_successors_are_followed_and_an_end_without_one_is_refused(close, party, letter):
    sender, first, second, third, lost = (party() for _ in range(5))
    close(first, second)
    close(second, third)
    close(lost)
    sender.send(letter(sender, first))
    [waiting] = third.client.received()
    assert waiting.addressed[third.code][0] == first.code
    with pytest.raises(Refused, match="23"):
        sender.send(letter(sender, lost, number=2))
    assert sender.client.recipients([lost.code])[0].state is RecipientState.CLOSED


def test_a_ring_of_successors_is_no_way(close, party, letter):
    sender, one, other = party(), party(), party()
    close(one, other)
    close(other, one)
    with pytest.raises(Refused, match="23"):
        sender.send(letter(sender, one))


def test_nobody_succeeds_himself_or_a_stranger(close, party):
    one, stranger = party(), replace(party().organization, organ_id="H00.NONE")
    for successor in (one, replace(one, organization=stranger)):
        with pytest.raises(Refusal, match="No successor"):
            close(one, successor)


@pytest.mark.slow
def test_the_operator_closes_an_agency_by_a_command(hub, party):
    one, other = party(), party()
    words = ("--code", one.code, "--on", "2025-07-01", "--successor", other.code, "--legal-basis", BASIS)
    assert f"mail to {other.code}" in hub.admin("close-agency", *words)
    [found] = other.client.recipients([one.code])
    assert (found.closed_on, found.served_by) == ("2025-07-01", other.code)
