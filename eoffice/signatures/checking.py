"""Checks a file's signatures in the sandbox and keeps the report as data."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from eoffice.core import sandbox
from eoffice.core.config import settings
from eoffice.documents import intake, reading
from eoffice.documents.reading import Structure
from eoffice.signatures import lawful, trust
from eoffice.signatures.settings import CHECK_SECONDS
from signing.report import Code, Finding, Report, Verdict
from signing.trust import TrustStore
from signing.verify import verify_pdf

sandbox.preload(__name__)
#: seconds that somebody who stores a file waits for its verdict
_MOMENT = 3.0
_REPORTS = TypeAdapter(Report)


def check(path: Path) -> Report:
    """Check a PDF. Its parser's death is a verdict. Raises NoTrust."""
    try:
        return _checked(path, trust.store(), settings().get(CHECK_SECONDS))
    except sandbox.SandboxDied as error:
        reason = {"reason": f"reader stopped: {error}"}
        return Report(Verdict.UNREADABLE, findings=(Finding(Code.LIMIT, reason),))


def at_once(path: Path, believed: trust.Asking, *, signed: bool) -> Report | None:
    """The same while somebody waits; None when it would take longer, or nobody can be believed yet.

    `signed`: whether it bears signatures by its form; one that does not needs nobody to be believed, and `believed`,
    which may raise NoTrust, is not asked.
    """
    try:
        found = _checked(path, believed() if signed else TrustStore(roots=()), _MOMENT)
    except (trust.NoTrust, sandbox.SandboxDied, sandbox.SandboxError):
        return None
    return found if signed or found.verdict is Verdict.UNSIGNED else None


def with_structure(path: Path, believed: trust.Asking) -> tuple[Structure | None, Report | None]:
    """What a file is made of, and the verdict as `at_once`, in one visit to the sandbox; None for what cannot be had in
    a moment. Raises Unreadable.
    """
    try:
        store = believed()
    except trust.NoTrust:
        store = TrustStore(roots=())
    try:
        structure, found = sandbox.call(
            f"{__name__}:look", str(path.absolute()), intake.IN_EVERY_MARK,
            store.roots, store.intermediates, store.crls, seconds=_MOMENT,
        )  # fmt: skip
    except (sandbox.SandboxDied, sandbox.SandboxError):
        return None, None
    report = lawful.confirmed(read(found)) if found is not None else None
    if report is not None and not structure.signed and report.verdict is not Verdict.UNSIGNED:
        report = None
    return structure, report


def _checked(path: Path, believed: TrustStore, seconds: float) -> Report:
    found: dict[str, Any] = sandbox.call(
        f"{__name__}:verify", str(path.absolute()), believed.roots, believed.intermediates, believed.crls,
        seconds=seconds,
    )  # fmt: skip
    return lawful.confirmed(read(found))


def verify(
    path: str, roots: tuple[bytes, ...], intermediates: tuple[bytes, ...], crls: tuple[bytes, ...]
) -> dict[str, Any]:
    """Runs in the sandbox, which lets plain values out only."""
    asyncio.set_event_loop_policy(_Policy())
    return write(verify_pdf(Path(path), TrustStore(roots, intermediates, crls)))


def look(
    path: str, looked_for: str, roots: tuple[bytes, ...], *others: tuple[bytes, ...]
) -> tuple[Structure, dict[str, Any] | None]:
    """Runs in the sandbox. A file that the gate refuses, and one signed where nobody is believed, gets no verdict."""
    report: dict[str, Any] | None = None

    def fields() -> str | None:
        """What the signature fields show, as the check reads it; nobody knows of a file it cannot read."""
        nonlocal report
        if not roots:
            return None
        report = verify(path, roots, *others)
        known = report["verdict"] != Verdict.UNREADABLE
        return " ".join(one["text"] for one in report["signatures"]) if known else None

    structure = reading.structure(path, looked_for, words=False, fields=fields)
    if structure.encrypted or not structure.page_sizes or (structure.signed and not roots):
        return structure, None
    if report is not None:
        return structure, report
    if not structure.signed:
        return structure, verify(path, (), (), ())
    return structure, verify(path, roots, *others)


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
    data: dict[str, Any] = _REPORTS.dump_python(report, mode="json")
    return data


def read(data: Mapping[str, Any]) -> Report:
    """The report `write` wrote."""
    return _REPORTS.validate_python(data)
