"""What happens to incoming documents by itself."""

from pathlib import Path

from sqlalchemy.orm import Session

from eoffice.core.config import settings
from eoffice.core.jobs import Queue, periodic
from eoffice.incoming import folder
from eoffice.incoming.settings import SCAN_FOLDER


@periodic("incoming.watch_folder", seconds=30, queue=Queue.HEAVY)
def watch_folder(session: Session) -> None:
    """Take in what scanners have left."""
    watched = settings().get(SCAN_FOLDER)
    if watched:
        folder.watch(session, Path(watched))
