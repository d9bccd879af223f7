"""Settings of incoming documents."""

from eoffice.core.config import optional_text, setting

SCAN_FOLDER = setting(
    "EOFFICE_SCAN_FOLDER",
    optional_text,
    None,
    "Folder that scanners write to, one folder below it for each agency, named by its code; PDF files there wait "
    "for the clerk by themselves. Empty: no folder is watched.",
)
