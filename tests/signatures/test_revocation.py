"""Lists of revoked certificates are fetched from the authorities and decide what is believed."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.config import override
from eoffice.core.db import transaction
from eoffice.signatures import trust
from eoffice.signatures.models import FetchedList
from exchange.testing import free_port
from signing.testing import DemoPki
from tests.flows.installation import ROOT, wait_for
from tests.signatures.keys import pki


@pytest.fixture
def lists(session: Session) -> Iterator[str]:
    """The address of the demonstration's CRL, served by a process of its own."""
    made: DemoPki = pki()
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "signing.testing",
        "serve",
        "--pki",
        str(made.folder),
        "--port",
        str(port),
    ]
    services = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    wait_for(lambda: httpx.get(f"{address}/healthz").status_code == 200, 20)
    yield f"{address}/crl"
    services.terminate()
    services.wait(10)


@pytest.mark.slow
def test_a_fetched_list_is_used_and_an_old_one_stays_when_fetching_fails(
    session: Session, lists: str
) -> None:
    before = len(trust.store().crls)
    with override(EOFFICE_CRL_URLS=(lists,)):
        assert trust.fetch_revocation(session) == 1
    assert len(trust.store().crls) == before + 1
    with override(EOFFICE_CRL_URLS=(lists, "http://127.0.0.1:9/away.crl")):
        assert trust.fetch_revocation(session) == 1
    assert len(trust.store().crls) == before + 1
    made, now = pki(), datetime.now(UTC)
    day = timedelta(days=1)
    for old, replaced in (
        (made.crl(at=now - day), True),
        (made.crl(at=now + day), False),
        (made.root_crl(at=now - day), False),
        (b"cut by a power failure", True),
    ):
        with transaction(session):
            session.execute(sa.update(FetchedList).values(der=old, fingerprint=f"{old[-8:].hex()}"))
        assert old in trust.store().crls, "another process put it there"
        with override(EOFFICE_CRL_URLS=(lists,)):
            assert trust.fetch_revocation(session) == replaced
        (kept,) = session.scalars(sa.select(FetchedList.der))
        assert (kept != old) == replaced
        assert kept in trust.store().crls
        session.rollback()
    with transaction(session):
        session.execute(sa.delete(FetchedList))
    with override(EOFFICE_CRL_URLS=(lists,)), clock.freeze(now - day):
        assert trust.fetch_revocation(session) == 0, "a list from the future would keep out those of today"
