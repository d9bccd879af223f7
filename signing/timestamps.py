"""Time stamps over HTTP (RFC 3161)."""

import hashlib
import secrets
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BufferedIOBase
from pathlib import Path

import httpx
from asn1crypto import algos, cms, tsp, x509
from pyhanko.sign.timestamps import TimeStamper

from signing.errors import TimestampUnavailable

#: the authority's clock and ours may differ so much
SKEW = timedelta(minutes=1)
#: bytes; a token with a long national chain has about 10 kB
_LIMIT = 1_000_000


class HttpTimestamper(TimeStamper):
    """A time-stamping authority at `url`; `timeout`: seconds for a reply. Every failure is TimestampUnavailable."""

    def __init__(self, url: str, *, timeout: float = 10) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # pyHanko leaves it untyped
        self.url = url
        self._timeout = timeout

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Send a request for pyHanko. Raises TimestampUnavailable."""
        return self.granted(self.reply(req.dump()), req["message_imprint"]["hashed_message"].native)

    def granted(self, reply: bytes, digest: bytes) -> tsp.TimeStampResp:
        """A DER reply that brings a token over `digest`. Raises TimestampUnavailable."""
        try:
            response: tsp.TimeStampResp = tsp.TimeStampResp.load(reply)
            status = response["status"]["status"].native
            if status not in ("granted", "granted_with_mods"):
                raise TimestampUnavailable(self.url, f"status {status}")
            said = response["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed
            stamped = said["message_imprint"]["hashed_message"].native
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise TimestampUnavailable(self.url, "the reply is no RFC 3161 response") from error
        if stamped != digest:
            raise TimestampUnavailable(self.url, "the reply is for another digest")
        return response

    def reply(self, request: bytes) -> bytes:
        """The authority's reply to a DER request, whatever it says. Raises TimestampUnavailable."""
        headers = {
            "Content-Type": "application/timestamp-query",
            "Accept": "application/timestamp-reply",
        }
        end = time.monotonic() + self._timeout
        data = bytearray()
        try:
            with httpx.stream(
                "POST", self.url, content=request, headers=headers, timeout=self._timeout
            ) as answer:
                answer.raise_for_status()
                for part in answer.iter_bytes():
                    data += part
                    if len(data) > _LIMIT or time.monotonic() > end:
                        raise TimestampUnavailable(self.url, "the reply is too long, or too slow")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TimestampUnavailable(self.url, str(error) or type(error).__name__) from error
        return bytes(data)


def request(digest: bytes, *, algorithm: str = "sha256") -> bytes:
    """DER of a time-stamp request over `digest`, with a nonce, asking for certificates."""
    fields = {
        "version": 1,
        "message_imprint": {
            "hash_algorithm": algos.DigestAlgorithm({"algorithm": algorithm}),
            "hashed_message": digest,
        },
        "nonce": int.from_bytes(secrets.token_bytes(8), "big"),
        "cert_req": True,
    }
    return bytes(tsp.TimeStampReq(fields).dump())


def stamp(source: BufferedIOBase, timestamper: HttpTimestamper) -> bytes:
    """A detached time stamp (.tsr) over the bytes of `source`. Raises TimestampUnavailable."""
    return stamp_digest(hashlib.file_digest(source, "sha256").digest(), timestamper)


def stamp_digest(digest: bytes, timestamper: HttpTimestamper) -> bytes:
    """A detached time stamp (.tsr) over a SHA-256 digest. Raises TimestampUnavailable."""
    reply = timestamper.reply(request(digest))
    timestamper.granted(reply, digest)
    return reply


def read_token(data: bytes) -> cms.SignedData:
    """Signed data of a .tsr response or a bare token. Raises ValueError."""
    try:
        token = tsp.TimeStampResp.load(data, strict=True)["time_stamp_token"]
        content: cms.SignedData = token["content"]
        kind = token["content_type"].native
    except (ValueError, TypeError):
        token = cms.ContentInfo.load(data, strict=True)
        content, kind = token["content"], token["content_type"].native
    if kind != "signed_data" or content["encap_content_info"]["content_type"].native != "tst_info":
        raise ValueError("this is no time stamp")
    return content


def token_time(token: cms.SignedData) -> datetime:
    """The moment a token vouches for."""
    moment: datetime = token["encap_content_info"]["content"].parsed["gen_time"].native
    return moment


def token_certificates(token: cms.SignedData) -> Iterator[x509.Certificate]:
    """Certificates the token carries."""
    for choice in token["certificates"] or ():
        if choice.name == "certificate":
            yield choice.chosen


def file_digest(path: Path, algorithm: str) -> bytes:
    """Digest of a file, streamed."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).digest()
