"""Which sites may ask: paired once by a code that the person carries from the agent's window to the site's page."""

import json
import os
import secrets
import threading
from collections import deque
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from signing.agent.messages import clock, public_key
from signing.errors import SigningError

_LIFE = timedelta(minutes=3)
_TRIES = 3
#: wrong codes that all sites together may bring within `_BRAKE`: a fresh offer gives nobody fresh tries
_WRONG = 10
_BRAKE = timedelta(hours=1)
#: codes on offer at once; whoever asks for more fills nobody's memory
_OFFERS = 5
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class NotPaired(SigningError):
    """This site was never paired, or the person forgot it."""

    def __init__(self, origin: str) -> None:
        super().__init__(f"{origin} is not paired with this agent")
        self.origin = origin


class WrongCode(SigningError):
    """The code is wrong, used, or too old. `left`: tries that remain."""

    def __init__(self, left: int) -> None:
        super().__init__("the pairing code is wrong or too old")
        self.left = left


class TooMany(SigningError):
    """More sites wait, or more wrong codes came, than one person brings about; it passes."""

    def __init__(self) -> None:
        super().__init__("too many sites wait or too many wrong codes came; it passes within the hour")


class OtherKey(SigningError):
    """The origin is paired under another key; the person must forget that one first, where no page can."""

    def __init__(self, origin: str) -> None:
        super().__init__(f"{origin} is paired with another key: run --forget {origin} first")
        self.origin = origin


@dataclass(frozen=True)
class Site:
    """A site the person has paired."""

    origin: str
    name: str
    #: its public key, base64
    key: str

    @property
    def public(self) -> Ed25519PublicKey:
        """To check its messages with."""
        return public_key(self.key)


@dataclass
class Offer:
    """A code shown in the agent's window, to be typed on the site's page."""

    site: Site
    ends: datetime
    code: str = field(default_factory=lambda: f"{secrets.randbelow(10**8):08}")
    #: secret part of the window's address
    window: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    left: int = _TRIES


def same(secret: str, given: str) -> bool:
    """Whether they are equal, in a time that tells nothing; `given` may hold anything."""
    return secrets.compare_digest(secret.encode(), given.encode())


def may_pair(origin: str, allowed: tuple[str, ...]) -> bool:
    """Whether a page from `origin` may offer itself: over TLS or on this machine, and one of `allowed` if any are."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    bare = f"{parts.scheme}://{parts.netloc}" == origin and bool(parts.hostname)
    return safe and bare and (not allowed or origin in allowed)


class Pairs:
    """The paired sites, kept in one file that only its owner can read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._offers: dict[str, Offer] = {}
        #: when the last wrong codes came
        self._wrong: deque[datetime] = deque(maxlen=_WRONG)

    def site(self, origin: str) -> Site:
        """The paired site of this origin. Raises NotPaired."""
        found = self.all().get(origin)
        if found is None:
            raise NotPaired(origin)
        return found

    def all(self) -> dict[str, Site]:
        """Every paired site by its origin."""
        if not self._path.exists():
            return {}
        kept = json.loads(self._path.read_text("utf-8"))
        return {facts["origin"]: Site(**facts) for facts in kept}

    def offer(self, site: Site) -> Offer:
        """A fresh code for a site, its older one is void. Raises BadMessage, OtherKey, TooMany."""
        public_key(site.key)
        if self.all().get(site.origin, site).key != site.key:
            raise OtherKey(site.origin)
        now = clock()
        with self._lock:
            self._offers = {o: one for o, one in self._offers.items() if one.ends > now and o != site.origin}
            if len(self._offers) >= _OFFERS or self._braked():
                raise TooMany
            made = self._offers[site.origin] = Offer(site, now + _LIFE)
        return made

    def offered(self, window: str) -> Offer | None:
        """The offer that a window of the agent shows."""
        with self._lock:
            living = [one for one in self._offers.values() if one.ends > clock()]
        return next((one for one in living if same(one.window, window)), None)

    def confirm(self, origin: str, code: str) -> Site:
        """Pair the site whose page brings the right code. Raises WrongCode, TooMany."""
        typed = "".join(filter(str.isdecimal, code))
        with self._lock:
            offer = self._offers.get(origin)
            if self._braked():
                raise TooMany
            if offer is None or offer.ends <= clock():
                raise WrongCode(0)
            if not same(offer.code, typed):
                self._wrong.append(clock())
                offer.left -= 1
                if not offer.left:
                    del self._offers[origin]
                raise WrongCode(offer.left)
            del self._offers[origin]
            self._keep(self.all() | {origin: offer.site})
        return offer.site

    def _braked(self) -> bool:
        return len(self._wrong) == _WRONG and self._wrong[0] > clock() - _BRAKE

    def forget(self, origin: str) -> None:
        """Pair it no more. Raises NotPaired."""
        with self._lock:
            left = self.all()
            if left.pop(origin, None) is None:
                raise NotPaired(origin)
            self._keep(left)

    def _keep(self, sites: dict[str, Site]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self._path.with_suffix(".part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump([asdict(site) for site in sites.values()], stream, ensure_ascii=False, indent=1)
        part.replace(self._path)
