"""Settings of the frame around every page."""

from eoffice.core.config import setting

INSTALLATION = setting(
    "EOFFICE_INSTALLATION", str, "", "Name of the installation on the sign-in page, e.g. Tỉnh An Giang."
)
