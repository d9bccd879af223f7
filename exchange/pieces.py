"""Large messages over poor lines: sent in pieces, each checked, so that a cut line costs one piece and not all."""

from __future__ import annotations

import time
from typing import Any, BinaryIO

from exchange.answers import Sent
from exchange.build import Digest
from exchange.client import AxisClient
from exchange.errors import Refused, Unavailable

#: messages above this many bytes go in pieces of this many
LARGE, PIECE = 32 << 20, 8 << 20
#: tries in a row that bring not a single byte
TRIES = 3
#: the axis's code for bytes that are not what was announced
_BAD_FILE = "10"


def send(
    client: AxisClient, packet: BinaryIO, digest: Digest, *, message_id: str,
    large: int = LARGE, piece: int = PIECE, **said: Any,
) -> Sent:  # fmt: skip
    """`AxisClient.send`, in pieces when the message is large and the axis takes pieces. Raises as that.

    What has arrived stays there, for the next try too, under the message's id. Holds one piece in memory.
    """
    if digest.size > large:
        try:
            arrived = _put_all(client, packet, digest, message_id, piece)
            return arrived or client.send(packet, digest, message_id=message_id, upload=message_id, **said)
        except Refused as refused:
            if refused.code not in (_BAD_FILE, "404", "21"):
                raise
            # another axis knows no pieces, or those that lie there are of no use: then as one
            packet.seek(0)
    return client.send(packet, digest, message_id=message_id, **said)


def _put_all(client: AxisClient, packet: BinaryIO, digest: Digest, name: str, piece: int) -> Sent | None:
    """The receipt of a message that was taken before, else None once every byte is there."""
    tries, there = 0, client.uploaded(name, digest, name)
    while not isinstance(there, Sent) and there < digest.size:
        before = there
        packet.seek(before)
        try:
            there = client.put_piece(name, before, packet.read(piece))
        except Unavailable as error:
            tries += 1
            if tries > TRIES:
                raise
            time.sleep(error.retry_after or 0.2 * tries)
            there = client.uploaded(name, digest, name)
        if there != before:
            tries = 0
    return there if isinstance(there, Sent) else None
