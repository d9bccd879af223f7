"""Whether the hardware module answers, without a PIN and without a key."""

from dataclasses import dataclass

from signing.errors import KeyUnavailable
from signing.tokens import certificates


@dataclass(frozen=True)
class InModule:
    """What looking there gave."""

    #: of its maker; None where none is set
    library: str | None
    #: how many it holds; None when it does not answer
    certificates: int | None = None
    #: English, as the library says it
    reason: str = ""


def in_module(library: str | None, *, wait: float) -> InModule:
    """`wait`: seconds until whoever signs with it is done."""
    if library is None:
        return InModule(None)
    try:
        return InModule(library, len(certificates(library, wait=wait)))
    except KeyUnavailable as error:
        return InModule(library, reason=str(error))
