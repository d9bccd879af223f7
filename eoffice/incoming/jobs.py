"""What happens to incoming documents by itself."""

from collections.abc import Mapping
from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from eoffice.core.config import ConfigError, settings
from eoffice.core.jobs import Queue, periodic
from eoffice.directory import queries as directory
from eoffice.incoming import folder, mail, mailboxes, sources
from eoffice.incoming.mailboxes import Mailbox
from eoffice.incoming.models import Source
from eoffice.incoming.settings import MAILBOXES, SCAN_FOLDER

log = structlog.get_logger(__name__)

#: folders named at once
_NAMED = 10


@periodic("incoming.watch_folder", seconds=30, queue=Queue.HEAVY)
def watch_folder(session: Session) -> None:
    """Take in what scanners have left."""
    watched = settings().get(SCAN_FOLDER)
    if not watched:
        sources.back(session, "scan")  # watched no more
        sources.forget(session, sources.UNKNOWN, ())
        return
    try:
        folder.watch(session, Path(watched))
        unknown = folder.unknown(session, Path(watched))
        session.rollback()
    except OSError as error:
        session.rollback()
        log.warning("scan folder not read", folder=watched, error=str(error))
        sources.away(session, "scan", Source.SCAN, watched, str(error))
    else:
        sources.back(session, "scan")
        _note(session, sources.UNKNOWN, ", ".join(unknown[:_NAMED]), Source.SCAN, watched)


@periodic("incoming.read_mail", seconds=60, queue=Queue.HEAVY)
def read_mail(session: Session) -> None:
    """Take in what was sent to the mail boxes; one that cannot be reached keeps no other waiting."""
    named = settings().get(MAILBOXES)
    boxes = _boxes(session, named) if named else {}
    if boxes is None:
        return
    sources.forget(session, "mail", [f"mail:{code}" for code in boxes])
    sources.forget(session, sources.FLAGGED, [f"{sources.FLAGGED}{code}" for code in boxes])
    for code, box in boxes.items():
        key = f"mail:{code}"
        try:
            flagged = mail.read(session, code, box).flagged
        except mail.MailAway as error:
            session.rollback()
            log.warning("mail box not read", agency=code, error=str(error))
            agency = directory.agency_by_code(session, code)
            whose = agency.id if agency else None
            session.rollback()
            sources.away(session, key, Source.MAIL, f"{box.user} ({box.host})", str(error), whose)
        else:
            sources.back(session, key)
            untaken = str(flagged) if flagged else ""
            _note(session, f"{sources.FLAGGED}{code}", untaken, Source.MAIL, f"{box.user} ({box.host})")


def _note(session: Session, key: str, untaken: str, source: Source, place: str) -> None:
    """What lies there and is not taken in; empty: nothing any more."""
    if untaken:
        sources.away(session, key, source, place, untaken)
    else:
        sources.back(session, key)


def _boxes(session: Session, named: str) -> Mapping[str, Mailbox] | None:
    """The boxes of the file; None when it cannot be used."""
    try:
        return mailboxes.load(Path(named))
    except ConfigError as error:
        log.warning("mail boxes not known", error=str(error))
        sources.away(session, "mail", Source.MAIL, named, str(error))
        return None
