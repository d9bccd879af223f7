"""Settings of sign-in."""

from eoffice.core.config import setting

MAX_TRIES = setting(
    "EOFFICE_SIGN_IN_TRIES", int, 5, "Wrong passwords that lock an account (TCVN 14423:2026)."
)
LOCK_HOURS = setting(
    "EOFFICE_SIGN_IN_LOCK_HOURS",
    int,
    12,
    "Hours an account stays locked, unless an administrator opens it.",
)
IDLE_MINUTES = setting(
    "EOFFICE_IDLE_MINUTES", int, 15, "Minutes without use that end a session (QCVN 12:2026/BCA)."
)
KEEPER = setting(
    "EOFFICE_KEEPER",
    str,
    "",
    "Code of the agency whose administrators keep the whole installation: which authorities it believes, "
    "which agencies are outside, which roles all may give, passwords of people with posts in several; empty: "
    "none of them, the folder of roots alone counts.",
)
SIGN_IN_RATE = setting(
    "EOFFICE_SIGN_IN_RATE", str, "20 per minute", "Wrong tries to sign in from one address."
)
IDLE_DAYS = setting(
    "EOFFICE_IDLE_DAYS",
    int,
    45,
    "Days without a sign-in after which an account is closed; an administrator's one-time password opens it again.",
)
