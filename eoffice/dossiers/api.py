"""Dossiers for other systems: the same use cases as the pages."""

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from eoffice.core.openapi import answer, body, documented, one_of
from eoffice.core.text import whole
from eoffice.core.web import current_actor, db, needs
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.dossiers import queries, service
from eoffice.dossiers.models import Dossier
from eoffice.dossiers.operations import NewDossier
from eoffice.dossiers.permissions import DOSSIER_WORK
from eoffice.dossiers.queries import Tab
from eoffice.dossiers.states import Retention, Rights

bp = Blueprint("dossiers_api", __name__, url_prefix="/api/v1/dossiers")


@dataclass(frozen=True)
class DossierOut:
    """One dossier; `retention` and `rights` as codes of Circular 05/2025/TT-BNV."""

    id: int
    year: int
    notation: str
    title: str
    retention: str
    #: of another retention (07), its years
    other_years: int | None
    rights: str
    state: str
    in_charge: str
    start_on: date | None
    end_on: date | None
    due_on: date | None


@dataclass(frozen=True)
class DossierPage:
    """One page of a list and the mark of the next."""

    dossiers: list[DossierOut]
    next: str | None


@dataclass(frozen=True)
class Placed:
    """A document at its place in a dossier."""

    ordinal: int
    document_id: int
    code: str
    subject: str
    note: str


@dataclass(frozen=True)
class Whole:
    """A dossier with what the caller may know of in it; `hidden`: documents that are not his to see."""

    dossier: DossierOut
    documents: list[Placed]
    hidden: int


@dataclass(frozen=True)
class Opened:
    """A dossier to be opened under a heading of the year's list."""

    heading_id: int
    title: str
    retention: Retention
    rights: Rights = Rights.CONDITIONAL
    description: str = ""
    #: of another retention (07), its years
    other_years: int | None = None


@dataclass(frozen=True)
class Filed:
    """A document to be filed."""

    document_id: int
    note: str = ""


def _plain(dossier: Dossier) -> DossierOut:
    return DossierOut(
        dossier.id, dossier.year, dossier.notation, dossier.title, dossier.retention, dossier.other_years,
        dossier.rights, dossier.state,
        dossier.in_charge, dossier.start_on, dossier.end_on, dossier.due_on,
    )  # fmt: skip


@bp.get("")
@needs(DOCUMENT_READ)
@documented("Dossiers of a list (?tab=mine|open|due|archive|archived|all, ?q=, ?mark=)", response=DossierPage)
def index() -> ResponseReturnValue:
    """One page of a list."""
    tab = one_of(Tab, Tab.ALL)
    page = queries.listing(
        db(), current_actor(), tab, whole(request.args.get("q", ""), 200, "q"), request.args.get("mark")
    )
    return answer(DossierPage([_plain(one) for one in page.rows], page.next))


@bp.get("/<int:dossier_id>")
@needs(DOCUMENT_READ)
@documented("One dossier with its documents", response=Whole)
def show(dossier_id: int) -> ResponseReturnValue:
    """One dossier."""
    dossier, _looks = service.look_at(db(), current_actor(), dossier_id)
    inside = queries.contents(db(), current_actor(), dossier)
    placed = [
        Placed(row.ordinal, row.document_id, row.document.code, row.document.subject, row.note)
        for row in inside.rows
    ]
    return answer(Whole(_plain(dossier), placed, inside.hidden))


@bp.post("")
@needs(DOSSIER_WORK)
@documented("Open a dossier under a heading of the year's list", request=Opened, response=DossierOut)
def create() -> ResponseReturnValue:
    """Open a dossier."""
    new = body(Opened)
    entry = NewDossier(
        new.heading_id, new.title, new.retention, new.rights, new.description, other_years=new.other_years
    )
    return answer(_plain(service.open_dossier(db(), current_actor(), entry)), 201)


@bp.post("/<int:dossier_id>/documents")
@needs(DOSSIER_WORK)
@documented("Put a document into an open dossier", request=Filed, response=Placed)
def file(dossier_id: int) -> ResponseReturnValue:
    """File a document."""
    new = body(Filed)
    row = service.file(db(), current_actor(), dossier_id, new.document_id, new.note)
    return answer(
        Placed(row.ordinal, row.document_id, row.document.code, row.document.subject, row.note), 201
    )
