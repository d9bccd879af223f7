"""The desk."""

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from eoffice.core import clock, meanwhile
from eoffice.core.web import SIGNED_IN, current_actor, db, needs
from eoffice.directions import operations as tasks
from eoffice.directions.models import Task
from eoffice.directions.worklists import worklists
from eoffice.documents import operations as documents
from eoffice.documents import service as files
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.home import desk as desks
from eoffice.home import frame, links, words
from eoffice.outgoing import copying
from eoffice.outgoing import presenting as outgoing

bp = Blueprint("home", __name__, template_folder="templates")
bp.app_context_processor(frame.context)

#: deeds that leave a document as it was
_HARMLESS = (
    files.DOWNLOADED, files.PRINTED, tasks.OPENED, tasks.READ, documents.ACCESS_GIVEN, documents.FILE_ADDED,
    copying.COPIED,
)  # fmt: skip
_DOCUMENTS = ("IncomingDocument", "OutgoingDocument", "Document")
# how the log reads to whoever came second
meanwhile.about("document_id", *_DOCUMENTS, words=outgoing.deed, harmless=_HARMLESS)
meanwhile.about("dossier_id", "Dossier")
meanwhile.about("envelope_id", "Envelope")
meanwhile.about(
    "task_id", *_DOCUMENTS, harmless=_HARMLESS,
    find=lambda session, number: session.scalar(sa.select(Task.document_id).where(Task.id == number)),
)  # fmt: skip


@bp.get("/")
@needs(SIGNED_IN)
def desk() -> ResponseReturnValue:
    """What waits, what is due, what changed; an administrator's desk is the health of the house."""
    actor = current_actor()
    if not actor.can(DOCUMENT_READ):
        return redirect(url_for("admin.health"))
    laid = desks.lay(db(), actor, frame.waiting(actor))
    return render_template("home/desk.html", desk=laid, today=clock.today(), words=words, links=links)


@bp.get("/work")
@needs(DOCUMENT_READ)
def work() -> ResponseReturnValue:
    """The first of one's own lists that holds work."""
    lists = worklists(db(), current_actor())
    first = next((one for one, count in lists if count), lists[0][0] if lists else None)
    return redirect(url_for(first.endpoint if first else "home.desk"))
