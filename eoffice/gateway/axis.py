"""The connection of this process to the axis."""

from functools import lru_cache
from pathlib import Path

from cryptography import x509

from eoffice.core.config import settings
from eoffice.gateway.settings import AXIS_CERTIFICATES, AXIS_SECRET, AXIS_SYSTEM, AXIS_URL
from exchange.client import AxisClient
from exchange.keys import certificate_from_pem


def client() -> AxisClient | None:
    """The client for the axis of the settings; None while none is set: everything waits in the outbox."""
    url = settings().get(AXIS_URL)
    if url is None:
        return None
    certificates = settings().get(AXIS_CERTIFICATES)
    return _connected(url, settings().get(AXIS_SYSTEM), settings().get(AXIS_SECRET), certificates)


@lru_cache(maxsize=4)
def _connected(url: str, system: str, secret: str, certificates: Path | None) -> AxisClient:
    """One client for the whole process: connections are reused, which decides the speed."""
    trusted: tuple[x509.Certificate, ...] | None = None
    if certificates is not None:
        trusted = certificate_from_pem(certificates.read_bytes())
    return AxisClient(url, system, secret, trusted=trusted)
