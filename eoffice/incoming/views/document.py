"""A document's page and the steps that are possible on it now."""

from typing import Any

from flask import current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from eoffice.core.errors import AppError
from eoffice.core.permissions import Permission, allowed
from eoffice.core.web import current_actor, db, needs
from eoffice.directions import queries as directions
from eoffice.directions import service as work
from eoffice.directions.forms import AssignForm, FinishForm, refused
from eoffice.directions.models import Task, TaskState
from eoffice.directions.permissions import DIRECTION_ASSIGN, DIRECTION_WORK
from eoffice.directory import queries as directory
from eoffice.directory.models import Role
from eoffice.documents import queries as documents
from eoffice.documents.models import FileRole, LinkKind
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.gateway import queries as gateway
from eoffice.incoming import presenting, queries, service
from eoffice.incoming.forms import ReturnForm, SubmitForm
from eoffice.incoming.models import IncomingDocument, Source
from eoffice.incoming.permissions import INCOMING_RETURN, INCOMING_SUBMIT
from eoffice.incoming.views import bp
from eoffice.incoming.workflow import Move
from eoffice.signatures import queries as signatures


@bp.get("/incoming/<int:document_id>")
@needs(DOCUMENT_READ)
def show(document_id: int) -> ResponseReturnValue:
    """Everything about one document; opening it is noted for those it names."""
    work.open_document(db(), current_actor(), document_id)
    return page(document_id)


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
            tuple(form.coordinating.data or ()),
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


def page(document_id: int, sent: FlaskForm | None = None, status: int = 422) -> ResponseReturnValue:
    """The page; with a form that was refused, what was typed and why."""
    actor = current_actor()
    document = queries.one(db(), actor, document_id)
    files = documents.files(db(), document)
    given = directions.of_document(db(), document)
    tasks = [task for direction in given for task in direction.tasks]
    original = next((file for file in files if file.role is FileRole.ORIGINAL), None)
    body = render_template(
        "incoming/show.html",
        document=document,
        doubt=presenting.doubt(document),
        files=files,
        original=original,
        checks=signatures.checks(db(), [file for file in files if file.is_pdf]),
        pages=presenting.pages(original),
        directions=given,
        next_step=presenting.next_step(document, given),
        hops=presenting.reports(gateway.reports_of(db(), document))
        if document.source is Source.AXIS
        else None,
        replies=documents.linking(db(), document, LinkKind.REPLY),
        history=presenting.history(db(), document),
        **_deeds(document, tasks, sent),
    )
    return body, status if sent is not None else 200


def _deeds(document: IncomingDocument, tasks: list[Task], sent: FlaskForm | None) -> dict[str, Any]:
    """The forms of the steps this person can take now."""
    actor = current_actor()
    moves = queries.moves(actor, document)
    mine = directions.own_open(actor, tasks)
    waiting = (TaskState.NEW, TaskState.SEEN)
    to_assign = next((t for t in mine if t.state in waiting and allowed(actor, DIRECTION_ASSIGN, t)), None)
    to_finish = next((t for t in mine if allowed(actor, DIRECTION_WORK, t)), None)
    forms: dict[str, Any] = {"returning": None, "submitting": None, "assigning": None, "finishing": None}
    if Move.RETURN in moves:
        forms["returning"] = _form(ReturnForm, sent)
    if Move.SUBMIT in moves:
        forms["submitting"] = _form(SubmitForm, sent)
        forms["submitting"].offer(_leaders())
    if to_assign is not None:
        forms["assigning"] = _form(AssignForm, sent)
        forms["assigning"].offer(_members(to_assign))
    if to_finish is not None:
        forms["finishing"] = _form(FinishForm, sent)
    replying = to_finish is not None and "outgoing.new" in current_app.view_functions
    drafts = actor.can(Permission("outgoing:draft"))
    reply_url = url_for("outgoing.new", reply_to=document.id) if replying and drafts else None
    return forms | {"moves": moves, "to_assign": to_assign, "to_finish": to_finish, "reply_url": reply_url}


def _form(kind: type[FlaskForm], sent: FlaskForm | None) -> FlaskForm:
    """The form that was sent, or an empty one: another form's fields are not mixed in."""
    return sent if isinstance(sent, kind) else kind(formdata=None)


def _leaders() -> list[Any]:
    return list(directory.posts(db(), current_actor().agency_id or 0, Role.LEADER))


def _members(task: Task) -> list[Any]:
    """Who works in the task's unit, its head left out."""
    posts = directory.posts(db(), task.agency_id, unit_id=task.unit_id)
    return [post for post in posts if post.person_id != current_actor().person_id]


def _at_form(error: AppError) -> AppError:
    """The service speaks of the lead; on this form the field has another name."""
    if error.field == "lead":
        error.field = "assignment_id"
    return error
