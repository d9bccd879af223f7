"""Use cases of the archive, one transaction each: accept, return, hold, destroy by decision.

Law on Archives 33/2024; Decree 30/2020, Articles 30 and 31; Circular 05/2025/TT-BNV.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.blobs import blobs
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Invalid
from eoffice.core.permissions import Actor, require
from eoffice.core.text import cites, nfc, whole
from eoffice.directory import queries as directory
from eoffice.documents import operations as documents
from eoffice.documents.geometry import Box
from eoffice.documents.models import DocumentFile
from eoffice.dossiers import operations, papers, queries
from eoffice.dossiers.models import (
    Destruction,
    DestructionItem,
    DestructionState,
    Dossier,
    DossierDocument,
    LegalHold,
)
from eoffice.dossiers.permissions import DOSSIER_APPROVE, DOSSIER_ARCHIVE, DOSSIER_CERTIFY
from eoffice.dossiers.states import State
from eoffice.dossiers.workflow import MACHINE, Move
from eoffice.signatures import keyring, seals
from eoffice.signatures import operations as signatures
from eoffice.signatures.awaited import About
from eoffice.signatures.keyring import Given
from eoffice.signatures.marks import Place
from eoffice.signatures.models import KeyPurpose

HELD = audit.action("dossiers.held", _l("Dossier put on hold"))
RELEASED = audit.action("dossiers.released", _l("Hold on a dossier lifted"))
PROPOSED = audit.action("dossiers.destruction_proposed", _l("Destruction proposed"))
DROPPED = audit.action("dossiers.destruction_dropped", _l("List of destruction dropped"))
DECIDED = audit.action("dossiers.destruction_decided", _l("Destruction decided"))
DESTROYED = audit.action("dossiers.destroyed", _l("Dossiers destroyed by decision"))
CERTIFICATE = _l("Certificate of destruction")
CERTIFIED = audit.action("dossiers.destruction_certified", _l("Certificate of destruction signed"))


class NotExpired(Conflict):
    """It must still be kept."""

    message = _l("The dossier %(notation)s must still be kept; it cannot be destroyed.")


class OnHold(Conflict):
    """Somebody needs it, whatever its retention says."""

    message = _l(
        "The dossier %(notation)s is on hold: %(reason)s. Drop this list and propose one without it, or have the hold "
        "lifted first."
    )


class NeedsGround(Invalid):
    """What was kept may be destroyed from then on: its ground is found again by number and day."""

    message = _l("Name the document that ends the hold: its number with notation, and its date.")


class NotOver(Conflict):
    """Whoever works on a document has only the bytes that would be destroyed."""

    message = _l(
        "The dossier %(notation)s holds what is not issued or not finished: %(documents)s. "
        "Ask whoever works on it to issue or finish it; until then nothing of the dossier is destroyed."
    )


class NotWhole(Conflict):
    """The archive takes what is finished (Article 30)."""

    message = _l(
        "Not issued or not finished yet: %(documents)s. Return the dossier to its unit, which finishes it or takes it "
        "out."
    )


class NotNow(Conflict):
    """The list is at another step."""

    message = _l("This list of destruction is at another step already. Reload the page.")


class NeedsDecision(Invalid):
    """Only the head decides (Law on Archives 2024)."""

    message = _l("Give number with notation, and date of the decision on destruction.")


def accept(session: Session, actor: Actor, dossier_id: int) -> Dossier:
    """Take a dossier into the archive. Raises NotFound, InvalidTransition, Forbidden, NotWhole."""
    with transaction(session):
        dossier = _allowed(session, actor, dossier_id, Move.ACCEPT)
        operations.refuse_unfinished(session, actor, dossier, NotWhole)
        dossier.archived_at = clock.now()
        operations.move(session, actor, dossier, Move.ACCEPT)
    return dossier


def send_back(session: Session, actor: Actor, dossier_id: int, reason: str) -> Dossier:
    """Return a dossier to its unit. Raises NotFound, InvalidTransition, Forbidden, NeedsReason."""
    with transaction(session):
        dossier = _allowed(session, actor, dossier_id, Move.RETURN)
        operations.move(session, actor, dossier, Move.RETURN, reason)
        dossier.reason = nfc(reason)
    return dossier


def hold(session: Session, actor: Actor, dossier_id: int, reason: str) -> LegalHold:
    """Keep a dossier whatever its retention says. Raises NotFound, Forbidden, NeedsReason, NotNow."""
    with transaction(session):
        dossier = _archived(session, actor, dossier_id)
        if not nfc(reason):
            raise operations.NeedsReason(field="note")
        made = LegalHold(
            agency_id=dossier.agency_id, dossier_id=dossier.id, reason=whole(reason, 500, "note"),
            placed_at=clock.now(), placed_by=_named(actor),
        )  # fmt: skip
        session.add(made)
        audit.record(session, actor, HELD, dossier, reason=made.reason)
    return made


def release(session: Session, actor: Actor, dossier_id: int, reason: str) -> Dossier:
    """Lift every hold on a dossier. Raises NotFound, Forbidden, NeedsGround, TooLong, NotNow when there is none.

    The archivist, who also destroys, does not judge alone whether the reason is over: a document says so.
    """
    with transaction(session):
        dossier = _archived(session, actor, dossier_id)
        why = whole(reason, 500, "note")
        held = [one for one in queries.holds(session, dossier) if one.lifted_at is None]
        if not held:
            raise NotNow
        if not cites(why):
            raise NeedsGround(field="note")
        for one in held:
            one.lifted_at, one.lifted_by, one.lift_reason = clock.now(), _named(actor), why
        audit.record(session, actor, RELEASED, dossier, reason=why)
    return dossier


def propose(session: Session, actor: Actor, dossier_ids: Sequence[int]) -> Destruction:
    """List expired dossiers for the head. Raises Forbidden, NotExpired, NotOver."""
    with transaction(session):
        require(actor, DOSSIER_ARCHIVE)
        agency_id = actor.agency_id or 0
        possible = {one.id: one for one in queries.expired(session, agency_id, clock.today())}
        wanted = sorted(set(dossier_ids))
        missing = next((one for one in wanted if one not in possible), None)
        if missing is not None or not wanted:
            raise NotExpired(notation=str(missing or ""))
        for one in wanted:
            operations.refuse_unfinished(session, actor, possible[one], NotOver)
        made = Destruction(
            agency_id=agency_id,
            state=DestructionState.PROPOSED,
            proposed_at=clock.now(),
            proposed_by=_named(actor),
        )
        session.add(made)
        session.flush()
        session.add_all(
            DestructionItem(agency_id=agency_id, destruction_id=made.id, dossier_id=one) for one in wanted
        )
        audit.record(session, actor, PROPOSED, made, dossiers=[possible[one].notation for one in wanted])
    return made


def drop(session: Session, actor: Actor, destruction_id: int, reason: str) -> Destruction:
    """Refuse a list, or take it back, until it is carried out; its dossiers stay. Raises NotFound, Forbidden, NotNow,
    NeedsReason, TooLong."""
    with transaction(session):
        made = _destruction(session, actor, destruction_id)
        require(actor, DOSSIER_APPROVE if actor.can(DOSSIER_APPROVE) else DOSSIER_ARCHIVE, made)
        if made.state is DestructionState.DONE or made.dropped_at is not None:
            raise NotNow
        why = whole(reason, 500, "note")
        if len(why) < 3:
            raise operations.NeedsReason(field="note")
        made.dropped_at, made.dropped_by, made.dropped_why = clock.now(), _named(actor), why
        audit.record(session, actor, DROPPED, made, note=why)
    return made


def decide(session: Session, actor: Actor, destruction_id: int, decision: str) -> Destruction:
    """The head decides. Raises NotFound, Forbidden, NotNow, NeedsDecision, OnHold, NotExpired, NotOver."""
    with transaction(session):
        made = _destruction(session, actor, destruction_id)
        require(actor, DOSSIER_APPROVE, made)
        if made.state is not DestructionState.PROPOSED or made.dropped_at is not None:
            raise NotNow
        decision = whole(decision, 300, "decision")
        if not cites(decision):  # what is destroyed is gone: its ground is found again by number and day
            raise NeedsDecision(field="decision")
        for item in made.items:
            _refuse_kept(session, item.dossier)  # a hold may have been placed since it was proposed
            operations.refuse_unfinished(session, actor, item.dossier, NotOver)
        made.state, made.decision = DestructionState.DECIDED, decision
        made.decided_at, made.decided_by = clock.now(), _named(actor)
        audit.record(session, actor, DECIDED, made, decision=made.decision)
    return made


def destroy(session: Session, actor: Actor, destruction_id: int) -> Destruction:
    """Carry a decision out: what lies in no other dossier is destroyed, the certificate lists every file.

    A hold placed since the decision stops it, and a document on which work goes on. Raises NotFound, Forbidden, NotNow,
    OnHold, NotExpired, NotOver.
    """
    with transaction(session):
        made = _destruction(session, actor, destruction_id)
        require(actor, DOSSIER_ARCHIVE, made)
        if made.state is not DestructionState.DECIDED or made.dropped_at is not None:
            raise NotNow
        files: dict[int, list[DocumentFile]] = {}
        kept: dict[int, int] = {}
        for item in made.items:
            dossier = _allowed(session, actor, item.dossier_id, Move.DESTROY)
            _refuse_kept(session, dossier)
            operations.refuse_unfinished(session, actor, dossier, NotOver)
            files[dossier.id], kept[dossier.id] = _empty(session, actor, dossier, made)
            operations.move(session, actor, dossier, Move.DESTROY, decision=made.decision)
        made.state, made.done_at, made.done_by = DestructionState.DONE, clock.now(), _named(actor)
        certificate = papers.certificate(directory.agency(session, made.agency_id), made, files, kept)
        assert certificate.seal is not None
        made.certificate_sha256 = blobs().put_bytes(certificate.pdf).sha256
        made.seal_place = [certificate.seal.page, *(round(side, 2) for side in certificate.seal.box)]
        audit.record(
            session, actor, DESTROYED, made, decision=made.decision, certificate=made.certificate_sha256
        )
    return made


def certify(session: Session, actor: Actor, destruction_id: int, given: Given) -> Destruction:
    """Sign the certificate with the agency's key. Raises NotFound, Forbidden, NotNow, and as `keyring`."""
    with transaction(session):
        made = queries.destruction(session, actor, destruction_id)
        require(actor, DOSSIER_CERTIFY, made)
        if made.certificate_sha256 is None or made.seal_place is None or made.signed_sha256 is not None:
            raise NotNow
        page, *sides = made.seal_place
        agency = directory.agency(session, made.agency_id)
        mark = seals.in_block(session, agency, Place(int(page), Box(*sides)))
        source = made.certificate_sha256
        about = About(f"destruction:{made.id}", f"{CERTIFICATE}: {made.decision}")
    with keyring.key_of(session, actor, KeyPurpose.AGENCY, given, about) as key:
        signed = key.sign(source, mark)
        blob = signed.blob
        with transaction(session):
            made = _destruction(session, actor, destruction_id)
            if made.signed_sha256 is not None:
                raise NotNow
            made.signed_sha256, made.signed_at, made.signed_by = blob.sha256, clock.now(), _named(actor)
            audit.record(
                session, actor, CERTIFIED, made, sha256=blob.sha256, cautions=list(signed.cautions) or None
            )
    return made


def _refuse_kept(session: Session, dossier: Dossier) -> None:
    if reasons := [one.reason for one in queries.holds(session, dossier) if one.lifted_at is None]:
        raise OnHold(notation=dossier.notation, reason="; ".join(reasons))
    until = dossier.keep_until
    if until is None or until >= clock.today():
        raise NotExpired(notation=dossier.notation)


def _empty(
    session: Session, actor: Actor, dossier: Dossier, made: Destruction
) -> tuple[list[DocumentFile], int]:
    """Destroy what lies in this dossier alone; the files, and how many documents stay for another one's sake."""
    going = sa.select(DestructionItem.dossier_id).where(DestructionItem.destruction_id == made.id)
    living = (
        sa.select(DossierDocument.document_id)
        .join(Dossier, Dossier.id == DossierDocument.dossier_id)
        .where(Dossier.state != State.DESTROYED, Dossier.id.not_in(going))
    )
    inside = sa.select(DossierDocument).where(DossierDocument.dossier_id == dossier.id)
    alone = session.scalars(inside.where(DossierDocument.document_id.not_in(living))).all()
    total = session.scalar(sa.select(sa.func.count()).select_from(inside.subquery())) or 0
    for placed in alone:
        signatures.forget(session, placed.document)
    files = [
        file
        for placed in alone
        for file in documents.destroy_files(session, actor, placed.document, made.decision)
    ]
    return files, total - len(alone)


def _archived(session: Session, actor: Actor, dossier_id: int) -> Dossier:
    """A dossier at the archive, which alone holds and releases. Raises NotFound, Forbidden, NotNow."""
    dossier = queries.one(session, actor, dossier_id)
    require(actor, DOSSIER_ARCHIVE, dossier)
    session.refresh(dossier, with_for_update={"of": Dossier})
    if dossier.state is not State.ARCHIVED:
        raise NotNow
    return dossier


def _allowed(session: Session, actor: Actor, dossier_id: int, step: Move) -> Dossier:
    """The dossier, held, when the step is the actor's now. Raises NotFound, InvalidTransition, Forbidden."""
    dossier = queries.one(session, actor, dossier_id)
    session.refresh(dossier, with_for_update={"of": Dossier})
    require(actor, MACHINE.step(dossier.state, step).permission, dossier)
    return dossier


def _destruction(session: Session, actor: Actor, destruction_id: int) -> Destruction:
    made = queries.destruction(session, actor, destruction_id)
    session.refresh(made, with_for_update=True)
    return made


def _named(actor: Actor) -> str:
    return ", ".join(part for part in (actor.name, actor.title) if part)
