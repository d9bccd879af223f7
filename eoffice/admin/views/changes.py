"""Changes of who may read, until a competent person has confirmed them."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from eoffice.admin import changes
from eoffice.admin.views import bp
from eoffice.core import clock
from eoffice.core.web import current_actor, db, needs
from eoffice.documents import rights
from eoffice.documents.permissions import ACCESS_CONFIRM


@bp.get("/access-changes")
@needs(ACCESS_CONFIRM)
def access_changes() -> ResponseReturnValue:
    """What waits, the oldest first."""
    return render_template(
        "admin/changes.html", waiting=changes.waiting(db(), current_actor()), local=clock.local
    )


@bp.post("/access-changes")
@needs(ACCESS_CONFIRM)
def confirm_access() -> ResponseReturnValue:
    """Confirm one change, or all that were on the page."""
    count = rights.confirm(db(), current_actor(), request.form.getlist("entry", type=int))
    flash(ngettext("%(num)s change confirmed.", "%(num)s changes confirmed.", count), "ok")
    return redirect(url_for("admin.access_changes"), 303)
