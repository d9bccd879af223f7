"""What would make a packet fail, found before it is sent, and the repair of what can be repaired with one click."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from pathlib import PurePosixPath

import sqlalchemy as sa
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.config import settings
from eoffice.core.permissions import Actor
from eoffice.directory import queries as directory
from eoffice.directory.models import Agency
from eoffice.documents import queries as documents
from eoffice.documents.models import Channel, Document, DocumentFile, FileRole, Recipient
from eoffice.gateway import messages
from eoffice.gateway.settings import PACKET_LIMIT_MB
from eoffice.signatures import queries as signatures
from eoffice.signatures.models import FileCheck, KeyPurpose
from exchange.validate import validate

REPAIRED = audit.action("gateway.repaired", _l("Repaired before sending"))

#: what provincial systems take (regulations in use: at most 50 characters without accents)
_LONGEST_NAME = 50
_PLAIN = re.compile(r"[A-Za-z0-9._-]+")
#: a certificate that ends sooner is told of
_SOON = timedelta(days=30)
#: base64 makes four bytes of three
_SWELLS = 4 / 3


class Repair(StrEnum):
    """What one click does."""

    #: the recipient is not reached over the axis: the document goes on paper
    PAPER = "paper"
    #: the recipient was closed: whoever has taken over from it is addressed
    SUCCESSOR = "successor"
    RENAME = "rename"

    @property
    def word(self) -> LazyString:
        """The words on the button."""
        return _REPAIRS[self]


_REPAIRS = {
    Repair.PAPER: _l("Send it on paper instead"),
    Repair.SUCCESSOR: _l("Address the successor"),
    Repair.RENAME: _l("Rename the file"),
}


@dataclass(frozen=True)
class Finding:
    """One thing that would fail or be noticed; `repair` with the row it is about when a click mends it."""

    sentence: str
    fails: bool
    repair: Repair | None = None
    target_id: int = 0
    #: code and name of each agency the repair can choose from, where it has a choice
    choices: tuple[tuple[str, str], ...] = ()


def check(session: Session, actor: Actor, document: Document) -> list[Finding]:
    """Everything there is to say about a document that is about to be sent, worst first."""
    recipients = [r for r in documents.recipients(session, document) if r.channel is Channel.AXIS]
    if not recipients:
        return []
    files = documents.files(session, document, FileRole.ISSUED, FileRole.ATTACHMENT)
    found = [
        *_recipients(session, recipients),
        *_fields(session, document, recipients),
        *_size(files),
        *_names(files),
        *_signatures(session, files),
        *_certificate(session, actor),
    ]
    return sorted(found, key=lambda one: not one.fails)


def _recipients(session: Session, recipients: Sequence[Recipient]) -> Iterator[Finding]:
    known = directory.agencies_by_code(session, {one.code for one in recipients})
    for one in recipients:
        agency = known.get(one.code)
        if agency is None or not agency.on_axis:
            said = _("%(name)s (%(code)s) is not known on the axis: the whole packet would be refused.",
                     name=one.name, code=one.code)  # fmt: skip
            yield Finding(said, True, Repair.PAPER, one.id)
        elif agency.valid_to is not None and agency.valid_to < clock.today():
            yield _closed(session, one, agency)
        elif agency.valid_to is not None:
            yield _closing(session, one, agency)


def _closing(session: Session, one: Recipient, agency: Agency) -> Finding:
    """Decided, and its day is still to come: whoever needs an answer later is told now."""
    follow = ", ".join(f"{other.name} ({other.code})" for other in directory.successors(session, agency))
    said = _("%(name)s works until %(day)s.", name=one.name, day=f"{agency.valid_to:%d/%m/%Y}")
    after = _("Afterwards: %(successors)s.", successors=follow) if follow else ""
    return Finding(f"{said} {after}".strip(), fails=False)


def _closed(session: Session, one: Recipient, agency: Agency) -> Finding:
    said = _("%(name)s was closed on %(day)s.", name=one.name, day=f"{agency.valid_to:%d/%m/%Y}")
    follow = [other for other in directory.successors(session, agency) if other.on_axis]
    if not follow:
        return Finding(said, True, Repair.PAPER, one.id)
    if len(follow) > 1:
        return _divided(said, one, agency, follow)
    successor = follow[0]
    named = {"successor": successor.name, "code": successor.code, "basis": agency.legal_basis}
    follows = (
        _("Its successor is %(successor)s (%(code)s), by %(basis)s.", **named)
        if agency.legal_basis
        else _("Its successor is %(successor)s (%(code)s).", **named)
    )
    return Finding(f"{said} {follows}", True, Repair.SUCCESSOR, one.id)


def _divided(said: str, one: Recipient, agency: Agency, follow: Sequence[Agency]) -> Finding:
    named = ", ".join(f"{other.name} ({other.code})" for other in follow)
    told = _(
        "Its work was divided among %(successors)s. Choose whom the document concerns.", successors=named
    )
    basis = f" ({agency.legal_basis})" if agency.legal_basis else ""
    choices = tuple((other.code, other.name) for other in follow)
    return Finding(f"{said}{basis} {told}", True, Repair.SUCCESSOR, one.id, choices)


def _fields(session: Session, document: Document, recipients: Sequence[Recipient]) -> Iterator[Finding]:
    to = {one.code: one.name for one in recipients}
    message = messages.new_document(session, document, to, clock.now())
    english = str(get_locale()) == "en"
    for notice in validate(message, today=clock.today()):
        name = notice.path.rpartition("/")[2]
        yield Finding(f"{notice.en if english else notice.vi} ({name})", True)


def _size(files: Sequence[DocumentFile]) -> Iterator[Finding]:
    limit = settings().get(PACKET_LIMIT_MB)
    size = sum(file.size for file in files) * _SWELLS / 2**20
    if size > limit:
        yield Finding(
            _("The packet would have %(size)s MB; the axis takes at most %(limit)s MB.",
              size=f"{size:.0f}", limit=limit), True,
        )  # fmt: skip


def _names(files: Sequence[DocumentFile]) -> Iterator[Finding]:
    for file in files:
        if file.role is FileRole.ATTACHMENT and file.name != plain_name(file.name):
            said = _(
                "Some systems cannot store the file name “%(name)s”: at most 50 plain characters.",
                name=file.name,
            )
            yield Finding(said, False, Repair.RENAME, file.id)


def plain_name(name: str) -> str:
    """A file name every system can store: no accents, no spaces, at most 50 characters, the ending kept."""
    path = PurePosixPath(name.replace("đ", "d").replace("Đ", "D"))
    ascii_only = unicodedata.normalize("NFD", path.stem).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", ascii_only).strip("-.") or "tep"
    ending = path.suffix if _PLAIN.fullmatch(path.suffix) else ""
    return stem[: _LONGEST_NAME - len(ending)].rstrip("-.") + ending


def _signatures(session: Session, files: Sequence[DocumentFile]) -> Iterator[Finding]:
    checks = signatures.checks(session, files)
    for file in files:
        verdict = checks.get(file.id)
        if file.role is FileRole.ATTACHMENT and (not file.is_pdf or _unsigned(verdict)):
            said = _("The attachment “%(name)s” bears no signature: nobody there can tell whether it was changed.",
                     name=file.name)  # fmt: skip
            yield Finding(said, False)


def _unsigned(check: FileCheck | None) -> bool:
    return check is not None and check.verdict == "unsigned"


def _certificate(session: Session, actor: Actor) -> Iterator[Finding]:
    key = signatures.key_of(session, actor, KeyPurpose.AGENCY)
    if key is not None and key.not_after < clock.now() + _SOON:
        day = f"{clock.local(key.not_after):%d/%m/%Y}"
        yield Finding(
            _("The agency's certificate ends on %(day)s. Tell the administrator to renew it.", day=day), False
        )


def repair(
    session: Session, actor: Actor, document: Document, what: Repair, target_id: int, code: str = ""
) -> None:
    """Mend one finding; `code`: whom of several choices. Nothing happens when it is mended already."""
    mend: dict[Repair, Callable[[Session, Document, int], str | None]] = {
        Repair.PAPER: _paper,
        Repair.SUCCESSOR: partial(_successor, code=code),
        Repair.RENAME: _rename,
    }
    told = mend[what](session, document, target_id)
    if told is not None:
        audit.record(session, actor, REPAIRED, document, repair=what, note=told)


def _recipient(session: Session, document: Document, recipient_id: int) -> Recipient | None:
    query = sa.select(Recipient).where(Recipient.id == recipient_id, Recipient.document_id == document.id)
    return session.scalar(query.with_for_update())


def _successor(session: Session, document: Document, recipient_id: int, code: str) -> str | None:
    """Write to who has taken over, once even where both were addressed; the page itself keeps the old name."""
    found = _recipient(session, document, recipient_id)
    closed = directory.agency_by_code(session, found.code) if found is not None else None
    over = closed is not None and closed.valid_to is not None and closed.valid_to < clock.today()
    follow = directory.successors(session, closed) if closed is not None and over else []
    follows = next((one for one in follow if code in ("", one.code)), None)
    if found is None or follows is None:
        return None
    before = found.name
    if any(other.code == follows.code for other in documents.recipients(session, document)):
        session.delete(found)
    else:
        found.code, found.name = follows.code, follows.name
    return f"{before} → {follows.name}"


def _paper(session: Session, document: Document, recipient_id: int) -> str | None:
    found = _recipient(session, document, recipient_id)
    if found is None or found.channel is Channel.PAPER:
        return None
    found.channel = Channel.PAPER
    return found.name


def _rename(session: Session, document: Document, file_id: int) -> str | None:
    query = sa.select(DocumentFile).where(DocumentFile.id == file_id, DocumentFile.document_id == document.id)
    found = session.scalar(query.with_for_update())
    if found is None or found.role is not FileRole.ATTACHMENT or found.name == plain_name(found.name):
        return None
    before, found.name = found.name, plain_name(found.name)
    return f"{before} → {found.name}"
