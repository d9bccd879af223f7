"""Somebody leaves or moves."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from eoffice.admin import leaving
from eoffice.admin.forms import LeavingForm
from eoffice.admin.leaving import Open
from eoffice.admin.views import bp
from eoffice.core import clock
from eoffice.core.errors import AppError
from eoffice.core.forms import refused
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import queries as directory
from eoffice.directory.models import Assignment
from eoffice.directory.permissions import DIRECTORY_MANAGE


@bp.route("/admin/people/posts/<int:post_id>/end", methods=["GET", "POST"])
@needs(DIRECTORY_MANAGE)
def end_post(post_id: int) -> ResponseReturnValue:
    """What the post leaves open, and who takes it over."""
    actor = current_actor()
    post = leaving.post_of(db(), actor, post_id)
    form, status = _offered(LeavingForm(), post), 200
    if form.validate_on_submit():
        try:
            left = leaving.end(db(), actor, post_id, form.to_new())
        except AppError as error:
            status = refused(form, error)
        else:
            flash(_told(left), "warn" if left.unheaded and form.unheaded.data else "ok")
            return redirect(url_for("admin.people"), 303)
    if form.last_day.data is None and not form.is_submitted():
        form.last_day.data = clock.today()
    page = render_template("admin/leaving.html", post=post, form=form, open=leaving.left_open(db(), post))
    return page, 422 if form.errors and status == 200 else status


def _told(left: Open) -> str:
    if left.unheaded is not None and (left.approvals or left.unit_work):
        return _(
            "The post ends on that day. Until %(unit)s has a head, %(drafts)s drafts and %(tasks)s tasks wait there.",
            unit=left.unheaded.name, drafts=left.approvals, tasks=left.unit_work,
        )  # fmt: skip
    if left.needs_successor:
        return _("The post ends on that day; what was open has been handed on.")
    return _("The post ends on that day; nothing was open.")


def _offered(form: LeavingForm, post: Assignment) -> LeavingForm:
    form.offer(leaving.successors(db(), post), directory.units(db(), post.agency_id))
    return form
