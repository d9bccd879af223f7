"""The dispatch book: what is to be sent on paper, what has no receipt yet, and what arrived."""

from collections.abc import Callable, Sequence
from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from eoffice.core import clock
from eoffice.core.errors import AppError, NotFound
from eoffice.core.forms import read_day
from eoffice.core.web import current_actor, db, needs
from eoffice.outgoing import posting
from eoffice.outgoing.forms import BadDate
from eoffice.outgoing.models import Carrier, Posting
from eoffice.outgoing.permissions import OUTGOING_POST
from eoffice.outgoing.posting import Correction, Line, Tab
from eoffice.outgoing.views import bp
from eoffice.outgoing.workflow import PaperMove

_WORDS = {
    Tab.SEND: _l("To be sent"),
    Tab.RECEIVE: _l("Waiting for the receipt"),
    Tab.DONE: _l("Received on paper"),
}


@bp.get("/outgoing/posting")
@needs(OUTGOING_POST)
def dispatch_book() -> ResponseReturnValue:
    """One tab of the book."""
    wanted = request.args.get("tab", "")
    return _page(Tab(wanted) if wanted in set(Tab) else Tab.SEND)


def _page(tab: Tab, problem: AppError | None = None) -> str:
    actor = current_actor()
    waiting = posting.counts(db(), actor)
    mark = request.args.get("mark")
    tabs = [
        (_WORDS[one], url_for("outgoing.dispatch_book", tab=one.value),
         sum(waiting.get(state, 0) for state in one.states) if one is not Tab.DONE else None, one is tab)
        for one in Tab
    ]  # fmt: skip
    return render_template(
        "outgoing/posting.html",
        tab=tab.value,
        tabs=tabs,
        page=posting.lines(db(), actor, tab, mark),
        mark=mark,
        problem=problem,
        carriers=[(one.value, one.word) for one in Carrier],
        today=clock.today(),
        typed=request.form,
    )


@bp.post("/outgoing/posting/<any(send, receive, come_back):step>")
@needs(OUTGOING_POST)
def dispatch(step: str) -> ResponseReturnValue:
    """Note what became of the lines that are ticked or have something written beside them."""
    move = PaperMove(step)
    tab = Tab.SEND if move is PaperMove.SEND else Tab.RECEIVE
    try:
        chosen, on = _chosen(), _day()
        _STEPS[move](chosen, on)
    except NotFound:
        raise
    except AppError as error:
        db().rollback()
        return _page(tab, error), error.status
    flash(_("Written into the dispatch book: %(count)s.", count=len(chosen)), "ok")
    return redirect(url_for("outgoing.dispatch_book", tab=tab.value), 303)


@bp.route("/outgoing/posting/<int:posting_id>/correct", methods=["GET", "POST"])
@needs(OUTGOING_POST)
def posting_correction(posting_id: int) -> ResponseReturnValue:
    """Correct what stands in a line that has left."""
    line, problem = posting.sent_line(db(), current_actor(), posting_id), None
    if request.method == "POST":
        why, seen = request.form.get("reason", ""), request.form.get("seen")
        try:
            posting.correct(db(), current_actor(), posting_id, _correction(), why, seen=seen)
        except AppError as error:
            if error.field is None:
                raise
            db().rollback()
            problem = error
        else:
            flash(_("Corrected; what stood there before is in the history of the document."), "ok")
            tab = Tab.DONE if line.state in Tab.DONE.states else Tab.RECEIVE
            return redirect(url_for("outgoing.dispatch_book", tab=tab.value), 303)
    return _correcting(line, problem)


@bp.post("/outgoing/posting/<int:posting_id>/take-back")
@needs(OUTGOING_POST)
def posting_mistake(posting_id: int) -> ResponseReturnValue:
    """Undo the last step of a line."""
    # the step that this person saw, and no other: a form sent twice takes one back
    why, seen = request.form.get("mistake", ""), request.form.get("seen", "")
    try:
        line = posting.take_back(db(), current_actor(), posting_id, why, seen=seen)
    except AppError as error:
        if error.field is None:
            raise
        db().rollback()
        return _correcting(posting.sent_line(db(), current_actor(), posting_id), error)
    flash(_("Taken back; what stood there is in the history of the document."), "ok")
    tab = Tab.SEND if line.state in Tab.SEND.states else Tab.RECEIVE
    return redirect(url_for("outgoing.dispatch_book", tab=tab.value), 303)


def _correcting(line: Posting, problem: AppError | None) -> ResponseReturnValue:
    page = render_template(
        "outgoing/posting_correction.html", one=line, problem=problem, typed=request.form,
        stands=posting.stands(line), carriers=[(carrier.value, carrier.word) for carrier in Carrier],
    )  # fmt: skip
    return page, problem.status if problem else 200


def _correction() -> Correction:
    typed = request.form
    settled_on = _day("settled_on") if "settled_on" in typed else None
    return Correction(
        _carrier(), typed.get("number", ""), _day("sent_on"), settled_on, typed.get("receipt", "")
    )


def _carrier() -> Carrier:
    """Raises NoCarrier."""
    given = request.form.get("carrier", "")
    if given not in set(Carrier):
        raise posting.NoCarrier(field="carrier")
    return Carrier(given)


def _send(chosen: Sequence[Line], on: date) -> None:
    posting.send(db(), current_actor(), chosen, _carrier() if chosen else Carrier.POST, on)


_STEPS: dict[PaperMove, Callable[[Sequence[Line], date], object]] = {
    PaperMove.SEND: _send,
    PaperMove.RECEIVE: lambda chosen, on: posting.receive(db(), current_actor(), chosen, on),
    PaperMove.COME_BACK: lambda chosen, on: posting.come_back(db(), current_actor(), chosen, on),
}


def _chosen() -> list[Line]:
    ticked = {int(one) for one in request.form.getlist("line") if one.isascii() and one.isdigit()}
    noted = {
        int(name[4:]): text
        for name, text in request.form.items()
        if name.startswith("note") and name[4:].isascii() and name[4:].isdigit() and text.strip()
    }
    return [Line(one, noted.get(one, "")) for one in sorted(ticked | set(noted))]


def _day(field: str = "on") -> date:
    found = read_day(request.form.get(field, ""))
    if found is None:
        raise BadDate(field=field)
    return found
