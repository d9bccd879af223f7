"""Use cases: make the sets that are due, and say how old the last ones are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.backup import sets
from eoffice.backup.dumping import DumpFailed
from eoffice.backup.settings import DAYS, FOLDERS, HOUR, RECIPIENT
from eoffice.core import audit, clock
from eoffice.core.blobs import blobs
from eoffice.core.config import INSTANCE, ConfigError, settings
from eoffice.core.db import migration_url, transaction
from eoffice.core.permissions import system_actor

log = structlog.get_logger(__name__)

MADE = audit.action("backup.made", _l("Backup made"))


@dataclass(frozen=True)
class Place:
    """A folder of backups, and when the last complete set in it was made."""

    folder: Path
    newest: datetime | None
    #: stored files it lacks, since they were damaged in the store already
    damaged: int = 0
    #: why it cannot be looked at; a medium that is away, or a damaged manifest
    trouble: str = ""


def places() -> list[Place]:
    """Every folder that is set."""
    found = []
    for folder in settings().get(FOLDERS):
        try:
            last = sets.newest(folder)
            damaged = len(sets.Manifest.read(last[0]).damaged) if last else 0
        except (OSError, ValueError, KeyError, TypeError) as error:
            found.append(Place(folder, None, trouble=f"{type(error).__name__}: {error}"))
        else:
            found.append(Place(folder, last[1] if last else None, damaged))
    return found


def due() -> list[Path]:
    """Folders without a set of today, once the hour for it has come."""
    now = clock.local(clock.now())
    if now.hour < settings().get(HOUR):
        return []
    return [
        place.folder
        for place in places()
        if place.newest is None or clock.local(place.newest).date() < now.date()
    ]


def make(session: Session, folders: Sequence[Path]) -> list[Path]:
    """Make a set in each folder and delete old ones; what fails in one keeps no other from it.

    Raises ConfigError without a key to encrypt for, ExceptionGroup of what failed when all were tried.
    """
    recipient = settings().get(RECIPIENT)
    if recipient is None:
        raise ConfigError("set EOFFICE_BACKUP_RECIPIENT: backups are never kept in the clear")
    made, failed = [], []
    for folder in folders:
        try:
            path, manifest = sets.make(folder, recipient, migration_url(), settings().get(INSTANCE), blobs())
            pruned = sets.prune(folder, settings().get(DAYS))
        except (OSError, DumpFailed) as error:
            log.exception("no backup made", folder=str(folder))
            failed.append(error)
            continue
        made.append(path)
        with transaction(session):
            audit.record(
                session, system_actor(), MADE, manifest, path=str(path), files=manifest.files, pruned=pruned,
                damaged=manifest.damaged or None,
            )  # fmt: skip
    if failed:
        raise ExceptionGroup("backups failed", failed)
    return made
