"""What a parser spends on one message at most."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Bounds for one message; passing one raises `TooLarge`. Sizes in bytes."""

    #: whole message on the wire
    packet: int = 1536 * MIB
    #: one attachment, decoded and taken out of its ZIP
    attachment: int = 1024 * MIB
    #: all attachments together
    attachments: int = 1536 * MIB
    #: number of attachments
    count: int = 200
    #: all text of the message except the attachments
    text: int = 2 * MIB
    #: XML elements
    elements: int = 50_000
    #: nesting of XML elements
    depth: int = 32
    #: one uninterrupted piece of markup (tag, comment, processing instruction)
    token: int = 1 * MIB
    #: unpacked size over packed size above which a ZIP is taken for a bomb
    ratio: int = 300


LIMITS = Limits()
