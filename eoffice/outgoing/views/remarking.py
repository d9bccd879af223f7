"""Remarks on a draft: a part of its page, and a page of their own."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from eoffice.core.errors import AppError, NotFound
from eoffice.core.permissions import allowed
from eoffice.core.web import current_actor, db, needs
from eoffice.documents import queries as documents
from eoffice.documents.models import FileRole
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.outgoing import forms, queries, remarking
from eoffice.outgoing.permissions import OUTGOING_DRAFT
from eoffice.outgoing.states import UNSIGNED
from eoffice.outgoing.views import bp


@bp.get("/outgoing/<int:document_id>/remarks")
@needs(DOCUMENT_READ)
def remarks(document_id: int) -> str:
    """What was said of every version, by whom, and whether it is done."""
    return render_template("outgoing/remarks.html", **_shown(document_id))


@bp.get("/outgoing/<int:document_id>/remarks/part")
@needs(DOCUMENT_READ)
def remarks_part(document_id: int) -> str:
    """The same as a part of the document's page."""
    return render_template("outgoing/_remarks_part.html", **_shown(document_id))


@bp.post("/outgoing/<int:document_id>/remarks")
@needs(DOCUMENT_READ)
def add_remark(document_id: int) -> ResponseReturnValue:
    """Write one."""
    try:
        remarking.add(db(), current_actor(), document_id, forms.remark(request.form))
    except AppError as error:
        return _refused(document_id, error)
    flash(_("Written down; the drafter finds it on his desk."), "ok")
    return _back(document_id)


@bp.post("/outgoing/<int:document_id>/remarks/<int:remark_id>/answer")
@needs(DOCUMENT_READ)
def answer_remark(document_id: int, remark_id: int) -> ResponseReturnValue:
    """Answer one; the service asks whose right that is."""
    try:
        remarking.answer(db(), current_actor(), remark_id, request.form.get(f"answer{remark_id}", ""))
    except AppError as error:
        return _refused(document_id, error, remark_id)
    return _back(document_id)


@bp.post("/outgoing/<int:document_id>/remarks/<int:remark_id>/settle")
@needs(DOCUMENT_READ)
def settle_remark(document_id: int, remark_id: int) -> ResponseReturnValue:
    """Mark one as done, or open it again."""
    try:
        remarking.settle(db(), current_actor(), remark_id, done="done" in request.form)
    except AppError as error:
        return _refused(document_id, error, remark_id)
    return _back(document_id)


def _back(document_id: int) -> ResponseReturnValue:
    return redirect(url_for("outgoing.show", document_id=document_id, _anchor="remarks"), 303)


def _refused(document_id: int, problem: AppError, remark_id: int | None = None) -> ResponseReturnValue:
    """The page of remarks with what to do about it. Raises the refusal itself to those who may not know of it."""
    db().rollback()
    if isinstance(problem, NotFound):
        raise problem
    shown = _shown(document_id) | {"problem": problem, "wrong_id": remark_id, "typed": request.form}
    return render_template("outgoing/remarks.html", **shown), problem.status


def _shown(document_id: int) -> dict[str, Any]:
    actor = current_actor()
    document = queries.one(db(), actor, document_id)
    said = remarking.of_document(db(), document)
    open_now = document.state in UNSIGNED
    drafts = documents.files(db(), document, FileRole.DRAFT) if open_now else []
    return {
        "document": document,
        "said": said,
        "mine": {one.id for one in said if open_now and remarking.may_settle(actor, document, one)},
        "may_write": open_now and allowed(actor, DOCUMENT_READ, document),
        "may_answer": open_now and allowed(actor, OUTGOING_DRAFT, document),
        "drafts": sorted(drafts, key=lambda file: -file.version_no),
        "typed": {},
        "problem": None,
        "wrong_id": None,
    }
