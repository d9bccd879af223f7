"""Who signs in whose stead, until when and by what."""

from datetime import timedelta

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from eoffice.core import clock
from eoffice.core.errors import AppError
from eoffice.core.forms import refused
from eoffice.core.permissions import allowed
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import queries as directory
from eoffice.directory import service
from eoffice.directory.forms import DelegationForm
from eoffice.directory.models import Role
from eoffice.directory.permissions import DIRECTORY_DELEGATE, DIRECTORY_READ
from eoffice.documents import kinds
from eoffice.outgoing.views import bp
from eoffice.signatures import queries as keys
from eoffice.signatures.models import ImageKind
from eoffice.signatures.seals import NoPicture


@bp.get("/delegations")
@needs(DIRECTORY_READ)
def delegations() -> ResponseReturnValue:
    """What holds, what is to come, what has ended; and the form for those who sign in their own right."""
    return _page(_offered(DelegationForm(formdata=None))), 200


def _offered(form: DelegationForm) -> DelegationForm:
    takers = (Role.LEADER, Role.CHIEF_OF_OFFICE, Role.UNIT_HEAD)
    actor = current_actor()
    posts = directory.posts(db(), actor.agency_id or 0, *takers)
    others = [post for post in posts if post.person_id != actor.person_id]
    form.offer(others, {kind.code: kind.name for kind in (*kinds.KINDS.values(), *kinds.COPIES.values())})
    return form


def _page(form: DelegationForm) -> str:
    actor = current_actor()
    rows = directory.delegations(db(), actor.agency_id or 0)
    return render_template(
        "outgoing/delegations.html", form=form if service.may_delegate(db(), actor) else None, rows=rows,
        now=clock.now(), local=clock.local, a_minute=timedelta(minutes=1), kind=kinds.kind,
        ending={one.id for one in rows if allowed(actor, DIRECTORY_DELEGATE, one)},
    )  # fmt: skip


@bp.post("/delegations")
@needs(DIRECTORY_DELEGATE)
def delegate() -> ResponseReturnValue:
    """Let somebody sign in one's stead."""
    form, status = _offered(DelegationForm()), 422
    if form.validate_on_submit():
        try:
            made = service.delegate(db(), current_actor(), form.to_new())
        except AppError as error:
            status = refused(form, error)
        else:
            flash(_("From then on the drafter finds them among those who sign."), "ok")
            if not keys.has_image(db(), ImageKind.SIGNATURE, made.agency_id, made.to.person_id):
                flash(str(NoPicture(owner=made.to.person.full_name)), "warn")
            return redirect(url_for("outgoing.delegations"), 303)
    return _page(form), status


@bp.post("/delegations/<int:delegation_id>/end")
@needs(DIRECTORY_DELEGATE)
def end_delegation(delegation_id: int) -> ResponseReturnValue:
    """End it now."""
    service.end_delegation(db(), current_actor(), delegation_id)
    flash(_("Ended; nothing more is signed under it, and what waits for it goes back to its drafter."), "ok")
    return redirect(url_for("outgoing.delegations"), 303)
