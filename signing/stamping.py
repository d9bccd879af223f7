"""Whether a time-stamp token holds (RFC 3161), asked before it goes into a file and when one is checked."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from asn1crypto import cms, tsp
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.generic_cms import extract_certs_for_validation, validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus

from signing.errors import TimestampNotBelieved, TimestampUnavailable
from signing.timestamps import SKEW, HttpTimestamper, token_time
from signing.trust import TrustStore


class Trouble(StrEnum):
    """Why a time stamp is not valid; `signing.words` has a sentence for each."""

    UNREADABLE = "unreadable"
    OTHER_FILE = "other_file"
    ALTERED = "altered"
    FUTURE = "future"
    REVOKED = "revoked"
    UNTRUSTED = "untrusted"
    #: only where it is required
    UNCHECKED = "unchecked"


#: English
REASONS = {
    Trouble.OTHER_FILE: "the file is not the one that was stamped",
    Trouble.ALTERED: "the token was altered",
    Trouble.FUTURE: "the token is of the future",
    Trouble.REVOKED: "the authority's certificate is revoked",
    Trouble.UNTRUSTED: "the authority is not trusted",
    Trouble.UNCHECKED: "whether the authority's certificate is revoked could not be checked",
}


async def look(
    data: cms.SignedData, digest: bytes, trust: TrustStore, at: datetime
) -> tuple[Trouble | None, bool]:
    """What is wrong with the token `data` over `digest` at `at`, and whether its authority is known not to be revoked.

    With revocation data required first; what is trusted with more demands is trusted with fewer. Raises what pyHanko
    raises for broken tokens.
    """
    leaf = extract_certs_for_validation(data).signer_cert
    status: Any = None
    for required in (True, False) if trust.crls or trust.ocsps else (False,):
        context = trust.context(at, require_revocation=required, leaf=leaf)
        found: Any = await validate_tst_signed_data(data, context, lambda _algorithm: digest)
        status = TimestampSignatureStatus(**found)
        if status.trusted:
            break
    if not (status.intact and status.valid):
        return Trouble.ALTERED, False
    if token_time(data) > at + SKEW:
        return Trouble.FUTURE, False
    if status.revocation_details is not None:
        return Trouble.REVOKED, False
    if not status.trusted:
        return Trouble.UNTRUSTED, False
    return None, required


class CheckedTimestamper(TimeStamper):
    """An authority whose tokens are looked at before they go into a file, which nobody can mend afterwards."""

    def __init__(self, authority: HttpTimestamper, trust: TrustStore, at: datetime) -> None:
        """`at`: the present moment, aware."""
        super().__init__()  # type: ignore[no-untyped-call]  # pyHanko leaves it untyped
        self._authority, self._trust, self._at = authority, trust, at

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Send a request for pyHanko. Raises TimestampUnavailable, TimestampNotBelieved."""
        reply: tsp.TimeStampResp = await self._authority.async_request_tsa_response(req)
        digest = req["message_imprint"]["hashed_message"].native
        try:
            trouble, _ = await look(reply["time_stamp_token"]["content"], digest, self._trust, self._at)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise TimestampUnavailable(self._authority.url, f"its token cannot be read: {error}") from error
        if trouble is not None:
            raise TimestampNotBelieved(self._authority.url, REASONS[trouble])
        return reply


def checked(authority: HttpTimestamper | None, trust: TrustStore | None, at: datetime) -> TimeStamper | None:
    """The authority, its tokens looked at where it is said whom to believe."""
    return authority if authority is None or trust is None else CheckedTimestamper(authority, trust, at)
