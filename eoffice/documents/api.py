"""Bytes of files for other systems."""

from flask import Blueprint, Response, send_file

from eoffice.core.blobs import blobs
from eoffice.core.openapi import documented
from eoffice.core.web import current_actor, db, needs
from eoffice.documents import service
from eoffice.documents.permissions import DOCUMENT_READ

bp = Blueprint("documents_api", __name__, url_prefix="/api/v1/files")


@bp.get("/<int:file_id>")
@needs(DOCUMENT_READ)
@documented("The bytes of a file, as they are stored")
def download(file_id: int) -> Response:
    """The stored bytes."""
    file = service.take_out(db(), current_actor(), file_id)
    return send_file(
        blobs().path(file.sha256), mimetype=file.media_type, as_attachment=True, download_name=file.name, etag=False,
        last_modified=file.created_at,
    )  # fmt: skip
