"""Writes on outgoing documents; the caller's use case commits."""

import io
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.accounts import permissions as accounts
from eoffice.core import audit, clock
from eoffice.core.audit import AuditEntry
from eoffice.core.blobs import Blob, blobs
from eoffice.core.errors import Conflict, Invalid, NotFound
from eoffice.core.permissions import Actor
from eoffice.core.text import fold, nfc
from eoffice.documents import convert, intake, kinds, queries, registers
from eoffice.documents import operations as documents
from eoffice.documents.geometry import Box
from eoffice.documents.layout.typesetting import typeset
from eoffice.documents.models import Direction, DocumentFile, FileRole, PageText
from eoffice.documents.operations import Inspected
from eoffice.documents.permissions import DOCUMENT_READ_ALL
from eoffice.outgoing import choosing
from eoffice.outgoing.choosing import Chosen
from eoffice.outgoing.drafting import Fields, Page, Text, Upload, letter
from eoffice.outgoing.models import DraftSource, OutgoingDocument
from eoffice.outgoing.queries import moves
from eoffice.outgoing.states import State
from eoffice.outgoing.workflow import ASK, Move
from eoffice.signatures import operations as signatures
from eoffice.signatures.gaps import Blanks
from eoffice.signatures.marks import Place, find_blanks, find_places
from eoffice.signatures.operations import Caution

DRAFTED = audit.action("outgoing.drafted", _l("Draft begun"))
REVISED = audit.action("outgoing.revised", _l("Draft changed"))
MOVED = audit.action("outgoing.moved", _l("Step taken"))
ANSWERED_CHANGED = audit.action(
    "outgoing.answered_changed", _l("Sender asked for a change of what this answers")
)
ATTACHED = audit.action("outgoing.attached", _l("Attachment added"))
DETACHED = audit.action("outgoing.detached", _l("Attachment taken away"))
BOX_MOVED = audit.action("outgoing.number_box_moved", _l("Place of the number line moved"))

#: files that show the document itself, from draft to issue
PAGES = (FileRole.DRAFT, FileRole.SIGNED, FileRole.NUMBERED, FileRole.ISSUED)


class NotationDiffers(Invalid):
    """The page would say one thing and the register another."""

    message = _l(
        "The page has the notation “%(printed)s” printed, the register gives “%(given)s”. Correct the page, "
        "or choose the kind and unit that fit."
    )


#: letters of an opinion, a reason or a note beside a step
LONGEST_NOTE = 1_000


class NoteTooShort(Invalid):
    """Whoever gets it back must know why."""

    message = _l("Say why in a few words; the drafter reads it.")


@dataclass(frozen=True)
class Prepared:
    """A page that is ready to be stored: nothing of it touches the database yet."""

    source: DraftSource
    page: Inspected
    number_box: Box | None
    signature: Place | None
    #: the Word file the page was made from
    word: Inspected | None = None


def prepare(page: Page, fields: Fields, chosen: Chosen) -> Prepared:
    """Typeset the text, or take the file in. Raises what `intake`, `convert` and `typesetting` refuse with."""
    if isinstance(page, Text):
        return typeset_page(fields, page, chosen)
    return take_page(page, chosen.signer.person.full_name, notation_of(fields, chosen))


def typeset_page(fields: Fields, text: Text, chosen: Chosen) -> Prepared:
    """The official layout, blank where number, date, signature and seal will be."""
    text = text.addressed(fields.kind_code, chosen.named)
    text.check(fields.kind_code)
    page = letter(
        fields, text, chosen.agency, chosen.unit, chosen.signer, chosen.authority, chosen.named, chosen.body
    )
    made = typeset(page)
    taken = documents.take_in(io.BytesIO(made.pdf), file_name(fields.subject))
    signature = Place(made.signature_block.page, Box(*_sides(made.signature_block.box)))
    number = made.number_line
    return Prepared(DraftSource.TEMPLATE, taken, Box(*_sides(number.box)) if number else None, signature)


def take_page(upload: Upload, signer: str, notation: str) -> Prepared:
    """A PDF as it is, or the PDF LibreOffice makes of a Word file."""
    page, word = take_file(upload)
    path = blobs().path(page.sha256)
    signature, number = find_places(path, signer)
    blanks = blanks_of(path, notation)
    return Prepared(DraftSource.UPLOAD, page, blanks.box if blanks else number.box, signature, word)


def blanks_of(path: Path, notation: str) -> Blanks | None:
    """Where a page leaves number and date open, with the notation printed there. Raises NotationDiffers."""
    blanks = find_blanks(path)
    if blanks is not None and blanks.notation != notation:
        raise NotationDiffers(printed=blanks.notation, given=notation, field="upload")
    return blanks


@contextmanager
def looked_at(upload: Upload) -> Iterator[Path]:
    """The PDF of an upload, checked as `take_file` checks it; stored nowhere."""
    with _spooled(upload) as path:
        if intake.sniff(path) in convert.WORD_TYPES:
            path.write_bytes(convert.word_to_pdf(path))
        with path.open("rb") as file:
            documents.look_at(file)
        yield path


@contextmanager
def _spooled(upload: Upload) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(dir=blobs().spool) as spool:
        while chunk := upload.stream.read(1 << 20):
            spool.write(chunk)
            if spool.tell() > documents.upload_limit():
                raise intake.TooLarge(limit=documents.upload_limit() // 2**20)
        spool.flush()
        yield Path(spool.name)


def take_file(upload: Upload) -> tuple[Inspected, Inspected | None]:
    """The PDF of an upload and, where it was one, the Word file it was made from."""
    with _spooled(upload) as path:
        if intake.sniff(path) not in convert.WORD_TYPES:
            with path.open("rb") as file:
                return documents.take_in(file, upload.name), None
        pdf = convert.word_to_pdf(path)
        with path.open("rb") as file:
            word = documents.take_in(file, upload.name, must_be_pdf=False)
    return documents.take_in(io.BytesIO(pdf), f"{Path(word.name).stem}.pdf"), word


def _sides(box: Box) -> tuple[float, float, float, float]:
    return box.x0, box.y0, box.x1, box.y1


def begin(session: Session, actor: Actor, chosen: Chosen, fields: Fields) -> OutgoingDocument:
    """Make the row of a draft and open it to its drafter and unit."""
    if actor.assignment_id is None or actor.person_id is None:
        raise NotFound
    document = OutgoingDocument(
        agency_id=chosen.agency.id, direction=Direction.OUT, state=State.DRAFT, drafter_id=actor.assignment_id,
        issuer_name=chosen.issuer.name, issuer_code=chosen.agency.code, created_at=clock.now(), listed_at=clock.now(),
        draft_source=DraftSource.TEMPLATE, content={}, version=1, form_key=fields.form_key or None,
    )  # fmt: skip
    fill(document, chosen, fields)
    session.add(document)
    session.flush()
    units = [chosen.unit.id] if chosen.unit else []
    documents.give_access(
        session, actor, document, unit_ids=units, person_ids=[actor.person_id], warned=False
    )
    audit.record(session, actor, DRAFTED, document, kind=fields.kind_code, subject=document.subject)
    return document


def open_to_signer(session: Session, actor: Actor, document: OutgoingDocument) -> None:
    """Who signs in the head's stead may lead another unit than the drafter's."""
    if DOCUMENT_READ_ALL not in accounts.of(document.signer):
        documents.give_access(session, actor, document, person_ids=[document.signer.person_id])


def notation_of(fields: Fields, chosen: Chosen) -> str:
    """The notation the register will give (Appendix I, part II.3)."""
    unit = chosen.unit.abbreviation if chosen.unit else "VP"
    return kinds.notation(kinds.kind(fields.kind_code), chosen.issuer.abbreviation, unit)


def fill(document: OutgoingDocument, chosen: Chosen, fields: Fields) -> None:
    """Put the fields into the row."""
    document.kind_code = fields.kind_code
    document.subject = nfc(fields.subject)
    document.urgency, document.due_on = fields.urgency, fields.due_on
    document.signer_id, document.unit_id = chosen.signer.id, chosen.unit.id if chosen.unit else None
    document.signer, document.unit = chosen.signer, chosen.unit
    document.signer_name, document.signer_title = chosen.signer.person.full_name, chosen.signer.title
    document.authority = chosen.authority
    document.delegation_id = chosen.delegation.id if chosen.delegation else None
    document.body, document.issuer_name = chosen.body, chosen.issuer.name
    document.code_notation = notation_of(fields, chosen)


def give_number(session: Session, actor: Actor, document: OutgoingDocument, day: date) -> None:
    """Number, date and what follows from them.

    Raises AlreadyNumbered, NoRegister, RegisterClosed, BackDated, NumberTaken.
    """
    entry = registers.give_number(session, actor, document, day, document.body)
    _refuse_twin(session, document, kinds.padded(entry.number), day)
    document.code_number, document.issued_on = kinds.padded(entry.number), day
    document.document_uid = f"{document.issuer_code},{day:%Y/%m/%d},{document.code}"
    document.numbered_at = clock.now()
    # from here on it is a document of this register, wherever its draft began; the log keeps that
    document.taken_over_from = ""


class NumberTaken(Conflict):
    """Number and notation name one document of a year (Decree 30/2020, Article 15.1)."""

    message = _l(
        "%(code)s of %(year)s is another document's number already: two registers give the same numbers. Have this "
        "register closed, and another one opened after the highest number given."
    )


def _refuse_twin(session: Session, document: OutgoingDocument, number: str, day: date) -> None:
    """Raises NumberTaken."""
    query = sa.select(OutgoingDocument.id).where(
        OutgoingDocument.agency_id == document.agency_id, OutgoingDocument.id != document.id,
        OutgoingDocument.code_number == number, OutgoingDocument.code_notation == document.code_notation,
        sa.extract("year", OutgoingDocument.issued_on) == day.year,
    )  # fmt: skip
    if session.scalar(query.limit(1)) is not None:
        raise NumberTaken(code=f"{number}/{document.code_notation}", year=day.year)


def put_page(
    session: Session, actor: Actor, document: OutgoingDocument, page: Page | None, prepared: Prepared
) -> None:
    """Add a version of the draft; earlier ones stay. `page` is None for one that comes from elsewhere."""
    versions = [file.version_no for file in queries.files(session, document, FileRole.DRAFT)]
    number = max(versions, default=0) + 1
    document.draft_source = prepared.source
    document.content = page.data() if isinstance(page, Text) else {}
    document.number_box = list(_sides(prepared.number_box)) if prepared.number_box else None
    where = prepared.signature
    document.signature_place = [where.page, *_sides(where.box)] if where else None
    document.page_count = prepared.page.page_count
    if prepared.word is not None:
        documents.add_file(session, actor, document, prepared.word, FileRole.SOURCE, version_no=number)
    documents.add_file(session, actor, document, prepared.page, FileRole.DRAFT, version_no=number)


def add_signed(
    session: Session,
    actor: Actor,
    document: OutgoingDocument,
    blob: Blob,
    source: DocumentFile,
    role: FileRole,
    name: str,
) -> DocumentFile:
    """Add a file made by signing another; pages stay as they were."""
    made = replace(Inspected.of(source), sha256=blob.sha256, size=blob.size, name=name)
    file = documents.add_file(session, actor, document, made, role)
    signatures.have_checked(session, (file, None))
    return file


def replace_attachment(
    session: Session, actor: Actor, document: OutgoingDocument, file: DocumentFile, blob: Blob
) -> None:
    """The signed attachment takes the place of the plain one, which stays as its source."""
    file.role = FileRole.SOURCE
    add_signed(session, actor, document, blob, file, FileRole.ATTACHMENT, file.name)


def remove_attachment(session: Session, actor: Actor, document: OutgoingDocument, file_id: int) -> None:
    """Take an attachment off a draft. Raises NotFound."""
    found = [file for file in queries.files(session, document, FileRole.ATTACHMENT) if file.id == file_id]
    if not found:
        raise NotFound
    session.execute(sa.delete(PageText).where(PageText.file_id == file_id))
    session.delete(found[0])
    audit.record(session, actor, DETACHED, document, file=found[0].name, sha256=found[0].sha256)


def disapprove(document: OutgoingDocument) -> None:
    """What was approved, checked and signed counts no more (Article 11.2)."""
    document.approved_at = document.form_checked_at = document.signed_at = None
    document.approved_by = document.form_checked_by = ""


def move(
    session: Session,
    actor: Actor,
    document: OutgoingDocument,
    target: State,
    step: str,
    note: str = "",
    cautions: Sequence[Caution] = (),
) -> None:
    """Set the state; the log keeps step, cautions of signing and the opinion, the one source of what was said."""
    before, document.state = document.state, target
    audit.record(
        session, actor, MOVED, document, step=step, before=before, after=target, note=note.strip() or None,
        cautions=list(cautions) or None,
    )  # fmt: skip


#: the step that leads where it can be taken back
_TAKEN_BACK: dict[State, str] = {
    State.PERMISSION: ASK, State.APPROVAL: Move.SUBMIT, State.FORM_CHECK: Move.APPROVE, State.SIGNATURE: Move.CHECK,
    State.NUMBERING: Move.SIGN, State.DISCARDED: Move.DISCARD,
}  # fmt: skip


def last_step(session: Session, document: OutgoingDocument) -> AuditEntry | None:
    """The step that could be taken back now, as the log has it: whoever took it may, others send the document back."""
    step = _TAKEN_BACK.get(document.state)
    query = sa.select(AuditEntry).where(
        AuditEntry.object_type == OutgoingDocument.__name__, AuditEntry.object_id == document.id,
        AuditEntry.action == MOVED, AuditEntry.details["step"].astext == step,
    )  # fmt: skip
    return session.scalar(query.order_by(AuditEntry.id.desc()).limit(1)) if step else None


def own_moves(session: Session, actor: Actor, document: OutgoingDocument) -> set[Move]:
    """`moves`, without taking back what another has done, and without signing where nobody can as it is."""
    found = moves(actor, document)
    if choosing.ended(document) is not None:
        found -= {Move.SIGN, Move.PLACE_SIGNATURE, Move.ALLOW}
    if Move.TAKE_BACK in found:
        step = last_step(session, document)
        if step is None or step.user_id != actor.user_id:
            found.discard(Move.TAKE_BACK)
    return found


def file_name(subject: str, limit: int = 50) -> str:
    """A name without accents and signs, at most 50 characters, as provinces ask for files that travel."""
    plain = "-".join("".join(c if c.isalnum() else " " for c in fold(subject)).split())
    return f"{plain[: limit - 4].strip('-') or 'van-ban'}.pdf"


def issued_name(document: OutgoingDocument) -> str:
    """`125-SNNMT-KHTC.pdf`."""
    return file_name(f"{document.code_number} {document.code_notation}").replace(".pdf", "").upper() + ".pdf"
