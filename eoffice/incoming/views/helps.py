"""Phrases and circulation groups of one's own."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from eoffice.core.errors import AppError
from eoffice.core.forms import Form, refused
from eoffice.core.web import current_actor, db, needs
from eoffice.directions import helps as use
from eoffice.directions.forms import GroupForm, PhraseForm
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.incoming.views import bp
from eoffice.incoming.views.directing import offer


@bp.get("/work/helps")
@needs(DOCUMENT_READ)
def helps() -> ResponseReturnValue:
    """What one keeps, and forms for more."""
    return _page()


@bp.post("/work/helps/phrases")
@needs(DOCUMENT_READ)
def add_phrase() -> ResponseReturnValue:
    """Keep a phrase."""
    form = PhraseForm()
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        use.add_phrase(db(), current_actor(), form.text.data or "")
    except AppError as error:
        return _page(form), refused(form, error)
    flash(_("Kept; it stands under the direction from now on."), "ok")
    return redirect(url_for("incoming.helps"), 303)


@bp.post("/work/helps/groups")
@needs(DOCUMENT_READ)
def save_group() -> ResponseReturnValue:
    """Keep a group."""
    form = GroupForm()
    offer(form)
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        use.save_group(db(), current_actor(), form.to_group())
    except AppError as error:
        status = refused(form, error)
        return _page(form), status
    flash(_("Kept; choose it above the direction to fill in everybody at once."), "ok")
    return redirect(url_for("incoming.helps"), 303)


@bp.post("/work/helps/<int:help_id>/remove")
@needs(DOCUMENT_READ)
def remove_help(help_id: int) -> ResponseReturnValue:
    """Throw a phrase or a group away."""
    use.remove(db(), current_actor(), help_id)
    return redirect(url_for("incoming.helps"), 303)


def _page(sent: Form | None = None) -> str:
    phrasing = sent if isinstance(sent, PhraseForm) else PhraseForm(formdata=None)
    grouping = sent if isinstance(sent, GroupForm) else GroupForm(formdata=None)
    offer(grouping)
    actor = current_actor()
    words = {mark: label for group in grouping.inform.choices.values() for mark, label in group}
    return render_template(
        "incoming/helps.html", kept=use.kept(db(), actor), phrasing=phrasing, grouping=grouping, words=words,
    )  # fmt: skip
