"""Groups of recipients for other systems."""

from dataclasses import dataclass

from flask.typing import ResponseReturnValue

from eoffice.core.openapi import answer, documented
from eoffice.core.web import current_actor, db, needs
from eoffice.directory.permissions import DIRECTORY_READ
from eoffice.documents import groups
from eoffice.outgoing.api import bp


@dataclass(frozen=True)
class GroupOut:
    """A group as it is kept; `under` and `beginnings`: the rule by which it follows the directory, or empty."""

    id: int
    name: str
    #: what names its members on the page
    line: str
    shared: bool
    under: str
    beginnings: str


@dataclass(frozen=True)
class GroupMembers(GroupOut):
    """With the codes of today's members; `told`: sentences on members that exist no more."""

    members: list[str]
    told: list[str]


@bp.get("/groups")
@needs(DIRECTORY_READ)
@documented("Groups of recipients: one's own and those shared in the agency", response=list[GroupOut])
def recipient_groups() -> ResponseReturnValue:
    """By name."""
    found = groups.kept(db(), current_actor())
    return answer(
        [GroupOut(one.id, one.name, one.printed, one.shared, one.under, one.beginnings) for one in found]
    )


@bp.get("/groups/<int:group_id>")
@needs(DIRECTORY_READ)
@documented("One group of recipients with its members of today", response=GroupMembers)
def recipient_group(group_id: int) -> ResponseReturnValue:
    """Closed agencies are replaced by their only successors, others named."""
    one = groups.one(db(), current_actor(), group_id)
    found = groups.members(db(), one)
    codes = [agency.code for agency in found.agencies]
    return answer(
        GroupMembers(one.id, one.name, one.printed, one.shared, one.under, one.beginnings, codes, found.told)
    )
