"""Certified copies: sao y, sao lục, trích sao (Decree 30/2020, Articles 25 to 27).

A copy is an outgoing document that no draft goes before: it is asked for of whoever is competent, and once allowed it
has its number, in the one series all copies share. An electronic one is signed with the agency's key, one on paper is
printed, signed and stamped by hand; both are issued as any other document. What is recalled takes its copies with it.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.blobs import blobs
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Invalid, InvalidTransition
from eoffice.core.permissions import Actor, require, system_actor
from eoffice.core.text import nfc, whole
from eoffice.directory import queries as directory
from eoffice.documents import kinds, registers, scanning
from eoffice.documents import operations as documents
from eoffice.documents import queries as reads
from eoffice.documents.kinds import Kind
from eoffice.documents.layout import copies
from eoffice.documents.models import Direction, Document, DocumentFile, FileRole, LinkKind, Medium
from eoffice.documents.operations import Inspected
from eoffice.documents.recipients import Member, printed
from eoffice.dossiers import queries as dossiers
from eoffice.gateway import changes
from eoffice.outgoing import choosing, extracts, operations, queries
from eoffice.outgoing.choosing import Chosen
from eoffice.outgoing.drafting import SUBJECT_LIMIT, Fields, Upload
from eoffice.outgoing.extracts import Extract
from eoffice.outgoing.issuing import allowed, newest, unchanged
from eoffice.outgoing.models import DraftSource, OutgoingDocument
from eoffice.outgoing.permissions import OUTGOING_COPY
from eoffice.outgoing.service import secrets_noted
from eoffice.outgoing.states import State
from eoffice.outgoing.workflow import ASK, MACHINE, Move
from eoffice.signatures import marks
from eoffice.signatures import queries as signatures
from eoffice.signatures.operations import forget, have_checked

COPIED = audit.action("outgoing.copied", _l("Certified copy asked for"))

_FULL, _OF_A_COPY, _PART = (kinds.COPIES[code] for code in ("SY", "SL", "TRS"))
_ANY = frozenset(Medium)
#: from what to what each copy may be made (Article 25); an electronic document is passed on as it is, so no full copy
#: of it is electronic
_ALLOWED: Mapping[tuple[Kind, Medium], frozenset[Medium]] = {
    (_FULL, Medium.PAPER): _ANY,
    (_FULL, Medium.ELECTRONIC): frozenset({Medium.PAPER}),
    (_OF_A_COPY, Medium.PAPER): _ANY,
    (_OF_A_COPY, Medium.ELECTRONIC): frozenset({Medium.PAPER}),
    (_PART, Medium.PAPER): _ANY,
    (_PART, Medium.ELECTRONIC): _ANY,
}


class NothingToCopy(Conflict):
    """Only what is in a register, and whole, is copied."""

    message = _l(
        "There is nothing to copy yet: the document must be registered or issued, and its PDF be here."
    )


class SourceGone(Conflict):
    """What counts no more is not multiplied."""

    message = _l("This document was recalled, so no copy of it is certified.")


class BeingChecked(Conflict):
    """Whether it is paper or electronic is known by its signatures."""

    message = _l("The signatures of this document are being checked. Try again in a moment.")


class Doubtful(Conflict):
    """What proves nothing is not certified."""

    message = _l("A signature of this document does not hold, so no copy of it is certified. Ask its issuer.")


class NotByLaw(Invalid):
    """Article 25 names what is copied to what."""

    message = _l(
        "This copy cannot be made of this document (Decree 30/2020, Article 25). Choose one from the list; an "
        "electronic document is forwarded rather than copied in full."
    )


class OnPaperOnly(Invalid):
    """The axis reaches agencies; what is printed of an electronic copy is no copy."""

    message = _l(
        "People and bodies in no directory get a copy on paper. Choose a copy on paper, or take them off the list."
    )


@dataclass(frozen=True)
class Source:
    """What is to be copied."""

    document: Document
    file: DocumentFile
    medium: Medium

    @property
    def allowed(self) -> list[tuple[Kind, Medium]]:
        """The copies that may be made of it: sao lục of a sao y alone, the others of no copy (Article 3.10 to 12)."""
        code = self.document.kind_code
        if code in kinds.NOT_COPIED:
            return []
        named = [_OF_A_COPY] if code == _FULL.code else [_FULL, _PART]
        return [(kind, to) for kind in named for to in Medium if to in _ALLOWED[kind, self.medium]]


@dataclass(frozen=True)
class NewCopy:
    """What is asked for."""

    #: SY, SL or TRS
    kind_code: str
    medium: Medium
    #: who is to allow it and, on paper, signs it: a post that signs for the agency (Article 27)
    signer_id: int
    #: what it is for
    purpose: str = ""
    recipients: tuple[str, ...] = ()
    #: of a part: what it says
    extract: Extract | None = None
    #: of a paper: a better scan than the one that is here
    scan: Upload | None = None
    #: recipients chosen with their groups
    members: tuple[Member, ...] = ()
    #: under which delegation, see `drafting.Fields`
    delegation_id: int | None = None
    #: people and bodies in no directory, by name
    outside: tuple[str, ...] = ()


def source(session: Session, actor: Actor, document_id: int, *, held: bool = False) -> Source:
    """What the actor wants to copy; `held`: until the use case ends, so that it is not recalled meanwhile.

    Raises NotFound, Forbidden, WantedBack, SourceGone, NothingToCopy, BeingChecked, Doubtful.
    """
    document = reads.one(session, actor, document_id)
    if held:
        session.expire_all()  # pages were made meanwhile
        session.refresh(document, with_for_update=True)
    require(actor, OUTGOING_COPY)
    changes.refuse_wanted(session, document)
    if isinstance(document, OutgoingDocument) and document.recalled_at is not None:
        raise SourceGone
    role = FileRole.ORIGINAL if document.direction is Direction.IN else FileRole.ISSUED
    file = reads.latest_file(session, document, role)
    issued = not isinstance(document, OutgoingDocument) or document.state is State.ISSUED
    if document.register_number is None or file is None or not file.is_pdf or not issued:
        raise NothingToCopy
    check = signatures.checks(session, [file]).get(file.id)
    if check is None:
        raise BeingChecked
    if check.verdict in ("invalid", "unreadable"):
        raise Doubtful
    return Source(document, file, Medium.PAPER if check.verdict == "unsigned" else Medium.ELECTRONIC)


def ask(session: Session, actor: Actor, document_id: int, new: NewCopy) -> OutgoingDocument:
    """Prepare a copy and ask the competent leader for it.

    Raises what `source`, `choosing.choose`, `extracts` and `scanning` refuse with, NotByLaw, OnPaperOnly, TooLong.
    """
    new = replace(new, purpose=whole(new.purpose, 500, "purpose"))
    with transaction(session):  # page and check take a moment: this one is over before
        found = source(session, actor, document_id)
        if (kinds.COPIES.get(new.kind_code), new.medium) not in found.allowed:
            raise NotByLaw(field="made_as")
        if new.outside and new.medium is not Medium.PAPER:
            raise OnPaperOnly(field="outside")
        subject = _subject(new, found.document)
        fields = Fields(
            new.kind_code, subject, new.signer_id, new.recipients, members=new.members,
            delegation_id=new.delegation_id, outside=new.outside,
        )  # fmt: skip
        fields.check_outside()
        chosen = choosing.choose(session, actor, fields)
        original = extracts.original(session, found.document, found.file)
    with secrets_noted(session, actor):
        page = _page(new, found, original)
    with transaction(session):
        found = source(session, actor, document_id, held=True)
        return _begin(session, actor, found, new, chosen, fields, page)


def _subject(new: NewCopy, of: Document) -> str:
    """In the register a copy says what it is a copy of."""
    dated = f" ngày {of.issued_on:%d/%m/%Y}" if of.issued_on else ""
    name = f"{kinds.kind(new.kind_code).name} {of.kind.name} số {of.code}{dated} của {of.issuer_name}"
    return f"{name}: {of.subject}"[:SUBJECT_LIMIT]


def _page(new: NewCopy, found: Source, original: extracts.Original) -> Inspected:
    """What is sealed or printed: the pages as they are, or the part set anew."""
    if new.kind_code == _PART.code:
        made = extracts.typeset(new.extract or Extract(), original)
        # by number: the name outlives a recall, which takes the subject along
        name = operations.file_name(f"{_PART.name} {found.document.code}")
        return documents.take_in(io.BytesIO(made), name)
    if new.scan is not None:
        page, _word = operations.take_file(new.scan)
    else:
        page = Inspected.of(found.file)
    if new.medium is Medium.ELECTRONIC:
        scanning.check(blobs().path(page.sha256))
    return page


def _begin(
    session: Session,
    actor: Actor,
    found: Source,
    new: NewCopy,
    chosen: Chosen,
    fields: Fields,
    page: Inspected,
) -> OutgoingDocument:
    copy = operations.begin(session, actor, chosen, fields)
    copy.copied_to, copy.urgency = new.medium, found.document.urgency
    copy.draft_source = DraftSource.TEMPLATE if new.kind_code == _PART.code else DraftSource.UPLOAD
    copy.page_count = page.page_count
    on_paper = new.medium is Medium.PAPER
    documents.set_recipients(
        session, copy, chosen.recipients, on_paper=on_paper, lines=chosen.lines, outside=chosen.outside
    )
    documents.add_file(session, actor, copy, page, FileRole.DRAFT, version_no=1)
    documents.link(session, actor, copy, found.document, LinkKind.COPIES)
    documents.give_access(session, actor, copy, person_ids=[chosen.signer.person_id])
    audit.record(session, actor, COPIED, found.document, kind=new.kind_code, medium=new.medium, copy=copy.id)
    operations.move(session, actor, copy, State.PERMISSION, ASK, new.purpose)
    documents.index(session, copy)
    return copy


def allow(session: Session, actor: Actor, copy_id: int) -> OutgoingDocument:
    """Let a copy be made: it has its number from then on; what is left is to seal and issue it.

    Raises NotFound, Forbidden, InvalidTransition, WantedBack, DelegationOver, RegisterClosed, BackDated.
    """
    with transaction(session):
        copy = allowed(session, actor, copy_id, Move.ALLOW)
        choosing.refuse_ended(copy)
        copy.approved_at, copy.approved_by = clock.now(), _who(actor)
        operations.give_number(session, actor, copy, clock.today())
        operations.move(session, actor, copy, MACHINE.step(copy.state, Move.ALLOW).target, Move.ALLOW)
        documents.index(session, copy)
    return copy


def refuse(session: Session, actor: Actor, copy_id: int, reason: str) -> OutgoingDocument:
    """Do not let a copy be made. Raises NotFound, Forbidden, InvalidTransition, NoteTooShort."""
    with transaction(session):
        copy = allowed(session, actor, copy_id, Move.REFUSE)
        whole(reason, operations.LONGEST_NOTE, "note")
        if len(reason.strip()) < 3:
            raise operations.NoteTooShort(field="note")
        copy.reason = f"{_who(actor)}: {reason.strip()}"
        operations.move(
            session, actor, copy, MACHINE.step(copy.state, Move.REFUSE).target, Move.REFUSE, reason
        )
    return copy


def _who(actor: Actor) -> str:
    return ", ".join(part for part in (actor.name, actor.title) if part)


def source_recalled(session: Session, copy: OutgoingDocument, reason: str) -> None:
    """What it is a copy of is recalled: before its issue the copy goes no further, and what it holds of the recalled
    document goes with that (Article 18.4); the caller commits."""
    actor = system_actor(copy.agency_id)
    if copy.state is State.ISSUED:
        copy.recalled_at = clock.now()
        return
    if copy.state is State.PERMISSION:
        copy.reason = reason
        operations.move(session, actor, copy, State.REFUSED, Move.REFUSE, reason)
    elif copy.state in (State.SEALING, State.ISSUING):
        copy.reason = reason
        registers.void_number(session, actor, copy, reason)
        operations.move(session, actor, copy, State.VOID, Move.VOID, reason)
    if dossiers.hold_on(session, copy) is not None:
        return  # a copy that went no further may lie in a dossier all the same
    copy.subject, copy.content = copy.subject.partition(": ")[0], {}
    forget(session, copy)
    documents.destroy_files(session, actor, copy, reason)


def print_out(session: Session, actor: Actor, document_id: int) -> bytes:
    """A copy on paper with everything but signature and stamp. Raises NotFound, InvalidTransition."""
    with transaction(session):
        copy = queries.one(session, actor, document_id)
        if copy.copied_to is not Medium.PAPER:
            raise InvalidTransition(state=copy.state.word)
        block, page = _block(session, copy), newest(session, copy, FileRole.DRAFT)
    return copies.printed(blobs().path(page.sha256), block)


def stamped(session: Session, actor: Actor, document_id: int) -> OutgoingDocument:
    """It is printed, signed and stamped; what was printed is kept. Raises NotFound, Forbidden, InvalidTransition."""
    with transaction(session):
        copy = allowed(session, actor, document_id, Move.SEAL)
        page = newest(session, copy, FileRole.DRAFT)
    made = io.BytesIO(print_out(session, actor, document_id))
    with transaction(session):
        copy = unchanged(session, actor, document_id, Move.SEAL, page)
        kept = documents.take_in(made, operations.issued_name(copy))
        file = documents.add_file(session, actor, copy, kept, FileRole.ISSUED)
        have_checked(session, (file, None))
        copy.page_count, copy.sealed_at = file.page_count, clock.now()
        operations.move(session, actor, copy, MACHINE.step(copy.state, Move.SEAL).target, Move.SEAL)
        documents.index(session, copy)
    return copy


def _block(session: Session, copy: OutgoingDocument) -> copies.Block:
    agency = directory.agency(session, copy.agency_id)
    assert copy.issued_on is not None
    named = printed(reads.recipients(session, copy))
    return copies.Block(
        form=copy.kind.name, agency=agency.name, parent=agency.parent_name, number=f"Số: {copy.code}",
        place_and_date=marks.place_and_date(agency.place, copy.issued_on),
        authority=tuple(copy.authority.splitlines()), signer=copy.signer_name,
        recipients=(*(f"- {nfc(name)};" for name in named), "- Lưu: VT."),
    )  # fmt: skip
