"""A download that goes on where its line was cut (RFC 9110, section 14)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext

import httpx

#: tries in a row that bring not a single byte
TRIES = 3


def resumed(
    first: httpx.Response,
    fetch: Callable[..., AbstractContextManager[httpx.Response]],
    headers: Mapping[str, str],
) -> Iterator[bytes]:
    """The body of `first`; what a cut line leaves out is fetched by further calls with `headers`.

    Raises httpx.HTTPError when the other side knows no ranges, or brings nothing more.
    """
    got, tries = 0, 0
    body: AbstractContextManager[httpx.Response] = nullcontext(first)
    while True:
        try:
            with body as response:
                if response is not first and response.status_code != httpx.codes.PARTIAL_CONTENT:
                    raise httpx.RemoteProtocolError("the rest was not sent")
                for piece in (
                    response.iter_bytes()
                ):  # as it comes: what a buffer still held when the line broke would be lost
                    got, tries = got + len(piece), 0
                    yield piece
            return
        except httpx.TransportError:
            tries += 1
            if tries > TRIES or first.headers.get("accept-ranges") != "bytes":
                raise
        body = fetch(headers={**headers, "Range": f"bytes={got}-"})
