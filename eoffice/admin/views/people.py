"""The people of one's agency: who holds which post, accounts, and taking people in from a table."""

import base64

from flask import Response, flash, render_template
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from eoffice.accounts import service as accounts
from eoffice.admin import people as use
from eoffice.admin.forms import PersonForm, SharedForm
from eoffice.admin.people import LIMIT, Newcomer
from eoffice.admin.views import bp
from eoffice.core import clock, sheets, uploads
from eoffice.core import tables as table
from eoffice.core.errors import AppError
from eoffice.core.forms import refused
from eoffice.core.tables import Row
from eoffice.core.uploads import TableForm, TakeInForm
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import queries as directory
from eoffice.directory import roles, signing
from eoffice.directory.permissions import DIRECTORY_MANAGE, DIRECTORY_PROVINCE
from eoffice.directory.tables import PEOPLE, PEOPLE_EXAMPLE


@bp.get("/admin/people")
@needs(DIRECTORY_MANAGE)
def people() -> ResponseReturnValue:
    """Everybody with a post that holds or is to come."""
    return _people(TableForm(formdata=None))


def _people(
    form: FlaskForm,
    told: list[Newcomer] | None = None,
    adding: PersonForm | None = None,
    shared: SharedForm | None = None,
) -> str:
    posts = directory.roll(db(), current_actor().agency_id or 0)
    # from tables taken in before the rule was asked
    wrong = [(post, why) for post in posts if (why := signing.refusal(post.role, post.title, post.authority))]
    users = accounts.of_people(db(), {post.person_id for post in posts})
    return render_template(
        "admin/people.html", posts=posts, users=users, form=form, told=told or [], wrong=wrong, now=clock.now(),
        today=clock.today(), local=clock.local, adding=adding or _offered(PersonForm(formdata=None)),
        told_table=_told_table(told) if told else "", own_roles=roles.of_posts(db(), [post.id for post in posts]),
        shared=(shared or SharedForm(formdata=None)) if current_actor().can(DIRECTORY_PROVINCE) else None,
    )  # fmt: skip


def _offered(form: PersonForm) -> PersonForm:
    form.offer(directory.units(db(), current_actor().agency_id or 0))
    return form


def _told_table(told: list[Newcomer]) -> str:
    """The list to keep outside, inside its link: nothing of it is kept here."""
    rows = [(one.name, one.username, one.password) for one in told]
    headings = ("Họ và tên", "Tên đăng nhập", "Mật khẩu một lần")
    made = sheets.write("Mật khẩu một lần", headings, rows, (30, 24, 24))
    return f"data:{sheets.MEDIA_TYPE};base64,{base64.b64encode(made).decode()}"


@bp.get("/admin/people/model")
@needs(DIRECTORY_MANAGE)
def people_model() -> Response:
    """The table to fill in."""
    return uploads.model("mau-nguoi-dung", "Người dùng", PEOPLE, PEOPLE_EXAMPLE)


@bp.post("/admin/people/look")
@needs(DIRECTORY_MANAGE)
def look_at_people() -> ResponseReturnValue:
    """Rehearse a table: every row with what would become of it."""
    form = TableForm()
    if not form.validate_on_submit():
        return _people(form), 422
    try:
        rows = uploads.uploaded(form.file.data, PEOPLE, LIMIT)
    except AppError as error:
        status = refused(form, error)
        return _people(form), status
    return _preview(rows)


def _preview(rows: list[Row]) -> ResponseReturnValue:
    report, _none = use.take_in(db(), current_actor(), rows, rehearse=True)
    form = TakeInForm(formdata=None, table=table.kept(rows, PEOPLE))
    return uploads.preview(PEOPLE, rows, report, form, act="admin.take_people_in", back="admin.people")


@bp.post("/admin/people/take-in")
@needs(DIRECTORY_MANAGE)
def take_people_in() -> ResponseReturnValue:
    """Do what was looked at; the one-time passwords are shown on this answer and nowhere else."""
    form = TakeInForm()
    if not form.validate_on_submit():
        return _people(TableForm(formdata=None)), 422
    rows = table.again(form.table.data or "", PEOPLE, LIMIT)
    try:
        _report, opened = use.take_in(db(), current_actor(), rows, rehearse=False)
    except table.Refused:
        return _preview(rows)  # somebody else was faster: the rows as they stand now
    return _people(TableForm(formdata=None), opened)


@bp.post("/admin/people/add")
@needs(DIRECTORY_MANAGE)
def add_person() -> ResponseReturnValue:
    """One person, by the rules of the table; the one-time password is shown on this answer and nowhere else."""
    form = _offered(PersonForm())
    if not form.validate_on_submit():
        return _people(TableForm(formdata=None), adding=form), 422
    try:
        report, opened = use.take_in(db(), current_actor(), [form.to_row()], rehearse=False)
    except table.Refused as error:
        form.refuse(error.problems)
        return _people(TableForm(formdata=None), adding=form), error.status
    for row, outcome in report.outcomes:
        flash(f"{row['name']}: {outcome}.", "ok")
    return _people(TableForm(formdata=None), opened)


@bp.post("/admin/people/<int:person_id>/password")
@needs(DIRECTORY_MANAGE)
def renew_password(person_id: int) -> ResponseReturnValue:
    """A one-time password for somebody who forgot his own; shown on this answer and nowhere else."""
    return _people(TableForm(formdata=None), [use.renew_password(db(), current_actor(), person_id)])


@bp.post("/admin/people/shared-password")
@needs(DIRECTORY_PROVINCE)
def renew_shared_password() -> ResponseReturnValue:
    """The same for somebody with posts in several agencies."""
    form, status = SharedForm(), 422
    if form.validate_on_submit():
        try:
            told = use.renew_shared_password(db(), current_actor(), form.account.data or "")
        except AppError as error:
            error.field = "account"  # the page holds another user name
            status = refused(form, error)
        else:
            return _people(TableForm(formdata=None), [told])
    return _people(TableForm(formdata=None), shared=form), status
