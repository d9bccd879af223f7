"""Use cases from the leader's signature to the issue (Decree 30/2020, Articles 13 to 18 and 32).

A signature takes time and a person's PIN, so no transaction and no lock is open while it is made: what is to
be signed is read first, and whether it is still the same is asked again when the result is stored.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.blobs import blobs
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, InvalidTransition, Overtaken
from eoffice.core.events import publish
from eoffice.core.permissions import Actor
from eoffice.core.text import whole
from eoffice.directory import queries as directory
from eoffice.documents import operations as documents
from eoffice.documents import queries as reads
from eoffice.documents import registers
from eoffice.documents.events import DocumentIssued, DocumentLeaves
from eoffice.documents.geometry import Box
from eoffice.documents.kinds import UNNUMBERED
from eoffice.documents.models import DocumentFile, FileRole, Medium
from eoffice.dossiers import operations as dossiers
from eoffice.outgoing import choosing, consulting, held, operations, posting, queries, superseding
from eoffice.outgoing.models import DraftSource, OutgoingDocument
from eoffice.outgoing.workflow import MACHINE, Move
from eoffice.signatures import keyring, marks
from eoffice.signatures import queries as keys
from eoffice.signatures.keyring import Given
from eoffice.signatures.marks import Mark, Picture, Place
from eoffice.signatures.models import ImageKind, KeyPurpose
from eoffice.signatures.operations import Caution, Signed
from eoffice.signatures.seals import NoPicture


class NotChecked(Conflict):
    """The law asks for both before the signature."""

    message = _l("Content and form must be approved before it is signed. Send it back to be checked.")


class NoPlaceForSignature(Conflict):
    """The signer's name does not stand on the last pages of an uploaded file."""

    message = _l(
        "The name “%(name)s” was not found under a signature block, so the signature has no place. "
        "Put it on the page yourself, or send the draft back."
    )


class Changed(Overtaken):
    """While it was being signed somebody else went on with it."""

    message = _l(
        "The document went on while it was being signed. Reload the page; your signature was not used."
    )


class Gone(Conflict):
    """What was destroyed by decision is neither signed nor issued, even while its bytes are still stored."""

    message = _l(
        "The file “%(name)s” of this document was destroyed on %(day)s, so it can be neither signed nor issued. "
        "Make the number void and draft the document again."
    )


class NewerDraft(Overtaken):
    """Nobody signs what he has not been shown."""

    message = _l(
        "The draft was replaced at %(at)s, after you opened this page. Read the new one, then sign it."
    )


#: takes what the signer must be told once all is stored; the log has it in any case
Tell = Callable[[Caution], object]


def _nobody(_caution: Caution) -> None:
    """Nobody looks on: the log has it."""


def sign(
    session: Session,
    actor: Actor,
    document_id: int,
    given: Given,
    *,
    seen_file_id: int | None = None,
    tell: Tell = _nobody,
) -> OutgoingDocument:
    """Put the leader's signature on it, with his own key, between title and name (Appendix I-II.7).

    `seen_file_id`: the draft he read, None where nobody says. Raises NotFound, InvalidTransition, Forbidden,
    NotChecked, DelegationOver, NewerDraft, NoPicture, NoPlaceForSignature, and what `keyring` and `signatures` refuse
    with; then nothing has changed.
    """
    with transaction(session):
        document = allowed(session, actor, document_id, Move.SIGN)
        if document.approved_at is None or document.form_checked_at is None:
            raise NotChecked
        choosing.refuse_ended(document)
        source = newest(session, document, FileRole.DRAFT)
        if seen_file_id not in (None, source.id):
            raise NewerDraft(at=f"{clock.local(source.created_at):%H:%M %d/%m/%Y}")
        mark = _leader_mark(session, document)
        about = held.about(document)
    with keyring.key_of(session, actor, KeyPurpose.PERSON, given, about) as key:
        made = key.sign(source.sha256, mark)
        with transaction(session):
            document = unchanged(session, actor, document_id, Move.SIGN, source)
            choosing.refuse_ended(document)  # it may have ended while the key was being opened
            document.signed_at = clock.now()
            consulting.close(session, actor, document)
            operations.add_signed(session, actor, document, made.blob, source, FileRole.SIGNED, source.name)
            _stepped(session, actor, document, Move.SIGN, made)
    _say([made], tell)
    return document


def _stepped(session: Session, actor: Actor, document: OutgoingDocument, step: Move, *signed: Signed) -> None:
    target = MACHINE.step(document.state, step).target
    operations.move(session, actor, document, target, step, cautions=_cautions(signed))


def _cautions(signed: Iterable[Signed]) -> list[Caution]:
    """Each once, though three signatures were made."""
    return list(dict.fromkeys(caution for one in signed for caution in one.cautions))


def _say(signed: Iterable[Signed], tell: Tell) -> None:
    for caution in _cautions(signed):
        tell(caution)


def _leader_mark(session: Session, document: OutgoingDocument) -> Mark:
    name = document.signer.person.full_name
    picture = _picture(session, ImageKind.SIGNATURE, document.agency_id, document.signer.person_id, name)
    if document.signature_place is None:
        raise NoPlaceForSignature(name=name)
    page, *sides = document.signature_place
    return marks.handwriting(picture, Place(int(page), Box(*sides)))


def lacks_picture(session: Session, document: OutgoingDocument) -> NoPicture | None:
    """What keeps a document from being signed for which its signer has no picture yet."""
    name, person_id = document.signer.person.full_name, document.signer.person_id
    if document.signed_at is not None or document.copied_to is not None:
        return None
    if keys.has_image(session, ImageKind.SIGNATURE, document.agency_id, person_id):
        return None
    return NoPicture(owner=name)


def _picture(session: Session, kind: ImageKind, agency_id: int, person_id: int | None, owner: str) -> Picture:
    image = keys.image(session, kind, agency_id, person_id)
    if image is None:
        raise NoPicture(owner=owner)
    return Picture(image.png, image.width_mm)


def give_number(
    session: Session, actor: Actor, document_id: int, dated_on: date | None = None
) -> OutgoingDocument:
    """Give number and date, today by default: a short transaction, after which both belong to the document.

    Raises NotFound, InvalidTransition, Forbidden, AlreadyNumbered, NoRegister, BackDated.
    """
    with transaction(session):
        document = allowed(session, actor, document_id, Move.NUMBER)
        operations.give_number(session, actor, document, dated_on or clock.today())
        operations.move(
            session, actor, document, MACHINE.step(document.state, Move.NUMBER).target, Move.NUMBER
        )
        documents.index(session, document)
    return document


class SealedByHand(Conflict):
    """A copy on paper bears a stamp, not a key's signature (Decree 30/2020, Appendix I, Part II-II)."""

    message = _l("This copy goes on paper: print it, have it signed and stamped, then say that it is done.")


@dataclass(frozen=True)
class _Seal:
    """Everything the agency's key puts on a document, read before the key is opened."""

    source: DocumentFile
    #: one signature over the other, with what the file is after each
    marks: tuple[tuple[FileRole, Mark], ...]
    attachments: tuple[tuple[DocumentFile, Mark], ...]


def seal(
    session: Session, actor: Actor, document_id: int, given: Given, *, tell: Tell = _nobody
) -> OutgoingDocument:
    """Write number and date on page 1, put the seal left of the leader's signature, sign each attachment; on a copy,
    say so in its corner.

    In person, with the agency's key (Article 32.2). Repeated after a failure it uses the same number. Raises as
    `sign`, and SealedByHand.
    """
    with transaction(session):
        document = allowed(session, actor, document_id, Move.SEAL)
        plan = _plan_seal(session, document)
        about = held.about(document, signatures=len(plan.marks) + len(plan.attachments))
    with keyring.key_of(session, actor, KeyPurpose.AGENCY, given, about) as key:
        made: list[tuple[FileRole, Signed]] = []
        for role, mark in plan.marks:
            base = made[-1][1].blob if made else plan.source
            made.append((role, key.sign(base.sha256, mark)))
        attached = [(file, key.sign(file.sha256, mark)) for file, mark in plan.attachments]
        with transaction(session):
            document = unchanged(session, actor, document_id, Move.SEAL, plan.source)
            name = operations.issued_name(document)
            for role, signed in made:
                operations.add_signed(session, actor, document, signed.blob, plan.source, role, name)
            for file, signed in attached:
                operations.replace_attachment(session, actor, document, file, signed.blob)
            documents.index(session, document)
            document.sealed_at = clock.now()
            every = [signed for _for, signed in (*made, *attached)]
            _stepped(session, actor, document, Move.SEAL, *every)
    _say(every, tell)
    return document


def _plan_seal(session: Session, document: OutgoingDocument) -> _Seal:
    agency = directory.agency(session, document.agency_id)
    if document.copied_to is Medium.PAPER:
        raise SealedByHand
    if document.copied_to is Medium.ELECTRONIC:
        source = newest(session, document, FileRole.DRAFT)
        mark = marks.copy(document.kind.name, agency.name, clock.now(), *source.page_sizes[0])
        return _Seal(source, ((FileRole.ISSUED, mark),), ())
    source = newest(session, document, FileRole.SIGNED)
    number = _number_mark(document, source, agency.place)
    stamp = _picture(session, ImageKind.SEAL, agency.id, None, agency.name)
    files = reads.files(session, document, FileRole.ATTACHMENT)
    _refuse_gone(*files)
    return _Seal(
        source,
        ((FileRole.NUMBERED, number), (FileRole.ISSUED, marks.seal(stamp, _leader_mark(session, document)))),
        tuple((file, marks.attachment(document.code, clock.now(), *file.page_sizes[0])) for file in files),
    )


def _number_mark(document: OutgoingDocument, source: DocumentFile, place: str) -> Mark:
    """The whole line, or number and day in the blanks of the drafter's own page unless the clerk moved it away."""
    assert document.issued_on is not None
    assert document.number_box is not None
    box = Box(*document.number_box)
    if document.draft_source is DraftSource.UPLOAD:
        blanks = marks.find_blanks(blobs().path(source.sha256))
        if blanks is not None and blanks.box.touches(box):
            return marks.number_in_blanks(blanks, document.code_number, document.issued_on)
    code = "" if document.kind_code in UNNUMBERED else document.code
    return marks.number_line(Place(1, box), code, place, document.issued_on)


def void_number(session: Session, actor: Actor, document_id: int, reason: str) -> OutgoingDocument:
    """Part number and document for good; the number stays in the register with the reason.

    Raises as `allowed`, VoidNeedsReason and, when a dossier at the archive holds it, KeptInDossier.
    """
    with transaction(session):
        document = allowed(session, actor, document_id, Move.VOID)
        dossiers.refuse_kept(session, document)
        whole(reason, operations.LONGEST_NOTE, "reason")
        registers.void_number(session, actor, document, reason)
        document.reason = reason.strip()
        operations.move(
            session, actor, document, MACHINE.step(document.state, Move.VOID).target, Move.VOID, reason
        )
    return document


def issue(session: Session, actor: Actor, document_id: int) -> OutgoingDocument:
    """Lock it and hand it to whoever sends it; what it answers is finished in the same transaction.

    Raises as `allowed`, and Gone.
    """
    with transaction(session):
        document = allowed(session, actor, document_id, Move.ISSUE)
        _refuse_gone(*reads.files(session, document, FileRole.ISSUED, FileRole.ATTACHMENT))
        publish(session, DocumentLeaves(document.id))
        document.issued_at = document.listed_at = clock.now()
        operations.move(session, actor, document, MACHINE.step(document.state, Move.ISSUE).target, Move.ISSUE)
        session.flush()
        posting.begin(session, document)
        publish(session, DocumentIssued(document.id))
    return document


def allowed(session: Session, actor: Actor, document_id: int, step: Move) -> OutgoingDocument:
    """The document, when the step is possible now and the actor's.

    Raises NotFound, InvalidTransition, Forbidden, and at the steps that bind Recalled and Replaced of what it names,
    WantedBack of what it is a copy of.
    """
    document = queries.one(session, actor, document_id)
    MACHINE.step_of(actor, document.state, step, document)
    if step is Move.PLACE and document.number_box is None:  # a copy bears no number line
        raise InvalidTransition(state=document.state.word)
    if step not in (Move.SIGN, Move.SEAL):
        held.refuse_others(session, document)
    if step in (Move.SIGN, Move.NUMBER, Move.ISSUE):
        superseding.refuse_late(session, document)
    if step in (Move.ALLOW, Move.ISSUE) and document.copied_to is not None:
        superseding.refuse_wanted(session, document)
    return document


def unchanged(
    session: Session, actor: Actor, document_id: int, step: Move, source: DocumentFile
) -> OutgoingDocument:
    """The document again, when it still is what was signed. Raises as `allowed`, and Changed."""
    document = queries.one(session, actor, document_id)
    session.refresh(document, with_for_update=True)
    MACHINE.step_of(actor, document.state, step, document)
    if newest(session, document, source.role).id != source.id:
        raise Changed
    return document


def newest(session: Session, document: OutgoingDocument, role: FileRole) -> DocumentFile:
    """The file of a role that goes on. Raises Gone."""
    file = reads.latest_file(session, document, role)
    assert file is not None, f"a document that is {document.state} has a file {role}"
    _refuse_gone(file)
    return file


def _refuse_gone(*files: DocumentFile) -> None:
    for file in files:
        if file.destroyed_at is not None:
            raise Gone(name=file.name, day=f"{clock.local(file.destroyed_at):%d/%m/%Y}")
