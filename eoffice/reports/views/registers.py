"""Registers: the list of a year, one register, a part of it on paper or as a spreadsheet."""

from datetime import date
from io import BytesIO
from typing import Any

from flask import Response, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from eoffice.core import clock, sheets
from eoffice.core.blobs import blobs
from eoffice.core.errors import AppError
from eoffice.core.forms import Form, refused
from eoffice.core.permissions import allowed
from eoffice.core.text import fold
from eoffice.core.web import current_actor, db, needs
from eoffice.documents import bodies, closing, registers
from eoffice.documents.models import Direction, Register
from eoffice.documents.permissions import DOCUMENT_READ_ALL, REGISTER_CLOSE, REGISTER_OPEN
from eoffice.reports import binding, books, queries, service
from eoffice.reports.books import Row, Span
from eoffice.reports.columns import SHEETS, Sheet
from eoffice.reports.columns import Form as BookForm
from eoffice.reports.forms import CloseForm, OpenForm, OpeningForm, PrintForm, SignForm
from eoffice.reports.queries import Binding
from eoffice.reports.views import bp
from eoffice.signatures.browser import given

#: lines shown on the page before they are printed
_SHOWN = 100


@bp.get("/registers")
@needs(DOCUMENT_READ_ALL)
def index() -> ResponseReturnValue:
    """The registers of a year."""
    years = queries.years(db(), current_actor())
    wanted = request.args.get("year", type=int)
    year = next((one for one in years if one == wanted), years[0])
    lines = queries.lines(db(), current_actor(), year)
    return render_template(
        "reports/registers.html", years=years, year=year, lines=lines, print_address=_print_address(year)
    )


@bp.route("/registers/new", methods=["GET", "POST"])
@needs(REGISTER_OPEN)
def new() -> ResponseReturnValue:
    """Open a register."""
    form = (
        OpenForm(data={"year": clock.today().year, "opening_number": 0})
        if request.method == "GET"
        else OpenForm()
    ).offer(bodies.every(db(), current_actor().agency_id or 0))
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            made = service.open_register(db(), current_actor(), form.to_new())
        except AppError as error:
            status = refused(form, error)
        else:
            flash(_("The register is open."), "ok")
            return redirect(url_for("reports.show", register_id=made.id), 303)
    return render_template("reports/open.html", form=form), status


@bp.get("/registers/<int:register_id>")
@needs(DOCUMENT_READ_ALL)
def show(register_id: int) -> ResponseReturnValue:
    """One register: its numbers, its proof, its book."""
    return _register(queries.one(db(), current_actor(), register_id)), 200


def _register(one: Register, sent: Form | None = None) -> str:
    actor = current_actor()
    books_made = queries.books(db(), one)
    opens, closes = allowed(actor, REGISTER_OPEN, one), allowed(actor, REGISTER_CLOSE, one)
    fresh = one.last_number == one.opening_number and one.closed_at is None
    unsigned = [book for book in books_made if book.signed_at is None]
    return render_template(
        "reports/register.html",
        register=one,
        gaps=closing.gaps(db(), one),
        books=books_made,
        binding=queries.binding_of(db(), one),
        early=one.year >= clock.today().year,
        opening=_form(OpeningForm, sent) if opens and fresh else None,
        ending=_form(CloseForm, sent) if closes and one.closed_at is None else None,
        signing=_form(SignForm, sent) if closes and unsigned else None,
        print_address=_print_address(one.year, one) if one.agency_id == actor.agency_id else "",
        local=clock.local,
    )


def _form(kind: type[Form], sent: Form | None) -> Form:
    return sent if isinstance(sent, kind) else kind(formdata=None)


def _refused(register_id: int, form: Form, error: AppError | None = None) -> ResponseReturnValue:
    """The page again with what was typed and why it cannot be."""
    status = refused(form, error) if error is not None else 422
    return _register(queries.one(db(), current_actor(), register_id), form), status


@bp.post("/registers/<int:register_id>/opening")
@needs(REGISTER_OPEN)
def set_opening(register_id: int) -> ResponseReturnValue:
    """Go on after the last number given elsewhere."""
    form = OpeningForm()
    if not form.validate_on_submit():
        return _refused(register_id, form)
    try:
        service.set_opening(
            db(), current_actor(), register_id, form.opening_number.data or 0, form.decision.data or ""
        )
    except AppError as error:
        return _refused(register_id, form, error)
    flash(_("The register goes on from there."), "ok")
    return redirect(url_for("reports.show", register_id=register_id), 303)


@bp.post("/registers/<int:register_id>/close")
@needs(REGISTER_CLOSE)
def close(register_id: int) -> ResponseReturnValue:
    """End the series; its book is set by a job."""
    form = CloseForm()
    if not form.validate_on_submit():
        return _refused(register_id, form)
    try:
        service.close(
            db(), current_actor(), register_id, form.last_number.data or 0, form.decision.data or ""
        )
    except AppError as error:
        return _refused(register_id, form, error)
    flash(_("The register is closed; its book is being set."), "ok")
    return redirect(url_for("reports.show", register_id=register_id), 303)


@bp.get("/registers/<int:register_id>/binding")
@needs(DOCUMENT_READ_ALL)
def bound(register_id: int) -> ResponseReturnValue:
    """Whether the book is set: a line that asks again, or the word to load the page anew."""
    one = queries.one(db(), current_actor(), register_id)
    answer = Response(render_template("reports/_binding.html", register=one))
    if queries.binding_of(db(), one) is not Binding.UNDER_WAY:
        answer.headers["HX-Refresh"] = "true"
    return answer


@bp.post("/registers/<int:register_id>/binding")
@needs(REGISTER_CLOSE)
def bind_again(register_id: int) -> ResponseReturnValue:
    """Have the book set that a failed job left out."""
    service.bind_again(db(), current_actor(), register_id)
    flash(_("The book is being set."), "ok")
    return redirect(url_for("reports.show", register_id=register_id), 303)


@bp.post("/registers/<int:register_id>/sign")
@needs(REGISTER_CLOSE)
def sign(register_id: int) -> ResponseReturnValue:
    """Sign the volumes with the agency's key."""
    form = SignForm()
    if not form.validate_on_submit():
        return _refused(register_id, form)
    try:
        service.sign_books(db(), current_actor(), register_id, given())
    except AppError as error:
        return _refused(register_id, form, error)
    flash(_("The book is signed."), "ok")
    return redirect(url_for("reports.show", register_id=register_id), 303)


@bp.get("/registers/books/<int:book_id>.pdf")
@needs(DOCUMENT_READ_ALL)
def book(book_id: int) -> Response:
    """A volume, signed if it is."""
    found = queries.book(db(), current_actor(), book_id)
    name = f"so-{found.register.code.lower()}-{found.register.year}-quyen-{found.volume}.pdf"
    path = blobs().path(found.signed_sha256 or found.sha256)
    return send_file(
        path, mimetype="application/pdf", as_attachment=True, download_name=name, max_age=0,
        last_modified=found.signed_at or found.made_at,
    )  # fmt: skip


@bp.get("/registers/print")
@needs(DOCUMENT_READ_ALL)
def printing() -> ResponseReturnValue:
    """A part of the registers before it is printed."""
    form = _asked()
    lines: list[Row] | None = None
    sheet: Sheet | None = None
    if request.args and form.validate():
        span = form.to_span(current_actor().agency_id or 0)
        service.check(db(), current_actor(), span)
        lines, sheet = books.rows(db(), span, _SHOWN + 1), SHEETS[span.form]
    return render_template(
        "reports/print.html", form=form, lines=lines, sheet=sheet, shown=_SHOWN, asked=request.args.to_dict()
    ), 422 if form.errors else 200


def _asked() -> PrintForm:
    """What the address asks for; without a question, this year."""
    first, last = service.year_of(clock.today())
    form = PrintForm.of(request.args, first, min(last, clock.today()))
    year = form.first.data.year if isinstance(form.first.data, date) else clock.today().year
    actor = current_actor()
    # in January the year that is over is printed and bound
    known = [one for of in (year, year - 1) for one in registers.registers(db(), actor.agency_id or 0, of)]
    form.offer(known, envelopes=service.sees_envelopes(actor))
    return form


def _print_address(year: int, one: Register | None = None) -> str:
    """What prints a register, or all incoming ones, of a whole year."""
    first, last = service.year_of(date(year, 1, 1))
    form = BookForm.OUTGOING if one is not None and one.direction is Direction.OUT else BookForm.INCOMING
    asked: dict[str, Any] = {"from": f"{first:%d/%m/%Y}", "to": f"{min(last, clock.today()):%d/%m/%Y}"}
    return url_for("reports.printing", form=form, register_id=one.id if one is not None else 0, **asked)


@bp.get("/registers/print.pdf")
@needs(DOCUMENT_READ_ALL)
def printed() -> Response:
    """The same as PDF."""
    span = _span()
    lines = service.lines(db(), current_actor(), span, service.PRINT_LIMIT)
    return _send(binding.printed(db(), span, lines), span, "pdf", "application/pdf")


@bp.get("/registers/print.xlsx")
@needs(DOCUMENT_READ_ALL)
def spreadsheet() -> Response:
    """The same as a spreadsheet."""
    span = _span()
    lines = service.lines(db(), current_actor(), span, service.SHEET_LIMIT)
    return _send(binding.spreadsheet(span, lines), span, "xlsx", sheets.MEDIA_TYPE)


def _span() -> Span:
    return _asked().check().to_span(current_actor().agency_id or 0)


def _send(data: bytes, span: Span, ending: str, media_type: str) -> Response:
    title = "-".join(fold(SHEETS[span.form].title).split())
    name = f"{title}-{span.first:%Y%m%d}-{span.last:%Y%m%d}.{ending}"
    return send_file(BytesIO(data), mimetype=media_type, as_attachment=True, download_name=name, max_age=0)
