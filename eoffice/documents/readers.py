"""Who was just brought into a document, by name, and whether anybody reads it now who could not before."""

from collections import defaultdict
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.accounts import permissions as accounts
from eoffice.directory.models import Assignment, Person, Unit
from eoffice.directory.queries import current
from eoffice.documents.models import Document, DocumentAccess
from eoffice.documents.permissions import DOCUMENT_READ_ALL


def added(
    session: Session, document: Document, unit_ids: Collection[int], person_ids: Collection[int]
) -> tuple[list[str], bool]:
    """The names of units and people whose rows were written a moment ago, and whether that opened the document to
    somebody: to a unit always, to a person unless a post of his reads every document or lies in a unit that was in."""
    units = (
        session.scalars(sa.select(Unit.name).where(Unit.id.in_(unit_ids)).order_by(Unit.id))
        if unit_ids
        else ()
    )
    names = list(units)
    if not person_ids:
        return names, bool(names)
    people = sa.select(Person.id, Person.full_name).where(Person.id.in_(person_ids)).order_by(Person.id)
    found = session.execute(people).all()
    opened = bool(names) or _opens(session, document, [one for one, _name in found])
    return [*names, *(name for _id, name in found)], opened


def _opens(session: Session, document: Document, person_ids: Collection[int]) -> bool:
    inside = sa.select(DocumentAccess.unit_id).where(
        DocumentAccess.document_id == document.id, DocumentAccess.unit_id == Assignment.unit_id
    )
    query = sa.select(Assignment, inside.exists()).where(
        Assignment.person_id.in_(person_ids), Assignment.agency_id == document.agency_id, current()
    )
    read_already: dict[int, bool] = defaultdict(bool)
    for post, in_unit in session.execute(query):
        read_already[post.person_id] |= in_unit or DOCUMENT_READ_ALL in accounts.of(post)
    return not all(read_already[one] for one in person_ids)
