"""Settings of incoming documents."""

from eoffice.core.config import optional_text, setting

MAILBOXES = setting(
    "EOFFICE_MAILBOXES",
    optional_text,
    None,
    "File (TOML, readable by its owner alone) with the mail boxes that are read, a table for each agency, named by its "
    "code: host, user, password; when needed port, folder, taken, certificates. Empty: none is read.",
)
SCAN_FOLDER = setting(
    "EOFFICE_SCAN_FOLDER",
    optional_text,
    None,
    "Folder that scanners write to, one folder below it for each agency, named by its code; PDF files there wait "
    "for the clerk by themselves. Empty: no folder is watched.",
)
