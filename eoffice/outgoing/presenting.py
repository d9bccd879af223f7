"""What the pages show of an outgoing document, made from what was read."""

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from markupsafe import Markup

from eoffice.core import audit, clock
from eoffice.core.states import Tone
from eoffice.documents.geometry import MM
from eoffice.documents.models import Direction, Document, DocumentFile, Medium
from eoffice.gateway.models import Asked
from eoffice.outgoing import operations, posting
from eoffice.outgoing.models import Carrier, OutgoingDocument
from eoffice.outgoing.queries import NextActor
from eoffice.outgoing.states import State
from eoffice.outgoing.workflow import ASK, Move

#: colour class of a state's tone; tones that are no colour are in motion
_COLOURS = {Tone.WAIT: "accent", Tone.RUN: "accent"}
_DONE: dict[str, LazyString] = {
    Move.REVISE: _l("changed the draft"),
    Move.SUBMIT: _l("submitted the draft"),
    Move.APPROVE: _l("approved the content"),
    Move.CHECK: _l("checked the form"),
    Move.CONSULT: _l("asked for opinions"),
    Move.SEND_BACK: _l("sent it back"),
    Move.TAKE_BACK: _l("took the step back"),
    Move.SIGN: _l("signed"),
    Move.NUMBER: _l("gave number and date"),
    Move.SEAL: _l("sealed it"),
    Move.ISSUE: _l("issued it"),
    Move.VOID: _l("made the number void"),
    Move.DISCARD: _l("gave the draft up"),
    ASK: _l("asked to have it copied"),
    Move.ALLOW: _l("allowed the copy"),
    Move.REFUSE: _l("did not allow the copy"),
}
_NEXT = {
    State.DRAFT: _l("finishes the draft and submits it"),
    State.SENT_BACK: _l("mends the draft and submits it again"),
    State.APPROVAL: _l("approves the content"),
    State.FORM_CHECK: _l("checks the form"),
    State.SIGNATURE: _l("signs"),
    State.NUMBERING: _l("gives number and date"),
    State.SEALING: _l("seals with the agency's key"),
    State.ISSUING: _l("issues it to the recipients"),
    State.PERMISSION: _l("allows the copy or refuses it"),
}
_BY_HAND = _l("prints it, has it signed and stamps it")


def address(document: Document) -> str:
    """The page of a document of either direction."""
    incoming = document.direction is Direction.IN
    return url_for("incoming.show" if incoming else "outgoing.show", document_id=document.id)


def state_mark(document: OutgoingDocument) -> tuple[str, str, str, str]:
    """Word, shape, colour and sentence of a document's state, as the macro takes them."""
    look = document.look
    return str(look.word), look.shape.value, _COLOURS.get(look.tone, look.tone.value), str(look.sentence)


def next_step(document: OutgoingDocument, step: NextActor | None) -> tuple[str | None, str] | None:
    """Who acts next and what he does."""
    if step is None:
        return None
    by_hand = document.copied_to is Medium.PAPER and step.state is State.SEALING
    if step.name is None and step.state is State.APPROVAL and document.unit is not None:
        return _("nobody, as %(unit)s has no head", unit=document.unit.name), str(_NEXT[step.state])
    return step.name, str(_BY_HAND if by_hand else _NEXT[step.state])


#: the signature block of most documents: right half, lower part of the last page, in points
_USUAL = (317.0, 90.0, 487.0, 161.0)


def pages(file: DocumentFile | None, document: OutgoingDocument | None = None) -> list[dict[str, Any]]:
    """The pages of a file; with `document`, dashed places of the signature and the number line still to come."""
    if file is None or not file.is_pdf:
        return []
    return [
        {
            "url": url_for("documents.page_image", file_id=file.id, page=number),
            "width": round(width), "height": round(height), "alt": "",
            "marks": _ghosts(document, number, height) if document else [],
        }
        for number, (width, height) in enumerate(file.page_sizes, 1)
    ]  # fmt: skip


def signature_spot(document: OutgoingDocument, file: DocumentFile | None) -> dict[str, float]:
    """Where the signature will stand, in millimetres from the left and top edge of its page; where it stands in most
    documents, when it was not found."""
    sizes = file.page_sizes if file is not None else []
    page, *box = document.signature_place or (len(sizes), *_USUAL)
    height = sizes[page - 1][1] if 1 <= page <= len(sizes) else 842
    x0, y0, x1, y1 = (side / MM for side in box)
    spot = {"left": x0, "top": height / MM - y1, "width": x1 - x0, "height": y1 - y0}
    return {"page": page} | {name: round(length, 1) for name, length in spot.items()}


def _ghosts(
    document: OutgoingDocument, page: int, height: float
) -> list[tuple[str, float, float, float, float, str]]:
    boxes = []
    if document.signature_place and document.signed_at is None and document.signature_place[0] == page:
        boxes.append(document.signature_place[1:])
    if document.number_box and document.sealed_at is None and page == 1:
        boxes.append(document.number_box)
    return [
        ("", round(x0, 1), round(height - y1, 1), round(x1 - x0, 1), round(y1 - y0, 1), "ghost")
        for x0, y0, x1, y1 in boxes
    ]


def history(entries: Sequence[audit.AuditEntry]) -> list[tuple[str, Markup]]:
    """The log of a document in words, newest first."""
    return [(f"{clock.local(entry.at):%d/%m %H:%M}", _sentence(entry)) for entry in entries]


def answered_changed(entries: Sequence[audit.AuditEntry]) -> tuple[str, str] | None:
    """What the sender of the document that is answered asked last, and why."""
    found = next((one for one in entries if one.action == operations.ANSWERED_CHANGED), None)
    return (str(Asked(found.details["kind"]).word), found.details.get("reason", "")) if found else None


def opinions(entries: Sequence[audit.AuditEntry]) -> list[tuple[str, str, str]]:
    """What was written with the steps, oldest first: when, who, words."""
    said = [
        entry for entry in reversed(entries) if entry.action == operations.MOVED and entry.details.get("note")
    ]
    return [(f"{clock.local(one.at):%d/%m/%Y %H:%M}", one.actor, one.details["note"]) for one in said]


def deed(entry: audit.AuditEntry) -> str:
    """What an entry of the log says was done: of a move, the step that was taken."""
    step = entry.details.get("step")
    if entry.action == operations.MOVED and step in _DONE:
        return str(_DONE[step])
    return str(audit.DECLARED.get(audit.Action(entry.action), entry.action))


def _carried(text: str) -> str:
    """As the dispatch book has it; how a paper went in words."""
    return next((str(one.word) for one in Carrier if one.value == text), text or "…")


def _sentence(entry: audit.AuditEntry) -> Markup:
    details, what = entry.details, deed(entry)
    told = [
        str(details[key]) for key in ("number", "file", "recipient", "note", "reason") if details.get(key)
    ]
    if entry.action == posting.CORRECTED:
        pairs = zip(details["before"], details["after"], strict=True)
        told = [f"{_carried(old)} → {_carried(new)}" for old, new in pairs]
        told += [details["to"], details["reason"]]
    said = f"{what[:1].upper()}{what[1:]}"
    return Markup("<b>{}</b>. {}{}").format(entry.actor, said, f": {'; '.join(told)}" if told else "")
