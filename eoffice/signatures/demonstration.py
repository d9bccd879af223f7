"""Keys and pictures for the demonstration: real certificates of a PKI of its own, drawings instead of handwriting."""

from pathlib import Path

from signing.testing import DemoPki
from signing.testing.drawings import seal_png, signature_png

#: real widths on paper in millimetres
SIGNATURE_WIDTH, SEAL_WIDTH = 40.0, 36.0


def person_key(folder: Path, name: str, title: str, agency: str, pin: str) -> bytes:
    """PKCS#12 of a person's certificate from the PKI in `folder`."""
    return DemoPki(folder).issue_person(name, title, agency, passphrase=pin)


def agency_key(folder: Path, name: str, code: str, pin: str) -> bytes:
    """PKCS#12 of an agency's certificate from the PKI in `folder`."""
    return DemoPki(folder).issue_organisation(name, code=code, passphrase=pin)


def signature_picture(name: str) -> bytes:
    """A blue hand, as PNG."""
    return signature_png(name)


def seal_picture(agency: str) -> bytes:
    """A red ring with a star, as PNG."""
    return seal_png(agency)
