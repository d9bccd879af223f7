"""Whether a time-stamp token holds (RFC 3161), asked before it goes into a file and when one is checked."""

import hashlib
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any

from asn1crypto import cms, tsp
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.generic_cms import (
    extract_certs_for_validation,
    validate_sig_integrity,
    validate_tst_signed_data,
)
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


def sound(data: cms.SignedData, digest: bytes, at: datetime) -> Trouble | None:
    """What is wrong with the token `data` over `digest`, whoever made it. Raises as pyHanko does for broken ones."""
    (signer,) = data["signer_infos"]
    content = data["encap_content_info"]["content"]
    made = hashlib.new(signer["digest_algorithm"]["algorithm"].native, bytes(content)).digest()
    authority = extract_certs_for_validation(data).signer_cert
    whole = validate_sig_integrity(signer, authority, expected_content_type="tst_info", actual_digest=made)
    if not all(whole) or content.parsed["message_imprint"]["hashed_message"].native != digest:
        return Trouble.ALTERED
    usage = authority.extended_key_usage_value
    if usage is None or "time_stamping" not in usage.native:  # RFC 3161 §2.3
        return Trouble.UNTRUSTED
    return Trouble.FUTURE if token_time(data) > at + SKEW else None


async def look(
    data: cms.SignedData, digest: bytes, trust: TrustStore, at: datetime
) -> tuple[Trouble | None, bool]:
    """The same with its authority, and whether that is known not to be revoked.

    With revocation data required first; what is trusted with more demands is trusted with fewer.
    """
    trouble = sound(data, digest, at)
    if trouble is not None:
        return trouble, False
    leaf = extract_certs_for_validation(data).signer_cert
    status: Any = None
    for required in (True, False) if trust.crls or trust.ocsps else (False,):
        context = trust.context(at, require_revocation=required, leaf=leaf)
        found: Any = await validate_tst_signed_data(data, context, lambda _algorithm: digest)
        status = TimestampSignatureStatus(**found)
        if status.trusted:
            return None, required
    return (Trouble.UNTRUSTED if status.revocation_details is None else Trouble.REVOKED), False


class CheckedTimestamper(TimeStamper):
    """An authority whose tokens are looked at before they go into a file, which nobody can mend afterwards."""

    def __init__(
        self,
        authority: HttpTimestamper,
        at: datetime,
        trust: TrustStore | None = None,
        known: Collection[bytes] = (),
    ) -> None:
        """`at`: the present moment, aware. `trust`: whom to believe, None where that is looked at later. `known`: DER
        of authorities' certificates that were found good for this moment."""
        super().__init__()  # type: ignore[no-untyped-call]  # pyHanko leaves it untyped
        self._authority, self._at, self._trust, self._known = authority, at, trust, known

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Send a request for pyHanko. Raises TimestampUnavailable, TimestampNotBelieved."""
        reply: tsp.TimeStampResp = await self._authority.async_request_tsa_response(req)
        try:
            trouble = await self._trouble(
                reply["time_stamp_token"]["content"], req["message_imprint"]["hashed_message"].native
            )
        except Exception as error:  # whatever a forged token makes the parser raise
            raise TimestampUnavailable(self._authority.url, f"its token cannot be read: {error}") from error
        if trouble is not None:
            raise TimestampNotBelieved(self._authority.url, REASONS[trouble])
        return reply

    async def _trouble(self, data: cms.SignedData, digest: bytes) -> Trouble | None:
        if self._trust is None or extract_certs_for_validation(data).signer_cert.dump() in self._known:
            return sound(data, digest, self._at)
        return (await look(data, digest, self._trust, self._at))[0]
