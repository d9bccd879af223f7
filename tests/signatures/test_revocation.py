"""Lists of revoked certificates are fetched from the authorities and decide what is believed."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.config import override
from eoffice.signatures import trust
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


def test_a_fetched_list_is_used_and_an_old_one_stays_when_fetching_fails(lists: str) -> None:
    before = len(trust.store().crls)
    with override(EOFFICE_CRL_URLS=(lists,)):
        assert trust.fetch_revocation() == 1
    assert len(trust.store().crls) == before + 1
    with override(EOFFICE_CRL_URLS=(lists, "http://127.0.0.1:9/away.crl")):
        assert trust.fetch_revocation() == 1
    assert len(trust.store().crls) == before + 1
    (kept,) = Path(trust.crl_folder()).glob("*.crl")
    made, now = pki(), datetime.now(UTC)
    day = timedelta(days=1)
    for old, replaced in (
        (made.crl(at=now - day), True),
        (made.crl(at=now + day), False),
        (made.root_crl(at=now - day), False),
        (b"cut by a power failure", True),
    ):
        kept.write_bytes(old)
        with override(EOFFICE_CRL_URLS=(lists,)):
            assert trust.fetch_revocation() == replaced
        assert (kept.read_bytes() != old) == replaced
    kept.unlink()
    with override(EOFFICE_CRL_URLS=(lists,)), clock.freeze(now - day):
        assert trust.fetch_revocation() == 0, "a list from the future would keep out those of today"
