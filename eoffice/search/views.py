"""The search page."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from eoffice.core import clock, sheets
from eoffice.core.errors import Invalid
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import queries as directory
from eoffice.documents.layout.tables import Column as Width
from eoffice.documents.layout.tables import Table, typeset
from eoffice.search import facets, forms, queries, saved, service
from eoffice.search.columns import COLUMNS, SHOWN, TAKEN_OUT, Column, Row, chosen
from eoffice.search.excerpts import excerpts
from eoffice.search.highlight import highlight
from eoffice.search.permissions import SEARCH_USE
from eoffice.search.query import Question

bp = Blueprint("search", __name__, template_folder="templates")

#: facets in the order of the page, with the fields of the address each one sets
_GROUPS = (
    ("direction", _l("Incoming or outgoing"), ("direction",)), ("kind", _l("Kind"), ("kind",)),
    ("state", _l("State"), ("state",)), ("issuer", _l("Issuer"), ("issuer",)), ("year", _l("Year"), ("from", "to")),
)  # fmt: skip


@bp.get("/search")
@needs(SEARCH_USE)
def index() -> ResponseReturnValue:
    """What the address asks for; an empty question shows the form alone."""
    form = forms.SearchForm(request.args)
    question = form.to_question() if form.validate() else Question()
    found = (
        None if question.is_empty else queries.find(db(), current_actor(), question, request.args.get("page"))
    )
    first = not request.args.get("page")
    counted = None
    if found is not None and first and found.rows:
        counted = facets.count(db(), current_actor(), question, common=found.total is None)
    return render_template(
        "search/index.html",
        facets=counted,
        groups=_GROUPS,
        columns=COLUMNS.values(),
        shown=chosen(question.columns, SHOWN),
        question=question,
        found=found,
        fields=forms.write(question),
        form=form,
        highlight=highlight,
        excerpts=excerpts(db(), [*found.exact, *found.rows], question.words) if found else {},
        saved=saved.kept(db(), current_actor()),
        first_page=first,
        elsewhere=directory.kept_elsewhere(db(), current_actor().agency_id or 0) if first else [],
    ), 422 if form.errors else 200


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
    columns, rows = _taken_out("xlsx")
    made = sheets.write(
        _("Documents found"), [str(one.heading) for one in columns],
        [[one.value(row) for one in columns] for row in rows], [one.width for one in columns],
    )  # fmt: skip
    return _send(made, "xlsx", sheets.MEDIA_TYPE)


@bp.get("/search.pdf")
@needs(SEARCH_USE)
def printed() -> Response:
    """The same on paper, with who took it out and when."""
    columns, rows = _taken_out("pdf")
    actor = current_actor()
    agency = directory.agency(db(), actor.agency_id or 0)
    made = typeset(
        Table(
            agency=agency.name, parent=agency.parent_name, title=_("Documents found"),
            subtitle=forms.told(forms.read(request.args)),
            columns=tuple(Width(str(one.heading), one.width) for one in columns),
            rows=[[one.text(row) for one in columns] for row in rows],
            notes=(
                _("%(count)s documents. Printed from the system by %(name)s, %(time)s.", count=len(rows),
                  name=actor.name, time=f"{clock.local(clock.now()):%H:%M %d/%m/%Y}"),
            ),
        )
    ).pdf  # fmt: skip
    return _send(made, "pdf", "application/pdf")


def _taken_out(form: str) -> tuple[list[Column], Sequence[Row]]:
    """The columns and all rows of the address; that they leave is in the log."""
    question = forms.read(request.args)
    limit = service.PRINT_LIMIT if form == "pdf" else service.TABLE_LIMIT
    asked = forms.write(question) | {"form": form}
    found = service.take_out(db(), current_actor(), question, asked, limit)
    # as on the page, where it leads to the document and cannot be chosen away
    columns = ("code", *question.columns) if question.columns else TAKEN_OUT
    return chosen(columns, TAKEN_OUT), [one for one in found if isinstance(one, Row)]


def _send(made: bytes, ending: str, media_type: str) -> Response:
    name = f"tra-cuu-{clock.today():%Y%m%d}.{ending}"
    return send_file(BytesIO(made), mimetype=media_type, as_attachment=True, download_name=name, max_age=0)
