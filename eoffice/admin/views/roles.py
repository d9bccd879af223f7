"""What each role may do, and the roles an agency makes for itself."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from eoffice.accounts import permissions as accounts
from eoffice.admin import roles as use
from eoffice.admin.forms import GiveRoleForm, NewRoleForm, RoleForm
from eoffice.admin.views import bp
from eoffice.core.errors import AppError
from eoffice.core.forms import refused
from eoffice.core.permissions import DECLARED
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import queries as directory
from eoffice.directory import roles as own_roles
from eoffice.directory.models import OwnRole, Role
from eoffice.directory.permissions import DIRECTORY_MANAGE, DIRECTORY_PROVINCE


@bp.get("/admin/roles")
@needs(DIRECTORY_MANAGE)
def roles() -> ResponseReturnValue:
    """Every role one's agency may give, and what each allows."""
    return _roles(NewRoleForm(formdata=None).offer())


def _roles(form: NewRoleForm) -> str:
    found = own_roles.offered(db(), current_actor().agency_id or 0)
    now = own_roles.rights_now(db(), [one.id for one in found])
    columns = [(str(role.word), set[str](accounts.standard(role))) for role in Role]
    columns += [(one.name, set(now[one.id].rights)) for one in found if one.id in now]
    rights = [(words, [one in allowed for _name, allowed in columns]) for one, words in DECLARED.items()]
    return render_template(
        "admin/roles.html", roles=found, form=form, columns=[name for name, _allowed in columns], rights=rights,
        may_share=current_actor().can(DIRECTORY_PROVINCE), agency_id=current_actor().agency_id,
    )  # fmt: skip


@bp.post("/admin/roles")
@needs(DIRECTORY_MANAGE)
def make_role() -> ResponseReturnValue:
    """Make one; what it allows is chosen on its own page."""
    form, status = NewRoleForm().offer(), 422
    if form.validate_on_submit():
        try:
            made = use.make(
                db(), current_actor(), Role(form.base.data), form.name.data or "", shared=form.shared.data
            )
        except AppError as error:
            status = refused(form, error)
        else:
            flash(_("Made. Choose what it allows, then give it to posts."), "ok")
            return redirect(url_for("admin.role", role_id=made.id), 303)
    return _roles(form), status


@bp.get("/admin/roles/<int:role_id>")
@needs(DIRECTORY_MANAGE)
def role(role_id: int) -> ResponseReturnValue:
    """What one allows, and who has it."""
    found = use.role_of(db(), current_actor(), role_id)
    if found.ended_at is not None:
        raise use.RoleEnded(name=found.name)
    return _role(found)


def _role(found: OwnRole, form: RoleForm | None = None, giving: GiveRoleForm | None = None) -> str:
    actor = current_actor()
    now = use.rights_of(db(), found)
    if form is None:
        form = RoleForm(formdata=None, name=found.name, rights=now.rights, seen=now.id)
    form.offer(found.base)
    holders = own_roles.holders(db(), found, actor.agency_id or 0)
    giving = giving or GiveRoleForm(formdata=None)
    giving.offer(_others(found, {post.id for post in holders}))
    return render_template(
        "admin/role.html", role=found, form=form, giving=giving, holders=holders,
        mine=use.may_change(actor, found), rights=now.rights,
        always=[words for one, words in DECLARED.items() if one in accounts.always(found.base)],
    )  # fmt: skip


def _others(found: OwnRole, having: set[int]) -> list[tuple[int, str]]:
    posts = directory.posts(db(), current_actor().agency_id or 0, found.base)
    return [(post.id, post.label) for post in posts if post.id not in having]


@bp.post("/admin/roles/<int:role_id>")
@needs(DIRECTORY_MANAGE)
def change_role(role_id: int) -> ResponseReturnValue:
    """Allow something else, or call it otherwise."""
    found = use.role_of(db(), current_actor(), role_id)
    form, status = RoleForm(), 422
    form.offer(found.base)
    if form.validate_on_submit():
        try:
            use.change(db(), current_actor(), role_id, form.to_wanted(), int(form.seen.data or 0))
        except AppError as error:
            status = refused(form, error)
        else:
            flash(_("Changed; it holds from now on for everybody who has this role."), "ok")
            return redirect(url_for("admin.role", role_id=role_id), 303)
    return _role(found, form), status


@bp.post("/admin/roles/<int:role_id>/give")
@needs(DIRECTORY_MANAGE)
def give_role(role_id: int) -> ResponseReturnValue:
    """Let posts have it."""
    form, status = GiveRoleForm(), 422
    found = use.role_of(db(), current_actor(), role_id)
    form.offer(_others(found, set()))
    if form.validate_on_submit():
        try:
            count = use.give(db(), current_actor(), role_id, form.post_ids.data or ())
        except AppError as error:
            status = refused(form, error)
        else:
            flash(ngettext("Given to %(num)s post.", "Given to %(num)s posts.", count), "ok")
            return redirect(url_for("admin.role", role_id=role_id), 303)
    return _role(found, giving=form), status


@bp.post("/admin/posts/<int:post_id>/standard-role")
@needs(DIRECTORY_MANAGE)
def take_role(post_id: int) -> ResponseReturnValue:
    """Let a post have its standard role again."""
    post = use.take(db(), current_actor(), post_id)
    flash(_("%(name)s has the standard role again.", name=post.label), "ok")
    back = request.form.get("role", type=int)
    return redirect(url_for("admin.role", role_id=back) if back else url_for("admin.roles"), 303)


@bp.post("/admin/roles/<int:role_id>/end")
@needs(DIRECTORY_MANAGE)
def end_role(role_id: int) -> ResponseReturnValue:
    """Let nobody have it any more."""
    found = use.end(db(), current_actor(), role_id)
    flash(_("“%(name)s” is ended; its posts have their standard roles again.", name=found.name), "ok")
    return redirect(url_for("admin.roles"), 303)
