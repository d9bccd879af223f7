"""What the pages show of an outgoing document, made from what was read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from markupsafe import Markup

from eoffice.core import audit, clock
from eoffice.core.states import Tone
from eoffice.directory.models import Agency
from eoffice.documents.geometry import MM
from eoffice.documents.models import Direction, Document, DocumentFile
from eoffice.gateway.models import Answer, Delivery, Hop, Request
from eoffice.gateway.queries import OUT_OF_REACH, TROUBLE
from eoffice.outgoing import operations
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.queries import NextActor
from eoffice.outgoing.states import State
from eoffice.outgoing.workflow import Move

#: colour class of a state's tone; tones that are no colour are in motion
_COLOURS = {Tone.WAIT: "accent", Tone.RUN: "accent"}
#: hours after which a copy nobody fetched is worth a look
STALE = timedelta(hours=12)

#: steps a copy takes, with the column that proves each
HOPS = (
    ("on_axis_at", _l("Axis took it")),
    ("fetched_at", _l("Fetched by the recipient")),
    ("arrived_at", _l("Arrived")),
    ("registered_at", _l("Reception")),
    ("assigned_at", _l("Assignment")),
    ("processing_at", _l("Handling")),
    ("done_at", _l("Completed")),
)
_HOP_LOOKS = {
    Hop.WAITING: ("ring", "accent", _l("Waiting to be sent to the axis; it goes out by itself.")),
    Hop.ON_AXIS: ("ring", "accent", _l("The axis has it, the recipient has not fetched it.")),
    Hop.FETCHED: ("half", "accent", _l("The recipient's system has fetched it.")),
    Hop.ARRIVED: ("tick", "ok", _l("The recipient's system holds it.")),
    Hop.REGISTERED: ("tick", "ok", _l("The recipient has registered it.")),
    Hop.ASSIGNED: ("half", "accent", _l("The recipient has named who works on it.")),
    Hop.PROCESSING: ("half", "accent", _l("The recipient is working on it.")),
    Hop.DONE: ("tick", "ok", _l("The recipient is done.")),
    Hop.REFUSED: ("octagon", "bad", _l("The recipient returned it.")),
    Hop.WITHDRAWN: ("dash", "idle", _l("The recipient has destroyed its copy.")),
    Hop.UNREADABLE: (
        "octagon",
        "bad",
        _l("The recipient's system could not read it. Send it again, or call there."),
    ),
    Hop.FAILED: ("octagon", "bad", _l("It could not be sent; the packet is kept whole.")),
}
_DONE = {
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
}


def address(document: Document) -> str:
    """The page of a document of either direction."""
    incoming = document.direction is Direction.IN
    return url_for("incoming.show" if incoming else "outgoing.show", document_id=document.id)


def state_mark(document: OutgoingDocument) -> tuple[str, str, str, str]:
    """Word, shape, colour and sentence of a document's state, as the macro takes them."""
    look = document.state.look
    return str(look.word), look.shape.value, _COLOURS.get(look.tone, look.tone.value), str(look.sentence)


def next_step(step: NextActor | None) -> tuple[str | None, str] | None:
    """Who acts next and what he does."""
    return (step.name, str(_NEXT[step.state])) if step else None


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


@dataclass(frozen=True)
class Copy:
    """One recipient's row."""

    name: str
    url: str
    hops: list[tuple[str, str, str]]
    mark: tuple[str, str, str, str]
    kind: str = ""
    message: str = ""
    #: sending again may help
    failed: bool = False
    #: of the copy, for asking it back; None when there is nothing to give back
    asks: int | None = None


def copies(
    deliveries: Sequence[Delivery],
    issued_at: datetime | None,
    contacts: Mapping[str, Agency],
    *,
    follows: bool,
) -> list[Copy]:
    """Every recipient's way, as the macro `hops` takes it; with the address of its evidence for who `follows` it.

    `contacts`: agencies by code, to be called where something went wrong.
    """
    return [_copy(one, issued_at, contacts.get(one.recipient_code), follows) for one in deliveries]


def _contact(agency: Agency | None) -> str:
    """Whom to call; "" when the directory knows nobody there."""
    reached = [agency.telephone, agency.email] if agency is not None else []
    known = ", ".join(one for one in reached if one)
    return _("Call there: %(contact)s.", contact=known) if known else ""


def _copy(delivery: Delivery, issued_at: datetime | None, agency: Agency | None, follows: bool) -> Copy:
    shape, colour, sentence = _HOP_LOOKS[delivery.hop]
    kind, message = "", ""
    if delivery.hop in TROUBLE:
        told = (str(sentence), delivery.note, _contact(agency))
        kind, message = "bad", " ".join(part for part in told if part)
    elif delivery.hop in (Hop.WAITING, Hop.ON_AXIS):
        kind, message = "info", str(sentence)
        since = delivery.on_axis_at
        if since is not None and clock.now() - since > STALE:
            hours = int((clock.now() - since).total_seconds() // 3600)
            shape, colour, kind = "triangle", "warn", "warn"
            held = ngettext(
                "It has lain there for %(num)s hour.", "It has lain there for %(num)s hours.", hours
            )
            message = f"{sentence} {held}"
    asked = delivery.requests[-1] if delivery.requests else None
    if asked is not None:
        kind, message = _asked(asked)
    waits = asked is not None and asked.answer is Answer.OPEN
    return Copy(
        delivery.recipient_name,
        url_for("gateway.copy", document_id=delivery.document_id, delivery_id=delivery.id) if follows else "",
        _hops(delivery, issued_at),
        (str(delivery.hop.word), shape, colour, str(sentence)),
        kind,
        message,
        failed=delivery.hop in TROUBLE,
        asks=None if waits or delivery.hop in (*OUT_OF_REACH, Hop.DONE) else delivery.id,
    )


def _asked(asked: Request) -> tuple[str, str]:
    """What was asked of a copy and what the recipient said, as kind and sentence."""
    what = _("%(what)s, asked at %(moment)s: %(reason)s.", what=asked.kind.word, moment=stamp(asked.asked_at),
             reason=asked.reason.rstrip("."))  # fmt: skip
    if asked.answer is Answer.OPEN:
        return "info", what + " " + _("The recipient has not answered yet.")
    said = {"moment": stamp(asked.answered_at), "note": asked.note}
    if asked.answer is Answer.AGREED:
        return "ok", what + " " + _("Agreed at %(moment)s: %(note)s", **said)
    return "warn", what + " " + _("Refused at %(moment)s: %(note)s", **said)


def _hops(delivery: Delivery, issued_at: datetime | None) -> list[tuple[str, str, str]]:
    times = [getattr(delivery, column) for column, _word in HOPS]
    reached = max((place for place, at in enumerate(times) if at), default=-1)
    found = []
    for place, at in enumerate(times):
        if place <= reached:
            found.append(("ok", _moment(at, issued_at) if at else "", stamp(at)))
        elif place == reached + 1 and delivery.hop in TROUBLE:
            ended = delivery.refused_at
            found.append(("bad", _moment(ended, issued_at) if ended else "", delivery.note))
        else:
            found.append(("open", "", ""))
    return found


def totals(deliveries: Sequence[Delivery]) -> list[tuple[str, int, str]]:
    """Tone, count and words of recipients that are done with, in trouble, or waited for."""
    arrived = (Hop.REGISTERED, Hop.ASSIGNED, Hop.PROCESSING, Hop.DONE)
    groups = (
        ("ok", [d for d in deliveries if d.hop in arrived], _("received")),
        ("bad", [d for d in deliveries if d.hop is Hop.FAILED], _("could not be sent")),
        ("bad", [d for d in deliveries if d.hop is Hop.REFUSED], _("refused")),
        ("bad", [d for d in deliveries if d.hop is Hop.UNREADABLE], _("unreadable there")),
        ("idle", [d for d in deliveries if d.hop is Hop.WITHDRAWN], _("withdrawn")),
        (
            "accent",
            [d for d in deliveries if d.hop in (Hop.FETCHED, Hop.ARRIVED)],
            _("arrived, not registered"),
        ),
        ("warn", [d for d in deliveries if d.hop is Hop.ON_AXIS], _("waiting to be fetched")),
        ("accent", [d for d in deliveries if d.hop is Hop.WAITING], _("waiting for the axis")),
    )
    return [(tone, len(rows), words) for tone, rows, words in groups if rows]


def _moment(at: datetime, issued_at: datetime | None) -> str:
    local = clock.local(at)
    same = issued_at is not None and clock.local(issued_at).date() == local.date()
    return f"{local:%H:%M}" if same else f"{local:%d/%m}"


def stamp(at: datetime | None) -> str:
    """Day and time to the second; "" for none."""
    return f"{clock.local(at):%d/%m/%Y %H:%M:%S}" if at else ""


def history(entries: Sequence[audit.AuditEntry]) -> list[tuple[str, Markup]]:
    """The log of a document in words, newest first."""
    return [(f"{clock.local(entry.at):%d/%m %H:%M}", _sentence(entry)) for entry in entries]


def opinions(entries: Sequence[audit.AuditEntry]) -> list[tuple[str, str, str]]:
    """What was written with the steps, oldest first: when, who, words."""
    said = [
        entry for entry in reversed(entries) if entry.action == operations.MOVED and entry.details.get("note")
    ]
    return [(f"{clock.local(one.at):%d/%m/%Y %H:%M}", one.actor, one.details["note"]) for one in said]


def deed(entry: audit.AuditEntry) -> str:
    """What an entry of the log says was done: of a move, the step that was taken."""
    step = entry.details.get("step")
    if entry.action == operations.MOVED and step in set(Move):
        return str(_DONE[Move(step)])
    return str(audit.DECLARED.get(audit.Action(entry.action), entry.action))


def _sentence(entry: audit.AuditEntry) -> Markup:
    details, what = entry.details, deed(entry)
    told = [
        str(details[key]) for key in ("number", "file", "recipient", "note", "reason") if details.get(key)
    ]
    said = f"{what[:1].upper()}{what[1:]}"
    return Markup("<b>{}</b>. {}{}").format(entry.actor, said, f": {'; '.join(told)}" if told else "")
