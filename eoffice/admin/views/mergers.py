"""Mergers of agencies: planned, rehearsed, carried out or withdrawn."""

from collections.abc import Callable

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from eoffice.admin import merging
from eoffice.admin.forms import MergerForm
from eoffice.admin.merging import Outcome
from eoffice.admin.views import bp
from eoffice.core import clock
from eoffice.core.errors import AppError
from eoffice.core.forms import refused
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import queries as directory
from eoffice.directory.models import Merger
from eoffice.directory.permissions import DIRECTORY_MERGE
from eoffice.directory.takers import Takers


@bp.route("/admin/mergers", methods=["GET", "POST"])
@needs(DIRECTORY_MERGE)
def mergers() -> ResponseReturnValue:
    """Every merger, and a new one."""
    form, hosted = MergerForm(), directory.hosted(db())
    form.offer([one for one in hosted if one.valid_to is None])
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            made = merging.plan(db(), current_actor(), form.to_new())
        except AppError as error:
            status = refused(form, error)
        else:
            return redirect(url_for("admin.merger", merger_id=made.id), 303)
    found = merging.every(db(), current_actor())
    names = {one.id: one.name for one in hosted}
    return render_template("admin/mergers.html", form=form, mergers=found, names=names), status


@bp.get("/admin/mergers/<int:merger_id>")
@needs(DIRECTORY_MERGE)
def merger(merger_id: int) -> ResponseReturnValue:
    """One merger: who follows whom, and what can be done now."""
    return _page(merging.one(db(), current_actor(), merger_id))


def _page(found: Merger, outcome: Outcome | None = None, refusal: AppError | None = None) -> str:
    return render_template(
        "admin/merger.html",
        merger=found,
        takers=Takers(db(), found) if found.done_at is None and found.withdrawn_at is None else None,
        follow=merging.followers(db(), found),
        posts=directory.roll(db(), found.agency_id),
        units=directory.units(db(), found.agency_id),
        withdrawal=merging.withdrawal(db(), found),
        reason=request.form.get("reason", ""),
        outcome=outcome,
        record=merging.record(db(), found),
        followed=merging.followed(db(), found),
        refusal=refusal,
        due=clock.today() >= found.on,
        local=clock.local,
    )


@bp.post("/admin/mergers/<int:merger_id>/followers")
@needs(DIRECTORY_MERGE)
def choose_followers(merger_id: int) -> ResponseReturnValue:
    """Who follows whom, then what it would do."""
    merging.choose(db(), current_actor(), merger_id, _chosen("p"), _chosen("u"))
    return rehearse_merger(merger_id)


def _chosen(mark: str) -> dict[int, int]:
    """What the selects of posts (`p12`) or units (`u3`) say; 0 is nobody."""
    names = [name for name in request.form if name[:1] == mark and name[1:].isascii() and name[1:].isdigit()]
    return {int(name[1:]): request.form.get(name, 0, type=int) for name in names}


@bp.post("/admin/mergers/<int:merger_id>/rehearse")
@needs(DIRECTORY_MERGE)
def rehearse_merger(merger_id: int) -> ResponseReturnValue:
    """All of it, kept nowhere."""
    outcome = merging.rehearse(db(), current_actor(), merger_id)
    page = _page(merging.one(db(), current_actor(), merger_id), outcome)
    return page, 422 if outcome.problems else 200


@bp.post("/admin/mergers/<int:merger_id>/announce")
@needs(DIRECTORY_MERGE)
def announce_merger(merger_id: int) -> ResponseReturnValue:
    """Let senders everywhere know the day."""
    said = _("The axis is being told; senders everywhere hear of the day.")
    return _act(merger_id, lambda: merging.announce(db(), current_actor(), merger_id), said)


@bp.post("/admin/mergers/<int:merger_id>/carry-out")
@needs(DIRECTORY_MERGE)
def carry_out_merger(merger_id: int) -> ResponseReturnValue:
    """On its day or later."""
    said = _("The agency is merged: registers closed, open work moved.")
    return _act(merger_id, lambda: merging.carry_out(db(), current_actor(), merger_id), said)


@bp.post("/admin/mergers/<int:merger_id>/withdraw")
@needs(DIRECTORY_MERGE)
def withdraw_merger(merger_id: int) -> ResponseReturnValue:
    """Before its day."""
    said = _("The merger is withdrawn; the agency goes on.")
    why = request.form.get("reason", "")
    return _act(merger_id, lambda: merging.withdraw(db(), current_actor(), merger_id, why), said)


def _act(merger_id: int, act: Callable[[], object], said: str) -> ResponseReturnValue:
    try:
        act()
    except AppError as error:
        return _page(merging.one(db(), current_actor(), merger_id), refusal=error), error.status
    flash(said, "ok")
    return redirect(url_for("admin.merger", merger_id=merger_id), 303)
