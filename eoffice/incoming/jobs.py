"""What happens to incoming documents by itself."""

from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from eoffice.core.config import settings
from eoffice.core.jobs import Queue, periodic
from eoffice.incoming import folder, mail, mailboxes
from eoffice.incoming.settings import MAILBOXES, SCAN_FOLDER

log = structlog.get_logger(__name__)


@periodic("incoming.watch_folder", seconds=30, queue=Queue.HEAVY)
def watch_folder(session: Session) -> None:
    """Take in what scanners have left."""
    watched = settings().get(SCAN_FOLDER)
    if watched:
        folder.watch(session, Path(watched))


@periodic("incoming.read_mail", seconds=60, queue=Queue.HEAVY)
def read_mail(session: Session) -> None:
    """Take in what was sent to the mail boxes; one that cannot be reached keeps no other waiting."""
    named = settings().get(MAILBOXES)
    for code, box in mailboxes.load(Path(named)).items() if named else ():
        try:
            mail.read(session, code, box)
        except mail.MailAway as error:
            log.warning("mail box not read", agency=code, error=str(error))
