"""Who could read a document on a day, and why."""

from collections.abc import Sequence
from datetime import date

from flask import render_template, request
from flask.typing import ResponseReturnValue

from eoffice.admin import access as use
from eoffice.admin.access import Reader
from eoffice.admin.forms import AccessForm
from eoffice.admin.permissions import ADMIN_ACCESS
from eoffice.admin.views import bp
from eoffice.core import clock
from eoffice.core.web import current_actor, db, needs
from eoffice.documents.models import Document


@bp.get("/admin/access")
@needs(ADMIN_ACCESS)
def access() -> ResponseReturnValue:
    """Find a document by its number; nothing of its content is shown."""
    return _page(AccessForm(formdata=None, day=clock.today()))


@bp.post("/admin/access")
@needs(ADMIN_ACCESS)
def ask_access() -> ResponseReturnValue:
    """The answer for a document and a day; sent, not linked, since asking is noted in the log."""
    form = AccessForm()
    if not form.validate_on_submit() or form.day.data is None:
        return _page(form), 422
    found = use.find(db(), current_actor(), form.number.data or "")
    chosen = request.form.get("document", type=int) or (found[0].id if len(found) == 1 else None)
    readers = use.readers(db(), current_actor(), chosen, form.day.data) if chosen else None
    return _page(form, found, chosen, readers, form.day.data)


def _page(
    form: AccessForm, found: Sequence[Document] | None = None, chosen: int | None = None,
    readers: list[Reader] | None = None, day: date | None = None,
) -> str:  # fmt: skip
    return render_template(
        "admin/access.html",
        form=form,
        found=found,
        chosen=chosen,
        readers=readers,
        day=day,
        local=clock.local,
    )
