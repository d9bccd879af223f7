"""Sign-in and sign-out."""

from datetime import timedelta
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Response,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import UserMixin, current_user, login_user, logout_user

from eoffice.accounts import service
from eoffice.accounts.forms import PasswordForm, SignInForm
from eoffice.accounts.models import User
from eoffice.accounts.settings import SIGN_IN_RATE
from eoffice.core import clock
from eoffice.core.config import settings
from eoffice.core.errors import AppError
from eoffice.core.forms import refused
from eoffice.core.permissions import Actor
from eoffice.core.web import (
    LANGUAGES,
    PUBLIC,
    SIGNED_IN,
    current_actor,
    db,
    limiter,
    login,
    needs,
    token_loader,
)

bp = Blueprint("accounts", __name__, template_folder="templates")


class SignedInUser(UserMixin):
    """What the session cookie stands for."""

    def __init__(self, user: User) -> None:
        self.user = user

    def get_id(self) -> str:
        """Account and stamp: a cookie from before a sign-out or a new password is worth nothing."""
        return f"{self.user.id}:{self.user.session_stamp}"

    def actor(self) -> Actor:
        """The person under the chosen post."""
        return service.actor_of(db(), self.user, session.get("assignment"))


@login.user_loader
def load_user(mark: str) -> SignedInUser | None:
    """Find the person behind a cookie; None when the cookie is old."""
    user_id, _, stamp = mark.partition(":")
    user = db().get(User, int(user_id)) if user_id.isdecimal() else None
    return SignedInUser(user) if user is not None and user.active and user.session_stamp == stamp else None


token_loader(service.actor_of_token)


@bp.route("/sign-in", methods=["GET", "POST"])
@needs(PUBLIC)
@limiter.limit(
    lambda: settings().get(SIGN_IN_RATE),
    methods=["POST"],
    # a whole agency comes from one address at half past seven: who gets in is no guesser
    deduct_when=lambda answer: answer.status_code == 422,
)
def sign_in() -> ResponseReturnValue:
    """The first page."""
    inside = _inside(request.args.get("next")) or url_for("home.desk")
    if request.method == "GET" and current_user._get_current_object().is_authenticated:
        return redirect(inside)
    problem: AppError | None = None
    form = SignInForm()
    if form.validate_on_submit():
        try:
            user = service.sign_in(db(), form.username.data, form.password.data)
        except AppError as error:
            problem = error
        else:
            session.clear()
            session.permanent = True
            login_user(SignedInUser(user))
            return redirect(inside)
    hour = f"{clock.local(clock.now()):%d/%m/%Y %H:%M}"
    page = render_template("accounts/sign_in.html", form=form, problem=problem, hour=hour)
    return page, 422 if problem or form.errors else 200


@bp.post("/sign-out")
@needs(SIGNED_IN)
def sign_out() -> ResponseReturnValue:
    """Leave, everywhere."""
    service.sign_out(db(), current_actor())
    logout_user()
    session.clear()
    return redirect(url_for("accounts.sign_in"))


@bp.get("/language/<code>")
@needs(PUBLIC)
def language(code: str) -> Response:
    """Vietnamese or English; kept in the browser, so that a link may set it."""
    answer = make_response(redirect(_inside(request.args.get("next")) or url_for("home.desk")))
    if code in LANGUAGES:
        answer.set_cookie("language", code, max_age=timedelta(days=365), samesite="Lax", httponly=True)
    return answer


@bp.before_app_request
def change_first() -> ResponseReturnValue | None:
    """A password that somebody else knows opens nothing but the page that changes it."""
    user = getattr(current_user._get_current_object(), "user", None) if _needs_person() else None
    return redirect(url_for("accounts.password"), 303) if user is not None and user.must_change else None


def _needs_person() -> bool:
    own = ("accounts.password", "accounts.sign_out", "accounts.language", "static")
    return getattr(g, "actor", None) is not None and request.endpoint not in own


@bp.route("/password", methods=["GET", "POST"])
@needs(SIGNED_IN)
def password() -> ResponseReturnValue:
    """Choose another password; whoever got a one-time password does it before anything else."""
    form, status = PasswordForm(), 200
    if form.validate_on_submit():
        try:
            user = service.change_password(
                db(), current_actor(), form.present.data or "", form.password.data or ""
            )
        except AppError as error:
            status = refused(form, error)
        else:
            login_user(SignedInUser(user))  # the new stamp ended this session, too
            flash(_("The password is changed; sessions elsewhere have ended."), "ok")
            return redirect(url_for("home.desk"), 303)
    first = current_user._get_current_object().user.must_change
    page = render_template("accounts/password.html", form=form, first=first)
    return page, 422 if form.errors and status == 200 else status


@bp.get("/posts")
@needs(SIGNED_IN)
def posts() -> ResponseReturnValue:
    """The posts one may act under."""
    actor = current_actor()
    found = service.posts_of(db(), actor)
    return render_template("accounts/posts.html", posts=found, acting=actor.assignment_id)


@bp.post("/posts/<int:assignment_id>")
@needs(SIGNED_IN)
def choose_post(assignment_id: int) -> ResponseReturnValue:
    """Act under another of one's own posts; somebody else's is never taken (see `service.actor_of`)."""
    session["assignment"] = assignment_id
    return redirect(url_for("home.desk"), 303)


def _inside(target: str | None) -> str | None:
    """A path of this site, or None: nobody is sent elsewhere after signing in."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    # Browsers drop control characters and read a backslash as a slash: "/\t/evil" would leave the site.
    if any(char <= " " or char == "\\" for char in target):
        return None
    parts = urlsplit(target)
    return target if not parts.netloc and not parts.scheme else None
