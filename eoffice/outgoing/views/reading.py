"""The leader's reading room: the queue, the page, the decision."""

from flask import current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from eoffice.core import audit
from eoffice.core.errors import AppError
from eoffice.core.web import current_actor, db, needs
from eoffice.directions.permissions import DIRECTION_GIVE
from eoffice.documents import queries as documents
from eoffice.documents import service as files
from eoffice.documents.models import FileRole, LinkKind
from eoffice.documents.recipients import printed
from eoffice.outgoing import choosing, consulting, issuing, operations, presenting, queries
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.permissions import OUTGOING_SIGN
from eoffice.outgoing.states import State
from eoffice.outgoing.views import bp


@bp.get("/outgoing/to-sign")
@needs(OUTGOING_SIGN)
def to_sign() -> ResponseReturnValue:
    """The first document that waits for the signature, or that none does."""
    queue = queries.to_sign(db(), current_actor())
    if queue:
        return redirect(url_for("outgoing.read", document_id=queue[0].id))
    return render_template("outgoing/nothing.html", tabs=_tabs(0))


@bp.get("/outgoing/to-sign/<int:document_id>")
@needs(OUTGOING_SIGN)
def read(document_id: int) -> ResponseReturnValue:
    """One document of the queue."""
    document = queries.opened(db(), current_actor(), document_id)
    if document.state is not State.SIGNATURE:
        return redirect(url_for("outgoing.show", document_id=document_id))
    files.seen(db(), current_actor(), document)
    return page(document), 200


def page(document: OutgoingDocument, problem: AppError | None = None) -> str:
    """The reading room with one document open."""
    queue = queries.to_sign(db(), current_actor())
    place = next((n for n, one in enumerate(queue) if one.id == document.id), None)
    file = documents.latest_file(db(), document, FileRole.DRAFT)
    log = audit.history(db(), document)
    return render_template(
        "outgoing/reading.html",
        document=document,
        problem=problem,
        queue=queue,
        place=place,
        newer=queue[place - 1] if place else None,
        older=queue[place + 1] if place is not None and place + 1 < len(queue) else None,
        tabs=_tabs(len(queue)),
        file=file,
        pages=presenting.pages(file, document),
        spot=presenting.signature_spot(document, file),
        consulted=consulting.of_document(db(), document) if document.consulted else [],
        opinions=presenting.opinions(log),
        answered_changed=presenting.answered_changed(log),
        recipients=printed(documents.recipients(db(), document)),
        answered=documents.linked(db(), current_actor(), document, LinkKind.REPLY),
        moves=operations.own_moves(db(), current_actor(), document),
        ended=choosing.ended(document),
        lacks_picture=issuing.lacks_picture(db(), document),
        phrases=(_("Mend the form"), _("Add the legal basis"), _("Ask for more opinions")),
    )


def _tabs(waiting: int) -> list[tuple[str, str, int | None, bool]]:
    """Signing here, directing in the pages of incoming documents, which are reached by name alone."""
    tabs: list[tuple[str, str, int | None, bool]] = [(_("To be signed"), request.path, waiting, True)]
    if "incoming.to_direct" in current_app.view_functions and current_actor().can(DIRECTION_GIVE):
        tabs.append((_("To be directed"), url_for("incoming.to_direct"), None, False))
    return tabs
