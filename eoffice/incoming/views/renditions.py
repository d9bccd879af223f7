"""What is printed of an incoming document: the copy with the stamp of arrival, the handling slip."""

from io import BytesIO

from flask import Response, send_file

from eoffice.core import clock
from eoffice.core.blobs import blobs
from eoffice.core.errors import NotFound
from eoffice.core.web import current_actor, db, needs
from eoffice.directions import queries as directions
from eoffice.directory import queries as directory
from eoffice.directory.models import Agency
from eoffice.documents import queries as documents
from eoffice.documents import registers
from eoffice.documents.models import FileRole
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.dossiers import queries as dossiers
from eoffice.incoming import queries, stamp
from eoffice.incoming import slip as slips
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.views import bp


@bp.get("/incoming/<int:document_id>/stamped.pdf")
@needs(DOCUMENT_READ)
def stamped(document_id: int) -> Response:
    """A copy with the stamp; the received file stays as it came."""
    document = _registered(document_id)
    file = documents.latest_file(db(), document, FileRole.ORIGINAL)
    if file is None or not file.is_pdf or document.register_number is None:
        raise NotFound
    agency = _registered_at(document)
    to = directions.leading(db(), document) or (document.submitted_to.label if document.submitted_to else "")
    filed = ", ".join(one.notation for one in dossiers.holding(db(), current_actor(), document))
    made = stamp.stamped(
        blobs().path(file.sha256), agency.short_name, document.register_number,
        f"{clock.local(document.arrived_at):%d/%m/%Y}",
        "" if document.register_of else to, filed,  # who has it now never got it there
    )  # fmt: skip
    return _send(made, f"den-{document.register_number}-{file.name}")


@bp.get("/incoming/<int:document_id>/slip.pdf")
@needs(DOCUMENT_READ)
def slip(document_id: int) -> Response:
    """Phiếu giải quyết văn bản đến."""
    document = _registered(document_id)
    given = directions.of_document(db(), document)
    made = slips.slip(_registered_at(document), document, given)
    return _send(made, f"phieu-giai-quyet-{document.register_number}.pdf")


def _registered(document_id: int) -> IncomingDocument:
    """A document that is in the register. Raises NotFound."""
    document = queries.one(db(), current_actor(), document_id)
    if document.register_number is None:
        raise NotFound
    return document


def _registered_at(document: IncomingDocument) -> Agency:
    """Whose number it bears: a merger moves a document and leaves its number in the register that was."""
    entry = registers.entry_of(db(), document)
    return directory.agency(db(), entry.agency_id if entry is not None else document.agency_id)


def _send(data: bytes, name: str) -> Response:
    return send_file(
        BytesIO(data), mimetype="application/pdf", as_attachment=True, download_name=name, max_age=0
    )
