"""The search for other systems: the page's own question, with its facets."""

from dataclasses import dataclass
from datetime import date, datetime, time

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from eoffice.core.openapi import answer, documented
from eoffice.core.web import current_actor, db, needs
from eoffice.documents.models import Document
from eoffice.search import facets, forms, queries
from eoffice.search.permissions import SEARCH_USE

bp = Blueprint("search_api", __name__, url_prefix="/api/v1")


@dataclass(frozen=True)
class Hit:
    """One document that was found; it is at /incoming/<id> or /outgoing/<id> by its direction."""

    id: int
    direction: str
    kind_code: str
    code_number: str
    code_notation: str
    issued_on: date | None
    issuer_name: str
    subject: str
    signer_name: str
    register_number: int | None
    urgency: int
    due_on: date | None
    due_time: time | None
    listed_at: datetime


@dataclass(frozen=True)
class FacetValue:
    """One value of a facet: what to add to the address for it, and how many of what was counted have it."""

    fields: dict[str, str]
    word: str
    count: int


@dataclass(frozen=True)
class FacetsOut:
    """By direction, kind, state, issuer and year; `more`: older matches were not counted."""

    counted: int
    more: bool
    values: dict[str, list[FacetValue]]


@dataclass(frozen=True)
class SearchPage:
    """Some of what was found, and the mark of the next page. With the first page the facets."""

    #: whose number or notation is exactly what was asked
    exact: list[Hit]
    documents: list[Hit]
    #: None where it was not counted
    total: int | None
    facets: FacetsOut | None
    next: str | None


@bp.get("/search")
@needs(SEARCH_USE)
@documented(
    "Find documents by words, number, issuer, kind, state and date, newest first",
    response=SearchPage,
    query={
        "q": "words with or without accents, or a number",
        "direction": "in or out",
        "kind": "code of the kind",
        "issuer": "part of the issuer's name",
        "from": "first date on the document, day/month/year or year-month-day",
        "to": "last date on the document",
        "state": "in.<state> or out.<state>; in.withdrawn finds what was recalled on either side",
        "page": "`next` of the page before",
    },
)
def index() -> ResponseReturnValue:
    """One page of answers."""
    actor, mark, question = current_actor(), request.args.get("page"), forms.read(request.args)
    if question.is_empty:
        return answer(SearchPage([], [], 0, None, None))
    found = queries.find(db(), actor, question, mark)
    counted = None if mark else facets.count(db(), actor, question, common=found.total is None)
    return answer(
        SearchPage(
            [_hit(one) for one in found.exact], [_hit(one) for one in found.rows], found.total,
            _facets(counted) if counted else None, found.next,
        )
    )  # fmt: skip


def _hit(document: Document) -> Hit:
    values = {name: getattr(document, name) for name in Hit.__dataclass_fields__}
    return Hit(**values | {"urgency": int(document.urgency)})


def _facets(counted: facets.Facets) -> FacetsOut:
    values = {
        name: [FacetValue(dict(one.fields), one.word, one.count) for one in found]
        for name, found in counted.values.items()
    }
    return FacetsOut(counted.counted, counted.more, values)
