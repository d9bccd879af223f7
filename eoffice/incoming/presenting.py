"""What the pages show of a document, made from what was read: no query of its own beside those named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import current_app, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.states import Tone
from eoffice.directions.models import OPEN, Direction, Part, Task, TaskState
from eoffice.documents import deadlines
from eoffice.documents.fields import FieldGuess, Guess
from eoffice.documents.geometry import Box
from eoffice.documents.models import Direction as Way
from eoffice.documents.models import Document, DocumentFile, LinkKind
from eoffice.documents.queries import Related
from eoffice.gateway.models import Answer, Arrival, DispatchState, Report, Request
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.service import SecretNotEntered
from eoffice.incoming.states import Doubt, State

#: colour class of a state's tone
COLOURS = {Tone.WAIT: "accent", Tone.RUN: "accent", Tone.OK: "ok", Tone.WARN: "warn", Tone.BAD: "bad",
           Tone.IDLE: "idle"}  # fmt: skip


def unread_name(document: Document) -> str:
    """What a paper is called before somebody has read its subject: how it came, under what name and when, so that two
    of a morning are told apart."""
    if not isinstance(document, IncomingDocument):
        return ""
    hour = f"{clock.local(document.arrived_at):%H:%M %d/%m}"
    called = f"“{document.summary}” · " if document.summary else ""
    if document.sent_from:
        return called + _("Mail from %(sender)s, %(hour)s", sender=document.sent_from, hour=hour)
    return called + _("Scan of %(hour)s", hour=hour)


#: number shown beside a field and at the place on the page it was read from
TAGS = {
    "code_number": ("1", "number"), "code_notation": ("2", "notation"), "issued_on": ("3", "issued_on"),
    "issuer_name": ("4", "issuer"), "kind_code": ("5", "kind"), "subject": ("6", "subject"),
    "signer_name": ("7", "signer_name"), "signer_title": ("8", "signer_title"), "due_on": ("9", "due_on"),
    "urgency": ("10", "urgency"),
}  # fmt: skip

#: what the sender is told, in order (QCVN 102:2016); 02 stands alone
STEPS = {
    "01": _l("Arrived"), "03": _l("Received"), "04": _l("Assigned"), "05": _l("In progress"),
    "06": _l("Completed"),
}  # fmt: skip


@dataclass(frozen=True)
class NextStep:
    """Who acts next; the name is None when a role and not a person is awaited."""

    name: str | None
    sentence: str


def address(document: Document) -> str | None:
    """The page of a document of either direction; outgoing lies beside this feature, so by name only."""
    endpoint = f"{'incoming' if document.direction is Way.IN else 'outgoing'}.show"
    known = endpoint in current_app.view_functions
    return url_for(endpoint, document_id=document.id) if known else None


def addresses(documents: Sequence[Document]) -> list[tuple[Document, str | None]]:
    """Each with its page."""
    return [(one, address(one)) for one in documents]


def older(related: Related) -> list[tuple[str, Document, str | None]]:
    """What a document says of an earlier one, in words: which it replaces or corrects, each with its page."""
    return [(words, one, address(one)) for kind, words in _older() for one in related[kind, True]]


def older_of(links: Mapping[str, int]) -> list[tuple[str, str]]:
    """The same where their ids alone are known: in words, and the page."""
    return [
        (words, url_for("incoming.show", document_id=links[kind]))
        for kind, words in _older()
        if kind in links
    ]


def _older() -> tuple[tuple[LinkKind, str], ...]:
    return (LinkKind.REPLACES, _("Replaces:")), (LinkKind.CORRECTS, _("Corrects:"))


def state_mark(document: IncomingDocument) -> tuple[str, str, str, str]:
    """Word, shape, colour and sentence of a document's state, as the macro takes them."""
    look = document.state.look
    return str(look.word), look.shape.value, COLOURS[look.tone], str(look.sentence)


def doubt(document: IncomingDocument) -> str | None:
    """Why the clerk has to look, in words; None when there is no reason to."""
    if document.state is not State.CHECK:
        return None
    known = [Doubt(document.reason).sentence] if document.reason in set(Doubt) else []
    if any(file.sealed_at is not None for file in document.files):  # kept, until the officer has decided
        known = [SecretNotEntered.message, *(one for one in known if one != Doubt.SECRET.sentence)]
    return " ".join(map(str, known)) or None


_TASK_MARKS = {
    TaskState.NEW: ("ring", "accent"), TaskState.SEEN: ("ring", "accent"),
    TaskState.WORKING: ("half", "accent"), TaskState.DONE: ("tick", "ok"),
    TaskState.WITHDRAWN: ("dash", "idle"),
}  # fmt: skip


def task_mark(task: Task) -> tuple[str, str, str, str]:
    """The same for a task; what is for information is done once it was seen."""
    shape, colour = _TASK_MARKS[task.state]
    if task.part is Part.INFORM and task.state is TaskState.SEEN:
        shape, colour = "tick", "ok"
    return str(task.state.word), shape, colour, task.result


def continued(directions: Sequence[Direction]) -> set[int]:
    """Ids of tasks that a later direction took over with whoever it names again."""
    found, later = set[int](), set[tuple[int | None, int | None, int | None]]()
    for direction in reversed(directions):
        above = direction.parent_task_id
        whom = {task.id: (above, task.unit_id, task.assignment_id) for task in direction.tasks}
        gone = (task for task in direction.tasks if task.state is TaskState.WITHDRAWN)
        found |= {task.id for task in gone if whom[task.id] in later}
        later |= {whom[task.id] for task in direction.tasks if task.part is not Part.INFORM}
    return found


def next_step(
    document: IncomingDocument, directions: Sequence[Direction], *, wanted_back: bool = False
) -> NextStep | None:
    """Who acts next and what he does, None when nothing is left to do; `wanted_back`: its sender asks for it."""
    if wanted_back:
        return NextStep(None, _("the clerk answers the sender, who asks for it back"))
    match document.state:
        case State.WAITING | State.CHECK:
            return NextStep(None, _("the clerk checks and registers it"))
        case State.REGISTERED:
            return NextStep(None, _("the clerk submits it to a leader"))
        case State.SUBMITTED:
            leader = document.submitted_to.label if document.submitted_to else None
            return NextStep(leader, _("gives his direction"))
        case State.FORWARDED | State.IN_PROGRESS:
            return _next_worker(document, directions)
    return None


def _next_worker(document: IncomingDocument, directions: Sequence[Direction]) -> NextStep | None:
    leading = [
        task
        for direction in directions
        for task in direction.tasks
        if task.part is Part.LEAD and task.state in OPEN
    ]
    # who works for a unit, before the unit
    handed_on = {task.direction.parent_task_id for task in leading}
    working = [task for task in leading if task.id not in handed_on]
    if not working:
        return None
    task = working[-1]
    due = deadlines.words(task.due_on, task.due_time)[0] or _("No deadline")
    if document.state is State.FORWARDED:
        return NextStep(task.label, _("names who works on it, %(due)s", due=due))
    return NextStep(task.label, _("works on it, %(due)s", due=due))


def pages(file: DocumentFile | None, guess: FieldGuess | None = None) -> list[dict[str, Any]]:
    """The pages of a PDF as the viewer takes them, with the places that were read."""
    if file is None or not file.is_pdf:
        return []
    return [
        {
            "url": url_for("documents.page_image", file_id=file.id, page=number),
            "width": round(width), "height": round(height), "alt": "",
            "marks": [_mark(tag, one, height) for tag, one in read_places(guess) if one.page == number],
        }
        for number, (width, height) in enumerate(file.page_sizes, 1)
    ]  # fmt: skip


def read_places(guess: FieldGuess | None) -> list[tuple[str, Guess[Any]]]:
    """The tag of each field that was read, and where."""
    if guess is None:
        return []
    places = {name: getattr(guess, name) for _tag, name in TAGS.values()} | _code_places(guess)
    return [(tag, one) for tag, name in TAGS.values() if (one := places[name]) is not None]


def _code_places(guess: FieldGuess) -> dict[str, Guess[Any]]:
    """Number and notation stand on one line: each gets the share of it that its letters take."""
    number, notation = guess.number, guess.notation
    if number is None or notation is None or number.box != notation.box:
        return {}
    box, before = number.box, len("Số: ") + len(number.value)
    cut = box.x0 + box.width * before / (before + len("/") + len(notation.value))
    return {
        "number": replace(number, box=Box(box.x0, box.y0, cut, box.y1)),
        "notation": replace(notation, box=Box(cut, box.y0, box.x1, box.y1)),
    }


def _mark(tag: str, one: Guess[Any], height: float) -> tuple[str, float, float, float, float, str]:
    """A box as the drawing counts: from the top."""
    box = one.box
    return tag, round(box.x0, 1), round(height - box.y1, 1), round(box.width, 1), round(box.height, 1), ""


def reports(rows: Sequence[Report]) -> tuple[list[str], list[tuple[str, str, str]]] | None:
    """What the sender was told, as one line of hops; None for a document that came on paper."""
    if not rows:
        return None
    told = {row.code: row for row in rows}
    refused = told.get("02")
    steps = {"01": STEPS["01"], "02": _l("Refused")} if refused else STEPS
    hops = [_hop(told.get(code), code) for code in steps]
    return [str(word) for word in steps.values()], hops


def addressed(arrival: Arrival | None) -> str:
    """The closed agency a document was written to that came to its successor; "" for one that is its own."""
    return (
        f"{arrival.addressed_name} ({arrival.addressed_code})" if arrival and arrival.addressed_name else ""
    )


def passed_on_by(document: IncomingDocument, arrival: Arrival | None) -> str:
    """Who sent a document on that another agency issued; "" for one that came from its issuer."""
    if arrival is None or document.issuer_code in ("", arrival.sender_code):
        return ""
    return arrival.sender_name


def _hop(row: Report | None, code: str) -> tuple[str, str, str]:
    if row is None:
        return "open", "", ""
    tones = {DispatchState.ACCEPTED: "ok", DispatchState.WAITING: "warn", DispatchState.FAILED: "bad"}
    tone = "bad" if code == "02" else tones[row.state]
    return tone, moment(row.at), row.description


def request(one: Request) -> tuple[str, str, str]:
    """What the sender asked and what was answered, as kind, title and sentence."""
    title = _("%(what)s, asked by the sender at %(moment)s:", what=one.kind.word, moment=stamp(one.asked_at))
    if one.answer is Answer.OPEN:
        return "warn", title, one.reason
    said = _("Agreed") if one.answer is Answer.AGREED else _("Refused")
    return "info", title, f"{one.reason} · {said}, {one.answered_by}: {one.note}"


def moment(at: Any) -> str:
    """The time of today, the date of another day."""
    local = clock.local(at)
    return f"{local:%H:%M}" if local.date() == clock.today() else f"{local:%d/%m/%Y}"


def stamp(at: Any) -> str:
    """Date and time."""
    return f"{clock.local(at):%d/%m/%Y %H:%M}"


def history(session: Session, document: IncomingDocument) -> list[tuple[str, Markup]]:
    """The log of a document in words, newest first: one query."""
    entries = audit.history(session, document)
    return [(f"{clock.local(entry.at):%d/%m %H:%M}", _sentence(entry)) for entry in entries]


def _sentence(entry: audit.AuditEntry) -> Markup:
    what = str(audit.DECLARED[audit.Action(entry.action)]) if entry.action in audit.DECLARED else entry.action
    told = [words for key in _TOLD if (one := entry.details.get(key)) and (words := _told(key, one))]
    tail = f": {'; '.join(told)}" if told else ""
    return Markup("<b>{}</b>. {}{}").format(entry.actor, what, tail)


#: of what the log keeps with a deed, what people read, in this order
_TOLD = (
    "number", "task", "corrected", "leader", "lead", "named", "due_on", "before", "until", "hour", "reason", "note",
    "result", "file",
)  # fmt: skip
_DAYS = {"due_on": _l("due %(day)s"), "before": _l("was due %(day)s"), "until": _l("due %(day)s")}


def _told(key: str, one: Any) -> str:
    if key in _DAYS:  # a step of the document's way keeps its state before, too
        day = _iso_day(one)
        return str(_DAYS[key]) % {"day": f"{day:%d/%m/%Y}"} if day else ""
    return ", ".join(map(_named, one)) if isinstance(one, list) else str(one)


def _iso_day(text: Any) -> date | None:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def _named(one: str) -> str:
    """Who was named, with the word for the part: the log keeps its code."""
    part, _sep, name = one.partition(": ")
    return f"{Part(part).word}: {name}" if part in set(Part) else one
