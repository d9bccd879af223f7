"""Health: for programs that watch, and for administrators."""

from typing import Any

from flask import jsonify, render_template
from flask.typing import ResponseReturnValue

import eoffice
from eoffice.admin import health as checks
from eoffice.admin.permissions import ADMIN_HEALTH
from eoffice.admin.views import bp
from eoffice.core.config import DECLARED, Setting, settings
from eoffice.core.states import Tone
from eoffice.core.web import PUBLIC, db, needs


@bp.get("/healthz")
@needs(PUBLIC)
def alive() -> ResponseReturnValue:
    """This process answers; says nothing about anything else."""
    return jsonify(status="ok")


@bp.get("/readyz")
@needs(PUBLIC)
def ready() -> ResponseReturnValue:
    """Requests can be served: 200, or 503 naming what is missing."""
    found = checks.ready(db())
    good = all(found.values())
    return jsonify(status="ready" if good else "not ready", **found), 200 if good else 503


@bp.get("/admin/health")
@needs(ADMIN_HEALTH)
def health() -> ResponseReturnValue:
    """Every part with a sentence, and the settings in force."""
    report = checks.report(db())
    counts = {tone.value: report.count(tone) for tone in (Tone.OK, Tone.WARN, Tone.BAD)}
    return render_template(
        "admin/health.html", report=report, counts=counts, version=eoffice.__version__, settings=_in_force()
    )


def _in_force() -> list[tuple[Setting[Any], str]]:
    """Every setting with its value; of a secret only whether there is one."""
    return [(one, _shown(one)) for _name, one in sorted(DECLARED.items())]


def _shown(one: Setting[Any]) -> str:
    value = settings().get(one)
    if one.secret:
        return "••••••" if value else ""
    match value:  # as one would write it into the environment
        case None:
            return ""
        case dict():
            return ",".join(f"{name}={number}" for name, number in value.items())
        case tuple() | list():
            return ",".join(map(str, value))
        case _:
            return str(value)
