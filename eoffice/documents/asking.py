"""What a document asks of the agencies that get it, in the words that travel beside its subject (edXML, Content).

The wire has one deadline for all of them; each finds its own day in these words, written at one end and read at the
other. They are the office's own and never translated.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from eoffice.directory import names

_HEAD = "Nhiệm vụ giao:"
_TAIL = " và nhiệm vụ khác, xem văn bản"
#: characters of the wire's Content, less those that say that there is more
_ROOM = 460
_ONE = re.compile(
    r"\s*(?P<name>[^:]+): (?P<content>.+?) \(hạn (?P<day>\d\d/\d\d/\d{4})\)(?:;|(?= và nhiệm vụ)|$)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Asked:
    """One thing that one agency has to do by a day."""

    #: the agency as the document names it
    name: str
    content: str
    due_on: date


def told(asked: Iterable[Asked]) -> str:
    """The tasks in the words their recipients read, as many as there is room for."""
    words = _HEAD
    for one in asked:
        more = f" {one.name}: {one.content} (hạn {one.due_on:%d/%m/%Y});"
        if len(words) + len(more) > _ROOM:
            return f"{words}{_TAIL}"
        words += more
    return words.rstrip(";")


def of_agency(words: str, called: Iterable[str]) -> Sequence[Asked]:
    """What such words ask of an agency, by any of its names, what is due first on top; nothing of other words."""
    if not words.startswith(_HEAD):
        return []
    ours = {names.bare(name) for name in called if name}
    found = [_asked(one) for one in _ONE.finditer(words, len(_HEAD))]
    mine = [one for one in found if one is not None and names.bare(one.name) in ours]
    return sorted(mine, key=lambda one: one.due_on)


def _asked(one: re.Match[str]) -> Asked | None:
    """None for a day that no calendar has: another system wrote it."""
    try:
        day = datetime.strptime(one["day"], "%d/%m/%Y").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
    return Asked(one["name"].strip(), one["content"], day)
