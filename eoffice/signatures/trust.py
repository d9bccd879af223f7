"""Whom this installation believes: the folder of roots, intermediates and revocation lists."""

from flask_babel import lazy_gettext as _l

from eoffice.core.errors import Unavailable
from eoffice.signatures.settings import trust_folder
from signing.errors import TrustStoreError
from signing.trust import TrustStore


class NoTrust(Unavailable):
    """Without a root nothing can be believed, so nothing is signed."""

    message = _l(
        "No trusted root certificates are installed, so no certificate can be checked. Tell the administrator."
    )


def store() -> TrustStore:
    """Read the folder anew: lists of revoked certificates change daily. Raises NoTrust."""
    try:
        return TrustStore.from_folder(trust_folder())
    except TrustStoreError as error:
        raise NoTrust from error
