"""Which PAdES baseline level a signature has reached (ETSI EN 319 142-1 §6.3): by what holds, not by what is there."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from asn1crypto import x509

from signing.report import Clock, Revocation
from signing.sign import Level
from signing.signer import Evidence, Signer


def reached(signer: Signer, evidence: Evidence, end: int) -> tuple[Level, datetime | None]:
    """The level, and the moment from which it can no longer be confirmed with what there is; None: not even now.

    B-T needs a time stamp that holds; B-LT beside it revocation data in the file for every certificate of both
    paths; B-LTA beside that an archive time stamp that holds. `end`: size in bytes of what the signature covers.
    """
    path = tuple(_path(signer.status))
    if signer.clock is Clock.SIGNER or signer.signed_at is None or not path:
        return Level.B_B, _until(path)
    stamp = tuple(_path(signer.status.timestamp_validity))
    good = signer.revocation is Revocation.GOOD
    stored = good and evidence.stored.answers((*path, *stamp), signer.signed_at)
    archived = max((proof.until for proof in evidence.proofs if proof.end > end), default=None)
    if archived is not None:
        # an archive stamp proves the moment as well as the signature's own does
        return (Level.B_LTA if stored else Level.B_T), archived
    return (Level.B_LT if stored else Level.B_T), _until(stamp)


def _path(status: Any) -> Iterator[x509.Certificate]:
    """Certificates of the path to the root; none where there is no trusted path."""
    if status is not None and status.trusted and status.validation_path is not None:
        yield from status.validation_path.iter_certs(include_root=True)


def _until(path: tuple[x509.Certificate, ...]) -> datetime | None:
    return min((one.not_valid_after for one in path), default=None)
