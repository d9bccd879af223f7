"""Settings of the web server."""

from eoffice.core.config import optional_text, setting

HOST = setting("EOFFICE_HOST", str, "127.0.0.1", "Address the web application listens on.")
WEB_THREADS = setting("EOFFICE_WEB_THREADS", int, 8, "Requests one web process answers at a time.")
TRUSTED_PROXY = setting(
    "EOFFICE_TRUSTED_PROXY",
    optional_text,
    None,
    "Address of the proxy in front; only its X-Forwarded-For, -Proto and -Host are believed.",
)
