"""Sign-in and sign-out."""

from datetime import timedelta
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import UserMixin, login_user, logout_user

from eoffice.accounts import service
from eoffice.accounts.models import User
from eoffice.accounts.settings import IDLE_MINUTES, SIGN_IN_RATE
from eoffice.core.config import settings
from eoffice.core.errors import AppError
from eoffice.core.permissions import Actor
from eoffice.core.web import LANGUAGES, PUBLIC, SIGNED_IN, current_actor, db, limiter, login, needs

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
    user = db().get(User, int(user_id)) if user_id.isdigit() else None
    return SignedInUser(user) if user is not None and user.active and user.session_stamp == stamp else None


@login.request_loader
def load_token(_request: object) -> SignedInUser | None:
    """Programs come with a token instead of a cookie."""
    return None


@bp.before_app_request
def use_token() -> None:
    """Name the actor of an API request before the guard asks."""
    scheme, _, plain = request.headers.get("Authorization", "").partition(" ")
    if request.path.startswith("/api/") and scheme.lower() == "bearer" and plain:
        g.actor = service.actor_of_token(db(), plain.strip())


@bp.route("/sign-in", methods=["GET", "POST"])
@needs(PUBLIC)
@limiter.limit(lambda: settings().get(SIGN_IN_RATE), methods=["POST"])
def sign_in() -> ResponseReturnValue:
    """The first page."""
    problem: AppError | None = None
    if request.method == "POST":
        try:
            user = service.sign_in(db(), request.form.get("username", ""), request.form.get("password", ""))
        except AppError as error:
            problem = error
        else:
            session.clear()
            session.permanent = True
            login_user(SignedInUser(user))
            return redirect(_inside(request.args.get("next")) or url_for("home.desk"))
    return render_template("accounts/sign_in.html", problem=problem), 422 if problem else 200


@bp.post("/sign-out")
@needs(SIGNED_IN)
def sign_out() -> ResponseReturnValue:
    """Leave, everywhere."""
    service.sign_out(db(), current_actor())
    logout_user()
    session.clear()
    return redirect(url_for("accounts.sign_in"))


@bp.post("/language/<code>")
@needs(PUBLIC)
def language(code: str) -> Response:
    """Vietnamese or English; kept in the browser."""
    answer = make_response(redirect(_inside(request.form.get("next")) or url_for("home.desk")))
    if code in LANGUAGES:
        answer.set_cookie("language", code, max_age=timedelta(days=365), samesite="Lax", httponly=True)
    return answer


@bp.post("/post/<int:assignment_id>")
@needs(SIGNED_IN)
def choose_post(assignment_id: int) -> ResponseReturnValue:
    """Act under another of one's own posts."""
    session["assignment"] = assignment_id
    return redirect(url_for("home.desk"))


def idle_limit() -> timedelta:
    """How long a session lives without use."""
    return timedelta(minutes=settings().get(IDLE_MINUTES))


def _inside(target: str | None) -> str | None:
    """A path of this site, or None: nobody is sent elsewhere after signing in."""
    if not target:
        return None
    parts = urlsplit(target)
    return (
        target
        if not parts.netloc and not parts.scheme and target.startswith("/") and target[1:2] not in ("/", "\\")
        else None
    )
