"""The search page."""

from io import BytesIO
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from eoffice.core import clock, sheets
from eoffice.core.errors import Invalid
from eoffice.core.web import current_actor, db, needs
from eoffice.documents.kinds import EVERY
from eoffice.documents.models import Document
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.states import State as IncomingState
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.states import State as OutgoingState
from eoffice.search import forms, queries, saved, service
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
        kinds=EVERY.values(),
        states=STATES,
        highlight=highlight,
        saved=saved.kept(db(), current_actor()),
        first_page=not request.args.get("page"),
    )


@bp.post("/search/saved")
@needs(SEARCH_USE)
def keep() -> ResponseReturnValue:
    """Keep what the address asks under a name."""
    fields: dict[str, Any] = forms.write(forms.read(request.args))
    try:
        saved.keep(db(), current_actor(), request.form.get("name", ""), fields)
    except Invalid as error:
        flash(str(error), "warn")
    else:
        flash(_("Kept; it stands above the form from now on."), "ok")
    return redirect(url_for("search.index", **fields), 303)


@bp.post("/search/saved/<int:search_id>/remove")
@needs(SEARCH_USE)
def remove(search_id: int) -> ResponseReturnValue:
    """Throw a kept search away."""
    saved.remove(db(), current_actor(), search_id)
    return redirect(url_for("search.index"), 303)


@bp.get("/search.xlsx")
@needs(SEARCH_USE)
def spreadsheet() -> Response:
    """The same as a table, all pages of it."""
    question = forms.read(request.args)
    found = service.take_out(db(), current_actor(), question, forms.write(question))
    headings = (
        _("Number, notation"), _("Date"), _("Kind"), _("Issuer"), _("Subject"), _("Signer"), _("In the register"),
        _("Deadline"), _("State"),
    )  # fmt: skip
    rows = [_row(document) for document in found]
    made = sheets.write(_("Documents found"), headings, rows, (18, 12, 16, 32, 60, 22, 10, 12, 18))
    name = f"tra-cuu-{clock.today():%Y%m%d}.xlsx"
    return send_file(
        BytesIO(made), mimetype=sheets.MEDIA_TYPE, as_attachment=True, download_name=name, max_age=0
    )


def _row(document: Document) -> tuple[sheets.Value, ...]:
    assert isinstance(document, IncomingDocument | OutgoingDocument)
    kind = document.kind.name if document.kind_code else ""  # a scan that waits has none yet
    return (
        document.code, document.issued_on, kind, document.issuer_name, document.subject, document.signer_name,
        document.register_number, document.due_on, str(document.state.word),
    )  # fmt: skip
