"""The directory for other systems."""

from dataclasses import dataclass

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from eoffice.core.openapi import answer, documented
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import queries
from eoffice.directory.permissions import DIRECTORY_READ

bp = Blueprint("directory_api", __name__, url_prefix="/api/v1/directory")


@dataclass(frozen=True)
class AgencyOut:
    """An agency, here or elsewhere."""

    code: str
    name: str
    on_axis: bool


@dataclass(frozen=True)
class UnitOut:
    """A unit of one's own agency."""

    id: int
    name: str
    abbreviation: str


@dataclass(frozen=True)
class PostOut:
    """A present post of one's own agency; `signs`: it may sign documents."""

    id: int
    name: str
    title: str
    role: str
    unit_id: int | None
    signs: bool


@bp.get("/agencies")
@needs(DIRECTORY_READ)
@documented("Agencies by name or code (?q=)", response=list[AgencyOut])
def agencies() -> ResponseReturnValue:
    """Type-ahead."""
    found = queries.search_agencies(db(), request.args.get("q", ""))
    return answer([AgencyOut(one.code, one.name, one.on_axis) for one in found])


@bp.get("/units")
@needs(DIRECTORY_READ)
@documented("Units of one's own agency", response=list[UnitOut])
def units() -> ResponseReturnValue:
    """In the agency's order."""
    agency_id = current_actor().agency_id
    found = queries.units(db(), agency_id) if agency_id is not None else []
    return answer([UnitOut(one.id, one.name, one.abbreviation) for one in found])


@bp.get("/posts")
@needs(DIRECTORY_READ)
@documented("Present posts of one's own agency", response=list[PostOut])
def posts() -> ResponseReturnValue:
    """Leaders first."""
    agency_id = current_actor().agency_id
    found = queries.posts(db(), agency_id) if agency_id is not None else []
    return answer(
        [
            PostOut(one.id, one.person.full_name, one.title, one.role, one.unit_id, bool(one.authority))
            for one in found
        ]
    )
