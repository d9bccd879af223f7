"""A signature in two steps, for keys that are elsewhere: the signer's own token, or many documents authorised at once.

First the document is written with room for the signature, and the attributes to be signed go to the key; then the
value comes back, is checked against the certificate and put into the room. Nothing waits in between.
"""

import asyncio
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO

from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest

from signing import longterm
from signing.appearance import Appearance
from signing.cms import KeySigner
from signing.errors import (
    PlacementError,
    RevocationUnavailable,
    SigningForbidden,
    TimestampUnavailable,
    WrongValue,
)
from signing.geometry import Placement
from signing.keys import Key, holds
from signing.precheck import check_certificate
from signing.quick import quicker
from signing.sign import Job, Level, own_errors, sound_copy, stamper, whole_or_nothing
from signing.timestamps import HttpTimestamper
from signing.trust import TrustStore


@dataclass(frozen=True)
class Prepared:
    """What the second step must know; none of it is secret."""

    #: DER of the SET of signed attributes: what the key signs
    attributes: bytes
    #: of the document, by the algorithm `digest`
    document_digest: bytes
    digest: str
    #: of the signature, and name of its field
    level: str
    field: str
    #: offsets of the room in the file, its brackets included
    start: int
    end: int
    #: as `SignatureInfo` has them
    normalised: bool
    revocation_checked: bool

    def as_data(self) -> dict[str, Any]:
        """Plain values, to be kept until the second step."""
        return asdict(self) | {name: getattr(self, name).hex() for name in _BYTES}

    @classmethod
    def of_data(cls, data: dict[str, Any]) -> "Prepared":
        """What `as_data` gave."""
        return cls(**data | {name: bytes.fromhex(data[name]) for name in _BYTES})


_BYTES = ("attributes", "document_digest")


def prepare_pdf(
    source: BinaryIO,
    target: BinaryIO,
    key: Key,
    *,
    field: str,
    placement: Placement | None = None,
    appearance: Appearance | None = None,
    level: Level = Level.B_B,
    trust: TrustStore | None = None,
    at: datetime | None = None,
    reason: str | None = None,
    digest: str = "sha256",
) -> Prepared:
    """Write `source` with one more, still empty signature to `target`, opened with mode `wb+`.

    `key`: only its certificate is used. `level`: what the second step is to reach. All else, and what is raised, as
    for `sign_pdf`; also SigningForbidden for a file whose own encryption needs the key while it is written.
    """
    moment = (at or datetime.now(UTC)).replace(microsecond=0)
    if (placement is None) != (appearance is None):
        raise PlacementError("a visible signature needs both a placement and an appearance")
    unrevoked = check_certificate(key, moment, trust)
    with whole_or_nothing(target), quicker(), sound_copy(source) as (sound, normalised), own_errors(None):
        job = Job(key, field, placement, appearance, level, None, trust, moment, reason, digest)
        writer, pdf_signer, signer = job.set_up(sound)
        room, _, _ = asyncio.run(
            pdf_signer.async_digest_doc_for_signing(writer, bytes_reserved=job.reserved, output=target)
        )
        if signer.unsigned_attr_prov_spec is not None:
            raise SigningForbidden("its encryption is bound to the signature while that is made")
    return Prepared(
        signer.attributes(room.document_digest),
        room.document_digest,
        digest,
        level.value,
        field,
        room.reserved_region_start,
        room.reserved_region_end,
        normalised,
        unrevoked,
    )


def complete_pdf(
    target: BinaryIO,
    prepared: Prepared,
    key: Key,
    value: bytes,
    *,
    timestamper: HttpTimestamper | None = None,
    trust: TrustStore | None = None,
    at: datetime | None = None,
    allow_private_fetch: bool = False,
) -> None:
    """Put the signature `value` over the prepared attributes into its room in `target`, opened with mode `rb+`.

    `key`: as prepared with; its certificate is checked again. `timestamper`: needed from B-T up. `trust`: from B-LT up;
    where given, the time stamp is checked. `at`: aware moment of the second step, default now. Raises WrongValue when
    the value is not the certificate's, CertificateProblem's subclasses, TimestampUnavailable; then `target` is as it
    was. Raises RevocationUnavailable, UntrustedCertificate from B-LT up; then `target` is of no use.
    """
    level = Level(prepared.level)
    if level is not Level.B_B and timestamper is None:
        raise TimestampUnavailable("", "this level needs a time-stamping authority")
    if level in (Level.B_LT, Level.B_LTA) and trust is None:
        raise RevocationUnavailable("this level needs trusted roots")
    if not holds(key.certificate, key.algorithm, prepared.attributes, value, prepared.digest):
        raise WrongValue(key.info.name)
    moment = at or datetime.now(UTC)
    check_certificate(key, moment, trust)
    with own_errors(timestamper):
        signer = KeySigner(key, prepared.digest)
        stamped_by = stamper(timestamper, level, trust, moment)
        signed = asyncio.run(signer.assemble(prepared.document_digest, value, stamped_by))
        PreparedByteRangeDigest(prepared.document_digest, prepared.start, prepared.end).fill_with_cms(
            target, signed
        )
        if level in (Level.B_LT, Level.B_LTA) and trust is not None:
            longterm.extend(
                target, trust, at=moment, field=prepared.field, allow_private=allow_private_fetch,
                timestamper=timestamper if level is Level.B_LTA else None,
            )  # fmt: skip
