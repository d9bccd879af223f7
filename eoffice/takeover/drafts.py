"""Drafts nobody has signed: their files and where they stand; what was approved elsewhere is approved here again."""

from dataclasses import dataclass, replace

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.errors import AppError
from eoffice.core.permissions import Actor
from eoffice.core.tables import Row, Rules
from eoffice.core.text import nfc
from eoffice.directory import tables as means
from eoffice.directory.models import Assignment
from eoffice.documents import operations as documents
from eoffice.documents import recipients
from eoffice.documents.models import Direction, Document, FileRole, LinkKind
from eoffice.documents.operations import Inspected
from eoffice.outgoing import choosing
from eoffice.outgoing import operations as outgoing
from eoffice.outgoing import service as outgoing_service
from eoffice.outgoing.choosing import Chosen
from eoffice.outgoing.drafting import Fields, Upload
from eoffice.outgoing.models import DraftSource, OutgoingDocument
from eoffice.outgoing.operations import Prepared
from eoffice.outgoing.permissions import OUTGOING_DRAFT
from eoffice.outgoing.states import State
from eoffice.takeover import house, tables
from eoffice.takeover.files import Files
from eoffice.takeover.house import House
from eoffice.takeover.operations import TAKEN_OVER


@dataclass(frozen=True)
class Plan:
    """A row read, and the rows of the house it names."""

    fields: Fields
    drafter: Assignment
    chosen: Chosen
    #: waits for approval already
    submitted: bool
    reply_to: Document | None


@dataclass(frozen=True)
class Page:
    """Its files, stored."""

    prepared: Prepared
    attachments: tuple[Inspected, ...]


def plan(session: Session, actor: Actor, at: House, row: Row, rules: Rules) -> Plan:
    """Find whom and what a row names. Raises what drafting refuses with."""
    drafter = rules.ask(lambda: _drafter(at, row), "drafter")
    signer = rules.ask(lambda: house.post(at, row["signer"]), "signer")
    answered = rules.ask(lambda: _answered(session, at, row), "reply_to")
    rules.ask(lambda: recipients.find(session, tables.several(row["recipients"])), "recipients")
    rules.end()
    assert drafter is not None, "no rule is broken"
    assert signer is not None, "as above"
    fields = Fields(
        kind_code=tables.kind(row["kind"]).code, subject=row["subject"], signer_id=signer.id,
        recipients=tables.several(row["recipients"]), unit_id=drafter.unit_id,
        urgency=tables.urgency(row["urgency"]), due_on=means.day(row["due_on"]),
    )  # fmt: skip
    fields.check()
    # a draft is its unit's, whoever takes it over
    units = frozenset(() if drafter.unit_id is None else (drafter.unit_id,))
    chosen = choosing.choose(session, replace(actor, unit_ids=units), fields)
    return Plan(fields, drafter, chosen, tables.submitted(row["state"]), answered)


def _drafter(at: House, row: Row) -> Assignment:
    return house.post(at, row["drafter"], able=OUTGOING_DRAFT)


def _answered(session: Session, at: House, row: Row) -> Document | None:
    if not row["reply_to"]:
        return None
    found = house.document(session, at, row["reply_to"])
    if found.direction is not Direction.IN:
        raise outgoing_service.NotIncoming
    return found


def look(row: Row, plan: Plan | None, files: Files, rules: Rules) -> None:
    """Check the files of a row, also of one that is refused already, and store nothing."""
    rules.ask(lambda: _look_at_page(row, plan, files), "file")
    for name in tables.several(row["attachments"]):
        try:
            with outgoing.looked_at(_upload(files, name)):
                pass
        except AppError as error:
            rules.refuse(error, "attachments")


def _look_at_page(row: Row, plan: Plan | None, files: Files) -> None:
    """Raises as `store`."""
    with outgoing.looked_at(_upload(files, row["file"])) as path:
        if plan is not None:
            outgoing.blanks_of(path, outgoing.notation_of(plan.fields, plan.chosen))


def store(row: Row, plan: Plan | None, files: Files, rules: Rules) -> Page:
    """The files of a sound row. Raises NoSuchFile, NotationDiffers, and what `intake`, `convert` refuse with."""
    rules.end()
    assert plan is not None, "a sound row has one"
    prepared = outgoing.prepare(_upload(files, row["file"]), plan.fields, plan.chosen)
    attachments = (outgoing.take_file(_upload(files, name))[0] for name in tables.several(row["attachments"]))
    return Page(prepared, tuple(attachments))


def _upload(files: Files, name: str) -> Upload:
    return Upload(files.open(name, documents.upload_limit()), name.rpartition("/")[2])


def take(
    session: Session, actor: Actor, at: House, plan: Plan | None, page: Page | None, rules: Rules
) -> str:
    """Write the draft; `page` is None while rehearsing. Says in words what becomes of the row."""
    rules.end()
    assert plan is not None, "a sound row has one"
    if _here(session, at, plan):
        return _("stays as it is")
    chosen, drafter = plan.chosen, plan.drafter
    document = OutgoingDocument(
        agency_id=at.agency.id, direction=Direction.OUT, drafter_id=drafter.id, issuer_name=at.agency.name,
        state=State.APPROVAL if plan.submitted else State.DRAFT, issuer_code=at.agency.code, created_at=clock.now(),
        listed_at=clock.now(), draft_source=DraftSource.UPLOAD, content={}, taken_over_from=at.system,
    )  # fmt: skip
    outgoing.fill(document, chosen, plan.fields)
    session.add(document)
    session.flush()
    units = [chosen.unit.id] if chosen.unit else []
    documents.give_access(session, actor, document, unit_ids=units, person_ids=[drafter.person_id])
    documents.set_recipients(session, document, chosen.recipients)
    if page is not None:
        _put_files(session, actor, document, page)
    if plan.reply_to is not None:
        documents.link(session, actor, document, plan.reply_to, LinkKind.REPLY)
    audit.record(session, actor, TAKEN_OVER, document, system=at.system, named=[drafter.label])
    documents.index(session, document)
    return _("goes on with %(who)s", who=drafter.label) if not plan.submitted else str(document.state.word)


def _put_files(session: Session, actor: Actor, document: OutgoingDocument, page: Page) -> None:
    outgoing.put_page(session, actor, document, None, page.prepared)
    for one in page.attachments:
        documents.add_file(session, actor, document, one, FileRole.ATTACHMENT)


def _here(session: Session, at: House, plan: Plan) -> bool:
    """Whether the table was taken over before, and this row with it."""
    query = sa.select(OutgoingDocument.id).where(
        OutgoingDocument.agency_id == at.agency.id, OutgoingDocument.subject == nfc(plan.fields.subject),
        OutgoingDocument.drafter_id == plan.drafter.id, OutgoingDocument.taken_over_from == at.system,
        OutgoingDocument.state.in_((State.DRAFT, State.APPROVAL, State.SENT_BACK)),
    )  # fmt: skip
    return session.scalars(query.limit(1)).first() is not None
