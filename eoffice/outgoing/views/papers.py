"""What goes with a draft: the submission sheet, and what changed between two versions."""

from io import BytesIO

from flask import Response, render_template, request, send_file
from flask.typing import ResponseReturnValue

from eoffice.core import audit, clock
from eoffice.core.errors import NotFound
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import queries as directory
from eoffice.documents import queries as documents
from eoffice.documents.models import FileRole
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.outgoing import comparing, consulting, queries, remarking
from eoffice.outgoing import sheet as sheets
from eoffice.outgoing.views import bp


@bp.get("/outgoing/<int:document_id>/sheet.pdf")
@needs(DOCUMENT_READ)
def sheet(document_id: int) -> Response:
    """Phiếu trình."""
    document = queries.opened(db(), current_actor(), document_id)
    made = sheets.sheet(
        directory.agency(db(), document.agency_id), document, documents.recipients(db(), document),
        audit.history(db(), document), consulting.of_document(db(), document),
    )  # fmt: skip
    name = f"phieu-trinh-{document.id}.pdf"
    return send_file(BytesIO(made), mimetype="application/pdf", download_name=name)


@bp.get("/outgoing/<int:document_id>/compare")
@needs(DOCUMENT_READ)
def compare(document_id: int) -> ResponseReturnValue:
    """Two versions of the draft, the last two when the address names none."""
    document = queries.one(db(), current_actor(), document_id)
    drafts = sorted(documents.files(db(), document, FileRole.DRAFT), key=lambda file: file.version_no)
    if len(drafts) < 2:
        raise NotFound
    by_number = {file.version_no: file for file in drafts}
    before = by_number.get(request.args.get("first", type=int) or 0, drafts[-2])
    after = by_number.get(request.args.get("second", type=int) or 0, drafts[-1])
    old, new = comparing.words_of(db(), before), comparing.words_of(db(), after)
    said = [one for one in remarking.of_document(db(), document) if one.version_no == before.version_no]
    return render_template(
        "outgoing/compare.html", document=document, drafts=drafts, before=before, after=after,
        pieces=comparing.compare(old, new),
        said=[(one, not one.passage or remarking.stands_in(one.passage, new)) for one in said],
        local=clock.local,
    )  # fmt: skip
