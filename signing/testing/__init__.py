"""A demonstration PKI that truly works: certificates, time stamps, OCSP, CRLs, and pictures to sign with.

`python -m signing.testing serve --pki DIR --port N` answers over HTTP. A test and demonstration tool only: its
authorities' keys lie unencrypted in a folder of mode 0700.
"""

from signing.testing.drawings import seal_png, signature_png
from signing.testing.pki import DemoPki
from signing.testing.stamper import LocalTimestamper

__all__ = ["DemoPki", "LocalTimestamper", "seal_png", "signature_png"]
