"""Styles, scripts and icons: addresses that change with the content, a long life, compressed once."""

import gzip
import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from flask import Flask, Response, g, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

#: what is text and worth compressing
_TEXT = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".json": "application/json"}
_YEAR = 365 * 24 * 3600


def init_app(app: Flask) -> None:
    """Serve the static folder this way."""
    folder = Path(app.static_folder or "")
    app.url_defaults(lambda endpoint, values: _add_version(folder, endpoint, values))
    plain = cast("Callable[..., Response]", app.view_functions["static"])

    def serve(filename: str) -> Response:
        path = safe_join(str(folder), filename)
        kind = _TEXT.get(Path(filename).suffix)
        if path is None or kind is None or not request.accept_encodings.quality("gzip"):
            answer = plain(filename=filename)
        else:
            answer = Response(_compressed(path, _stamp(Path(path))), mimetype=kind)
            answer.headers["Content-Encoding"] = "gzip"
        answer.headers["Vary"] = "Accept-Encoding"
        if "v" in request.args:
            answer.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
        return answer

    app.view_functions["static"] = serve
    app.jinja_env.globals["asset"] = asset


def asset(filename: str) -> str:
    """The address of a static file, made once in a request: a list names the icons a hundred times."""
    known: dict[str, str] = g.setdefault("assets", {})
    if filename not in known:
        known[filename] = url_for("static", filename=filename)
    return known[filename]


def _add_version(folder: Path, endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and "v" not in values:
        path = folder / values["filename"]
        if path.is_file():
            values["v"] = _digest(str(path), _stamp(path))


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        raise NotFound from error


@lru_cache(maxsize=128)
def _digest(path: str, _stamp: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]


@lru_cache(maxsize=128)
def _compressed(path: str, _stamp: int) -> bytes:
    return gzip.compress(Path(path).read_bytes(), 9)
