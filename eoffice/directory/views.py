"""Type-ahead over agencies and people, and who signs in whose stead."""

import re

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from eoffice.core.text import search_text
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import queries
from eoffice.directory.permissions import DIRECTORY_READ

bp = Blueprint("directory", __name__, url_prefix="/directory", template_folder="templates")

#: longest list of suggestions, and longest text that is looked up
_MOST, _LONGEST = 12, 100
_FIELD = re.compile(r"[A-Za-z][\w-]{0,40}")


@bp.get("/suggest")
@needs(DIRECTORY_READ)
def suggest() -> ResponseReturnValue:
    """Agencies that match what was typed so far; the value is the agency's id."""
    typed = request.args.get("q", "")[:_LONGEST]
    found = queries.search_agencies(db(), typed, limit=_MOST) if search_text(typed) else []
    return _answer([(agency.id, agency.name, agency.code) for agency in found])


@bp.get("/people/suggest")
@needs(DIRECTORY_READ)
def suggest_people() -> ResponseReturnValue:
    """Present posts of one's own agency; the value is the assignment's id."""
    actor = current_actor()
    words = search_text(request.args.get("q", "")[:_LONGEST]).split()
    posts = queries.posts(db(), actor.agency_id) if actor.agency_id is not None and words else []
    found = [post for post in posts if all(word in search_text(post.label) for word in words)]
    return _answer([(p.id, p.label, p.unit.name if p.unit else "") for p in found[:_MOST]])


def _answer(items: list[tuple[int, str, str]]) -> ResponseReturnValue:
    # htmx names the field that asks; it becomes part of the ids of the answers.
    asked_by = request.headers.get("HX-Trigger-Name", "")
    name = asked_by if _FIELD.fullmatch(asked_by) else "agency"
    return render_template("directory/suggestions.html", items=items, name=name)
