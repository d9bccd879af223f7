"""What looking at one part of the installation gave, and whether an address answers."""

import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from flask_babel.speaklater import LazyString

from eoffice.core.states import Shape, Tone

#: seconds a service may take to answer; the page waits for the slowest only
PATIENCE = 2.0


@dataclass(frozen=True)
class Check:
    """What looking at one part gave."""

    #: stable name, for the command and programs that watch
    key: str
    name: LazyString | str
    tone: Tone
    sentence: str
    #: the page, by its endpoint, where something can be done about it
    endpoint: str = ""

    @property
    def shape(self) -> Shape:
        """The shape that says the same as the colour."""
        return {Tone.OK: Shape.TICK, Tone.WARN: Shape.TRIANGLE, Tone.BAD: Shape.OCTAGON}.get(
            self.tone, Shape.DASH
        )


@dataclass(frozen=True)
class Reached:
    """Whether an address answered at all; what it said does not matter here."""

    url: str | None
    milliseconds: int | None = None
    error: str = ""

    @property
    def host(self) -> str:
        """Host and port, without path and credentials."""
        parts = urlsplit(self.url or "")
        return f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"


def reach(url: str | None) -> Reached:
    """Ask an address; not longer than `PATIENCE`."""
    if not url:
        return Reached(None)
    begun = time.monotonic()
    try:
        httpx.get(url, timeout=PATIENCE, follow_redirects=False)
    except httpx.HTTPError as error:
        return Reached(url, None, type(error).__name__)
    return Reached(url, round(1000 * (time.monotonic() - begun)))
