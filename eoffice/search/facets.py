"""How many of what was found are of each kind, state, issuer and year: counted in a bounded number of rows.

A count over every match would grow with the table. So what is counted are the matches of the page's own way: all of
a rare question's, up to a limit; of a common one those among the newest rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core.permissions import Actor
from eoffice.documents.kinds import kind
from eoffice.documents.models import Direction, Document
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.states import State as IncomingState
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.states import State as OutgoingState
from eoffice.search import queries
from eoffice.search.query import Question, state_value

_WORDS = {Direction.IN: _l("Incoming"), Direction.OUT: _l("Outgoing")}
#: issuers named, the most frequent first
_ISSUERS = 8


@dataclass(frozen=True)
class Value:
    """One value of a facet."""

    #: what the address says
    fields: Mapping[str, str]
    word: str
    count: int


@dataclass
class Facets:
    """Values by facet, the most frequent first."""

    #: matches that were counted
    counted: int = 0
    #: older ones were not looked at
    more: bool = False
    values: dict[str, list[Value]] = field(default_factory=dict)


def count(session: Session, actor: Actor, question: Question, *, common: bool) -> Facets:
    """Count what a question finds; `common`: it fills a page from the newest rows alone. One query."""
    hits = queries.bounded(actor, question, common=common).cte("hits")
    year = sa.func.extract("year", Document.issued_on)
    ours = OutgoingDocument.__table__.c
    state = sa.case(
        (ours.recalled_at.is_not(None), state_value(IncomingState.WITHDRAWN)),
        else_=sa.func.coalesce(
            sa.literal("in.") + sa.cast(IncomingDocument.__table__.c.state, sa.Text),
            sa.literal("out.") + sa.cast(ours.state, sa.Text),
        ),
    )
    columns = (Document.direction, Document.kind_code, Document.issuer_name, state, year)
    query = (
        sa.select(*columns, sa.func.count(), sa.func.grouping(*columns))
        .select_from(hits)
        .join(Document.__table__, Document.__table__.c.id == hits.c.id)
        .outerjoin(IncomingDocument.__table__, IncomingDocument.__table__.c.id == hits.c.id)
        .outerjoin(OutgoingDocument.__table__, OutgoingDocument.__table__.c.id == hits.c.id)
        .group_by(sa.func.grouping_sets(*(sa.tuple_(one) for one in columns), sa.tuple_()))
    )
    found = Facets(more=common)
    for *values, number, grouped in session.execute(query):
        if grouped == 0b11111:
            found.counted = number
            found.more = common or number >= queries.COUNTED
            continue
        place = f"{grouped:05b}".index("0")
        _add(found, place, values[place], number)
    for name, values in found.values.items():
        values.sort(key=lambda one: (-one.count, one.word))
        if name == "issuer":
            del values[_ISSUERS:]
    return found


def _add(found: Facets, place: int, value: object, number: int) -> None:
    if value in (None, ""):
        return
    name = ("direction", "kind", "issuer", "state", "year")[place]
    fields, word = {name: str(value)}, str(value)
    match name:
        case "direction":
            word = str(_WORDS[Direction(word)])
            fields = {"direction": str(value)}
        case "kind":
            word = kind(word).name
        case "state":
            side, _, state = word.partition(".")
            one = IncomingState(state) if side == "in" else OutgoingState(state)
            word, fields = str(one.word), {"state": state_value(one)}
        case "year":
            word = str(int(float(word)))
            fields = {"from": f"01/01/{word}", "to": f"31/12/{word}"}
    found.values.setdefault(name, []).append(Value(fields, word, number))
