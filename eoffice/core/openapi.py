"""`/api/v1`: JSON in and out by plain dataclasses, described by the same dataclasses."""

import json
import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar, cast

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from pydantic import TypeAdapter, ValidationError
from werkzeug.routing import Rule

from eoffice.core.errors import Invalid
from eoffice.core.permissions import Permission
from eoffice.core.text import invisible_removed, writable
from eoffice.core.web import PUBLIC, needs

T = TypeVar("T")
V = TypeVar("V", bound=Callable[..., Any])
E = TypeVar("E", bound=StrEnum)

#: a character that JSON escapes, behind whole pairs of backslashes
_ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)\\u([0-9a-f]{4})", re.IGNORECASE)
#: halves of characters beyond 16 bits: two escapes make one
_HALVES = range(0xD800, 0xE000)

bp = Blueprint("openapi", __name__, url_prefix="/api/v1")


class Documented:
    """What the description says of one operation."""

    def __init__(
        self, summary: str, request: type | None, response: Any, multipart: bool, query: Mapping[str, str]
    ) -> None:
        self.summary = summary
        self.request = request
        self.response = response
        self.multipart = multipart
        self.query = query


def documented(
    summary: str, *, request: type | None = None, response: Any = None, multipart: bool = False,
    query: Mapping[str, str] | None = None,
) -> Callable[[V], V]:  # fmt: skip
    """Describe an operation: dataclasses of its JSON body and answer; `multipart` when it takes files; `query`: what
    may stand in the address, each with its meaning."""

    def describe(view: V) -> V:
        view.documented = Documented(summary, request, response, multipart, query or {})  # type: ignore[attr-defined]  # read by `_operations`
        return view

    return describe


@lru_cache(maxsize=128)
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def body(kind: type[T]) -> T:
    """The request's JSON, or the `data` part of a form with files, as a dataclass. Raises Invalid."""
    raw = request.form.get("data") if request.files else request.get_data(as_text=True)
    try:
        value: T = _adapter(cast("Hashable", kind)).validate_json(_writable(raw or "{}"))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise Invalid(
            reason=f"{place}: {first['msg']}" if place else first["msg"], field=place or None
        ) from error
    return value


def _writable(raw: str) -> str:
    """JSON without the characters that no form lets in either, written out or escaped."""

    def kept(found: re.Match[str]) -> str:
        code = int(found[2], 16)
        return found[0] if code in _HALVES else found[1] + json.dumps(writable(chr(code)))[1:-1]

    return _ESCAPED.sub(kept, invisible_removed(raw))


class NotOneOf(Invalid):
    """Another list would be taken for the one that was meant."""

    message = _l("“%(given)s” is none of these: %(known)s.")


def one_of(kind: type[E], otherwise: E, name: str = "tab") -> E:
    """What the address names of a list, `otherwise` when it names nothing. Raises NotOneOf."""
    given = request.args.get(name, "")
    if given and given not in set(kind):
        raise NotOneOf(given=given, known=", ".join(kind), field=name)
    return kind(given) if given else otherwise


def answer(value: Any, status: int = 200) -> ResponseReturnValue:
    """A dataclass, or a list of them, as JSON."""
    return Response(
        _adapter(cast("Hashable", type(value))).dump_json(value), status, mimetype="application/json"
    )


@bp.get("/openapi.json")
@needs(PUBLIC)
def description() -> ResponseReturnValue:
    """The OpenAPI description."""
    return jsonify(build())


@bp.get("/")
@needs(PUBLIC)
def page() -> ResponseReturnValue:
    """The same for people: one line an operation."""
    return render_template("api.html", operations=list(_operations()))


def build() -> dict[str, Any]:
    """OpenAPI 3.1 of every operation under /api/v1."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {}
    for rule, method, view, about in _operations():
        need = getattr(view, "needs", None)
        operation: dict[str, Any] = {
            "operationId": rule.endpoint.replace(".", "_"),
            "summary": about.summary,
            "parameters": [
                {"name": name, "in": "path", "required": True, "schema": {"type": "integer"}}
                for name in sorted(rule.arguments)
            ]
            + [
                {"name": name, "in": "query", "description": meaning, "schema": {"type": "string"}}
                for name, meaning in about.query.items()
            ],
            "responses": {
                "200": {"description": "Done", "content": _content(about.response, schemas)},
                "default": {"description": "Refused, with a message for people", "content": _error()},
            },
        }
        if isinstance(need, Permission):
            operation["description"] = f"Needs {need}."
            operation["security"] = [{"bearer": []}]
        if about.request is not None:
            operation["requestBody"] = {"required": True, "content": _body(about, schemas)}
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        paths.setdefault(path, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Văn phòng điện tử", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operations() -> Iterator[tuple[Rule, str, Callable[..., Any], Documented]]:
    for rule in sorted(current_app.url_map.iter_rules(), key=lambda r: r.rule):
        view = current_app.view_functions[rule.endpoint]
        about = getattr(view, "documented", None)
        if about is not None:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method, view, about


def _schema(kind: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    made = _adapter(kind).json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(made.pop("$defs", {}))
    return made


def _content(kind: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    return {} if kind is None else {"application/json": {"schema": _schema(kind, schemas)}}


def _body(about: Documented, schemas: dict[str, Any]) -> dict[str, Any]:
    schema = _schema(about.request, schemas)
    if not about.multipart:
        return {"application/json": {"schema": schema}}
    parts = {"data": schema, "file": {"type": "string", "format": "binary"}}
    return {
        "multipart/form-data": {
            "schema": {"type": "object", "properties": parts, "required": ["data", "file"]}
        }
    }


def _error() -> dict[str, Any]:
    fields = {"error": {}, "message": {"type": "string"}, "reference": {}, "field": {}}
    return {"application/json": {"schema": {"type": "object", "properties": fields}}}
