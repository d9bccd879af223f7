"""Checks a file's signatures in the sandbox and keeps the report as data."""

import asyncio
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from eoffice.core import sandbox
from eoffice.core.config import settings
from eoffice.signatures import trust
from eoffice.signatures.settings import CHECK_SECONDS
from signing.report import Code, Finding, Report, Verdict
from signing.trust import TrustStore
from signing.verify import verify_pdf

sandbox.preload(__name__)


def check(path: Path) -> Report:
    """Check a PDF. Its parser's death is a verdict. Raises NoTrust."""
    believed = trust.store()
    try:
        found: dict[str, Any] = sandbox.call(
            f"{__name__}:verify",
            str(path.absolute()),
            believed.roots,
            believed.intermediates,
            believed.crls,
            seconds=settings().get(CHECK_SECONDS),
        )
    except sandbox.SandboxDied as error:
        reason = {"reason": f"reader stopped: {error}"}
        return Report(Verdict.UNREADABLE, findings=(Finding(Code.LIMIT, reason),))
    return read(found)


def verify(
    path: str, roots: tuple[bytes, ...], intermediates: tuple[bytes, ...], crls: tuple[bytes, ...]
) -> dict[str, Any]:
    """Runs in the sandbox, which lets plain values out only."""
    asyncio.set_event_loop_policy(_Policy())
    return write(verify_pdf(Path(path), TrustStore(roots, intermediates, crls)))


class _Loop(asyncio.SelectorEventLoop):
    """A loop for what never waits: the sandbox refuses even the socket pair that wakes a loop from outside."""

    def _make_self_pipe(self) -> None:
        pass

    def _close_self_pipe(self) -> None:
        pass


class _Policy(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """Called by asyncio.run."""
        return _Loop()


def write(report: Report) -> dict[str, Any]:
    """A report as data that JSON can hold."""
    data: dict[str, Any] = _plain(report)
    return data


def read(data: Mapping[str, Any]) -> Report:
    """The report `write` wrote."""
    report: Report = _typed(data, Report)
    return report


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, tuple) else value


def _typed(value: Any, kind: Any) -> Any:
    """Follow the annotations of the report's own classes back to their values."""
    if get_origin(kind) is UnionType:
        return (
            None
            if value is None
            else _typed(value, next(one for one in get_args(kind) if one is not NoneType))
        )
    if get_origin(kind) is tuple:
        return tuple(_typed(entry, get_args(kind)[0]) for entry in value)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(**{name: _typed(entry, hints[name]) for name, entry in value.items() if name in hints})
    if isinstance(kind, type) and issubclass(kind, datetime):
        return datetime.fromisoformat(value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if isinstance(kind, type) and issubclass(kind, tuple):
        return kind(*value)
    return value
