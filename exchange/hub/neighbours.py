"""Another axis that this one knows: the national one from a provincial, say.

This side does all the calling, as a client of the other: hands on what is for its agencies and follows what
becomes of it, fetches what is there for ours, follows its directory and announces our agencies to it.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from eoffice.core.clock import now
from exchange.answers import Waiting
from exchange.build import Digest
from exchange.client import AxisClient
from exchange.errors import ExchangeError, Refused, Unavailable
from exchange.hub import directory
from exchange.hub.axis import Axis
from exchange.hub.directory import Directory
from exchange.hub.intake import Call, Intake
from exchange.hub.models import System
from exchange.hub.outlet import Confirmation, Outlet
from exchange.hub.refusal import Refusal
from exchange.hub.tracing import traced
from exchange.model import MessageKind
from exchange.vxp import Delivery

_log = logging.getLogger(__name__)
#: messages in one round
_MOST = 32
#: agencies in one answer of the directory
_PAGE = 20_000
#: longest pause between two tries
_PAUSE = timedelta(minutes=10)


@dataclass
class Neighbours:
    """The work towards all neighbours; each method is a chore, safe beside the same of other processes."""

    axis: Axis
    intake: Intake
    outlet: Outlet
    known: Directory
    _clients: dict[tuple[str, str, bytes], AxisClient] = field(default_factory=dict)

    def exchange(self) -> None:
        """Hand on, follow and fetch."""
        for system_id, client in self._reachable():
            self._hand_on(system_id, client)
            for kind in MessageKind:
                self._fetch(system_id, client, kind)

    def agree(self) -> None:
        """Bring both directories up to date."""
        for system_id, client in self._reachable():
            try:
                self._follow(system_id, client)
                self._announce(system_id, client)
            except ExchangeError as error:
                _log.warning("directory of %s not followed: %s", system_id, error.en)

    def close(self) -> None:
        """End the connections."""
        for client in self._clients.values():
            client.close()

    def _reachable(self) -> list[tuple[str, AxisClient]]:
        with self.axis.sessions() as session:
            query = sa.select(System).where(System.url != "", System.active).order_by(System.id)
            return [(system.id, self._client(system)) for system in session.scalars(query)]

    def _client(self, system: System) -> AxisClient:
        """One for each address and secret: connections are kept."""
        assert system.sealed_key is not None  # set together with the address
        place = (system.id, system.url, system.sealed_key)
        if place not in self._clients:
            secret = self.axis.unseal(system.sealed_key)
            self._clients[place] = AxisClient(system.url, self.axis.system_id, secret)
        return self._clients[place]

    # Messages for the other side

    def _hand_on(self, system_id: str, client: AxisClient) -> None:
        for row in self.axis.ledger.claim(system_id, now(), _MOST):
            try:
                self._ask(system_id, client, row) if row["forwarded_as"] else self._push(
                    system_id, client, row
                )
            except Unavailable as error:
                _log.warning("%s does not answer: %s", system_id, error.en)
                self._later(row)
            except ExchangeError as error:
                told = error.en.encode("ascii", "replace").decode()
                self.outlet.confirm(Confirmation(system_id, row["doc_id"], Delivery.FAIL, told))

    def _push(self, system_id: str, client: AxisClient, row: dict[str, Any]) -> None:
        with self.axis.blobs.open(row["sha256"]) as source, tempfile.TemporaryFile() as spool:
            digest, size = hashlib.sha256(), 0
            for piece in traced(source, self.axis.system_id, now()):
                digest.update(piece)
                size += spool.write(piece)
            spool.seek(0)
            sent = client.send(
                spool, Digest(digest.hexdigest(), size), kind=MessageKind(row["kind"]),
                sender=row["sender_code"], recipients=row["recipients"],
                # Our own id: those of our senders may collide over there.
                message_id=row["packet_id"], trace=[*row["trace"], self.axis.system_id],
            )  # fmt: skip
        self.axis.ledger.handed_on(row["doc_id"], sent.doc_id, now(), f"Accepted by {system_id}")

    def _ask(self, system_id: str, client: AxisClient, row: dict[str, Any]) -> None:
        """What became of a message over there; ended when it ended for all its recipients."""
        progress = client.sent(row["forwarded_as"], MessageKind(row["kind"]))
        states = {item.state for item in progress}
        if not states or states - {Delivery.DONE, Delivery.FAIL}:
            self._later(row)
            return
        # One that failed needs a person, whatever the others did.
        failed = next((item for item in progress if item.state is Delivery.FAIL), None)
        ended = Delivery.FAIL if failed else Delivery.DONE
        told = failed.description.encode("ascii", "replace").decode() if failed else ""
        self.outlet.confirm(Confirmation(system_id, row["doc_id"], ended, told))

    def _later(self, row: dict[str, Any]) -> None:
        pause = min(_PAUSE, timedelta(seconds=2 ** min(row["attempts"], 10)))
        self.axis.ledger.postpone(row["doc_id"], now() + pause)

    # Messages from the other side

    def _fetch(self, system_id: str, client: AxisClient, kind: MessageKind) -> None:
        try:
            offered = client.received(kind, limit=_MOST)
        except ExchangeError as error:
            _log.warning("%s does not say what waits: %s", system_id, error.en)
            return
        for waiting in offered:
            try:
                self._take(system_id, client, waiting)
            except Unavailable as error:
                _log.warning("%s stopped answering: %s", system_id, error.en)
                return
            except ExchangeError as error:
                _log.error("%s from %s is damaged: %s", waiting.doc_id, system_id, error.en)

    def _take(self, system_id: str, client: AxisClient, waiting: Waiting) -> None:
        # The id of the delivery over there makes a second fetch a repeat; how it was addressed comes along.
        codes = tuple(waiting.addressed.get(code, (code, ""))[0] for code in waiting.recipients)
        call = Call(system_id, waiting.kind, "", codes, waiting.sha256 or "", f"{system_id}:{waiting.doc_id}")
        try:
            with client.open(waiting.doc_id, waiting.sha256) as stream:
                self.intake.accept(call, stream)
        except Refusal as refusal:
            client.confirm(waiting.doc_id, Delivery.FAIL, description=refusal.text)
        else:
            client.confirm(waiting.doc_id, Delivery.DONE, sha256=waiting.sha256 or "")

    # Directories

    def _follow(self, system_id: str, client: AxisClient) -> None:
        while True:
            with self.axis.sessions() as session:
                after = session.get_one(System, system_id).followed
            entries = client.synchronize_units(after, _PAGE)
            theirs = [entry for entry in entries if entry.center != self.axis.system_id]
            newest = max((entry.version for entry in entries), default=after)
            if newest <= after:
                return
            with self.axis.sessions.begin() as session:
                directory.take_over(session, system_id, theirs)
                session.get_one(System, system_id, with_for_update=True).followed = newest
            self.known.forget()
            if len(entries) < _PAGE:
                return

    def _announce(self, system_id: str, client: AxisClient) -> None:
        with self.axis.sessions() as session:
            told = session.get_one(System, system_id).announced
            own = [item for item in directory.changes(session, told, None) if item.system_id != system_id]
        for agency in own:
            try:
                if agency.deleted:
                    client.delete_agency(agency.code)
                else:
                    client.register_agency(
                        agency.code, agency.name, mail=agency.mail, parent=agency.parent_code,
                        old_code=agency.old_code or "",
                    )  # fmt: skip
            except Refused as refused:
                _log.error("%s does not take agency %s: %s", system_id, agency.code, refused.en)
            with self.axis.sessions.begin() as session:
                session.get_one(System, system_id, with_for_update=True).announced = agency.version
