"""Whom this installation believes: the folder of roots, intermediates and revocation lists."""

import hashlib

import structlog
from flask_babel import lazy_gettext as _l

from eoffice.core.config import settings
from eoffice.core.errors import Unavailable
from eoffice.signatures.settings import CRL_URLS, crl_folder, trust_folder
from signing.errors import RevocationUnavailable, TrustStoreError
from signing.revocation import fetch_crl
from signing.trust import TrustStore

log = structlog.get_logger(__name__)


class NoTrust(Unavailable):
    """Without a root nothing can be believed, so nothing is signed."""

    message = _l(
        "No trusted root certificates are installed, so no certificate can be checked. Tell the administrator."
    )


def store() -> TrustStore:
    """Read the folder anew: lists of revoked certificates change daily. Raises NoTrust."""
    try:
        found = TrustStore.from_folder(trust_folder())
    except TrustStoreError as error:
        raise NoTrust from error
    return found.with_revocation(crls=[path.read_bytes() for path in sorted(crl_folder().glob("*.crl"))])


def fetch_revocation() -> int:
    """Fetch the lists of revoked certificates anew; returns how many came. One that fails keeps its old list.

    The addresses are the operator's own, so they may lie in this network.
    """
    folder, came = crl_folder(), 0
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for url in settings().get(CRL_URLS):
        target = folder / f"{hashlib.sha256(url.encode()).hexdigest()[:24]}.crl"
        try:
            content = fetch_crl(url, allow_private=True)
        except RevocationUnavailable as error:
            log.warning("list of revoked certificates not fetched", url=url, error=str(error))
            continue
        part = target.with_suffix(".part")
        part.write_bytes(content)
        part.replace(target)
        came += 1
    return came
