"""One dossier: its data, its documents, the steps possible now, and what can be taken out."""

from collections.abc import Callable
from io import BytesIO
from typing import Any, TypeVar

from flask import Response, current_app, flash, redirect, render_template, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from eoffice.core import audit, clock
from eoffice.core.errors import AppError, NotFound
from eoffice.core.forms import Form, refused
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import queries as directory
from eoffice.documents import queries as documents
from eoffice.documents.models import Direction, Document
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.dossiers import archiving, operations, packages, papers, queries, service
from eoffice.dossiers.forms import ChooseForm, CloseForm, FactsForm, NoteForm
from eoffice.dossiers.models import Dossier
from eoffice.dossiers.permissions import DOSSIER_ARCHIVE, DOSSIER_WORK
from eoffice.dossiers.states import Retention, Rights, State
from eoffice.dossiers.views import bp
from eoffice.dossiers.workflow import Move

F = TypeVar("F", bound=Form)


@bp.get("/dossiers/<int:dossier_id>")
@needs(DOCUMENT_READ)
def show(dossier_id: int) -> ResponseReturnValue:
    """Everything about one dossier."""
    dossier, looks = service.look_at(db(), current_actor(), dossier_id)
    return _render(dossier, looks=looks), 200


def _render(dossier: Dossier, sent: Form | None = None, step: str = "", looks: int = 0) -> str:
    actor = current_actor()
    moves = queries.moves(actor, dossier)
    holds = queries.holds(db(), dossier)
    archive = actor.can(DOSSIER_ARCHIVE) and dossier.state is State.ARCHIVED
    inside = queries.contents(db(), actor, dossier)
    return render_template(
        "dossiers/show.html",
        dossier=dossier,
        contents=inside,
        fates=queries.fates(db(), inside.rows),
        moves=moves,
        holds=holds,
        on_hold=[one for one in holds if one.lifted_at is None],
        archive=archive,
        facts=_facts(dossier, sent) if Move.FILE in moves else None,
        closing=_form(CloseForm, sent, end_on=clock.today()) if Move.CLOSE in moves else None,
        noting=lambda wanted: _form(NoteForm, sent if step == wanted else None),
        step=step,
        address=address,
        history=[
            (f"{clock.local(entry.at):%d/%m %H:%M}", _told(entry)) for entry in audit.history(db(), dossier)
        ],
        looks=looks,
        local=clock.local,
    )


def address(document: Document) -> str | None:
    """The page of a document; both kinds lie above this feature, so by name only."""
    endpoint = f"{'incoming' if document.direction is Direction.IN else 'outgoing'}.show"
    known = endpoint in current_app.view_functions
    return url_for(endpoint, document_id=document.id) if known else None


#: what the history says of a step
_TAKEN: dict[str, LazyString] = {
    Move.START: _l("Dossier opened"),
    Move.CLOSE: _l("Dossier closed"),
    Move.REOPEN: _l("Dossier opened again"),
    Move.HAND_OVER: _l("Dossier handed over to the archive"),
    Move.ACCEPT: _l("Dossier accepted into the archive"),
    Move.RETURN: _l("Dossier returned to its unit"),
    Move.DESTROY: _l("Dossier destroyed by decision"),
}


def _told(entry: audit.AuditEntry) -> str:
    step = entry.details.get("step")
    if entry.action == operations.MOVED and step in _TAKEN:
        what = str(_TAKEN[step])
    else:
        what = str(audit.DECLARED.get(audit.Action(entry.action), entry.action))
    note = entry.details.get("note") or entry.details.get("reason") or entry.details.get("decision") or ""
    return f"{entry.actor}. {what}{f': {note}' if note else ''}"


def _facts(dossier: Dossier, sent: Form | None) -> FactsForm:
    form = sent if isinstance(sent, FactsForm) else FactsForm.of(dossier)
    form.fill_lists()
    return form


def _form(kind: type[F], sent: Form | None, **data: Any) -> F:
    return sent if isinstance(sent, kind) else kind(formdata=None, data=data)


def _step(
    dossier_id: int, form: Form, act: Callable[[], object], done: str, step: str = ""
) -> ResponseReturnValue:
    """Take one step: the page again with what was typed and why it cannot be, or the page as it is now."""
    status = 422
    if form.validate_on_submit():
        try:
            act()
        except AppError as error:
            status = refused(form, error)
        else:
            flash(done, "ok")
            return redirect(_after(dossier_id), 303)
    return _render(queries.one(db(), current_actor(), dossier_id), form, step), status


def _after(dossier_id: int) -> str:
    """The dossier's page, or one's own list when it is not to be read any more: who returned it has given it away."""
    try:
        queries.one(db(), current_actor(), dossier_id)
    except NotFound:
        return url_for("dossiers.index")
    return url_for("dossiers.show", dossier_id=dossier_id)


@bp.post("/dossiers/<int:dossier_id>/start")
@needs(DOSSIER_WORK)
def start(dossier_id: int) -> ResponseReturnValue:
    """Open a dossier of the list."""
    return _step(
        dossier_id,
        Form(),
        lambda: service.start(db(), current_actor(), dossier_id),
        _("The dossier is open."),
    )


@bp.post("/dossiers/<int:dossier_id>/facts")
@needs(DOSSIER_WORK)
def change(dossier_id: int) -> ResponseReturnValue:
    """Correct title, retention and use."""
    form = FactsForm()
    form.fill_lists()
    return _step(
        dossier_id, form,
        lambda: service.change(
            db(), current_actor(), dossier_id, form.title.data or "", Retention(form.retention.data),
            Rights(form.rights.data), form.description.data or "", form.other_years.data,
        ),
        _("Saved."),
    )  # fmt: skip


@bp.post("/dossiers/<int:dossier_id>/close")
@needs(DOSSIER_WORK)
def close(dossier_id: int) -> ResponseReturnValue:
    """End it."""
    form = CloseForm()
    return _step(
        dossier_id, form, lambda: service.close(db(), current_actor(), dossier_id, form.end_on.data),
        _("The dossier is closed; hand it over within 60 days."),
    )  # fmt: skip


@bp.post("/dossiers/<int:dossier_id>/reopen")
@needs(DOSSIER_WORK)
def reopen(dossier_id: int) -> ResponseReturnValue:
    """Go on with it."""
    return _noted(dossier_id, "reopen", service.reopen, _("The dossier is open again."))


@bp.post("/dossiers/<int:dossier_id>/accept")
@needs(DOSSIER_ARCHIVE)
def accept(dossier_id: int) -> ResponseReturnValue:
    """Into the archive."""
    act = lambda: archiving.accept(db(), current_actor(), dossier_id)  # noqa: E731 - one step, named for its line
    return _step(dossier_id, Form(), act, _("Accepted into the archive."))


@bp.post("/dossiers/<int:dossier_id>/return")
@needs(DOSSIER_ARCHIVE)
def send_back(dossier_id: int) -> ResponseReturnValue:
    """Back to its unit."""
    return _noted(dossier_id, "return", archiving.send_back, _("Returned to the unit."))


@bp.post("/dossiers/<int:dossier_id>/hold")
@needs(DOSSIER_ARCHIVE)
def hold(dossier_id: int) -> ResponseReturnValue:
    """Keep it whatever its retention says."""
    return _noted(dossier_id, "hold", archiving.hold, _("The dossier is on hold."))


@bp.post("/dossiers/<int:dossier_id>/release")
@needs(DOSSIER_ARCHIVE)
def release(dossier_id: int) -> ResponseReturnValue:
    """Lift the hold."""
    return _noted(dossier_id, "release", archiving.release, _("The hold is lifted."))


def _noted(dossier_id: int, step: str, act: Callable[..., object], done: str) -> ResponseReturnValue:
    form = NoteForm()
    return _step(
        dossier_id, form, lambda: act(db(), current_actor(), dossier_id, form.note.data or ""), done, step
    )


# Documents in it


@bp.route("/dossiers/file/<int:document_id>", methods=["GET", "POST"])
@needs(DOSSIER_WORK)
def file(document_id: int) -> ResponseReturnValue:
    """Choose a dossier for a document."""
    actor, form = current_actor(), ChooseForm()
    document = documents.one(db(), actor, document_id)
    inside = queries.holding(db(), actor, document)
    open_ = queries.to_file_into(db(), actor)
    # who sends one that holds it meanwhile is told so
    form.offer(open_ if form.is_submitted() else [one for one in open_ if one not in inside])
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            service.file(db(), actor, form.dossier_id.data, document_id, form.note.data or "")
        except AppError as error:
            status = refused(form, error)
        else:
            flash(_("The document lies in the dossier now."), "ok")
            return redirect(url_for("dossiers.show", dossier_id=form.dossier_id.data), 303)
    return render_template(
        "dossiers/choose.html", form=form, document=document, back=address(document), inside=inside
    ), status


@bp.post("/dossiers/<int:dossier_id>/documents/<int:document_id>/take-out")
@needs(DOSSIER_WORK)
def take_out(dossier_id: int, document_id: int) -> ResponseReturnValue:
    """Take a document out."""
    service.take_out(db(), current_actor(), dossier_id, document_id)
    flash(_("Taken out of the dossier; the document itself stays."), "ok")
    return redirect(url_for("dossiers.show", dossier_id=dossier_id), 303)


# Taken out


@bp.get("/dossiers/<int:dossier_id>/contents.pdf")
@needs(DOCUMENT_READ)
def contents(dossier_id: int) -> Response:
    """Mục lục văn bản trong hồ sơ."""
    dossier, enclosed = service.take_along(db(), current_actor(), dossier_id, "contents")
    agency = directory.agency(db(), dossier.agency_id)
    made = packages.contents(agency, dossier, enclosed)
    return _send(BytesIO(made.pdf), dossier, "muc-luc.pdf", "application/pdf")


@bp.get("/dossiers/<int:dossier_id>/dossier.pdf")
@needs(DOCUMENT_READ)
def as_pdf(dossier_id: int) -> Response:
    """Everything in one PDF."""
    dossier, enclosed = service.take_along(db(), current_actor(), dossier_id, "pdf")
    made = packages.as_pdf(directory.agency(db(), dossier.agency_id), dossier, enclosed)
    return _send(BytesIO(made), dossier, "ho-so.pdf", "application/pdf")


@bp.get("/dossiers/<int:dossier_id>/dossier.xml")
@needs(DOCUMENT_READ)
def as_xml(dossier_id: int) -> Response:
    """The metadata."""
    dossier, enclosed = service.take_along(db(), current_actor(), dossier_id, "xml")
    made = packages.as_xml(directory.agency(db(), dossier.agency_id), dossier, enclosed)
    return _send(BytesIO(made), dossier, "ho-so.xml", "application/xml")


@bp.get("/dossiers/<int:dossier_id>/sip.zip")
@needs(DOCUMENT_READ)
def sip(dossier_id: int) -> Response:
    """The package for another archive."""
    dossier, enclosed = service.take_along(db(), current_actor(), dossier_id, "sip")
    made = packages.spooled_sip(directory.agency(db(), dossier.agency_id), dossier, enclosed)
    return _send(made, dossier, "sip.zip", "application/zip")


@bp.get("/dossiers/hand-overs/<int:hand_over_id>.pdf")
@needs(DOCUMENT_READ)
def minutes(hand_over_id: int) -> Response:
    """Biên bản giao nhận."""
    made = queries.hand_over(db(), current_actor(), hand_over_id)
    for one in made.dossiers:
        queries.one(db(), current_actor(), one.id)
    counts = queries.totals(db(), [one.id for one in made.dossiers])
    paper = papers.minutes(directory.agency(db(), made.agency_id), made, counts)
    return send_file(
        BytesIO(paper.pdf), mimetype="application/pdf", as_attachment=True, max_age=0,
        download_name=f"bien-ban-giao-nhan-{made.id}.pdf",
    )  # fmt: skip


def _send(data: Any, dossier: Dossier, ending: str, media_type: str) -> Response:
    name = f"{dossier.year}-{dossier.notation.replace('.', '-')}-{ending}"
    return send_file(data, mimetype=media_type, as_attachment=True, download_name=name, max_age=0)
