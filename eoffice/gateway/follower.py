"""Learning what became of sent packets: our own axis tells, another one is asked."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from time import monotonic, sleep
from typing import Any, Literal, LiteralString

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.config import settings
from eoffice.core.db import new_session, run, transaction
from eoffice.gateway import copies
from eoffice.gateway.lanes import LOOK, Lane
from eoffice.gateway.models import Delivery, Dispatch, DispatchState, Hop
from eoffice.gateway.settings import LONG_POLL
from exchange.answers import Progress
from exchange.client import AxisClient
from exchange.errors import ExchangeError, Unavailable
from exchange.interpret import time_of
from exchange.model import MessageKind
from exchange.vxp import Delivery as Transport

log = structlog.get_logger(__name__)

#: seconds between two rounds of questions to an axis that tells nothing by itself
ASK_EVERY = 3.0
#: and to one that does: for what it told somebody who was killed before noting it
ASK_ALL_THE_SAME = 600.0
#: seconds to let more come together after something was told
BREATH = 0.02
#: packets asked about in one round
AT_ONCE = 50
#: packets from which one question for all is cheaper than one for each
TOGETHER = 4


class Follower(Lane):
    """Keeps the copies of sent packets up to what the axis knows."""

    def __init__(self) -> None:
        super().__init__("follower")
        self._told: list[int] = []
        self._ask_at = 0.0
        #: an axis that tells nothing is given another chance then
        self._hear_at = 0.0

    def step(self, client: AxisClient | None) -> None:
        """Hear what the axis tells; ask when it tells nothing."""
        if client is None:
            self.woken.wait(LOOK)
            return
        with new_session() as session:
            if monotonic() > self._ask_at:
                ask(session, client)
                self._ask_at = monotonic() + ASK_ALL_THE_SAME
            if monotonic() > self._hear_at:
                if self.hear(session, client, wait=settings().get(LONG_POLL)):
                    return
                self._hear_at = monotonic() + ASK_ALL_THE_SAME
        self._ask_at = monotonic() + ASK_EVERY
        self.woken.wait(ASK_EVERY)

    def hear(self, session: Session, client: AxisClient, *, wait: float = 0) -> bool:
        """Note what the axis has to tell; False when it never does."""
        endings = client.endings(self._told, wait=wait)
        if endings is None:
            return False
        progress: dict[str, list[Progress]] = {}
        for ending in endings:
            if ending.doubt is not None:
                log.error("receipt not believed", message_id=ending.message_id, error=ending.doubt.en)
            if ending.kind is MessageKind.DOCUMENT:
                progress.setdefault(ending.message_id, []).append(ending.progress)
        # by our own id: the axis may be faster than our note of its own
        note(session, "message_id", progress)
        self._told = [ending.id for ending in endings]
        if endings:
            sleep(BREATH)
        return True


def ask(session: Session, client: AxisClient) -> None:
    """Ask which packets were fetched: about a young one every few seconds, about an old one ever less often."""
    now = clock.now()
    # A status may be faster than the question: the time of fetching, and the proof of it from an axis that signs,
    # are asked for all the same.
    unproven = sa.and_(Dispatch.receipt.is_not(None), Delivery.receipt.is_(None))
    lying = sa.exists().where(
        Delivery.dispatch_id == Dispatch.id,
        Delivery.hop != Hop.UNREADABLE,
        sa.or_(Delivery.fetched_at.is_(None), unproven),
    )
    due = sa.select(Dispatch.hub_id).where(
        Dispatch.state == DispatchState.ACCEPTED,
        lying,
        sa.or_(
            Dispatch.asked_at.is_(None),
            sa.extract("epoch", now - Dispatch.asked_at)
            > sa.extract("epoch", now - Dispatch.accepted_at) / 20,
        ),
    )
    hub_ids = session.scalars(due.order_by(Dispatch.asked_at.nulls_first()).limit(AT_ONCE)).all()
    session.rollback()
    told = _told_together(client) if len(hub_ids) >= TOGETHER else {}
    answers: dict[str, Sequence[Progress]] = {}
    try:
        for hub_id in filter(None, hub_ids):
            answers[hub_id] = told.get(hub_id) or _told(client, hub_id)
    except Unavailable as error:
        log.warning("progress not told", error=error.en)
    note(session, "hub_id", answers)


def _told(client: AxisClient, hub_id: str) -> list[Progress]:
    try:
        return client.sent(hub_id)
    except Unavailable:
        raise
    except ExchangeError as error:
        # this one is asked about later; the others must not wait behind it
        log.error("progress not told", axis_id=hub_id, error=error.en)
        return []


def _told_together(client: AxisClient) -> Mapping[str, Sequence[Progress]]:
    """What the axis says of everything sent lately, in one answer; nothing when it answers for one at a time only."""
    try:
        return client.sent_lately(500)
    except ExchangeError as error:
        log.warning("progress told for one packet at a time", error=error.en)
        return {}


_ASKED: LiteralString = "UPDATE dispatch SET asked_at = %(now)s WHERE hub_id = ANY(%(known)s)"
_COPIES: Mapping[str, LiteralString] = {
    "message_id": """
SELECT c.id, d.message_id AS known, c.recipient_code FROM delivery AS c JOIN dispatch AS d ON d.id = c.dispatch_id
WHERE d.message_id = ANY(%(known)s) ORDER BY c.id FOR NO KEY UPDATE OF c
""",
    "hub_id": """
SELECT c.id, d.hub_id AS known, c.recipient_code FROM delivery AS c JOIN dispatch AS d ON d.id = c.dispatch_id
WHERE d.hub_id = ANY(%(known)s) ORDER BY c.id FOR NO KEY UPDATE OF c
""",
}


def note(
    session: Session, known_by: Literal["message_id", "hub_id"], answers: Mapping[str, Sequence[Progress]]
) -> None:
    """Write down what the axis says of packets, by our ids or, when it was asked, by its own."""
    if not answers:
        return
    known = list(answers)
    with transaction(session):
        if known_by == "hub_id":
            run(session, _ASKED, {"known": known, "now": clock.now()})
        told = {}
        for copy in run(session, _COPIES[known_by], {"known": known}):
            # a successor is told of under the code that was written to
            named = {one.recipient: one for one in answers[copy.known]} | {
                one.addressed: one for one in answers[copy.known]
            }
            if copy.recipient_code in named:
                told[copy.id] = named[copy.recipient_code]
        copies.fetched(session, {copy: _proven(progress) for copy, progress in told.items()})
        failed = {copy: one.description for copy, one in told.items() if one.state == Transport.FAIL}
        if failed:
            copies.unreadable(session, failed)


def _proven(told: Progress) -> tuple[datetime | None, dict[str, Any] | None]:
    """When it was fetched, and the axis's word for it."""
    return _moment(told.received_at or told.fetched_at), told.receipt.to_json() if told.receipt else None


def _moment(text: str) -> datetime | None:
    """A time as an axis writes it; now for one that cannot be read: it was fetched, whatever the spelling."""
    return (time_of(text) or clock.now()) if text else None
