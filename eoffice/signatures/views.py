"""The page that checks any file's signatures; what is checked there is not kept."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from eoffice.core import clock
from eoffice.core.blobs import blobs
from eoffice.core.errors import AppError
from eoffice.core.web import SIGNED_IN, current_actor, db, needs
from eoffice.documents import intake
from eoffice.documents.operations import upload_limit
from eoffice.signatures import checking, presenting, queries, service
from eoffice.signatures.models import KeyPurpose
from eoffice.signatures.permissions import SIGNATURE_VERIFY
from eoffice.signatures.presenting import Shown

bp = Blueprint("signatures", __name__, template_folder="templates")
bp.add_app_template_global(presenting.of_check, "verdict_of")

#: files checked at once
MOST = 8


@dataclass(frozen=True)
class Checked:
    """One uploaded file and what was found."""

    name: str
    size: int
    pages: int
    shown: Shown


@bp.route("/verify", methods=["GET", "POST"])
@needs(SIGNATURE_VERIFY)
def verify() -> ResponseReturnValue:
    """Choose files, read verdicts."""
    sent = [file for file in request.files.getlist("files") if file.filename][:MOST]
    problem: AppError | None = None
    checked: list[Checked] = []
    try:
        checked = [_check(file) for file in sent]
    except AppError as error:
        problem = error
    if request.method == "POST" and not sent:
        problem = intake.EmptyFile()
    status = problem.status if problem else 200
    limit = upload_limit() // 2**20
    return render_template(
        "signatures/verify.html", checked=checked, problem=problem, now=clock.local(clock.now()), limit=limit
    ), status


def _check(file: FileStorage) -> Checked:
    with tempfile.NamedTemporaryFile(dir=blobs().spool) as spool:
        file.save(spool)
        spool.flush()
        size = spool.tell()
        if size > upload_limit():
            raise intake.TooLarge(limit=upload_limit() // 2**20)
        report = checking.check(Path(spool.name))
    return Checked(intake.safe_name(file.filename or ""), size, report.pages, presenting.of_report(report))


@bp.route("/key", methods=["GET", "POST"])
@needs(SIGNED_IN)
def own_key() -> ResponseReturnValue:
    """One's own key: whose it is, how long it holds, another PIN."""
    problem: AppError | None = None
    if request.method == "POST":
        try:
            form = request.form
            if form.get("new_pin") != form.get("again"):
                raise service.PinsDiffer(field="again")
            service.change_pin(
                db(), current_actor(), KeyPurpose.PERSON, form.get("pin", ""), form.get("new_pin", "")
            )
        except AppError as error:
            problem = error
        else:
            flash(_("The PIN was changed."), "ok")
            return redirect(url_for("signatures.own_key"), 303)
    key = queries.key_of(db(), current_actor(), KeyPurpose.PERSON)
    status = problem.status if problem else 200
    return render_template("signatures/key.html", key=key, problem=problem, local=clock.local), status
