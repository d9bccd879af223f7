"""Keys with a remote signing service: the dummy service of the Cloud Signature Consortium's API."""

import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from asn1crypto import x509 as asn1

from signing import errors
from signing.keys import Algorithm, holds
from signing.remote import RemoteAddress, open_remote
from signing.report import Verdict
from signing.sign import sign_pdf
from signing.trust import TrustStore
from signing.verify import verify_pdf

pytestmark = pytest.mark.peer
PKI = """
keysets:
  gov:
    path-prefix: .
    keys:
      root: {path: root.pem}
      rsa: {path: rsa.pem}
      ec: {path: ec.pem}
pki-architectures:
  gov:
    keyset: gov
    entity-defaults: {country-name: VN, organization-name: Cơ quan thử nghiệm}
    entities:
      root: {common-name: Gốc thử nghiệm}
      rsa: {common-name: Nguyễn Văn Thiện}
      ec: {common-name: Trần Thị Bình}
    certs:
      root:
        subject: root
        issuer: root
        validity: {valid-from: "2026-01-01T00:00:00+0000", valid-to: "2046-01-01T00:00:00+0000"}
        profiles: [{id: simple-ca, params: {max-path-len: 1}}]
      rsa: &leaf
        subject: rsa
        issuer: root
        validity: {valid-from: "2026-01-01T00:00:00+0000", valid-to: "2046-01-01T00:00:00+0000"}
        extensions:
          - id: key_usage
            critical: true
            smart-value: {schema: key-usage, params: [digital_signature, non_repudiation]}
      ec: {<<: *leaf, subject: ec}
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A signing service over three keys; it signs only digests it was authorised for."""
    folder = tmp_path_factory.mktemp("csc")
    for name, kind in (("root", "RSA"), ("rsa", "RSA"), ("ec", "EC")):
        _make_key(folder / f"{name}.pem", kind)
    (folder / "pki.yml").write_text(PKI)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "csc_dummy", str(folder / "pki.yml"), str(port), "2"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, env=os.environ | {"PYTHONUTF8": "1"}
        )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                httpx.get(f"{url}/info", trust_env=False)
                break
            except httpx.TransportError:
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _make_key(path: Path, kind: str) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = rsa.generate_private_key(65537, 2048) if kind == "RSA" else ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


@pytest.mark.parametrize(
    ("name", "pss", "algorithm"),
    [("rsa", False, Algorithm.RSA), ("rsa", True, Algorithm.RSA_PSS), ("ec", False, Algorithm.ECDSA)],
)
def test_a_remote_key_signs(
    name: str, pss: bool, algorithm: Algorithm, service: str, document: bytes
) -> None:
    address = RemoteAddress.parse(f"csc:{service}?credential=gov/{name}")
    target = io.BytesIO()
    with open_remote(address, "1234", pss=pss) as key:
        assert key.algorithm is algorithm
        believed = TrustStore(roots=tuple(der for der in key.chain if _is_root(der)))
        sign_pdf(io.BytesIO(document), target, key, field="S", trust=believed)
    assert verify_pdf(target, believed).verdict is Verdict.VALID


def _is_root(der: bytes) -> bool:
    return bool(asn1.Certificate.load(der).self_issued)


def test_one_authorisation_covers_many_digests(service: str) -> None:
    parts = [f"văn bản {number}".encode() for number in range(25)]
    with open_remote(RemoteAddress(service, "gov/rsa"), "1234") as key:
        assert key.batch == 10
        calls: list[str] = []
        key._service.client.event_hooks["request"].append(lambda request: calls.append(request.url.path))
        made = key.sign_all(parts)
        assert calls.count("/csc/v1/credentials/authorize") == 3
        assert all(
            holds(key.certificate, key.algorithm, *pair, "sha256") for pair in zip(parts, made, strict=True)
        )


def test_a_service_that_is_away_or_knows_no_such_key_is_said(service: str) -> None:
    with pytest.raises(errors.KeyUnavailable), open_remote(RemoteAddress(service, "gov/nobody"), "1234"):
        pass
    with pytest.raises(errors.KeyUnavailable), open_remote(RemoteAddress("http://127.0.0.1:9", "x"), "1"):
        pass
    with (
        pytest.raises(errors.UnusableKey, match="name the credential"),
        open_remote(RemoteAddress(service), "1"),
    ):
        pass


@pytest.mark.parametrize("text", ["csc:", "csc:ftp://a/b", "csc:http://ky.example.vn/"])
def test_an_address_without_tls_is_refused(text: str) -> None:
    with pytest.raises(errors.KeyAddressError):
        RemoteAddress.parse(text)
