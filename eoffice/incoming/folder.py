"""A folder that scanners write to: what lies there waits for the clerk of its agency by itself.

`<folder>/<agency code>/paper.pdf` is taken in and then moved to `taken/`; what is refused goes to `refused/` with the
reason beside it. Killed in between, a file is taken once all the same: the same bytes under the same name are known.
"""

import hashlib
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.errors import AppError
from eoffice.core.permissions import Actor, system_actor
from eoffice.directory import queries as directory
from eoffice.documents.intake import pdf_name
from eoffice.documents.models import DocumentFile
from eoffice.incoming import service

log = structlog.get_logger(__name__)

#: seconds a file must have been left alone: a scanner still writes to a younger one
_QUIET = 10
#: files taken in one round, so that a full folder does not keep the queue from others
_ROUND = 20
_TAKEN, _REFUSED = "taken", "refused"


def watch(session: Session, folder: Path) -> int:
    """Take in what scanners have left; returns how many papers. One that cannot be taken stops no other.

    Raises OSError when the folder is not there or cannot be read.
    """
    next(folder.iterdir(), None)  # a share that is gone would look like a folder without papers
    taken = 0
    for agency in directory.hosted(session):
        for path in list(_ready(folder / agency.code))[: _ROUND - taken]:
            taken += _take(session, system_actor(agency.id), path)
    return taken


#: what desktops leave in a shared folder
_OF_DESKTOPS = frozenset({"thumbs.db", "desktop.ini"})


def unknown(session: Session, folder: Path) -> list[str]:
    """Names of what lies in it and belongs to no agency here, folders and papers: what is scanned there comes to
    nobody. Raises OSError.
    """
    known = {agency.code for agency in directory.hosted(session)}
    names = {one.name for one in folder.iterdir() if not one.name.startswith((".", "~$"))}
    names -= {name for name in names if name.lower() in _OF_DESKTOPS}
    return sorted(name for name in names if name not in known or not (folder / name).is_dir())


def _ready(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    quiet_since = time.time() - _QUIET
    for path in sorted(folder.iterdir()):
        # no link: what it points to is not the scanner's
        paper = path.is_file() and not path.is_symlink() and not path.name.startswith(".")
        if paper and path.stat().st_mtime < quiet_since:
            yield path


def _take(session: Session, actor: Actor, path: Path) -> int:
    if _known(session, actor, path):
        _move(path, _TAKEN)
        return 0
    try:
        with path.open("rb") as stream:
            upload = service.take_in(session, actor, stream, path.name)
        service.receive_scan(session, actor, upload)
    except AppError as error:
        log.warning("scan refused", file=path.name, error=type(error).__name__)
        moved = _move(path, _REFUSED)
        moved.with_name(f"{moved.name}.txt").write_text(f"{error}\n", encoding="utf-8")
        return 0
    _move(path, _TAKEN)
    return 1


def _known(session: Session, actor: Actor, path: Path) -> bool:
    """Whether a killed run has taken it in and could not move it any more."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    query = sa.select(DocumentFile.id).where(
        DocumentFile.agency_id == actor.agency_id, DocumentFile.sha256 == digest,
        DocumentFile.name == pdf_name(path.name), DocumentFile.created_at > clock.now() - timedelta(days=1),
    )  # fmt: skip
    return session.scalar(query.limit(1)) is not None


def _move(path: Path, where: str) -> Path:
    """Put it aside under its own name, or a numbered one when that is taken."""
    folder = path.parent / where
    folder.mkdir(mode=0o700, exist_ok=True)
    target, number = folder / path.name, 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}-{number}{path.suffix}"
    return path.rename(target)
