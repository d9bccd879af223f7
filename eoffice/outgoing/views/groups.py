"""Groups of recipients: found while typing beside single agencies, kept on a page of their own."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from eoffice.core.errors import AppError
from eoffice.core.forms import refused
from eoffice.core.permissions import allowed
from eoffice.core.text import search_text
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import queries as directory
from eoffice.directory.permissions import DIRECTORY_READ
from eoffice.directory.views import LONGEST, MOST, suggestions
from eoffice.documents import groups as keep
from eoffice.documents import recipients as lists
from eoffice.documents.groups import ChangedMeanwhile
from eoffice.documents.models import RecipientGroup
from eoffice.documents.permissions import RECIPIENTS_SHARE
from eoffice.documents.recipients import Listed, Member
from eoffice.outgoing.forms import GroupForm
from eoffice.outgoing.views import bp


@bp.get("/recipients/suggest")
@needs(DIRECTORY_READ)
def suggest() -> ResponseReturnValue:
    """Groups, then agencies that match what was typed so far."""
    typed = request.args.get("q", "")[:LONGEST]
    found = keep.suggested(db(), current_actor(), typed)
    agencies = directory.search_agencies(db(), typed, limit=MOST) if search_text(typed) else []
    groups = [(lists.mark(one), one.name, _("group of recipients")) for one in found]
    return suggestions([*groups, *((one.id, one.name, one.code) for one in agencies)])


@bp.post("/recipients")
@needs(DIRECTORY_READ)
def recipients() -> str:
    """The field as it was sent, groups opened: a part of every form that names recipients."""
    to = lists.listed(db(), current_actor(), request.form)
    return render_template("outgoing/_recipients.html", to=to, group="group" in request.args)


@bp.get("/recipients/groups")
@needs(DIRECTORY_READ)
def groups() -> str:
    """One's own, and those shared in the agency."""
    actor = current_actor()
    found = keep.kept(db(), actor)
    sizes = keep.sizes(db(), found)
    rows = [(one, sizes.get(one.id, 0), allowed(actor, DIRECTORY_READ, one)) for one in found]
    return render_template("outgoing/groups.html", rows=rows)


@bp.route("/recipients/groups/new", methods=["GET", "POST"], defaults={"group_id": None})
@bp.route("/recipients/groups/<int:group_id>", methods=["GET", "POST"])
@needs(DIRECTORY_READ)
def group(group_id: int | None) -> ResponseReturnValue:
    """A group and what belongs to it."""
    known = keep.opened(db(), current_actor(), group_id) if group_id is not None else None
    if request.method == "GET":
        return _page(known, GroupForm(formdata=None, obj=known), _chosen(known))
    form, to = GroupForm(), lists.listed(db(), current_actor(), request.form)
    if "more" in request.form:
        return _page(known, form, to)
    if not form.validate_on_submit():
        return _page(known, form, to), 422
    try:
        codes = (*(one.code for one in to.members), *_alone(to), *keep.pasted(db(), form.codes.data or ""))
        keep.save(db(), current_actor(), form.to_new(codes), group_id)
    except AppError as error:
        status = refused(form, error)
        if isinstance(error, ChangedMeanwhile):
            form.version.data = form.version.raw_data = error.version
        return _page(known, form, to), status
    for sentence in to.told:
        flash(sentence, "warn")
    flash(_("Kept; its name adds all its agencies wherever recipients are chosen."), "ok")
    return redirect(url_for("outgoing.groups"), 303)


@bp.post("/recipients/groups/<int:group_id>/remove")
@needs(DIRECTORY_READ)
def remove_group(group_id: int) -> ResponseReturnValue:
    """Throw it away."""
    keep.remove(db(), current_actor(), group_id)
    flash(_("Thrown away; drafts keep the recipients they have."), "ok")
    return redirect(url_for("outgoing.groups"), 303)


def _alone(to: Listed) -> list[str]:
    """Codes of those chosen one by one. Raises what `recipients.find` refuses with."""
    return [one.code for one in lists.find(db(), lists.entries(db(), to.rows))]


def _chosen(group: RecipientGroup | None) -> Listed:
    if group is None:
        return Listed()
    return Listed(members=[Member(one.code, one.name, "") for one in keep.chosen(db(), group)])


def _page(group: RecipientGroup | None, form: GroupForm, to: Listed) -> str:
    page: dict[str, Any] = {
        "group": group, "form": form, "to": to, "follows": keep.following(db(), group) if group else (),
        "may_share": current_actor().can(RECIPIENTS_SHARE),
    }  # fmt: skip
    return render_template("outgoing/group.html", **page)
