"""Type-ahead over agencies and people, and who is away."""

import re
from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from eoffice.core import clock
from eoffice.core.errors import AppError
from eoffice.core.forms import refused
from eoffice.core.text import search_text
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import absences as away
from eoffice.directory import queries
from eoffice.directory.forms import AbsenceForm
from eoffice.directory.permissions import DIRECTORY_READ

bp = Blueprint("directory", __name__, url_prefix="/directory", template_folder="templates")

#: longest list of suggestions, and longest text that is looked up
MOST, LONGEST = 12, 100
_FIELD = re.compile(r"[A-Za-z][\w-]{0,40}")


@bp.get("/suggest")
@needs(DIRECTORY_READ)
def suggest() -> ResponseReturnValue:
    """Agencies that match what was typed so far; the value is the agency's id."""
    typed = request.args.get("q", "")[:LONGEST]
    found = queries.search_agencies(db(), typed, limit=MOST) if search_text(typed) else []
    return suggestions([(agency.id, agency.name, agency.code) for agency in found])


@bp.get("/people/suggest")
@needs(DIRECTORY_READ)
def suggest_people() -> ResponseReturnValue:
    """Present posts of one's own agency; the value is the assignment's id."""
    actor = current_actor()
    words = search_text(request.args.get("q", "")[:LONGEST]).split()
    posts = queries.posts(db(), actor.agency_id) if actor.agency_id is not None and words else []
    found = [post for post in posts if all(word in search_text(post.label) for word in words)]
    return suggestions([(p.id, p.label, p.unit.name if p.unit else "") for p in found[:MOST]])


def suggestions(items: Sequence[tuple[int | str, str, str]]) -> ResponseReturnValue:
    """The answer to a type-ahead: what is sent when it is chosen, its words, and what tells it from others."""
    # htmx names the field that asks; it becomes part of the ids of the answers.
    asked_by = request.headers.get("HX-Trigger-Name", "")
    name = asked_by if _FIELD.fullmatch(asked_by) else "agency"
    return render_template("directory/suggestions.html", items=items, name=name)


@bp.get("/absences")
@needs(DIRECTORY_READ)
def absences() -> ResponseReturnValue:
    """Who of the agency is away or will be, and who stands in; `post_id`: the post that is away in the form."""
    chosen = request.args.get("post_id", type=int)
    return _absences(AbsenceForm(formdata=None, starts_on=clock.today(), post_id=chosen))


@bp.post("/absences")
@needs(DIRECTORY_READ)
def record_absence() -> ResponseReturnValue:
    """Record one's own absence; administrators that of anybody in the agency."""
    form, status = _offered(AbsenceForm()), 422
    if form.validate_on_submit():
        try:
            away.record(db(), current_actor(), form.to_new())
        except AppError as error:
            status = refused(form, error)
        else:
            flash(_("Recorded; on these days the work shows up with both."), "ok")
            return redirect(url_for("directory.absences"), 303)
    return _absences(form), status


@bp.post("/absences/<int:absence_id>/end")
@needs(DIRECTORY_READ)
def end_absence(absence_id: int) -> ResponseReturnValue:
    """Somebody is back."""
    away.end(db(), current_actor(), absence_id)
    flash(_("Ended; nobody stands in any more."), "ok")
    return redirect(url_for("directory.absences"), 303)


def _offered(form: AbsenceForm) -> AbsenceForm:
    actor = current_actor()
    posts = queries.posts(db(), actor.agency_id or 0)
    absent = [post for post in posts if away.may_record(actor, post)]
    # the first one stands in the list as long as nobody has chosen
    post = next((one for one in absent if one.id == form.post_id.data), absent[0] if absent else None)
    form.offer(absent, [one for one in posts if post is not None and away.fits(post, one)])
    return form


def _absences(form: AbsenceForm) -> str:
    actor = current_actor()
    rows = queries.absences(db(), actor.agency_id or 0)
    mine = {one.id for one in rows if away.may_record(actor, one.post)}
    page = "directory/absences.html"
    return render_template(page, rows=rows, mine=mine, form=_offered(form), today=clock.today())
