"""A mail box that others send documents to: what lies there waits for the clerk of its agency by itself.

A message is one document: its first PDF is the page, the other files go with it. It is read without a trace and marked,
or moved, only once it is stored; a message that is taken again after a killed run is known by its bytes.
"""

import email
import email.policy
import hashlib
import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parseaddr
from io import BytesIO

import sqlalchemy as sa
import structlog
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import AppError, Invalid
from eoffice.core.permissions import Actor, system_actor
from eoffice.core.text import nfc, writable
from eoffice.directory import queries as directory
from eoffice.documents import intake
from eoffice.documents import operations as documents
from eoffice.documents.models import FileRole
from eoffice.documents.operations import Inspected
from eoffice.incoming import operations, service
from eoffice.incoming.mailboxes import Mailbox
from eoffice.incoming.models import IncomingDocument, Source

log = structlog.get_logger(__name__)

MAIL_REFUSED = audit.action("incoming.mail_refused", _l("Mail not taken in"))

#: seconds to wait for a mail server; messages of one round, so that a full box does not keep the queue from others
_PATIENCE, _ROUND = 30, 20
#: attachments of one message
_MOST = 50
#: what a mail program adds to bytes when it writes them as text
_SWELLS = 1.4
_UID, _SIZE = re.compile(rb"UID (\d+)"), re.compile(rb"RFC822\.SIZE (\d+)")


class NoDocument(Invalid):
    """A mail without a PDF is a letter to the office, not a document."""

    message = _l("The mail has no PDF attached. Look at it in the mail box.")


class TooMuch(Invalid):
    """More files than one document has."""

    message = _l("The mail has more than %(limit)s files attached. Look at it in the mail box.")


class MailAway(Exception):
    """The server does not answer, does not let us in, or answers something else than it should."""


@dataclass(frozen=True)
class Round:
    """What a round gave: documents that were taken in, and messages that stay flagged for a person."""

    taken: int
    flagged: int


def read(session: Session, agency_code: str, box: Mailbox) -> Round:
    """Take in what lies in a mail box. A message that cannot be taken stops no other.

    Raises MailAway.
    """
    agency = directory.agency_by_code(session, agency_code)
    if agency is None or not agency.hosted:
        raise MailAway(f"no agency of this installation has the code {agency_code}")
    actor, taken = system_actor(agency.id), 0
    session.rollback()  # the server is waited for outside of every transaction
    with closing(Opened(box)) as opened:
        for uid, size in opened.waiting()[:_ROUND]:
            taken += _take(session, actor, opened, uid, size)
        return Round(taken, opened.flagged())


def _take(session: Session, actor: Actor, opened: "Opened", uid: str, size: int) -> int:
    try:
        if size > documents.upload_limit() * _SWELLS:
            raise intake.TooLarge(limit=documents.upload_limit() // 2**20)
        data = opened.message(uid)
        made = _known(session, actor, data) or _store(session, actor, data)
    except AppError as error:
        log.warning("mail refused", agency_id=actor.agency_id, uid=uid, error=type(error).__name__)
        with transaction(session):
            agency = directory.agency(session, actor.agency_id or 0)
            audit.record(session, actor, MAIL_REFUSED, agency, reason=str(error))
        opened.refuse(uid)
        return 0
    opened.done(uid)
    return int(made)


def _mark(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _known(session: Session, actor: Actor, data: bytes) -> bool:
    """Whether a killed run has stored it and could not say so to the server any more."""
    query = sa.select(IncomingDocument.id).where(
        IncomingDocument.agency_id == actor.agency_id, IncomingDocument.mail_id == _mark(data)
    )
    with transaction(session):
        return session.scalar(query.limit(1)) is not None


def _store(session: Session, actor: Actor, data: bytes) -> bool:
    """Make the document. Raises NoDocument, TooMuch, and what the gate refuses a file with."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    files = [service.take_in(session, actor, BytesIO(content), name, must_be_pdf=False)
             for name, content in _attachments(message)]  # fmt: skip
    page = next((one for one in files if one.media_type == intake.PDF), None)
    if page is None:
        raise NoDocument
    with transaction(session):
        document = operations.receive(
            session, actor, actor.agency_id or 0, Source.MAIL, clock.now(),
            sent_from=_sender(message), mail_id=_mark(data), summary=_subject(message),
        )  # fmt: skip
        for file, role in _roles(files, page):
            operations.add_file(session, actor, document, file, role)
    return True


def _roles(files: list[Inspected], page: Inspected) -> Iterator[tuple[Inspected, FileRole]]:
    yield page, FileRole.ORIGINAL
    yield from ((file, FileRole.ATTACHMENT) for file in files if file is not page)


def _sender(message: EmailMessage) -> str:
    """The address alone: the name beside it is whatever its sender likes."""
    return parseaddr(str(message.get("From", "")))[1][:320]


def _subject(message: EmailMessage) -> str:
    """What the mail calls itself, in one line."""
    return nfc(writable(" ".join(str(message.get("Subject", "")).split())))[:500]


def _attachments(message: EmailMessage) -> list[tuple[str, bytes]]:
    """Names and bytes of what is attached; pictures that belong to the text are left out."""
    found = []
    for part in message.walk():
        name, shown = part.get_filename(), part.get_content_disposition()
        named = shown == "attachment" or (name and shown != "inline") or part.get_content_type() == intake.PDF
        content = part.get_payload(decode=True) if named and not part.is_multipart() else None
        if isinstance(content, bytes) and content:
            found.append((name or "van-ban.pdf", content))
    if len(found) > _MOST:
        raise TooMuch(limit=_MOST)
    return found


class Opened:
    """A mail box that is open; every answer of its server is looked at."""

    def __init__(self, box: Mailbox) -> None:
        self._box = box
        context = ssl.create_default_context(cafile=box.certificates or None)
        try:
            self._server = imaplib.IMAP4_SSL(box.host, box.port, ssl_context=context, timeout=_PATIENCE)
            self._say("login", box.user, box.password)
            self._say("select", _quoted(box.folder))
        except (OSError, imaplib.IMAP4.error) as error:
            raise MailAway(f"{box.host}: {error}") from error

    def waiting(self) -> list[tuple[str, int]]:
        """Number and size in bytes of each message nobody has looked at, oldest first."""
        (found,) = self._say("uid", "SEARCH", "UNSEEN", "UNFLAGGED", "UNDELETED")
        uids = found.decode().split() if isinstance(found, bytes) else []
        if not uids:
            return []
        answers = self._say("uid", "FETCH", ",".join(uids[:_ROUND]), "(UID RFC822.SIZE)")
        sizes = {}
        for line in (one for one in answers if isinstance(one, bytes)):
            uid, size = _UID.search(line), _SIZE.search(line)
            if uid and size:
                sizes[uid[1].decode()] = int(size[1])
        return [(uid, sizes[uid]) for uid in uids if uid in sizes]

    def flagged(self) -> int:
        """How many messages nobody has looked at were refused."""
        (found,) = self._say("uid", "SEARCH", "UNSEEN", "FLAGGED", "UNDELETED")
        return len(found.split()) if isinstance(found, bytes) else 0

    def message(self, uid: str) -> bytes:
        """The bytes of a message, which stays unread. Raises MailAway."""
        for part in self._say("uid", "FETCH", uid, "(BODY.PEEK[])"):
            if isinstance(part, tuple):
                return bytes(part[1])
        raise MailAway(f"{self._box.host}: message {uid} is gone")

    def done(self, uid: str) -> None:
        """It is stored: read, and moved where the box has a folder for it (RFC 6851)."""
        self._say("uid", "STORE", uid, "+FLAGS", r"(\Seen)")
        if self._box.taken:
            self._say("uid", "MOVE", uid, _quoted(self._box.taken))

    def refuse(self, uid: str) -> None:
        """It stays where it is, flagged for whoever looks after the box."""
        self._say("uid", "STORE", uid, "+FLAGS", r"(\Flagged)")

    def close(self) -> None:
        """Leave; what could not be said any more is said at the next round."""
        with suppress(OSError, imaplib.IMAP4.error):
            self._server.logout()

    def _say(self, command: str, *arguments: str) -> list[bytes | tuple[bytes, bytes] | None]:
        try:
            state, answer = getattr(self._server, command)(*arguments)
        except (OSError, imaplib.IMAP4.error) as error:
            raise MailAway(f"{self._box.host}: {error}") from error
        if state != "OK":
            raise MailAway(f"{self._box.host}: {command} was answered {state}")
        return list(answer)


def _quoted(name: str) -> str:
    """A folder's name as a quoted string of the protocol (RFC 3501, 4.3)."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
