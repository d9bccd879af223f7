"""Batches: shown to the person, agreed to with the token's PIN, signed one value after the other, closed."""

import base64
import binascii
import secrets
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from enum import StrEnum
from typing import Any

from asn1crypto import cms

from signing.agent.messages import BadMessage, Batch, Wanted, clock
from signing.agent.pairs import Site, same
from signing.errors import SigningError
from signing.keys import Key

#: seconds a batch may live, whatever the site says
LONGEST = 30 * 60
#: batches in memory, those that are over included
_KEPT = 100
_DIGESTS = {"sha256": 32, "sha384": 48, "sha512": 64}


class State(StrEnum):
    """How far a batch has got."""

    ASKED = "asked"
    OPEN = "open"
    REFUSED = "refused"
    #: all signed, closed by the site, or its time is over
    OVER = "over"


class NotNow(SigningError):
    """The batch is not in the state for this. `state`: the one it is in."""

    def __init__(self, state: State | None) -> None:
        super().__init__(f"this is not possible: the batch is {state or 'not known'}")
        self.state = state


#: opens the token that holds a certificate (SHA-256, hex) with a PIN, RSA by RSASSA-PSS or not
Open = Callable[[str, str, bool], AbstractContextManager[Key]]


class Asked:
    """One batch and what became of it."""

    def __init__(self, site: Site, batch: Batch) -> None:
        self.site, self.batch = site, batch
        #: secret part of the window's address
        self.window = secrets.token_urlsafe(24)
        self.state = State.ASKED
        self.key: Key | None = None
        self.token = ExitStack()
        self.left = Counter({item.name: item.signatures for item in batch.items})

    @property
    def signed(self) -> int:
        """Signatures made."""
        return sum(item.signatures for item in self.batch.items) - self.left.total()


class Batches:
    """All batches of this program."""

    def __init__(self, open_token: Open) -> None:
        self._open = open_token
        self._changed = threading.Condition()
        self._all: dict[str, Asked] = {}

    def ask(self, site: Site, batch: Batch) -> Asked:
        """Put a batch before the person. Raises BadMessage for one without content or seen before."""
        names = [item.name for item in batch.items]
        if not names or len(set(names)) < len(names) or any(item.signatures < 1 for item in batch.items):
            raise BadMessage("it names nothing to sign")
        with self._changed:
            if batch.id in self._all:
                raise BadMessage("it was sent before")
            self._drop_oldest()
            asked = self._all[batch.id] = Asked(site, batch)
        seconds = min(batch.expires - clock().timestamp(), LONGEST)
        # however the site, the line or the person forgets it, the token is let go
        end = threading.Timer(seconds, self._end, (asked, State.OVER))
        end.daemon = True
        end.start()
        return asked

    def _drop_oldest(self) -> None:
        done = [name for name, one in self._all.items() if one.state in (State.REFUSED, State.OVER)]
        for name in done[: max(0, len(self._all) - _KEPT + 1)]:
            del self._all[name]
        if len(self._all) >= _KEPT:
            raise BadMessage("too many others wait")

    def shown(self, window: str) -> Asked | None:
        """The batch that a window of the agent shows."""
        with self._changed:
            return next((one for one in self._all.values() if same(one.window, window)), None)

    def agree(self, asked: Asked, pin: str) -> None:
        """The person's yes. Raises NotNow, and what opening the token raises; then the batch still asks."""
        with self._changed:
            self._must_be(asked, State.ASKED)
        with ExitStack() as opening:
            key = opening.enter_context(self._open(asked.batch.certificate, pin, asked.batch.pss))
            with self._changed:
                self._must_be(asked, State.ASKED)
                asked.key, asked.token, asked.state = key, opening.pop_all(), State.OPEN
                self._changed.notify_all()

    def refuse(self, asked: Asked) -> None:
        """The person's no."""
        self._end(asked, State.REFUSED)

    def wait(self, site: Site, name: str, seconds: float) -> State:
        """The state of a site's batch, waiting for the person for some seconds. Raises NotNow for an unknown one."""
        with self._changed:
            asked = self._of(site, name)
            self._changed.wait_for(lambda: asked.state is not State.ASKED, seconds)
            return asked.state

    def sign(self, site: Site, wanted: Wanted) -> bytes:
        """One signature of an open batch, within what was agreed to. Raises NotNow, BadMessage, KeyUnavailable."""
        with self._changed:
            asked = self._of(site, wanted.batch)
            self._must_be(asked, State.OPEN)
            if asked.left[wanted.item] < 1 or asked.key is None:
                raise BadMessage("the person did not agree to this signature")
            data = _attributes(wanted, asked.batch.certificate)
            value = asked.key.sign(data, wanted.digest)
            asked.left[wanted.item] -= 1
            over = not asked.left.total()
        if over:
            self._end(asked, State.OVER)
        return value

    def close(self, site: Site, name: str) -> None:
        """The site needs no more of it."""
        with self._changed:
            asked = self._of(site, name)
        self._end(asked, State.OVER)

    def close_all(self) -> None:
        """The program ends."""
        for asked in list(self._all.values()):
            self._end(asked, State.OVER)

    def _end(self, asked: Asked, state: State) -> None:
        """Log out of the token; a batch ends once."""
        with self._changed:
            if asked.state not in (State.ASKED, State.OPEN):
                return
            asked.state, asked.key = state, None
            self._changed.notify_all()
            asked.token.close()

    def _of(self, site: Site, name: str) -> Asked:
        found = self._all.get(name)
        if found is None or found.site.origin != site.origin:
            raise NotNow(None)
        return found

    @staticmethod
    def _must_be(asked: Asked, state: State) -> None:
        if asked.state is not state:
            raise NotNow(asked.state)


def _attributes(wanted: Wanted, certificate: str) -> bytes:
    """The bytes to sign, when they are the signed attributes of a document for this certificate and nothing else.

    A token that signed whatever it is handed would also sign in to places. Raises BadMessage.
    """
    try:
        data = base64.b64decode(wanted.attributes, validate=True)
        found: Any = cms.CMSAttributes.load(data, strict=True)
        values = {one["type"].native: one["values"] for one in found}
        content, digest = values["content_type"][0].native, values["message_digest"][0].native
        named = values["signing_certificate_v2"][0]["certs"][0]
        fits = (
            found.dump(force=True) == data
            and len(values) == len(found)
            and content == "data"
            and len(digest) == _DIGESTS[wanted.digest]
            and named["hash_algorithm"]["algorithm"].native == "sha256"
            and named["cert_hash"].native.hex() == certificate
        )
    except (binascii.Error, ValueError, KeyError, TypeError, IndexError) as error:
        raise BadMessage("these are no attributes of a document") from error
    if not fits:
        raise BadMessage("these are not the attributes of a document for this certificate")
    return data
