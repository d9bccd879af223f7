"""Who looked at a document or a dossier, for those who see the whole agency."""

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from eoffice.core import clock
from eoffice.core import visits as looks
from eoffice.core.errors import NotFound
from eoffice.core.visits import Visited
from eoffice.core.web import current_actor, db, needs
from eoffice.documents import queries as documents
from eoffice.documents.models import Direction
from eoffice.documents.permissions import DOCUMENT_READ_ALL
from eoffice.dossiers import queries as dossiers
from eoffice.reports.views import bp

#: latest looks shown
SHOWN = 200


@bp.get("/reports/visits/<what>/<int:object_id>")
@needs(DOCUMENT_READ_ALL)
def visits(what: str, object_id: int) -> ResponseReturnValue:
    """The latest looks at one thing, newest first."""
    name, url = _named(what, object_id)
    found = looks.of(db(), Visited(what), object_id, SHOWN)
    return render_template(
        "reports/visits.html", name=name, url=url, found=found, shown=SHOWN, local=clock.local
    )


def _named(what: str, object_id: int) -> tuple[str, str]:
    """What it is called and where it stands. Raises NotFound."""
    if what == Visited.DOSSIER:
        dossier = dossiers.one(db(), current_actor(), object_id)
        return f"{dossier.notation} {dossier.title}", url_for("dossiers.show", dossier_id=object_id)
    if what != Visited.DOCUMENT:
        raise NotFound
    document = documents.one(db(), current_actor(), object_id)
    endpoint = "incoming.show" if document.direction is Direction.IN else "outgoing.show"
    return f"{document.code} {document.subject}", url_for(endpoint, document_id=object_id)
