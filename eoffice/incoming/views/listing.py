"""The list, its filters and the preview beside it."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from itertools import groupby
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date
from flask_babel import gettext as _

from eoffice.core import clock
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import queries as directory
from eoffice.documents import registers
from eoffice.documents import service as files
from eoffice.documents.models import Direction
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.gateway import queries as gateway
from eoffice.incoming import presenting, queries
from eoffice.incoming.forms import FilterForm
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.queries import Day, Filter, Overview, Tab
from eoffice.incoming.views import bp
from eoffice.incoming.workflow import Move


@bp.get("/incoming")
@needs(DOCUMENT_READ)
def index() -> ResponseReturnValue:
    """A tab of the list."""
    actor, mark, form = current_actor(), request.args.get("mark"), FilterForm(request.args)
    form.offer(directory.units(db(), actor.agency_id or 0, closed=True))
    given = request.args.get("tab")
    tab = Tab(given) if given in set(Tab) else Tab.OPEN
    seen = queries.overview(db(), actor)
    if not form.validate():
        return _page(form, Filter(tab), seen), 422
    wanted = form.to_filter(tab)
    pressing = queries.pressing(db(), actor, wanted, seen.ids)
    above = [one.id for one in pressing]
    page = queries.listing(db(), actor, wanted, mark, without=above, among=seen.ids)
    first = [] if mark else pressing
    days = queries.days(db(), actor, wanted, page.rows, without=above, among=seen.ids)
    shown = [*first, *page.rows]
    wanted_back = gateway.wanted_back(db(), [one.id for one in shown])
    return _page(
        form, wanted, seen, page=page, shown=len(shown), wanted_back=wanted_back,
        groups=[*_pressing(first), *_groups(page.rows, days)],
        total=queries.total(db(), actor, wanted, seen.ids) if wanted.narrowed else None,
        **(_preview(shown[0], shown[0].id in wanted_back) if shown else {}),
    )  # fmt: skip


def _page(form: FilterForm, wanted: Filter, seen: Overview, **found: Any) -> str:
    """The list with what was found; with nothing while the filter cannot be read."""
    return render_template(
        "incoming/list.html",
        form=form,
        wanted=wanted,
        tabs=_tabs(wanted, seen.counts),
        chips=_chips(wanted),
        address=lambda **changes: url_for("incoming.index", **_arguments(wanted), **changes),
        **found,
    )


@bp.get("/incoming/<int:document_id>/preview")
@needs(DOCUMENT_READ)
def preview(document_id: int) -> ResponseReturnValue:
    """The pane beside the list."""
    document = queries.one(db(), current_actor(), document_id)
    files.seen(db(), current_actor(), document)
    wanted = gateway.wanted_back(db(), [document.id])
    shown = _preview(document, document.id in wanted)
    return render_template("incoming/_preview.html", wanted_back=wanted, **shown)


def _preview(document: IncomingDocument, wanted_back: bool) -> dict[str, Any]:
    file, check = queries.original(queries.files(db(), document))
    moves = queries.moves(current_actor(), document, wanted_back=wanted_back)
    number = None
    if Move.REGISTER in moves:
        # while no register is open, what has come is seen all the same
        with suppress(registers.NoRegister, registers.RegisterClosed):
            number = registers.next_number(db(), document.agency_id, Direction.IN, document.kind_code)
    return {
        "document": document,
        "file": file,
        "pages": presenting.pages(file)[:1],
        "check": check,
        "moves": moves,
        "next_number": number,
    }


def _arguments(wanted: Filter) -> dict[str, Any]:
    """The filter as it stands in an address."""
    named = {
        "tab": wanted.tab.value,
        "from": f"{wanted.arrived_from:%d/%m/%Y}" if wanted.arrived_from else None,
        "to": f"{wanted.arrived_to:%d/%m/%Y}" if wanted.arrived_to else None,
        "issuer": wanted.issuer or None,
        "urgency": int(wanted.urgency) if wanted.urgency is not None else None,
        "unit": wanted.unit_id,
    }
    return {key: value for key, value in named.items() if value is not None}


def _tabs(wanted: Filter, counts: dict[str, int]) -> list[tuple[Any, ...]]:
    kept = {key: value for key, value in _arguments(wanted).items() if key != "tab"}
    return [
        (tab.word, url_for("incoming.index", tab=tab.value, **kept), counts.get(tab.value), tab is wanted.tab,
         tab is Tab.OVERDUE and bool(counts[tab.value]))
        for tab in Tab
    ]  # fmt: skip


def _chips(wanted: Filter) -> list[tuple[str, str]]:
    """What narrows the list, each with the address without it."""
    arguments = _arguments(wanted)
    words = {
        "from": _("Arrived from %(day)s", day=arguments.get("from")),
        "to": _("Arrived until %(day)s", day=arguments.get("to")),
        "issuer": _("Issuer: %(name)s", name=wanted.issuer),
        "urgency": wanted.urgency.word if wanted.urgency is not None else "",
        "unit": _("Unit chosen"),
    }
    return [
        (str(word), url_for("incoming.index", **{k: v for k, v in arguments.items() if k != key}))
        for key, word in words.items()
        if key in arguments
    ]


def _pressing(rows: Sequence[IncomingDocument]) -> Iterator[tuple[str, str, Sequence[IncomingDocument]]]:
    """What stands above the days."""
    if rows:
        yield _("Urgent and overdue"), _("%(count)s documents", count=len(rows)), rows


def _groups(
    rows: Sequence[IncomingDocument], days: dict[date, Day]
) -> Iterator[tuple[str, str, list[IncomingDocument]]]:
    """Rows by arrival day under a heading that counts the whole day."""
    for day, found in groupby(rows, lambda row: clock.local(row.listed_at).date()):
        name = format_date(day, "EEEE, dd/MM/yyyy")
        if day == clock.today():
            name = _("Today, %(day)s", day=f"{day:%d/%m/%Y}")
        counted = days.get(day, Day(0, 0))
        detail = _("%(count)s documents", count=counted.documents)
        if counted.unregistered:
            detail = _(
                "%(all)s documents, %(new)s not registered", all=counted.documents, new=counted.unregistered
            )
        yield name[:1].upper() + name[1:], detail, list(found)
