"""Routes, sign-in and forms of the console."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from werkzeug.exceptions import Forbidden, HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from eoffice.core import clock
from exchange.hub.axis import Axis
from exchange.hub.console import operators, queries, service
from exchange.hub.console.operators import SignedIn, Tickets
from exchange.hub.console.pages import Pages
from exchange.hub.console.words import N_, NotPossible
from exchange.hub.directory import Directory

_COOKIE, _LANGUAGE = "axis_console", "axis_language"
_MIME = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
#: what is said, and what to do, by the status of the answer
_TOLD = {
    403: N_(
        "This form is from an earlier sign-in or from another site. Go back, load the page again and send it once more."
    ),
    404: N_("There is no such page. Choose one of those above."),
    405: N_("This address takes forms only. Choose one of the pages above."),
}
_ELSE = N_("This could not be read. Go back and try again.")


@dataclass(frozen=True)
class Visit:
    """One request of somebody who is signed in."""

    request: Request
    who: SignedIn
    language: str


View = Callable[..., Response]


class Console:
    """Answers everything under `/console`."""

    def __init__(self, axis: Axis, directory: Directory) -> None:
        self._axis = axis
        self._directory = directory
        self._tickets = Tickets(axis)
        self._pages = Pages()
        views: dict[tuple[str, str], View] = {
            ("GET", "/console"): self._overview,
            ("GET", "/console/trace"): self._trace,
            ("GET", "/console/troubles"): self._troubles,
            ("POST", "/console/troubles/<doc_id>/replay"): self._replay,
            ("GET", "/console/systems"): self._systems,
            ("POST", "/console/systems"): self._add_system,
            ("POST", "/console/systems/<system_id>"): self._set_system,
            ("POST", "/console/systems/<system_id>/secret"): self._rotate_secret,
            ("GET", "/console/agencies"): self._agencies,
            ("POST", "/console/agencies/<code>/close"): self._close_agency,
            ("GET", "/console/record"): self._record,
        }
        self._routes = Map(
            [Rule(path, methods=[method], endpoint=view) for (method, path), view in views.items()],
            strict_slashes=False,
        )

    def respond(self, request: Request) -> Response:
        """The page, always with the headers that keep others out of it."""
        language = request.args.get("lang") or request.cookies.get(_LANGUAGE, "")
        language = "en" if language == "en" else "vi"
        try:
            response = self._dispatch(request, language)
        except HTTPException as error:
            told = _TOLD.get(error.code or 0, _ELSE)
            response = self._pages.response("error.html", language, error.code or 500, told=told)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    def _dispatch(self, request: Request, language: str) -> Response:
        place = request.path.rstrip("/")
        if place.startswith("/console/static/"):
            return _static(place.removeprefix("/console/static/"))
        if place == "/console/sign-in":
            return self._sign_in(request, language)
        who = self._tickets.read(request.cookies.get(_COOKIE, ""))
        if who is None:
            return redirect("/console/sign-in")
        if request.method == "POST" and not hmac.compare_digest(request.form.get("token", ""), who.token):
            raise Forbidden
        if place == "/console/sign-out":
            away = redirect("/console/sign-in")
            away.delete_cookie(_COOKIE, path="/console")
            return away
        view, values = self._routes.bind_to_environ(request.environ).match()
        response: Response = view(Visit(request, who, language), **values)
        if "lang" in request.args:
            response.set_cookie(_LANGUAGE, language, path="/console", samesite="Strict")
        return response

    # Sign-in

    def _sign_in(self, request: Request, language: str) -> Response:
        if request.method != "POST":
            return self._pages.response("sign-in.html", language, wrong=False)
        name = request.form.get("name", "").strip()
        with self._axis.sessions.begin() as session:
            good = operators.check(session, name, request.form.get("password", ""))
        if not good:
            return self._pages.response("sign-in.html", language, 422, wrong=True, name=name)
        response = redirect("/console", 303)
        ticket = self._tickets.issue(name, secrets.token_urlsafe(16))
        secure = request.environ.get("HTTP_X_FORWARDED_PROTO", request.scheme) == "https"
        response.set_cookie(_COOKIE, ticket, path="/console", httponly=True, secure=secure, samesite="Strict")
        return response

    # Pages

    def _overview(self, visit: Visit) -> Response:
        with self._axis.sessions() as session:
            hours = queries.hours(session)
            return self._page(
                visit, "overview.html", hours=hours, waiting=queries.waiting(session),
                stuck=queries.count(session, dead=False), dead=queries.count(session, dead=True),
                processes=self._axis.ledger.processes(), axis_id=self._axis.system_id,
            )  # fmt: skip

    def _trace(self, visit: Visit) -> Response:
        number = visit.request.args.get("q", "").replace("\0", "")
        with self._axis.sessions() as session:
            found = queries.trace(session, number) if number.strip() else []
            return self._page(visit, "trace.html", number=number, found=found)

    def _troubles(self, visit: Visit, note: str = "", status: int = 200) -> Response:
        with self._axis.sessions() as session:
            dead, stuck = queries.troubles(session, dead=True), queries.troubles(session, dead=False)
            return self._page(visit, "troubles.html", status, dead=dead, stuck=stuck, note=note)

    def _replay(self, visit: Visit, doc_id: str) -> Response:
        try:
            service.replay(self._axis, visit.who.name, doc_id)
        except NotPossible as why:
            return self._troubles(visit, str(why), 409)
        return redirect("/console/troubles", 303)

    def _systems(self, visit: Visit, status: int = 200, **shown: Any) -> Response:
        with self._axis.sessions() as session:
            return self._page(visit, "systems.html", status, systems=queries.systems(session), **shown)

    def _add_system(self, visit: Visit) -> Response:
        form = visit.request.form
        system_id = form.get("id", "").strip()
        try:
            secret = service.add_system(self._axis, visit.who.name, system_id, form.get("name", "").strip())
        except NotPossible as why:
            return self._systems(visit, 422, note=str(why))
        return self._systems(visit, secret=secret, secret_of=system_id, changed=False)

    def _rotate_secret(self, visit: Visit, system_id: str) -> Response:
        try:
            secret = service.rotate_secret(self._axis, visit.who.name, system_id)
        except NotPossible as why:
            return self._systems(visit, 422, note=str(why))
        return self._systems(visit, secret=secret, secret_of=system_id, changed=True)

    def _set_system(self, visit: Visit, system_id: str) -> Response:
        quota, active = visit.request.form.get("quota", "0").strip() or "0", "active" in visit.request.form
        try:
            if not quota.isdecimal() or len(quota) > 6:
                return self._systems(visit, 422, note=N_("A quota is a whole number of calls a second."))
            service.set_system(self._axis, visit.who.name, system_id, active=active, quota=int(quota))
        except NotPossible as why:
            return self._systems(visit, 422, note=str(why))
        return redirect("/console/systems", 303)

    def _agencies(self, visit: Visit, note: str = "", status: int = 200) -> Response:
        words = visit.request.values.get("q", "")
        with self._axis.sessions() as session:
            return self._page(
                visit, "agencies.html", status, words=words, found=queries.agencies(session, words), note=note
            )

    def _close_agency(self, visit: Visit, code: str) -> Response:
        form = visit.request.form
        successors = form.get("successors", "").replace(",", " ").split()
        try:
            on = date.fromisoformat(form.get("on", ""))
            service.close_agency(
                self._axis, visit.who.name, code, on, successors, form.get("legal_basis", "").strip()
            )
        except ValueError:
            return self._agencies(visit, N_("The day is no date."), 422)
        except NotPossible as why:
            return self._agencies(visit, str(why), 422)
        self._directory.forget()
        return redirect(f"/console/agencies?q={code}", 303)

    def _record(self, visit: Visit) -> Response:
        with self._axis.sessions() as session:
            return self._page(visit, "record.html", deeds=queries.deeds(session))

    def _page(self, visit: Visit, template: str, status: int = 200, /, **shown: Any) -> Response:
        context: Mapping[str, Any] = {"who": visit.who, "place": visit.request.path, **shown}
        return self._pages.response(template, visit.language, status, **context)


def _static(name: str) -> Response:
    """Styles of the application, so that both look alike, and the console's own."""
    own, shared = Path(__file__).parent / "static", Path(clock.__file__).parents[1] / "static"
    for folder in (own, shared, shared / "vendor"):
        path = folder / name
        if path.suffix in _MIME and path.parent == folder and path.is_file():
            return Response(
                path.read_bytes(), mimetype=_MIME[path.suffix], headers={"Cache-Control": "max-age=3600"}
            )
    raise NotFound
