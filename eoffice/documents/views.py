"""Files and page images; no route takes a hash."""

from collections.abc import Iterable
from datetime import timedelta
from io import BytesIO

from flask import Blueprint, Response, make_response, request, send_file
from flask_babel import gettext as _

from eoffice.core import audit, clock
from eoffice.core.blobs import blobs
from eoffice.core.errors import NotFound
from eoffice.core.web import current_actor, db, needs
from eoffice.documents import operations, pages, queries, service
from eoffice.documents.models import Document, DocumentFile
from eoffice.documents.permissions import DOCUMENT_READ

bp = Blueprint("documents", __name__, url_prefix="/files")

#: widths a page may be drawn at: few, so that a browser's cache is used and nobody orders a poster
WIDTHS = (360, 900, 1400)


def _destroyed(document: Document, files: Iterable[tuple[DocumentFile, object]]) -> str:
    """When and on what grounds the bytes of these files were given up, for the page that shows none; else ""."""
    gone = [file.destroyed_at for file, _check in files if file.destroyed_at is not None]
    if not gone:
        return ""
    day = f"{clock.local(max(gone)):%d/%m/%Y}"
    entries = audit.history(db(), document)
    told = (one.details.get("reason") for one in entries if one.action == operations.FILES_DESTROYED)
    reason = next(told, None)
    if not reason:
        return _("The files were destroyed on %(day)s.", day=day)
    return _("The files were destroyed on %(day)s, by: %(reason)s.", day=day, reason=reason.rstrip("."))


bp.add_app_template_global(_destroyed, "files_destroyed")


@bp.get("/<int:file_id>")
@needs(DOCUMENT_READ)
def download(file_id: int) -> Response:
    """The stored bytes, as they are."""
    file = queries.readable_file(db(), current_actor(), file_id)
    inline = file.is_pdf and "download" not in request.args
    if inline:
        service.seen(db(), current_actor(), file.document)
    else:
        file = service.take_out(db(), current_actor(), file_id)
    answer = send_file(
        blobs().path(file.sha256),
        mimetype=file.media_type,
        as_attachment=not inline,
        download_name=file.name,
        conditional=True,
        etag=False,
        last_modified=file.created_at,  # not of the copy on this machine: a cut download goes on at another
        max_age=0,
    )
    answer.headers["Cache-Control"] = "private, no-cache"
    # A PDF is shown by the browser's own viewer, which needs nothing of ours.
    answer.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'"
    )
    return answer


@bp.get("/<int:file_id>/print.pdf")
@needs(DOCUMENT_READ)
def print_file(file_id: int) -> Response:
    """The pages to print, each marked as printed from here."""
    file, made = service.print_out(db(), current_actor(), file_id)
    return send_file(BytesIO(made), mimetype="application/pdf", download_name=file.name, max_age=0)


@bp.get("/<int:file_id>/pages/<int:page>.png")
@needs(DOCUMENT_READ)
def page_image(file_id: int, page: int) -> Response:
    """A picture of one page, signature appearances included."""
    file = queries.readable_file(db(), current_actor(), file_id)
    width = request.args.get("w", type=int) or WIDTHS[1]
    if not file.is_pdf or not 1 <= page <= file.page_count or width not in WIDTHS:
        raise NotFound
    answer = make_response(pages.render_page(blobs().path(file.sha256), page, width))
    answer.mimetype = "image/png"
    # A file never changes under its number.
    answer.cache_control.private = True
    answer.cache_control.max_age = int(timedelta(days=1).total_seconds())
    return answer
