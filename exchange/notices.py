"""What a reader put up with, or a validator found wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """`path` is where in the message, `vi` and `en` say what."""

    path: str
    vi: str
    en: str
    #: a reader puts up with it, but nobody may send it
    wrong: bool = False
