"""A provincial axis and the national one: documents there, statuses back the same way, one directory."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import pytest

from exchange.answers import Progress, Waiting
from exchange.build import build
from exchange.client import AxisClient
from exchange.errors import Refused
from exchange.hub import directory
from exchange.hub.axis import assemble
from exchange.hub.tracing import traced
from exchange.model import Message, MessageKind, Organization, TraceHeader
from exchange.parse import read_header
from exchange.testing import MOMENT, HubProcess, document, status
from exchange.vxp import Delivery

pytestmark = pytest.mark.fault
Found = TypeVar("Found")
PROVINCE, MINISTRY = Organization("H01.12", "Sở Xây dựng"), Organization("G09", "Bộ Nội vụ")


@dataclass
class Country:
    national: HubProcess
    provincial: HubProcess
    department: AxisClient
    ministry: AxisClient


@pytest.fixture(scope="module")
def country(make_hub_database: Callable[[], str], tmp_path_factory) -> Iterator[Country]:
    """The provincial axis knows the national one; each has one system with one agency."""
    hubs = []
    for name in ("VDXP", "LGSP-AG"):
        folder = tmp_path_factory.mktemp(name)
        hubs.append(HubProcess(make_hub_database(), folder, environment={"EOFFICE_HUB_ID": name}))
    national, provincial = hubs
    national.start()
    national.add_system("LGSP-AG", "between").close()
    ministry = national.add_system("G09", "s")
    ministry.register_agency(MINISTRY.organ_id, MINISTRY.name, mail="a@b.vn", old_code="000.00.00.G09")
    own = assemble(provincial.database, provincial.data, system_id="LGSP-AG", pool=1)
    with own.sessions.begin() as session:
        directory.connect(own, session, "VDXP", national.url, "between")
        directory.add_system(own, session, "H01", "s")
        directory.put_agency(session, "H01", directory.NewAgency(PROVINCE.organ_id, PROVINCE.name))
    own.close()
    provincial.start()  # and agrees with the other at once
    department = provincial.client("H01", "s")
    eventually(lambda: [one for one in department.recipients([MINISTRY.organ_id]) if one.name])
    eventually(lambda: [one for one in ministry.recipients([PROVINCE.organ_id]) if one.name])
    yield Country(national, provincial, department, ministry)
    for client in (ministry, department):
        client.close()
    for hub in hubs:
        assert hub.stop() == 0


def eventually(ask: Callable[[], Found], seconds: float = 60) -> Found:
    """What `ask` says as soon as it says something."""
    end = time.monotonic() + seconds
    while not (found := ask()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)
    return found


def send(client: AxisClient, message: Message, **options) -> str:
    out = BytesIO()
    digest = build(message, out)
    out.seek(0)
    return client.send(out, digest, kind=message.kind, sender=message.sender.organ_id, **options).doc_id


def from_province(number: int):
    hop = TraceHeader(PROVINCE.organ_id, MOMENT)
    return document(number, sender=PROVINCE, recipients=[MINISTRY], trace=(hop,))


def test_a_document_and_its_status_cross_both_axes_with_a_hop_each(country: Country):
    message = from_province(1)
    sent = send(country.department, message, message_id="m-1")
    [waiting] = eventually(lambda: country.ministry.received())
    with country.ministry.open(waiting.doc_id, waiting.sha256) as stream:
        arrived = read_header(stream).message
    assert [hop.organ_id for hop in arrived.trace] == [PROVINCE.organ_id, "LGSP-AG"]
    assert replace(arrived, trace=message.trace) == message, "nothing else was touched"
    assert country.department.sent(sent)[0].state is Delivery.PROCESSING
    country.ministry.confirm(waiting.doc_id, Delivery.DONE)

    def ended() -> list[Progress]:
        return [one for one in country.department.sent(sent) if one.state is Delivery.DONE]

    [done] = eventually(ended)
    assert done.receipt is not None
    assert done.receipt.statement.hop == "LGSP-AG"
    send(country.ministry, status(message, "03"))
    [told] = eventually(lambda: country.department.received(MessageKind.STATUS))
    assert told.sender == MINISTRY.organ_id
    country.department.confirm(told.doc_id, Delivery.DONE)


def test_a_failure_over_there_is_told_here(country: Country):
    sent = send(country.department, from_province(2))
    [waiting] = eventually(lambda: country.ministry.received())
    country.ministry.confirm(waiting.doc_id, Delivery.FAIL, description="unreadable")

    def failed() -> list[Progress]:
        return [one for one in country.department.sent(sent) if one.state is Delivery.FAIL]

    assert eventually(failed)[0].description == "unreadable"


def test_nothing_is_sent_twice_while_the_other_axis_is_away(country: Country):
    country.national.stop()
    sent = [send(country.department, from_province(number)) for number in (3, 4)]
    time.sleep(1.1)  # tried in vain
    country.national.start()

    def all_there() -> list[Waiting]:
        found = country.ministry.received()
        return found if len(found) >= 2 else []

    waiting = eventually(all_there)
    time.sleep(1.1)  # a round more
    assert len(country.ministry.received()) == 2
    for one in waiting:
        country.ministry.confirm(one.doc_id, Delivery.DONE)
    for doc_id in sent:
        eventually(lambda doc_id=doc_id: country.department.sent(doc_id)[0].state is Delivery.DONE)


def test_a_message_that_came_through_here_already_is_refused(country: Country):
    hops = (TraceHeader(PROVINCE.organ_id, MOMENT), TraceHeader("LGSP-AG", MOMENT))
    with pytest.raises(Refused, match="loop"):
        send(country.department, replace(from_province(5), trace=hops))
    with pytest.raises(Refused, match="loop"):
        send(
            country.department, status(document(5, sender=MINISTRY, recipients=[PROVINCE])), trace=["LGSP-AG"]
        )


def test_changes_of_the_directory_follow_closings_among_them(country: Country):
    own = assemble(country.national.database, country.national.data, pool=1)
    country.ministry.register_agency("G09.NEW", "Cục mới", mail="a@b.vn", old_code="000.00.01.G09")
    country.ministry.register_agency("G09.OLD", "Cục cũ", mail="a@b.vn")
    with own.sessions.begin() as session:
        day = datetime.now(UTC).date()
        directory.close_agency(session, "G09.OLD", day.replace(year=2025), ["G09.NEW"], "Nghị định 1")
    own.close()

    def followed() -> bool:
        [found] = country.department.recipients(["G09.OLD"])
        return found.served_by == "G09.NEW" and found.legal_basis == "Nghị định 1"

    eventually(followed)
    [by_old_code] = country.department.recipients(["000.00.01.G09"])
    assert by_old_code.current_code == "G09.NEW"


@pytest.mark.parametrize("prefix", ["edXML:", "", "x:"])
@pytest.mark.parametrize("before", [0, 300_000])
def test_a_hop_is_added_before_the_end_of_the_list_wherever_it_lies(prefix: str, before: int):
    end = f"</{prefix}TraceHeaderList >".encode()
    text = b"<a>" + b"x" * before + b"<L>" + end + b"y" * 300_000
    got = b"".join(traced(BytesIO(text), "A&B", MOMENT))
    added = got.replace(text[: text.index(end)], b"", 1).replace(text[text.index(end) :], b"", 1)
    assert added.startswith(f"<{prefix}TraceHeader><{prefix}OrganId>A&amp;B<".encode())
    assert len(got) == len(text) + len(added)


def test_a_status_has_no_hops_and_stays_as_it_is(tmp_path: Path):
    text = b"<edXML>" + b"z" * 600_000 + b"</edXML>"
    assert b"".join(traced(BytesIO(text), "A", MOMENT)) == text
