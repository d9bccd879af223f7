"""The bundle convinces as it is, and names the part in which a byte was changed."""

import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from exchange.build import build
from exchange.evidence import verify_evidence, write_evidence
from exchange.hashtree import root_and_paths
from exchange.keys import SystemKey, make_key
from exchange.receipts import Event, Statement, sign
from exchange.stamps import Proof, seal_of
from exchange.testing import attachment, document
from signing.testing import DemoPki
from signing.testing.server import TrustServer
from signing.timestamps import HttpTimestamper, stamp_digest


@pytest.fixture
def key(tmp_path: Path) -> SystemKey:
    return make_key("Axis", tmp_path / "k.pem")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrustServer]:
    """A time-stamping authority over HTTP."""
    server = TrustServer(DemoPki.create(tmp_path_factory.mktemp("pki"), "http://127.0.0.1:1"), 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def bundle(tmp_path: Path, key: SystemKey, authority: TrustServer) -> Path:
    (tmp_path / "in").mkdir()
    with (tmp_path / "packet").open("wb") as out:
        digest = build(document(attachments=[attachment(tmp_path / "in")]), out)
    moment = datetime.now(UTC)
    statements = [
        Statement(event, "m", "d", "edoc", "S", ("H01.12",), digest.sha256, digest.size, "VDXP", moment)
        for event in Event
    ]
    (tmp_path / "crl").write_bytes(b"revocation data")
    receipts = sign(key, statements)
    root, paths = root_and_paths([seal_of(receipt) for receipt in receipts])
    token = stamp_digest(root, HttpTimestamper(f"http://127.0.0.1:{authority.server_port}/tsa"))
    write_evidence(
        tmp_path / "e.zip", packet=tmp_path / "packet", recipient="H01.12", receipts=receipts, key=key,
        stamps=[Proof(place, 2, tuple(path), token) for place, path in enumerate(paths)],
        files={"axis.crl": tmp_path / "crl"}, page="<p>đọc</p>",
    )  # fmt: skip
    return tmp_path / "e.zip"


@pytest.fixture
def trusted(key: SystemKey, authority: TrustServer) -> list[x509.Certificate]:
    """The axis, and who issued the certificate of the time-stamping authority."""
    return [key.certificate, authority.pki.root.certificate, authority.pki.intermediate.certificate]


def test_a_bundle_as_made_is_good(bundle: Path, trusted: list[x509.Certificate]):
    verdicts = verify_evidence(bundle, trusted)
    assert all(item.good for item in verdicts)
    names = {item.part for item in verdicts}
    assert {
        "manifest.json",
        "packet.edxml",
        "receipts/01-accepted.json",
        "receipts/02-delivered.json",
        "timestamps/01-accepted.json",
        "timestamps/02-delivered.json",
        "evidence.html",
    } <= names


def test_a_time_stamp_of_a_stranger_is_named(bundle: Path, key: SystemKey):
    bad = [item.part for item in verify_evidence(bundle, [key.certificate]) if not item.good]
    assert bad == ["timestamps/01-accepted.json", "timestamps/02-delivered.json"]
    assert all(item.good for item in verify_evidence(bundle)), "with nobody to trust, everything still fits"


def parts(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(bundle: Path, content: dict[str, bytes]) -> None:
    with zipfile.ZipFile(bundle, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)


@pytest.mark.slow
def test_a_changed_byte_names_its_part(bundle: Path, trusted: list[x509.Certificate]):
    original = parts(bundle)
    for name, data in original.items():
        for place in (0, len(data) // 2, len(data) - 1):
            changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
            rewrite(bundle, original | {name: changed})
            bad = [item.part for item in verify_evidence(bundle, trusted) if not item.good]
            assert bad == ["manifest.json" if name == "manifest.sig" else name], (name, place)


@pytest.mark.slow
def test_every_byte_of_the_file_is_held_those_outside_the_parts_too(
    bundle: Path, trusted: list[x509.Certificate]
):
    whole = bundle.read_bytes()
    with zipfile.ZipFile(bundle) as archive:
        directory = archive.start_dir
        within = archive.getinfo("packet.edxml").header_offset
    places = [
        *range(directory, len(whole), 13),
        *range(len(whole) - 90, len(whole), 3),
        *range(within, within + 50, 3),
    ]
    for changed in (
        whole + b"more",
        b"more" + whole,
        whole[:-1],
        *(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in places),
    ):
        bundle.write_bytes(changed)
        assert not all(item.good for item in verify_evidence(bundle, trusted))


def test_missing_and_added_parts_are_named(bundle: Path, trusted: list[x509.Certificate]):
    original = parts(bundle)
    rewrite(
        bundle, {name: data for name, data in original.items() if name != "files/axis.crl"} | {"more": b"x"}
    )
    bad = {item.part for item in verify_evidence(bundle, trusted) if not item.good}
    assert bad == {"files/axis.crl", "more"}


def test_a_bundle_signed_by_another_is_not_good(bundle: Path, tmp_path: Path):
    stranger = make_key("Axis", tmp_path / "other.pem")
    assert not all(item.good for item in verify_evidence(bundle, [stranger.certificate]))


def test_what_is_no_zip_is_not_good(tmp_path: Path):
    (tmp_path / "x.zip").write_bytes(b"no zip")
    assert not verify_evidence(tmp_path / "x.zip")[0].good
