"""One's own work: the leader's reading room, what a head has to assign, tasks, what is to be read."""

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from eoffice.core.errors import AppError
from eoffice.core.forms import refused
from eoffice.core.web import current_actor, db, needs
from eoffice.directions import queries as directions
from eoffice.directions import service
from eoffice.directions.forms import DirectionForm
from eoffice.directions.models import Part, Task
from eoffice.directions.operations import Named
from eoffice.directions.permissions import (
    DIRECTION_ASSIGN,
    DIRECTION_EXTEND,
    DIRECTION_GIVE,
    DIRECTION_WORK,
    can_take,
)
from eoffice.directions.worklists import worklist, worklists
from eoffice.directory import queries as directory
from eoffice.documents.models import FileRole
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.incoming import presenting, queries
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.views import bp
from eoffice.incoming.workflow import Move

worklist("mine", _l("To be directed"), "incoming.to_direct", DIRECTION_GIVE, queries.counts, 20)
worklist("to_assign", _l("To be assigned"), "incoming.to_assign", DIRECTION_ASSIGN, directions.counts, 30)
worklist("to_do", _l("My tasks"), "incoming.to_do", DIRECTION_WORK, directions.counts, 40)
worklist("to_read", _l("To be read"), "incoming.to_read", DOCUMENT_READ, directions.counts, 50)
worklist("to_extend", _l("More time asked"), "incoming.to_extend", DIRECTION_EXTEND, directions.counts, 35)


@bp.get("/work/extend")
@needs(DIRECTION_EXTEND)
def to_extend() -> ResponseReturnValue:
    """Tasks one gave for which more time is asked."""
    return _tasks("incoming.to_extend", directions.to_extend(db(), current_actor()))


@bp.get("/work/direct")
@needs(DIRECTION_GIVE)
def to_direct() -> ResponseReturnValue:
    """The leader's queue, its first document open."""
    queue = queries.to_direct(db(), current_actor())
    if not queue:
        return render_template("incoming/work.html", tasks=[], tabs=_tabs("incoming.to_direct"))
    return _reading_room(queue[0], queue, DirectionForm())


@bp.route("/work/direct/<int:document_id>", methods=["GET", "POST"])
@needs(DIRECTION_GIVE)
def direct(document_id: int) -> ResponseReturnValue:
    """One document of the queue, and the direction on it."""
    actor = current_actor()
    document = queries.one(db(), actor, document_id)
    form = DirectionForm()
    _offer(form)
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                service.direct(db(), actor, document_id, form.to_new())
            except AppError as error:
                status = refused(form, error)
            else:
                flash(_("Directed: %(subject)s", subject=document.subject), "ok")
                return redirect(url_for("incoming.to_direct"), 303)
    return _reading_room(document, queries.to_direct(db(), actor), form), status


def _reading_room(document: IncomingDocument, queue: Sequence[IncomingDocument], form: DirectionForm) -> str:
    _offer(form)
    files = queries.files(db(), document)
    original, check = next((pair for pair in files if pair[0].role is FileRole.ORIGINAL), (None, None))
    ids = [one.id for one in queue]
    place = ids.index(document.id) if document.id in ids else None
    return render_template(
        "incoming/reading.html",
        document=document,
        queue=queue,
        place=place,
        newer=queue[place - 1] if place else None,
        older=queue[place + 1] if place is not None and place + 1 < len(queue) else None,
        files=files,
        original=original,
        pages=presenting.pages(original),
        check=check,
        directions=directions.of_document(db(), document),
        may_direct=Move.DIRECT in queries.moves(current_actor(), document),
        form=form,
        tabs=_tabs("incoming.to_direct"),
    )


def _offer(form: DirectionForm) -> None:
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


@bp.get("/work/assign")
@needs(DIRECTION_ASSIGN)
def to_assign() -> ResponseReturnValue:
    """What a unit got and nobody works on yet."""
    return _tasks("incoming.to_assign", directions.to_assign(db(), current_actor()))


@bp.get("/work/tasks")
@needs(DIRECTION_WORK)
def to_do() -> ResponseReturnValue:
    """One's own open tasks."""
    return _tasks("incoming.to_do", directions.to_do(db(), current_actor()))


@bp.get("/work/read")
@needs(DOCUMENT_READ)
def to_read() -> ResponseReturnValue:
    """What was sent for information."""
    return _tasks("incoming.to_read", directions.to_read(db(), current_actor()))


def _tasks(endpoint: str, tasks: Sequence[Task]) -> str:
    return render_template("incoming/work.html", tasks=tasks, tabs=_tabs(endpoint))


def _tabs(endpoint: str) -> list[tuple[Any, ...]]:
    """The bar over all lists of own work, from whichever feature."""
    lists = worklists(db(), current_actor())
    return [(one.label, url_for(one.endpoint), count, one.endpoint == endpoint) for one, count in lists]
