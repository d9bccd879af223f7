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
    folder = trust_folder()
    intermediates, crls = folder / "intermediates", folder / "crls"
    try:
        return TrustStore.from_folder(
            folder / "roots",
            intermediates=intermediates if intermediates.is_dir() else None,
            crls=crls if crls.is_dir() else None,
        )
    except TrustStoreError as error:
        raise NoTrust from error
