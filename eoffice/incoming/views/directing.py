"""The reading room: a leader directs one document after the other, a secretary prepares for him."""

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from eoffice.core.errors import AppError, InvalidTransition
from eoffice.core.forms import refused
from eoffice.core.web import current_actor, db, needs, tell_meanwhile
from eoffice.directions import helps, service
from eoffice.directions import queries as directions
from eoffice.directions.forms import DirectionForm, NamingForm, PreparationForm
from eoffice.directions.models import DirectingHelp, Direction, Part
from eoffice.directions.operations import Named
from eoffice.directions.permissions import DIRECTION_GIVE, DIRECTION_PREPARE, can_take
from eoffice.directory import queries as directory
from eoffice.directory.models import Role
from eoffice.documents import deadlines
from eoffice.documents import service as files
from eoffice.gateway import queries as gateway
from eoffice.incoming import prepared, presenting, queries
from eoffice.incoming import service as incoming
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.prepared import Prepared
from eoffice.incoming.queries import Queue
from eoffice.incoming.views import bp
from eoffice.incoming.views.work import tabs
from eoffice.incoming.workflow import MACHINE, Move


@bp.get("/work/direct")
@needs(DIRECTION_GIVE)
def to_direct() -> ResponseReturnValue:
    """The leader's queue, its first document open."""
    queue = queries.queue(db(), current_actor())
    if queue.open is None:
        return render_template("incoming/work.html", tasks=[], tabs=tabs("incoming.to_direct"))
    return _room(queue, queue.open, DirectionForm)


@bp.route("/work/direct/<int:document_id>", methods=["GET", "POST"])
@needs(DIRECTION_GIVE)
def direct(document_id: int) -> ResponseReturnValue:
    """One document of the queue, and the direction on it; what was prepared binds when the leader sends it."""
    actor = current_actor()
    queue = queries.queue(db(), actor, document_id)
    assert queue.open is not None
    if request.method == "GET":
        return _room(queue, queue.open, DirectionForm)
    form, status = DirectionForm(), 422
    offer(form)
    if form.validate():
        try:
            service.direct(db(), actor, document_id, form.to_new(), seen=request.form.get("seen", type=int))
        except AppError as error:
            status = refused(form, _told(queue.open, error, preparing=False))
        else:
            flash(_("Directed: %(subject)s", subject=queue.open.subject), "ok")
            return redirect(url_for("incoming.to_direct"), 303)
    return _room(queue, queue.open, DirectionForm, form), status


@bp.get("/work/prepare")
@needs(DIRECTION_PREPARE)
def to_prepare() -> ResponseReturnValue:
    """What waits for the word of one's leader, its first document open."""
    queue = queries.queue(db(), current_actor(), preparing=True)
    if queue.open is None:
        return render_template("incoming/work.html", tasks=[], tabs=tabs("incoming.to_prepare"))
    return _room(queue, queue.open, PreparationForm)


@bp.route("/work/prepare/<int:document_id>", methods=["GET", "POST"])
@needs(DIRECTION_PREPARE)
def prepare(document_id: int) -> ResponseReturnValue:
    """Prepare a direction for the leader to confirm, or enter what he wrote on the paper."""
    queue = queries.queue(db(), current_actor(), document_id, preparing=True)
    assert queue.open is not None
    if request.method == "GET":
        return _room(queue, queue.open, PreparationForm)
    form, status = PreparationForm(), 422
    offer(form)
    if form.validate():
        try:
            told = _typed(queue.open, form)
        except AppError as error:
            status = refused(form, _told(queue.open, error, preparing=True))
        else:
            flash(told, "ok")
            return redirect(url_for("incoming.to_prepare"), 303)
    return _room(queue, queue.open, PreparationForm, form), status


def _typed(document: IncomingDocument, form: PreparationForm) -> str:
    actor = current_actor()
    if "paper" not in request.form:
        prepared.prepare(db(), actor, document.id, form.to_new())
        return _("Put before the leader: %(subject)s", subject=document.subject)
    sent = form.scan.data
    scan = incoming.take_in(db(), actor, sent.stream, sent.filename) if sent and sent.filename else None
    seen, new = request.form.get("seen", type=int), form.to_new()
    prepared.direct_on_paper(db(), actor, document.id, form.leader_id.data, new, scan, seen=seen)
    return _("Directed as written on the paper: %(subject)s", subject=document.subject)


def _room(
    queue: Queue, document: IncomingDocument, kind: type[DirectionForm], sent: DirectionForm | None = None
) -> str:
    """The queue, the page, and the form: as it was sent, or as it was prepared."""
    known, kept = Prepared.of(document), helps.kept(db(), current_actor())
    given = directions.of_document(db(), document)
    form = sent or _fresh(kind, document, known, kept, given)
    preparing = kind is PreparationForm
    bar = tabs("incoming.to_prepare") if preparing else tabs("incoming.to_direct", **_counted(queue))
    found = queries.files(db(), document)
    asked = gateway.open_requests_of(db(), [document.id, *(one.id for one in queue.waiting)])
    wanted_back = {number for number, rest in asked.items() if any(one.kind.withdraws for one in rest)}
    original, check = queries.original(found)
    if sent is None:
        files.seen(db(), current_actor(), document)
    return render_template(
        "incoming/reading.html", document=document, files=found, original=original, check=check,
        pages=presenting.pages(original), directions=given,
        replaces=presenting.older_of(queue.older[document.id]),
        may_direct=_may_send(document, preparing, wanted_back=document.id in wanted_back), form=form,
        prepared=known, kept=kept,
        act="incoming.prepare" if preparing else "incoming.direct",
        tabs=bar, wanted_back=wanted_back,
        asked=[presenting.request(one) for one in asked.get(document.id, ())], **_around(queue, document),
    )  # fmt: skip


def _counted(queue: Queue) -> dict[str, int]:
    """How long the leader's queue is, unless there may be more of it."""
    return {"mine": len(queue.waiting)} if len(queue.waiting) < queries.QUEUE_SIZE else {}


def _around(queue: Queue, document: IncomingDocument) -> dict[str, Any]:
    """The queue and the neighbours in it."""
    waiting, ids = queue.waiting, [one.id for one in queue.waiting]
    place = ids.index(document.id) if document.id in ids else None
    return {
        "queue": waiting,
        "place": place,
        "newer": waiting[place - 1] if place else None,
        "older": waiting[place + 1] if place is not None and place + 1 < len(waiting) else None,
    }


def _fresh(
    kind: type[DirectionForm],
    document: IncomingDocument,
    known: Prepared | None,
    kept: Sequence[DirectingHelp],
    given: Sequence[Direction],
) -> DirectionForm:
    """The form as it was prepared, else with the document's deadline; with everybody of the group that the address
    asks for."""
    form = kind(formdata=None, obj=known)
    offer(form)
    if known is None and (present := _present(given)) is not None:
        form.fill_from(present)
    elif known is None and document.due_on and not deadlines.passed(document.due_on, document.due_time):
        form.due_on.data, form.due_time.data = document.due_on, document.due_time
    wanted = request.args.get("group", type=int)
    group = next((one for one in kept if one.id == wanted and one.name), None)
    if group is None:
        return form
    marks = {mark for choices in form.inform.choices.values() for mark, _label in choices}
    here, lost = helps.present(group, marks)
    form.fill(here)
    if lost:
        left_out = ngettext(
            "%(num)s of this group is no longer here and was left out.",
            "%(num)s of this group are no longer here and were left out.",
            lost,
        )
        flash(left_out, "warn")
    return form


def _present(given: Sequence[Direction]) -> Direction | None:
    """The direction whose place a new one takes."""
    return next((one for one in reversed(given) if one.parent_task_id is None and one.asks), None)


def _may_send(document: IncomingDocument, preparing: bool, *, wanted_back: bool = False) -> bool:
    """Whether the form can be sent now, by this person; `wanted_back`: the clerk answers its sender first."""
    if preparing:
        return (document.state, Move.DIRECT) in MACHINE.rules and not wanted_back
    return Move.DIRECT in queries.moves(current_actor(), document, wanted_back=wanted_back)


def _told(document: IncomingDocument, error: AppError, *, preparing: bool) -> AppError:
    """Who was faster; at the opinion when nothing can be sent any more, so that the form comes back all the same."""
    db().rollback()
    if error.status == 409 and not _may_send(document, preparing):
        error = InvalidTransition(state=document.state.word, field="opinion")
    return tell_meanwhile(error)


def offer(form: NamingForm) -> None:
    """Units and people of the agency by their marks, for each part those that it can go to."""
    actor = current_actor()
    agency_id = actor.agency_id or 0
    units = [(Named(unit_id=unit.id).mark, unit.name) for unit in directory.units(db(), agency_id)]
    posts = [post for post in directory.posts(db(), agency_id) if post.person_id != actor.person_id]

    def candidates(part: Part) -> dict[str, list[tuple[str, str]]]:
        able = [post for post in posts if can_take(post, part)]
        people = [(Named(assignment_id=post.id).mark, post.choice) for post in able]
        return {_("Units"): units, _("People"): people}

    form.offer(candidates(Part.LEAD), candidates(Part.INFORM))
    if isinstance(form, PreparationForm):
        form.leader_id.choices = [(post.id, post.label) for post in posts if post.role is Role.LEADER]
