"""A real axis as a process of its own, with our system and a foreign one registered."""

import uuid
from collections.abc import Iterator

import pytest

from eoffice.core import config, jobs
from eoffice.gateway import axis
from exchange.client import AxisClient
from exchange.model import MessageKind
from exchange.testing import HubProcess
from exchange.vxp import Delivery
from tests.conftest import drop_database, make_database, url_of

OURS, THEIRS = ("H01", "khoa-bi-mat-cua-tinh-an-giang"), ("G09", "khoa-bi-mat-cua-bo-noi-vu")


@pytest.fixture
def no_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words and signatures of the files are another test's affair."""
    for name in ("documents.read_text", "signatures.check_file"):
        quiet = jobs.Job("x", lambda session, file_id: None, jobs.Queue.INTERACTIVE, 1)
        monkeypatch.setitem(jobs.JOBS, name, quiet)


@pytest.fixture(scope="package")
def hub_process(tmp_path_factory: pytest.TempPathFactory, worker_database: str) -> Iterator[HubProcess]:
    """One axis for the tests of the gateway."""
    name = f"hub_{uuid.uuid4().hex[:12]}"
    make_database(name, "template0")
    hub = HubProcess(url_of(name, "eoffice_owner"), tmp_path_factory.mktemp("hub"))
    hub.start()
    ours = hub.add_system(*OURS)
    theirs = hub.add_system(*THEIRS)
    for code, title in (("H01.12", "Sở Nông nghiệp và Môi trường"), ("H01.05", "Sở Tài chính")):
        ours.register_agency(code, title, mail="vanthu@example.vn")
    theirs.register_agency("G09", "Bộ Nội vụ", mail="vanthu@example.vn")
    yield hub
    hub.stop()
    drop_database(name)


@pytest.fixture
def hub(hub_process: HubProcess) -> Iterator[HubProcess]:
    """The axis, with the application connected to it."""
    with config.override(
        EOFFICE_AXIS_URL=hub_process.url,
        EOFFICE_AXIS_SYSTEM=OURS[0],
        EOFFICE_AXIS_SECRET=OURS[1],
        EOFFICE_AXIS_CERTIFICATES=None,
    ):
        axis._connected.cache_clear()
        for system in (OURS, THEIRS):  # what another test left lying is none of this one's affair
            with hub_process.client(*system) as client:
                for left in (*client.received(MessageKind.DOCUMENT), *client.received(MessageKind.STATUS)):
                    client.confirm(left.doc_id, Delivery.DONE)
        yield hub_process


@pytest.fixture
def theirs(hub_process: HubProcess) -> AxisClient:
    """The client of the foreign system."""
    return hub_process.client(*THEIRS)
