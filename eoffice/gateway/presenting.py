"""How copies at recipients look on a page, made from what was read; the pages of both directions show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.permissions import Actor
from eoffice.directory import queries as directory
from eoffice.directory.models import Agency
from eoffice.documents.models import Document
from eoffice.gateway import queries
from eoffice.gateway.models import Answer, Asked, Delivery, Hop, Request
from eoffice.gateway.permissions import GATEWAY_FOLLOW, GATEWAY_RECALL
from eoffice.gateway.queries import OUT_OF_REACH, TROUBLE
from eoffice.gateway.service import EVERYBODY

#: hours after which a copy nobody fetched is worth a look
STALE = timedelta(hours=12)

#: while it is on its way the page looks again by itself, for so long after the document was sent
FRESH = timedelta(minutes=10)

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


def shown(
    session: Session, actor: Actor, document: Document, since: datetime | None, *, evidence: bool = True
) -> dict[str, Any]:
    """What `_copies.html` and `_recall.html` show of a document sent at `since`; `evidence`: there is a page for it."""
    deliveries = queries.deliveries_of(session, document)
    troubled = {copy.recipient_code for copy in deliveries if copy.hop in TROUBLE}
    contacts = directory.agencies_by_code(session, troubled) if troubled else {}
    follows = evidence and actor.can(GATEWAY_FOLLOW)
    made = copies(deliveries, since, contacts, follows=follows)
    recalled = next((one for copy in deliveries for one in copy.requests if one.kind is Asked.RECALL), None)
    return {
        "copies": made,
        "columns": [word for _column, word in HOPS],
        "totals": totals(deliveries),
        "moving": since is not None
        and clock.now() - since < FRESH
        and any(copy.hop in (Hop.WAITING, Hop.ON_AXIS, Hop.FETCHED) for copy in deliveries),
        "failed": any(copy.failed for copy in made),
        "recalled": recalled,
        "recalled_at": stamp(recalled.asked_at) if recalled else "",
        "askable": _askable(made) if actor.can(GATEWAY_RECALL) and not recalled else [],
    }


def _askable(made: list[Copy]) -> list[tuple[str, str]]:
    """Whom a copy can be asked back from, everybody first."""
    each = [(str(copy.asks), copy.name) for copy in made if copy.asks is not None]
    # nobody is preset: a recall destroys
    return [("", _("Choose")), (EVERYBODY, _("All recipients: recall the document")), *each] if each else []


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
