"""Where sets are kept, for whom they are encrypted, when they are made."""

from pathlib import Path

from eoffice.backup.age import Recipient
from eoffice.core.config import setting


def _folders(value: object) -> tuple[Path, ...]:
    return tuple(Path(part.strip()).expanduser() for part in str(value).split(",") if part.strip())


def _recipient(value: object) -> Recipient | None:
    text = str(value).strip()
    return Recipient(text) if text else None


FOLDERS = setting(
    "EOFFICE_BACKUP_FOLDERS",
    _folders,
    tuple[Path, ...](),
    "Folders for backups, separated by commas, best on two other media, one of them in another building; "
    "empty: none is made.",
)
RECIPIENT = setting(
    "EOFFICE_BACKUP_RECIPIENT",
    _recipient,
    None,
    "Public key (age1…) that backups are encrypted for; its identity is kept elsewhere.",
)
HOUR = setting("EOFFICE_BACKUP_HOUR", int, 1, "Hour of the day from which the daily backup is made.")
DAYS = setting("EOFFICE_BACKUP_DAYS", int, 30, "Days a backup is kept.")
