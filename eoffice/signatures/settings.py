"""Settings of keys, signatures and trust."""

from pathlib import Path

from eoffice.core.config import INSTANCE, boolean, optional_text, setting, settings
from signing.agent import PORT
from signing.sign import Level

TRUST_DIR = setting(
    "EOFFICE_TRUST_DIR",
    optional_text,
    None,
    "Folder of the roots that signatures are checked against, with subfolders `intermediates` and `crls`, PEM or DER; "
    "empty: `trust` in the instance folder.",
)
TSA_URL = setting(
    "EOFFICE_TSA_URL",
    optional_text,
    None,
    "Time-stamping authority (RFC 3161), whose root must be trusted; when set, signatures are made at level B-T, else "
    "B-B.",
)


def _level(value: object) -> Level | None:
    return Level(str(value).strip().lower()) if value else None


SIGNATURE_LEVEL = setting(
    "EOFFICE_SIGNATURE_LEVEL",
    _level,
    None,
    "Level of signatures where an agency has chosen none: b-b, b-t, b-lt (with revocation data in the file) or b-lta "
    "(signed at b-t, and an archive copy with a time stamp over all once it is issued); from b-t up a time-stamping "
    "authority is needed. Empty: b-t where one is set, else b-b.",
)
ARCHIVE_RENEW_DAYS = setting(
    "EOFFICE_ARCHIVE_RENEW_DAYS",
    int,
    90,
    "Days before the end of its authority's certificate that an archive time stamp is followed by the next.",
)
TSA_SECONDS = setting("EOFFICE_TSA_SECONDS", int, 10, "Seconds to wait for the time-stamping authority.")
RSA_PSS = setting(
    "EOFFICE_RSA_PSS",
    boolean,
    False,
    "RSA keys sign documents by RSASSA-PSS, as Circular 15/2025/TT-BKHCN has it; off: PKCS#1 v1.5, which older readers "
    "of other agencies know too.",
)
PIN_TRIES = setting("EOFFICE_PIN_TRIES", int, 5, "Wrong PINs in a row that lock a signing key.")
PIN_LOCK_MINUTES = setting("EOFFICE_PIN_LOCK_MINUTES", int, 30, "Minutes a signing key stays locked.")
KEY_OPEN_MINUTES = setting(
    "EOFFICE_KEY_OPEN_MINUTES", int, 10, "Minutes a key stays open for signing many documents with one PIN."
)
AWAITED_MINUTES = setting(
    "EOFFICE_AWAITED_MINUTES",
    int,
    10,
    "Minutes in which what is signed in two steps must be done; then the document is free for others again.",
)
AGENT_PORT = setting(
    "EOFFICE_AGENT_PORT",
    int,
    PORT,
    "Port on which `python -m signing agent` listens on the machines of those who sign with tokens of their own.",
)
PKCS11_MODULE = setting(
    "EOFFICE_PKCS11_MODULE",
    optional_text,
    None,
    "PKCS#11 library of the hardware security module that holds seals and keys; empty: there is none.",
)
CSC_URL = setting(
    "EOFFICE_CSC_URL",
    optional_text,
    None,
    "Remote signing service (Cloud Signature Consortium API 1.0.4), https://HOST/PATH; empty: there is none.",
)
CSC_TOKEN = setting(
    "EOFFICE_CSC_TOKEN", optional_text, None, "Access token (OAuth 2.0 bearer) for that service.", secret=True
)
CHECK_SECONDS = setting(
    "EOFFICE_CHECK_SECONDS", int, 10, "Seconds the check of one file's signatures may take."
)


def _addresses(value: object) -> tuple[str, ...]:
    return tuple(url.strip() for url in str(value).split(",") if url.strip())


CRL_URLS = setting(
    "EOFFICE_CRL_URLS",
    _addresses,
    _addresses(""),
    "Addresses of the lists of revoked certificates of the trusted authorities, separated by commas; fetched "
    "every five minutes and kept in the database.",
)


def trust_folder() -> Path:
    """Where the roots lie."""
    given = settings().get(TRUST_DIR)
    return Path(given) if given else settings().get(INSTANCE) / "trust"
