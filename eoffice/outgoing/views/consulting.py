"""Opinions on a draft: asked for on its page, answered there, listed among one's own work."""

from itertools import zip_longest

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from eoffice.core.errors import AppError
from eoffice.core.web import current_actor, db, needs
from eoffice.directions.worklists import worklist, worklists
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.outgoing import consulting, forms, queries
from eoffice.outgoing.views import bp
from eoffice.outgoing.views.document import refused

#: colleagues that the form has room for, and how many are added
_ROWS = 4

worklist("opinions", _l("Opinions asked of me"), "outgoing.to_advise", DOCUMENT_READ, consulting.counts, 60)


@bp.get("/work/opinions")
@needs(DOCUMENT_READ)
def to_advise() -> ResponseReturnValue:
    """What one is asked now."""
    lists = worklists(db(), current_actor())
    tabs = [(one.label, url_for(one.endpoint), count, one.key == "opinions") for one, count in lists]
    return render_template(
        "outgoing/opinions.html", asked=consulting.waiting(db(), current_actor()), tabs=tabs
    )


@bp.route("/outgoing/<int:document_id>/consult", methods=["GET", "POST"])
@needs(DOCUMENT_READ)
def consult(document_id: int) -> ResponseReturnValue:
    """Ask colleagues; the service asks whose right that is."""
    problem: AppError | None = None
    if request.method == "POST" and "more" not in request.form:
        try:
            made = consulting.ask(db(), current_actor(), document_id, forms.question(request.form))
        except AppError as error:
            db().rollback()
            problem = error
        else:
            flash(_("%(count)s colleagues are asked for their opinion.", count=len(made)), "ok")
            return redirect(url_for("outgoing.show", document_id=document_id), 303)
    page = render_template(
        "outgoing/consult.html",
        document=queries.opened(db(), current_actor(), document_id),
        colleagues=_colleagues(),
        rows=_rows(),
        problem=problem,
    )
    return page, problem.status if problem else 200


def _rows() -> list[tuple[str, str]]:
    """Whom the form names, each with his day, and room for more."""
    sent = zip_longest(request.form.getlist("people"), request.form.getlist("days"), fillvalue="")
    chosen = [(who, until) for who, until in sent if who]
    return [*chosen, *[("", "")] * max(_ROWS - len(chosen), _ROWS if "more" in request.form else 1)]


def _colleagues() -> list[tuple[int, str]]:
    return [(post.id, post.label) for post in consulting.colleagues(db(), current_actor())]


@bp.post("/outgoing/<int:document_id>/consultations/<int:consultation_id>")
@needs(DOCUMENT_READ)
def advise(document_id: int, consultation_id: int) -> ResponseReturnValue:
    """Give one's opinion."""
    try:
        consulting.answer(db(), current_actor(), consultation_id, *forms.opinion(request.form))
    except AppError as error:
        return refused(document_id, error)
    flash(_("Your opinion is given."), "ok")
    return redirect(url_for("outgoing.show", document_id=document_id), 303)


@bp.post("/outgoing/<int:document_id>/consultations/<int:consultation_id>/withdraw")
@needs(DOCUMENT_READ)
def ask_no_longer(document_id: int, consultation_id: int) -> ResponseReturnValue:
    """Take a question back."""
    try:
        consulting.withdraw(db(), current_actor(), consultation_id)
    except AppError as error:
        return refused(document_id, error)
    return redirect(url_for("outgoing.show", document_id=document_id), 303)
