"""One's own work as lists: what a head has to assign, tasks, what is to be read, more time asked."""

from collections.abc import Sequence
from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from eoffice.core.web import current_actor, db, needs
from eoffice.directions import queries as directions
from eoffice.directions.models import Task
from eoffice.directions.permissions import (
    DIRECTION_ASSIGN,
    DIRECTION_EXTEND,
    DIRECTION_GIVE,
    DIRECTION_PREPARE,
    DIRECTION_WORK,
)
from eoffice.directions.worklists import worklist, worklists
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.gateway import queries as gateway
from eoffice.incoming import queries
from eoffice.incoming.views import bp

worklist("mine", _l("To be directed"), "incoming.to_direct", DIRECTION_GIVE, queries.counts, 20)
worklist(
    "prepare",
    _l("Directions to prepare"),
    "incoming.to_prepare",
    DIRECTION_PREPARE,
    queries.count_to_prepare,
    25,
)
worklist("to_assign", _l("To be assigned"), "incoming.to_assign", DIRECTION_ASSIGN, directions.counts, 30)
worklist("to_do", _l("My tasks"), "incoming.to_do", DIRECTION_WORK, directions.counts, 40)
worklist("to_read", _l("To be read"), "incoming.to_read", DOCUMENT_READ, directions.counts, 50)
worklist("to_extend", _l("More time asked"), "incoming.to_extend", DIRECTION_EXTEND, directions.counts, 35)


@bp.get("/work/extend")
@needs(DIRECTION_EXTEND)
def to_extend() -> ResponseReturnValue:
    """Tasks one gave for which more time is asked."""
    return _tasks("incoming.to_extend", directions.to_extend(db(), current_actor()))


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
    wanted_back = gateway.wanted_back(db(), [task.document_id for task in tasks])
    return render_template("incoming/work.html", tasks=tasks, tabs=tabs(endpoint), wanted_back=wanted_back)


def tabs(endpoint: str, **known: int) -> list[tuple[Any, ...]]:
    """The bar over all lists of own work, from whichever feature; `known`: counts the page has already."""
    lists = worklists(db(), current_actor(), known)
    return [(one.label, url_for(one.endpoint), count, one.endpoint == endpoint) for one, count in lists]
