"""A token of SoftHSM2, which behaves as a hardware module does."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "246810"
LABEL = "eoffice"


def make_token(folder: Path, keys: dict[str, bytes]) -> dict[str, str]:
    """A token that holds each PKCS#12 (passphrase `x`) under its label; the environment a program needs to see it.

    This process sees it from now on. Skips where SoftHSM2 is not installed.
    """
    if shutil.which("softhsm2-util") is None or not MODULE.exists():
        pytest.skip("SoftHSM2 is not installed")
    (folder / "tokens").mkdir(parents=True)
    conf = folder / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(conf)
    made = subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", LABEL, "--so-pin", "135791", "--pin", PIN],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    for number, (label, p12) in enumerate(keys.items(), 1):
        _import(p12, label, bytes((number,)))
    return {"SOFTHSM2_CONF": str(conf)}


def _import(p12: bytes, label: str, identifier: bytes) -> None:
    import pkcs11
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from pkcs11.util import ec as curves
    from pkcs11.util import rsa as numbers
    from pkcs11.util.x509 import decode_x509_certificate

    private, certificate, chain = pkcs12.load_key_and_certificates(p12, b"x")
    assert private is not None
    assert certificate is not None
    library = pkcs11.lib(str(MODULE))
    library.reinitialize()
    plain = {"encoding": Encoding.DER, "encryption_algorithm": NoEncryption()}
    if isinstance(private, rsa.RSAPrivateKey):
        key = numbers.decode_rsa_private_key(
            private.private_bytes(format=PrivateFormat.TraditionalOpenSSL, **plain)
        )
    else:
        key = curves.decode_ec_private_key(
            private.private_bytes(format=PrivateFormat.TraditionalOpenSSL, **plain)
        )
    named = {pkcs11.Attribute.ID: identifier, pkcs11.Attribute.LABEL: label, pkcs11.Attribute.TOKEN: True}
    with library.get_token(token_label=LABEL).open(rw=True, user_pin=PIN) as session:
        session.create_object({**key, **named})
        session.create_object({**decode_x509_certificate(certificate.public_bytes(Encoding.DER)), **named})
        for above in chain:
            upper = decode_x509_certificate(above.public_bytes(Encoding.DER))
            session.create_object(
                {**upper, pkcs11.Attribute.TOKEN: True, pkcs11.Attribute.ID: b"\x09" + identifier}
            )
