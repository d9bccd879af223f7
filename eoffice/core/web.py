"""What every page shares: who may come in, who it is, the session, the answer to an error, the headers."""

import re
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import structlog
from flask import (
    Flask,
    Request,
    Response,
    abort,
    current_app,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import Babel, get_locale
from flask_babel import gettext as _
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, current_user
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from jinja2 import FileSystemBytecodeCache
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from eoffice.core import db as database
from eoffice.core import meanwhile
from eoffice.core.blobs import passing
from eoffice.core.config import INSTANCE, settings
from eoffice.core.errors import AppError, Conflict, FilesAway, Forbidden, Unavailable
from eoffice.core.permissions import Actor, Permission
from eoffice.core.secrets import private_folder
from eoffice.core.text import writable
from eoffice.core.words import Words

log = structlog.get_logger(__name__)


class _Babel(Babel):
    """Flask-Babel with our catalogues."""

    domain_instance = Words()  # type: ignore[no-untyped-call]  # its base is not typed


babel = _Babel()  # type: ignore[no-untyped-call]  # as above
csrf = CSRFProtect()
login = LoginManager()
limiter = Limiter(get_remote_address, storage_uri="memory://")

LANGUAGES = ("vi", "en")


class _Writable(ImmutableMultiDict[str, Any]):
    """Fields as they can be kept and sent on."""

    def __init__(self, sent: Iterable[tuple[str, Any]] | None = None) -> None:
        super().__init__([(name, writable(one) if isinstance(one, str) else one) for name, one in sent or ()])


class _Request(Request):
    """A request whose fields hold no control characters."""

    parameter_storage_class = _Writable


class Need:
    """What a route asks of whoever comes in."""

    def __init__(self, name: str) -> None:
        self.name = name


#: open to everyone: sign-in, health, static files
PUBLIC = Need("public")
#: any signed-in person
SIGNED_IN = Need("signed-in")

V = TypeVar("V", bound=Callable[..., Any])


def needs(what: Permission | Need) -> Callable[[V], V]:
    """State what a view needs; a route that states nothing is refused for everyone, and a test finds it."""

    def state(view: V) -> V:
        view.needs = what  # type: ignore[attr-defined]  # read by `_guard`
        return view

    return state


#: finds the actor behind a bearer token; the feature that keeps tokens registers it
TokenLoader = Callable[[Session, str], Actor | None]
_token_loaders: list[TokenLoader] = []


def token_loader(load: TokenLoader) -> TokenLoader:
    """Register how tokens are read. Raises ValueError when somebody did before."""
    if _token_loaders and _token_loaders != [load]:
        raise ValueError("tokens are read by one feature only")
    _token_loaders[:] = [load]
    return load


def db() -> Session:
    """The request's database session, closed when the request ends."""
    if "session" not in g:
        g.session = database.new_session(pages=True)
    session: Session = g.session
    return session


def current_actor() -> Actor:
    """Who acts in this request. Aborts with 401 when nobody is signed in."""
    actor: Actor | None = getattr(g, "actor", None)
    if actor is None:
        abort(401)
    return actor


def is_htmx() -> bool:
    """Whether htmx asks for a part of a page."""
    return request.headers.get("HX-Request") == "true"


def wants_json() -> bool:
    """Whether the caller is a program."""
    return request.path.startswith("/api/")


def init_app(app: Flask) -> None:
    """Attach everything to the application."""
    app.request_class = _Request
    babel.init_app(app, locale_selector=_language)  # type: ignore[no-untyped-call]  # as above
    csrf.init_app(app)
    login.init_app(app)
    limiter.init_app(app)
    app.before_request(_nonce)
    app.before_request(_guard)
    app.after_request(_headers)
    app.teardown_appcontext(_close)
    app.register_error_handler(AppError, _app_error)
    app.register_error_handler(StaleDataError, lambda _error: _app_error(Conflict()))
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(OSError, _files_away)
    app.register_error_handler(DataError, _unreadable)
    app.register_error_handler(CSRFError, _expired)
    app.register_error_handler(HTTPException, _http_error)
    if not app.testing:
        app.register_error_handler(Exception, _bug)
    # A restart at half past seven must not make the first readers wait for templates to be compiled.
    compiled = private_folder(settings().get(INSTANCE) / "templates")
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(compiled))
    app.jinja_env.globals.update(
        locale=lambda: str(get_locale()), csp_nonce=lambda: g.nonce, typed_words=_typed
    )


def _language() -> str:
    chosen = request.cookies.get("language") if request else None
    return chosen if chosen in LANGUAGES else "vi"


def _nonce() -> None:
    g.nonce = secrets.token_urlsafe(16)


def _guard() -> Response | None:
    """Deny by default: every route says what it needs, or nobody gets in."""
    view = None if request.endpoint is None else _view(request.endpoint)
    if view is None:
        return None  # no such page: answered with 404
    need = getattr(view, "needs", None)
    if need is PUBLIC or request.endpoint == "static":
        return None
    if need is None:
        raise Forbidden
    g.actor = _program() if wants_json() else _person()
    if g.actor is None:
        return _ask_to_sign_in()
    if isinstance(need, Permission) and not g.actor.can(need):
        raise Forbidden
    return None


def _person() -> Actor | None:
    user = current_user._get_current_object()
    actor: Actor | None = user.actor() if user.is_authenticated else None
    return actor


def _program() -> Actor | None:
    """Programs come with a token; a cookie opens no API, so no page elsewhere can use somebody's session."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return None
    return next((load(db(), token.strip()) for load in _token_loaders), None)


def _view(endpoint: str) -> Callable[..., Any] | None:
    return current_app.view_functions.get(endpoint)


def _ask_to_sign_in() -> Response:
    if wants_json():
        answer = jsonify(
            error=401, message=_("Send a bearer token: Authorization: Bearer …"), reference=None, field=None
        )
        answer.status_code = 401
        return answer
    if is_htmx():
        answer = make_response("", 401)
        answer.headers["HX-Redirect"] = url_for("accounts.sign_in")
        return answer
    target = request.full_path if request.method == "GET" else None
    return make_response(redirect(url_for("accounts.sign_in", next=target)))


def allow_connection(origin: str) -> None:
    """Let the scripts of this page talk to one more origin than our own."""
    g.connects = origin


def _headers(response: Response) -> Response:
    # 'self' alone: no inline script or style anywhere; images also as data for previews made here
    connects = f"'self' {g.get('connects', '')}".strip()
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"connect-src {connects}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
    )
    response.headers.setdefault("Content-Security-Policy", policy)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if request.endpoint != "static" and "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response


def _close(_error: BaseException | None) -> None:
    session = g.pop("session", None)
    if session is not None:
        session.close()


def _answer(status: int, message: str, reference: str | None = None, field: str | None = None) -> Response:
    """The same answer for page, part of a page and program."""
    if "session" in g:
        g.session.rollback()
    if wants_json():
        answer = jsonify(error=status, message=message, reference=reference, field=field)
        answer.status_code = status
        return answer
    template = "_error_part.html" if is_htmx() else "error.html"
    # where to go on after signing in, or to see what has happened there
    back = {401: _form_page(), 409: _nearest_page(request.path)}.get(status)
    page = render_template(template, status=status, message=message, reference=reference, back=back)
    return make_response(page, status)


#: names of fields whose values no page shows again
_SECRET_FIELDS = re.compile(r"csrf|pin|password|present|again|secret|token", re.IGNORECASE)


def _typed() -> list[str]:
    """The words somebody typed into the form that is refused; what is one word or chosen is quickly given again."""
    sent = request.form.items(multi=True) if request.method == "POST" else ()
    return [value for name, value in sent if " " in value.strip() and not _SECRET_FIELDS.search(name)]


def tell_meanwhile(error: AppError) -> AppError:
    """Let a refusal that comes from somebody else's being faster say who did what, and when."""
    if error.overtaken and not error.meanwhile and getattr(g, "actor", None) is not None:
        db().rollback()
        error.meanwhile = meanwhile.sentence(db(), current_actor(), request.view_args or {})
    return error


def _app_error(error: AppError) -> Response:
    return _answer(error.status, str(tell_meanwhile(error)), field=error.field)


def _database_away(error: OperationalError) -> Response:
    log.error("database away", error=str(error.orig))
    return _answer(503, str(Unavailable()))


def _files_away(error: OSError) -> Response:
    if not passing(error) and current_app.testing:
        raise error
    if not passing(error):
        return _bug(error)
    log.error("files away", error=str(error))
    return _answer(503, str(FilesAway()))


def _unreadable(error: DataError) -> Response:
    """A number beyond every id, or a character no text holds: nobody types that, and no row has it."""
    log.warning("unreadable value", path=request.path, error=type(error.orig).__name__)
    return _answer(400, _("The request could not be read. Go back and try again."))


def _expired(_error: CSRFError) -> Response:
    need = getattr(_view(request.endpoint or ""), "needs", None)
    if need is not PUBLIC and _person() is None:
        return _answer(401, _("You were signed out meanwhile. Sign in: what you typed is kept."))
    return _answer(400, _("This page was open for too long. Go back, reload it and send it again."))


def _http_error(error: HTTPException) -> Response:
    texts = {
        401: _("Please sign in."),
        403: str(Forbidden()),
        404: _("There is nothing here, or it is not yours to see. Go back to the list and try again."),
        405: _("This page cannot be used like that. Go back and use its buttons."),
        413: _("What you sent is too large. Make it smaller, or ask the administrator for the limit."),
        429: _("Too many tries. Wait a minute and try again."),
    }
    above = _nearest_page(request.path) if error.code == 405 and request.method == "GET" else None
    if above is not None and not wants_json():
        return make_response(redirect(above))
    status = 413 if isinstance(error, RequestEntityTooLarge) else error.code or 500
    if status < 400:
        return error.get_response()  # type: ignore[return-value]  # a redirect is a response
    return _answer(status, texts.get(status, _("The request could not be read. Go back and try again.")))


def _form_page() -> str | None:
    """The page whose form was sent, with all its address says: what was typed is kept under that."""
    page = urlsplit(request.referrer or "")
    if page.netloc != request.host:
        return _nearest_page(request.path)
    return urlunsplit(("", "", page.path, page.query, ""))


def _nearest_page(path: str) -> str | None:
    """The page at an address, or the nearest above it: a refused step leaves an address that only forms send to."""
    adapter = current_app.create_url_adapter(request)
    assert adapter is not None, "there is a request"
    while path:
        with suppress(HTTPException):
            adapter.match(path, "GET")
            return path
        path = path.rpartition("/")[0]
    return None


def _bug(error: Exception) -> Response:
    reference = secrets.token_hex(4)
    log.error("bug", reference=reference, path=request.path, exc_info=error)
    text = _(
        "Something broke on our side; nothing was changed. Tell the administrator this reference: %(ref)s"
    )
    return _answer(500, text % {"ref": reference}, reference)
