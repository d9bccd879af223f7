"""Whom this installation believes: the folder of roots and intermediates, fetched lists of revoked certificates, and
what the administrator entered.
"""

import hashlib
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import structlog
from flask_babel import lazy_gettext as _l
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.config import settings
from eoffice.core.db import new_session, transaction
from eoffice.core.errors import Unavailable
from eoffice.signatures import queries
from eoffice.signatures.models import Believed, FetchedList
from eoffice.signatures.settings import CRL_URLS, trust_folder
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


#: asks who is believed; raises NoTrust
Asking = Callable[[], TrustStore]


def store() -> TrustStore:
    """Folder, fetched lists and what the administrator entered, read anew: lists change daily. Raises NoTrust."""
    with new_session() as session:
        entered = queries.believed(session, clock.today())
        fetched = _fetched(session)
    folder = in_folder()
    found = TrustStore(
        roots=(*folder.roots, *entered[Believed.ROOT]),
        intermediates=(*folder.intermediates, *entered[Believed.INTERMEDIATE]),
        crls=(*folder.crls, *fetched, *entered[Believed.REVOCATION_LIST]),
    )
    if not found.roots:
        raise NoTrust
    return found


def given() -> TrustStore:
    """The operator's part of it: his folder and the lists from his addresses. Raises NoTrust."""
    with new_session() as session:
        return in_folder().with_revocation(crls=_fetched(session))


def in_folder() -> TrustStore:
    """What the operator's folder holds; empty where there is none. Raises NoTrust."""
    folder = trust_folder()
    return _read(folder, tuple(_state(path) for path in (folder, folder / "intermediates", folder / "crls")))


@lru_cache(maxsize=2)
def _read(folder: Path, _states: tuple[_State, ...]) -> TrustStore:
    """Read once for each state of the folders, of which every check asks."""
    if not folder.is_dir() or not any(path.is_file() for path in folder.iterdir()):
        return TrustStore(roots=())
    try:
        return TrustStore.from_folder(folder)
    except TrustStoreError as error:
        raise NoTrust from error


#: fetched lists by fingerprint: an authority's list has megabytes, and every check asks for it
_known: dict[str, bytes] = {}


def _fetched(session: Session) -> tuple[bytes, ...]:
    global _known
    while True:
        wanted, known = queries.fetched_fingerprints(session), _known
        if new := [name for name in wanted if name not in known]:
            kept = {name: known[name] for name in wanted if name in known}
            _known = known = kept | queries.fetched_lists(session, new)
        if all(name in known for name in wanted):
            return tuple(known[name] for name in wanted)
        # one was replaced between the two questions: a check without it could believe who is revoked


def _state(folder: Path) -> _State:
    """Name, time of change, size and inode of each file: one that was replaced has another."""
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.stat()) for entry in entries]
    except FileNotFoundError:
        return frozenset()
    return frozenset((name, about.st_mtime_ns, about.st_size, about.st_ino) for name, about in found)


def fetch_revocation(session: Session) -> int:
    """Fetch the lists of revoked certificates anew; returns how many came. One that fails keeps its old list, and so
    does one that brings another issuer's or an older one.

    The addresses are the operator's own, so they may lie in this network.
    """
    came = 0
    for url in settings().get(CRL_URLS):
        try:
            content = fetch_crl(url, allow_private=True)
        except RevocationUnavailable as error:
            log.warning("list of revoked certificates not fetched", url=url, error=str(error))
            continue
        with transaction(session):
            kept = session.get(FetchedList, url, with_for_update=True, populate_existing=True)
            if not supersedes(content, kept.der if kept is not None else None, clock.now()):
                log.warning(
                    "list of revoked certificates not taken: another issuer's, older or not yet valid",
                    url=url,
                )
                continue
            values = {
                "der": content,
                "fingerprint": hashlib.sha256(content).hexdigest(),
                "fetched_at": clock.now(),
            }
            made = insert(FetchedList).values(url=url, **values)
            session.execute(made.on_conflict_do_update(index_elements=[FetchedList.url], set_=values))
        came += 1
    return came
