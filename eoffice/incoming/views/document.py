"""A document's page and the steps that are possible on it now."""

from collections.abc import Sequence
from typing import Any, TypeVar

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from markupsafe import Markup

from eoffice.core.errors import AppError
from eoffice.core.forms import refused
from eoffice.core.permissions import Permission
from eoffice.core.web import current_actor, db, needs
from eoffice.directions import queries as directions
from eoffice.directions import service as work
from eoffice.directions.forms import (
    AgainForm,
    AssignForm,
    DeadlineForm,
    FinishForm,
    MoreTimeForm,
    ProgressForm,
    TimeAnswerForm,
)
from eoffice.directions.models import OPEN, Direction, Part, Task, TaskState
from eoffice.directions.permissions import (
    DIRECTION_ASSIGN,
    DIRECTION_EXTEND,
    DIRECTION_REMIND,
    DIRECTION_WORK,
    can_take,
)
from eoffice.directory import queries as directory
from eoffice.directory.models import Role
from eoffice.documents import queries as documents
from eoffice.documents import registers
from eoffice.documents import service as files
from eoffice.documents.kinds import NOT_COPIED
from eoffice.documents.models import LinkKind
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.gateway import queries as gateway
from eoffice.gateway.models import Answer, Asked, Request
from eoffice.incoming import correcting, presenting, queries, service
from eoffice.incoming.forms import AnswerForm, DiscardForm, ReturnForm, StrikeForm, SubmitForm
from eoffice.incoming.models import IncomingDocument, Source
from eoffice.incoming.permissions import INCOMING_REGISTER, INCOMING_RETURN, INCOMING_SUBMIT
from eoffice.incoming.states import State
from eoffice.incoming.views import bp
from eoffice.incoming.workflow import Move

F = TypeVar("F", bound=FlaskForm)


@bp.get("/incoming/<int:document_id>")
@needs(DOCUMENT_READ)
def show(document_id: int) -> ResponseReturnValue:
    """Everything about one document; opening it is noted for those it names."""
    document = queries.one(db(), current_actor(), document_id)
    looks = files.seen(db(), current_actor(), document)
    return _render(document, work.open_document(db(), current_actor(), document), looks=looks), 200


@bp.post("/incoming/<int:document_id>/return")
@needs(INCOMING_RETURN)
def send_back(document_id: int) -> ResponseReturnValue:
    """Return it to the sender."""
    form = ReturnForm()
    if not form.validate_on_submit():
        return page(document_id, form)
    try:
        service.return_document(db(), current_actor(), document_id, form.reason.data or "")
    except AppError as error:
        return page(document_id, form, refused(form, error))
    flash(_("Returned to the sender."), "ok")
    return redirect(url_for("incoming.show", document_id=document_id), 303)


@bp.post("/incoming/<int:document_id>/answer")
@needs(INCOMING_RETURN)
def answer_sender(document_id: int) -> ResponseReturnValue:
    """Agree to what the sender asks, or refuse it."""
    form = AnswerForm()
    if not form.validate_on_submit():
        return page(document_id, form)
    agree = "refuse" not in request.form
    try:
        service.answer_sender(db(), current_actor(), document_id, agree=agree, note=form.note.data or "")
    except AppError as error:
        return page(document_id, form, refused(form, error))
    flash(_("The sender is told."), "ok")
    return redirect(url_for("incoming.show", document_id=document_id), 303)


@bp.post("/incoming/<int:document_id>/discard")
@needs(INCOMING_REGISTER)
def discard(document_id: int) -> ResponseReturnValue:
    """Throw a wrong scan away."""
    form = DiscardForm()
    if not form.validate_on_submit():
        return page(document_id, form)
    try:
        service.discard(db(), current_actor(), document_id, form.discard_reason.data or "")
    except service.NeedsReason as error:
        error.field = "discard_reason"  # beside the reason of a return, which has another name on the page
        return page(document_id, form, refused(form, error))
    flash(_("The scan was discarded."), "ok")
    return redirect(url_for("incoming.index"), 303)


@bp.post("/incoming/<int:document_id>/strike")
@needs(INCOMING_REGISTER)
def strike(document_id: int) -> ResponseReturnValue:
    """Make the number void; the document goes back to the clerk."""
    form = StrikeForm()
    if not form.validate_on_submit():
        return page(document_id, form)
    try:
        correcting.strike(db(), current_actor(), document_id, form.strike_reason.data or "")
    except AppError as error:
        return page(document_id, form, refused(form, error))
    flash(_("The number is void. Register the document anew, or return it."), "ok")
    return redirect(url_for("incoming.show", document_id=document_id), 303)


@bp.post("/incoming/<int:document_id>/submit")
@needs(INCOMING_SUBMIT)
def submit(document_id: int) -> ResponseReturnValue:
    """Put it before a leader."""
    form = SubmitForm()
    form.offer(_leaders())
    if not form.validate_on_submit():
        return page(document_id, form)
    try:
        service.submit(db(), current_actor(), document_id, form.submit_to_id.data)
    except AppError as error:
        return page(document_id, form, refused(form, error))
    flash(_("Submitted."), "ok")
    return redirect(url_for("incoming.show", document_id=document_id), 303)


@bp.post("/tasks/<int:task_id>/assign")
@needs(DIRECTION_ASSIGN)
def assign(task_id: int) -> ResponseReturnValue:
    """Name who works on the unit's task."""
    task, form = directions.task(db(), current_actor(), task_id), AssignForm()
    form.offer(_members(task))
    if not form.validate_on_submit():
        return page(task.document_id, form)
    try:
        work.assign(
            db(), current_actor(), task_id, form.assignment_id.data, form.due_on.data, form.opinion.data or "",
            tuple(form.coordinating.data or ()), form.due_time.data,
        )  # fmt: skip
    except AppError as error:
        return page(task.document_id, form, refused(form, _at_form(error)))
    flash(_("Assigned."), "ok")
    return redirect(url_for("incoming.to_assign"), 303)


@bp.post("/tasks/<int:task_id>/finish")
@needs(DIRECTION_WORK)
def finish(task_id: int) -> ResponseReturnValue:
    """Report a task as done."""
    task, form = directions.task(db(), current_actor(), task_id), FinishForm()
    if not form.validate_on_submit():
        return page(task.document_id, form)
    try:
        work.finish(db(), current_actor(), task_id, form.result.data or "")
    except AppError as error:
        return page(task.document_id, form, refused(form, error))
    flash(_("Reported as done."), "ok")
    return redirect(url_for("incoming.show", document_id=task.document_id), 303)


@bp.post("/tasks/<int:task_id>/progress")
@needs(DIRECTION_WORK)
def report_progress(task_id: int) -> ResponseReturnValue:
    """Say how far it has come."""
    task, form = directions.task(db(), current_actor(), task_id), ProgressForm()
    if not form.validate_on_submit():
        return page(task.document_id, form)
    try:
        work.report_progress(db(), current_actor(), task_id, form.progress.data or "")
    except AppError as error:
        return page(task.document_id, form, refused(form, error))
    flash(_("Progress reported."), "ok")
    return redirect(url_for("incoming.show", document_id=task.document_id), 303)


@bp.post("/tasks/<int:task_id>/deadline")
@needs(DIRECTION_EXTEND)
def change_deadline(task_id: int) -> ResponseReturnValue:
    """Another deadline for what one has given."""
    task, form = directions.task(db(), current_actor(), task_id), DeadlineForm()
    if not form.validate_on_submit():
        return page(task.document_id, form)
    try:
        day, hour, why = form.new_due_on.data, form.new_due_time.data, form.due_why.data or ""
        work.change_deadline(db(), current_actor(), task_id, day, hour, why)
    except AppError as error:
        return page(task.document_id, form, refused(form, error))
    flash(_("The deadline of %(name)s is changed.", name=task.label), "ok")
    return redirect(url_for("incoming.show", document_id=task.document_id), 303)


@bp.post("/tasks/<int:task_id>/reopen")
@needs(DIRECTION_EXTEND)
def reopen(task_id: int) -> ResponseReturnValue:
    """Ask again for what was reported as done."""
    task, form = directions.task(db(), current_actor(), task_id), AgainForm()
    if not form.validate_on_submit():
        return page(task.document_id, form)
    try:
        work.reopen(db(), current_actor(), task_id, form.again_reason.data or "")
    except AppError as error:
        return page(task.document_id, form, refused(form, error))
    flash(_("Asked again: %(name)s", name=task.label), "ok")
    return redirect(url_for("incoming.show", document_id=task.document_id), 303)


@bp.post("/tasks/<int:task_id>/remind")
@needs(DIRECTION_REMIND)
def remind(task_id: int) -> ResponseReturnValue:
    """Press for a task."""
    task = work.remind(db(), current_actor(), task_id)
    flash(_("Pressed for: %(name)s", name=task.label), "ok")
    return redirect(url_for("incoming.show", document_id=task.document_id), 303)


@bp.post("/tasks/<int:task_id>/time")
@needs(DIRECTION_WORK)
def ask_for_time(task_id: int) -> ResponseReturnValue:
    """Ask for a later deadline."""
    task, form = directions.task(db(), current_actor(), task_id), MoreTimeForm()
    if not form.validate_on_submit() or form.wanted_on.data is None:
        return page(task.document_id, form)
    try:
        work.ask_for_time(db(), current_actor(), task_id, form.wanted_on.data, form.wanted_reason.data or "")
    except AppError as error:
        return page(task.document_id, form, refused(form, error))
    flash(_("Asked; who gave the task decides."), "ok")
    return redirect(url_for("incoming.show", document_id=task.document_id), 303)


@bp.post("/tasks/<int:task_id>/time/answer")
@needs(DIRECTION_EXTEND)
def answer_time(task_id: int) -> ResponseReturnValue:
    """Grant or refuse it."""
    task, form = directions.task(db(), current_actor(), task_id), TimeAnswerForm()
    if not form.validate_on_submit():
        return page(task.document_id, form)
    grant = "refuse" not in request.form
    try:
        note, until = form.time_note.data or "", form.until.data
        work.answer_time(db(), current_actor(), task_id, grant=grant, until=until, note=note)
    except AppError as error:
        if error.field == "note":
            error.field = "time_note"  # the page holds other notes
        return page(task.document_id, form, refused(form, error))
    flash(_("More time granted.") if grant else _("More time refused."), "ok")
    return redirect(url_for("incoming.show", document_id=task.document_id), 303)


def page(document_id: int, sent: FlaskForm, status: int = 422) -> ResponseReturnValue:
    """The page again with a form that was refused: what was typed and why it cannot be."""
    document = queries.one(db(), current_actor(), document_id)
    return _render(document, directions.of_document(db(), document), sent), status


def with_onward(document: IncomingDocument, onward: str) -> str:
    """The page with what became of the copies that were passed on, where a form was refused."""
    return _render(document, directions.of_document(db(), document), onward=Markup(onward))  # noqa: S704 - a template made it


def _render(
    document: IncomingDocument, given: Sequence[Direction], sent: FlaskForm | None = None, looks: int = 0,
    onward: Markup | None = None,
) -> str:  # fmt: skip
    found = queries.files(db(), document)
    original, _verdict = queries.original(found)
    related = documents.related(db(), current_actor(), document)
    arrival = gateway.arrival_of(db(), document) if document.source is Source.AXIS else None
    asked = arrival.requests if arrival else []
    # before anything asks for the leader's post: it is among those the form offers
    still_asked = [one for one in asked if one.answer is Answer.OPEN]
    wanted = any(one.kind.withdraws for one in still_asked)
    deeds = _deeds(document, given, sent, wanted=wanted)
    if queries.is_gone(file for file, _check in found):
        deeds["moves"].discard(Move.PASS_ON)
    return render_template(
        "incoming/show.html",
        document=document,
        doubt=presenting.doubt(document),
        files=found,
        original=original,
        pages=presenting.pages(original),
        directions=given,
        next_step=presenting.next_step(document, given, wanted_back=wanted),
        hops=presenting.reports(arrival.reports if arrival else ()),
        addressed=presenting.addressed(arrival),
        asked=[presenting.request(one) for one in asked],
        wanted_back={document.id} if wanted else set(),
        newer=presenting.addresses(related[LinkKind.REPLACES, False]),
        corrections=presenting.addresses(related[LinkKind.CORRECTS, False]),
        older=presenting.older(related),
        replies=presenting.addresses(related[LinkKind.REPLY, False]),
        sender=presenting.passed_on_by(document, arrival),
        certified=presenting.addresses(
            [one for one in related[LinkKind.COPIES, False] if one.register_number]
        ),
        copy_url=_copy_url(document) if original else None,
        history=presenting.history(db(), document),
        looks=looks,
        onward=onward,
        **deeds,
        **_answering(still_asked, sent),
    )


def _answering(asked: Sequence[Request], sent: FlaskForm | None) -> dict[str, Any]:
    """The form for what the sender asks; a recall leaves no choice."""
    mine = bool(asked) and current_actor().can(INCOMING_RETURN)
    return {
        "answering": _form(AnswerForm, sent) if mine else None,
        "may_refuse": not any(one.kind is Asked.RECALL for one in asked),
        "destroys": any(one.kind.withdraws for one in asked),
    }


def _deeds(
    document: IncomingDocument, given: Sequence[Direction], sent: FlaskForm | None, *, wanted: bool
) -> dict[str, Any]:
    """The forms of the steps this person can take now; `wanted`: none that gives it to somebody, its sender asks."""
    actor, tasks = current_actor(), [task for direction in given for task in direction.tasks]
    moves = queries.moves(actor, document, wanted_back=wanted)
    # what nobody works on yet goes before what may be assigned anew
    by_need = sorted(tasks, key=lambda task: task.state is TaskState.WORKING)
    to_assign = None if wanted else directions.own(actor, DIRECTION_ASSIGN, by_need)
    to_finish = directions.own(actor, DIRECTION_WORK, tasks)
    waiting = [task for task in tasks if task.wanted_due_on is not None]
    to_extend = directions.own(actor, DIRECTION_EXTEND, waiting)
    assigning = submitting = None
    leaders = _leaders() if Move.SUBMIT in moves else []
    if leaders:
        submitting = _form(SubmitForm, sent)
        submitting.offer(leaders)
    if to_assign is not None:
        assigning = _assigning(to_assign, tasks, sent)
    return {
        "moves": moves,
        # kept as long as the page is made: the one it is submitted to is among them and not read again
        "leaders": leaders,
        "returning": _form(ReturnForm, sent) if Move.RETURN in moves else None,
        "discarding": _form(DiscardForm, sent) if Move.DISCARD in moves else None,
        "has_stood": Move.DISCARD in moves and registers.has_stood(db(), document),
        "striking": _form(StrikeForm, sent) if Move.STRIKE in moves and not document.passed_on else None,
        "correct_url": url_for("incoming.correct", document_id=document.id)
        if actor.can(INCOMING_REGISTER) and correcting.may_correct(document)
        else None,
        "submitting": submitting,
        "assigning": assigning,
        "reporting": _form(ProgressForm, sent) if to_finish is not None else None,
        "finishing": _form(FinishForm, sent) if to_finish is not None else None,
        "asking": _form(MoreTimeForm, sent) if to_finish is not None and to_finish.due_on else None,
        "to_extend": to_extend,
        "extending": _form(TimeAnswerForm, sent) if to_extend is not None else None,
        "to_assign": to_assign,
        "to_finish": to_finish,
        "to_change": _of_each(DeadlineForm, directions.each_own(actor, DIRECTION_EXTEND, tasks), sent),
        "to_reopen": _of_each(AgainForm, directions.to_reopen(actor, given), sent),
        "to_remind": directions.each_own(actor, DIRECTION_REMIND, tasks),
        "reply_url": _reply_url(document) if to_finish is not None else None,
    }


def _reply_url(document: IncomingDocument) -> str | None:
    """Where the reply is drafted, for those who draft; outgoing lies beside this feature, so by name only."""
    if "outgoing.new" not in current_app.view_functions or not current_actor().can(
        Permission("outgoing:draft")
    ):
        return None
    return url_for("outgoing.new", reply_to=document.id)


def _copy_url(document: IncomingDocument) -> str | None:
    """Where a certified copy is made, for those who make them."""
    may = current_actor().can(Permission("outgoing:copy")) and "outgoing.copy" in current_app.view_functions
    kept = document.state not in (State.RETURNED, State.WITHDRAWN, State.DISCARDED)
    return (
        url_for("outgoing.copy", document_id=document.id)
        if may and kept and document.register_number and document.kind_code not in NOT_COPIED
        else None
    )


def _form(kind: type[F], sent: FlaskForm | None) -> F:
    """The form that was sent, or an empty one: another form's fields are not mixed in."""
    return sent if isinstance(sent, kind) else kind(formdata=None)


def _of_each(kind: type[F], tasks: Sequence[Task], sent: FlaskForm | None) -> list[tuple[Task, F]]:
    """A form for each; what was sent stands in that of its own task."""
    at = (request.view_args or {}).get("task_id")
    found = [(task, _form(kind, sent if task.id == at else None)) for task in tasks]
    for task, form in found:  # the page holds several, and each label belongs to one field
        for field in form:
            field.id = field.label.field_id = f"{field.id}-{task.id}"
    return found


def _assigning(task: Task, tasks: Sequence[Task], sent: FlaskForm | None) -> AssignForm:
    """Empty, or with those who work on it now."""
    form = _form(AssignForm, sent)
    form.offer(_members(task))
    if form is not sent:
        working = [one for one in tasks if one.direction.parent_task_id == task.id and one.state in OPEN]
        form.assignment_id.data = next((one.assignment_id for one in working if one.part is Part.LEAD), None)
        form.coordinating.data = [one.assignment_id for one in working if one.part is Part.COORDINATE]
    return form


def _leaders() -> list[Any]:
    return list(directory.posts(db(), current_actor().agency_id or 0, Role.LEADER))


def _members(task: Task) -> list[Any]:
    """Who works in the task's unit, its head left out."""
    posts = directory.posts(db(), task.agency_id, unit_id=task.unit_id)
    return [
        post for post in posts if post.person_id != current_actor().person_id and can_take(post, Part.LEAD)
    ]


def _at_form(error: AppError) -> AppError:
    """The service speaks of the lead; on this form the field has another name."""
    if error.field == "lead":
        error.field = "assignment_id"
    return error
