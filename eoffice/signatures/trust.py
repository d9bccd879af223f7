"""Whom this installation believes: the folder of roots, intermediates and revocation lists."""

import hashlib
import os
from functools import lru_cache
from pathlib import Path

import structlog
from flask_babel import lazy_gettext as _l

from eoffice.core import clock
from eoffice.core.config import settings
from eoffice.core.db import new_session
from eoffice.core.errors import Unavailable
from eoffice.signatures import queries
from eoffice.signatures.models import Believed
from eoffice.signatures.settings import CRL_URLS, crl_folder, trust_folder
from signing.errors import RevocationUnavailable, TrustStoreError
from signing.revocation import fetch_crl, supersedes
from signing.trust import TrustStore

log = structlog.get_logger(__name__)
_State = frozenset[tuple[str, int, int, int]]


class NoTrust(Unavailable):
    """Without a root nothing can be believed, so nothing is signed."""

    message = _l(
        "No trusted root certificates are installed, so no certificate can be checked. Tell the administrator."
    )


def store() -> TrustStore:
    """Folder and what the administrator entered, read anew: lists change daily. Raises NoTrust."""
    with new_session() as session:
        entered = queries.believed(session, clock.today())
    folder = in_folder()
    found = TrustStore(
        roots=(*folder.roots, *entered[Believed.ROOT]),
        intermediates=(*folder.intermediates, *entered[Believed.INTERMEDIATE]),
        crls=(*folder.crls, *entered[Believed.REVOCATION_LIST]),
    )
    if not found.roots:
        raise NoTrust
    return found


def in_folder() -> TrustStore:
    """What the operator's folder holds, with the lists that were fetched; empty where there is none. Raises NoTrust."""
    folder, fetched = trust_folder(), crl_folder()
    states = tuple(_state(path) for path in (folder, folder / "intermediates", folder / "crls", fetched))
    return _read(folder, fetched, states)


@lru_cache(maxsize=2)
def _read(folder: Path, fetched: Path, _states: tuple[_State, ...]) -> TrustStore:
    """Read once for each state of the folders: an authority's list has megabytes, and every check asks for it."""
    lists = [path.read_bytes() for path in sorted(fetched.glob("*.crl"))]
    if not folder.is_dir() or not any(path.is_file() for path in folder.iterdir()):
        return TrustStore(roots=(), crls=tuple(lists))
    try:
        return TrustStore.from_folder(folder).with_revocation(crls=lists)
    except TrustStoreError as error:
        raise NoTrust from error


def _state(folder: Path) -> _State:
    """Name, time of change, size and inode of each file: one that was replaced has another."""
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.stat()) for entry in entries]
    except FileNotFoundError:
        return frozenset()
    return frozenset((name, about.st_mtime_ns, about.st_size, about.st_ino) for name, about in found)


def fetch_revocation() -> int:
    """Fetch the lists of revoked certificates anew; returns how many came. One that fails keeps its old list, and so
    does one that brings another issuer's or an older one.

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
        if not supersedes(content, target.read_bytes() if target.exists() else None, clock.now()):
            log.warning(
                "list of revoked certificates not taken: another issuer's, older or not yet valid", url=url
            )
            continue
        _write(target, content)
        came += 1
    return came


def _write(target: Path, content: bytes) -> None:
    """Whole or not at all, after a power cut too."""
    part = target.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)
