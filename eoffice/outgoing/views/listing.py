"""The list of outgoing documents and the preview beside it."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from eoffice.core.web import current_actor, db, needs
from eoffice.documents import queries as documents
from eoffice.documents import service as files
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.outgoing import operations, presenting, queries
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.queries import Tab
from eoffice.outgoing.views import bp


@bp.get("/outgoing")
@needs(DOCUMENT_READ)
def index() -> ResponseReturnValue:
    """One tab of the list; the first row is previewed."""
    wanted = request.args.get("tab", "")
    tab = Tab(wanted) if wanted in set(Tab) else Tab.MINE if not request.args else Tab.ALL
    actor, mark = current_actor(), request.args.get("mark")
    pressing = queries.pressing(db(), actor, tab)
    page = queries.page_of(db(), actor, tab, mark, without=[one.id for one in pressing])
    groups = [(_("Urgent and overdue"), pressing)] if pressing and not mark else []
    groups += [(_("Newest first"), page.rows)] if page.rows else []
    first = groups[0][1][0] if groups else None
    return render_template(
        "outgoing/list.html",
        tab=tab,
        page=page,
        groups=groups,
        shown=sum(len(rows) for _title, rows in groups),
        tabs=_tabs(tab),
        **(_preview(first) if first else {"document": None}),
    )


@bp.get("/outgoing/<int:document_id>/preview")
@needs(DOCUMENT_READ)
def preview(document_id: int) -> ResponseReturnValue:
    """The pane beside the list."""
    document = queries.opened(db(), current_actor(), document_id)
    files.seen(db(), current_actor(), document)
    return render_template("outgoing/_preview.html", **_preview(document))


def _preview(document: OutgoingDocument) -> dict[str, object]:
    file = documents.latest_file(db(), document, *operations.PAGES)
    return {
        "document": document,
        "pages": presenting.pages(file, document)[:1],
        "next_step": presenting.next_step(document, queries.next_actor(db(), document)),
    }


def _tabs(current: Tab) -> list[tuple[str, str, int | None, bool]]:
    counts = queries.counts(db(), current_actor())
    words = {
        Tab.MINE: _("For me"),
        Tab.DRAFT: _("Drafts"),
        Tab.CHECK: _("Being approved"),
        Tab.SIGN: _("Waiting for signature"),
        Tab.CLERK: _("At the clerk's"),
        Tab.ISSUED: _("Issued"),
        Tab.ALL: _("All"),
    }
    return [
        (word, url_for("outgoing.index", tab=tab.value), counts.get(tab), tab is current)
        for tab, word in words.items()
    ]
