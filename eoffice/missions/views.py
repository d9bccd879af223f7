"""What documents ask: of one document, and the lists of what is open, late, reported and finished."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from eoffice.core.errors import AppError, NotFound
from eoffice.core.forms import refused
from eoffice.core.permissions import Actor
from eoffice.core.web import current_actor, db, needs
from eoffice.directions.worklists import worklist
from eoffice.directory import queries as directory
from eoffice.documents import queries as documents
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.incoming.views.work import tabs as work_tabs
from eoffice.missions import queries, service, urging
from eoffice.missions.forms import MissionForm
from eoffice.missions.models import Mission, State
from eoffice.missions.permissions import MISSION_GIVE, answers_for
from eoffice.missions.queries import Tab
from eoffice.missions.workflow import Move
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.permissions import OUTGOING_DRAFT

bp = Blueprint("missions", __name__, template_folder="templates")

worklist("missions", _l("Tasks from documents"), "missions.index", MISSION_GIVE, None, 45)


@bp.get("/work/missions")
@needs(DOCUMENT_READ)
def index() -> ResponseReturnValue:
    """A list; heads begin with what their unit has to do, if anything, others with what other agencies ask of this
    one."""
    actor, given, mark = current_actor(), request.args.get("tab", ""), request.args.get("mark")
    counted, came = queries.counts(db(), actor), queries.count_received(db(), actor)
    if not given and came and not counted[Tab.MINE]:
        return redirect(url_for("missions.received"))
    tab = Tab(given) if given in set(Tab) else Tab.MINE if actor.unit_ids else Tab.OPEN
    page = queries.listing(db(), actor, tab, mark)
    told = queries.progress(db(), actor, page.rows)
    return render_template(
        "missions/list.html", page=page, tab=tab, **_tabs(counted, came, tab),
        rows=[{"mission": one, "progress": told.get(one.id)} for one in page.rows],
        address=lambda mark: url_for("missions.index", tab=tab.value, mark=mark),
    )  # fmt: skip


@bp.get("/work/missions/received")
@needs(DOCUMENT_READ)
def received() -> str:
    """What other agencies ask of this one, each with who leads it here and the words that are meant for it."""
    actor = current_actor()
    page = queries.received(db(), actor, request.args.get("mark"))
    counted, came = queries.counts(db(), actor), queries.count_received(db(), actor)
    return render_template(
        "missions/received.html", page=page, **_tabs(counted, came, None),
        address=lambda mark: url_for("missions.received", mark=mark),
    )  # fmt: skip


def _tabs(counted: Mapping[Tab, int], came: int, shown: Tab | None) -> dict[str, Any]:
    """The lists beside each other; `shown`: None for what other agencies ask, of which `came` are open."""
    tabs = [
        (one.word, url_for("missions.index", tab=one.value), counted.get(one), one is shown,
         one is Tab.OVERDUE and bool(counted[one]))
        for one in Tab
    ]  # fmt: skip
    if came or shown is None:
        asked = (_l("Asked by other agencies"), url_for("missions.received"), came, shown is None, False)
        tabs.insert(1, asked)
    waiting = counted[Tab.MINE] + counted[Tab.REPORTED] + came
    return {"tabs": tabs, "work_tabs": work_tabs("missions.index", missions=waiting)}


def _shown(actor: Actor, missions: Sequence[Mission]) -> list[dict[str, Any]]:
    """Those of one document, each with how far it has come and what the actor may do."""
    progress = queries.progress(db(), actor, missions)
    return [
        {
            "mission": one,
            "progress": progress.get(one.id),
            "moves": queries.moves(actor, one),
            "remind": queries.may_remind(actor, one),
        }
        for one in missions
    ]


@bp.get("/outgoing/<int:document_id>/missions")
@needs(DOCUMENT_READ)
def of_document(document_id: int) -> ResponseReturnValue:
    """What one document asks, and the form for more."""
    return _page(queries.document(db(), current_actor(), document_id), MissionForm())


@bp.get("/outgoing/<int:document_id>/missions/part")
@needs(DOCUMENT_READ)
def part(document_id: int) -> str:
    """The same in short: a part of the document's page."""
    document = queries.document(db(), current_actor(), document_id)
    missions = queries.of_document(db(), document)
    return render_template(
        "missions/_part.html", document=document, rows=_shown(current_actor(), missions),
        giving=_may_give(current_actor(), document),
    )  # fmt: skip


def _may_give(actor: Actor, document: OutgoingDocument) -> bool:
    return actor.can(MISSION_GIVE) and answers_for(actor, document)


def _page(
    document: OutgoingDocument, form: MissionForm, status: int = 200, problem: AppError | None = None,
    at: int | None = None,
) -> ResponseReturnValue:  # fmt: skip
    actor, missions = current_actor(), queries.of_document(db(), document)
    form.offer(_whom(document))
    late = any(one.state is State.OPEN and one.recipient_code for one in missions)
    page = render_template(
        "missions/document.html", document=document, form=form, rows=_shown(actor, missions),
        giving=_may_give(actor, document), problem=problem, at=at, note=request.form.get("note", ""),
        urging=late and actor.can(OUTGOING_DRAFT) and _may_give(actor, document),
    )  # fmt: skip
    return page, status


def _whom(document: OutgoingDocument) -> list[tuple[str, str]]:
    there = [(f"a:{one.code}", one.name) for one in documents.recipients(db(), document) if one.code]
    here = [(f"u:{unit.id}", unit.name) for unit in directory.units(db(), document.agency_id)]
    return there + here


@bp.post("/outgoing/<int:document_id>/missions")
@needs(MISSION_GIVE)
def give(document_id: int) -> ResponseReturnValue:
    """Ask one more thing."""
    document, form = queries.document(db(), current_actor(), document_id), MissionForm()
    form.offer(_whom(document))
    if not form.validate_on_submit():
        return _page(document, form, 422)
    try:
        service.give(db(), current_actor(), document_id, form.to_new())
    except AppError as error:
        db().rollback()
        return _page(queries.document(db(), current_actor(), document_id), form, refused(form, error))
    flash(_("It is written down."), "ok")
    return redirect(url_for("missions.of_document", document_id=document_id), 303)


@bp.post("/missions/<int:mission_id>/<step>")
@needs(DOCUMENT_READ)
def take(mission_id: int, step: str) -> ResponseReturnValue:
    """Take one step; the service asks whose it is."""
    if step not in {move.value for move in Move if move is not Move.BEGIN} | {"remind"}:
        raise NotFound
    actor = current_actor()
    try:
        if step == "remind":
            mission = service.remind(db(), actor, mission_id)
        else:
            mission = service.take(db(), actor, mission_id, Move(step), request.form.get("note", ""))
    except NotFound:
        raise
    except AppError as error:
        db().rollback()
        found = db().get(Mission, mission_id)
        if found is None:
            raise NotFound from error
        document = queries.document(db(), actor, found.document_id)
        return _page(document, MissionForm(None), error.status, error, mission_id)
    flash(_("Done. It is “%(state)s” now.", state=str(mission.state.word)), "ok")
    return redirect(url_for("missions.of_document", document_id=mission.document_id), 303)


@bp.post("/outgoing/<int:document_id>/missions/urge")
@needs(OUTGOING_DRAFT)
def urge(document_id: int) -> ResponseReturnValue:
    """A letter that presses the agencies which have not reported, as a draft."""
    try:
        draft = urging.draft(db(), current_actor(), document_id)
    except NotFound:
        raise
    except AppError as error:
        db().rollback()
        document = queries.document(db(), current_actor(), document_id)
        return _page(document, MissionForm(None), error.status, error)
    flash(_("The letter is drafted. Look through it, then submit it."), "ok")
    return redirect(url_for("outgoing.edit", document_id=draft.id), 303)
