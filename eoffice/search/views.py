"""The search page."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from eoffice.core.web import current_actor, db, needs
from eoffice.documents.kinds import INCOMING_ONLY, KINDS
from eoffice.incoming.states import State as IncomingState
from eoffice.outgoing.states import State as OutgoingState
from eoffice.search import forms, queries
from eoffice.search.highlight import highlight
from eoffice.search.permissions import SEARCH_USE

bp = Blueprint("search", __name__, template_folder="templates")

#: states a search can be narrowed to, in the order of the work
STATES = {"in": tuple(IncomingState), "out": tuple(OutgoingState)}


@bp.get("/search")
@needs(SEARCH_USE)
def index() -> ResponseReturnValue:
    """What the address asks for; an empty question shows the form alone."""
    question = forms.read(request.args)
    found = (
        None if question.is_empty else queries.find(db(), current_actor(), question, request.args.get("page"))
    )
    return render_template(
        "search/index.html",
        question=question,
        found=found,
        fields=forms.write(question),
        kinds=(*KINDS.values(), *INCOMING_ONLY),
        states=STATES,
        highlight=highlight,
        first_page=not request.args.get("page"),
    )
