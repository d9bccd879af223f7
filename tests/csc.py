"""The dummy signing service of the Cloud Signature Consortium's API, as a process of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

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
      rsa: {common-name: RSA_NAME, title: Giám đốc}
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


@contextmanager
def signing_service(folder: Path, name: str = "Nguyễn Văn Thiện") -> Iterator[str]:
    """Its address; keys `gov/rsa` of a person called `name` and `gov/ec`. It signs only what it was authorised for."""
    folder.mkdir(parents=True, exist_ok=True)
    for label, kind in (("root", "RSA"), ("rsa", "RSA"), ("ec", "EC")):
        _make_key(folder / f"{label}.pem", kind)
    (folder / "pki.yml").write_text(PKI.replace("RSA_NAME", name))
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
