"""Finding documents: the same rule of sight as every list, newest first, fast for rare and common words.

A common word is found within the newest rows of the list index, a rare one through the inverted index. Which
of the two a word is, statistics tell badly, so the newest rows are tried first, a bounded number of them, and
the inverted index is asked only when they did not fill the page.
"""

import base64
import binascii
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectin_polymorphic, with_expression

from eoffice.core.errors import NotFound
from eoffice.core.permissions import Actor
from eoffice.core.text import fold
from eoffice.documents.models import Direction, Document, Register, RegisterEntry
from eoffice.documents.permissions import of_houses, visible_to
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.states import State as IncomingState
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.queries import is_replaced
from eoffice.search.query import Question

PAGE_SIZE = 30
#: newest rows tried before the inverted index
NEWEST = 600
#: matches of a rare question that are counted by kind, state and so on
COUNTED = 1000
#: exact matches of a number shown above the rest
_EXACT = 10

#: the search column where no index is wanted: it would find every match there is before it looks at a few rows
_UNINDEXED = sa.func.coalesce(Document.words, sa.literal_column("''::tsvector"))

Mark = tuple[datetime, int]
Ids = sa.Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Found:
    """One page of answers."""

    #: number or notation is exactly what was typed
    exact: Sequence[Document]
    rows: Sequence[Document]
    #: mark of the following page, None on the last
    next: str | None
    #: how many there are, None when that was not worth counting
    total: int | None


def find(session: Session, actor: Actor, question: Question, mark: str | None = None) -> Found:
    """Answer a question with what the actor may know of. Raises NotFound for a mark that cannot be read."""
    after = _read(mark)
    exact = by_code(session, actor, question) if after is None else []
    ids, total = _ids(session, actor, question, after)
    shown = [row.id for row in ids[:PAGE_SIZE]]
    loaded = _load(session, {*exact, *shown})
    more = _write(ids[PAGE_SIZE - 1]) if len(ids) > PAGE_SIZE else None
    return Found([loaded[one] for one in exact], [loaded[one] for one in shown], more, total)


def every(session: Session, actor: Actor, question: Question, limit: int) -> Sequence[Document]:
    """All answers without pages, newest first, at most that many."""
    query = (anywhere if question.tsquery else listing)(actor, question, None).limit(limit)
    ids = [row.id for row in session.execute(query)]
    loaded = _load(session, ids)
    return [loaded[one] for one in ids]


def by_code(session: Session, actor: Actor, question: Question) -> Sequence[int]:
    """The newest documents with this number and notation, or this number in one of the agency's registers."""
    if question.code is None:
        return []
    number, notation = question.code
    on_page = sa.select(Document.id).where(
        of_houses(actor), Document.code_number.in_({number, number.lstrip("0") or "0"})
    )
    if notation:
        on_page = on_page.where(sa.func.lower(Document.code_notation) == notation.lower())
        wanted: sa.SelectBase = on_page
    else:
        own = sa.select(Register.id).where(Register.agency_id.in_(actor.houses))
        given = sa.select(RegisterEntry.document_id).where(
            RegisterEntry.agency_id.in_(actor.houses),
            RegisterEntry.register_id.in_(own),
            RegisterEntry.number == (int(number) if number.isdecimal() and len(number) < 10 else -1),
            RegisterEntry.voided_at.is_(None),
        )
        wanted = sa.union(on_page, given)
    query = sa.select(Document.id).where(Document.id.in_(wanted), visible_to(actor), *_filters(question))
    newest = query.order_by(Document.listed_at.desc(), Document.id.desc()).limit(_EXACT)
    return session.scalars(newest).all()


def _ids(
    session: Session, actor: Actor, question: Question, after: Mark | None
) -> tuple[Sequence[Any], int | None]:
    """Up to one more than a page of (id, listed_at), newest first, and the total where it costs nothing."""
    if not question.tsquery:
        return session.execute(listing(actor, question, after)).all(), None
    newest = session.execute(among_newest(actor, question, after)).all()
    if len(newest) > PAGE_SIZE:
        return newest, None
    rows = session.execute(anywhere(actor, question, after)).all()
    return rows, rows[0].total if rows else (0 if after is None else None)


def listing(actor: Actor, question: Question, after: Mark | None) -> Ids:
    """Filters without words: the list index in its own order."""
    return _newest(actor, [visible_to(actor), *_filters(question)], after, PAGE_SIZE + 1)


def among_newest(actor: Actor, question: Question, after: Mark | None) -> Ids:
    """The newest rows of the agency, a bounded number, then the words and filters among them."""
    way = [Document.direction == question.direction] if question.direction is not None else []
    newest = _newest(actor, way, after, NEWEST).subquery("newest")
    query = (
        sa.select(Document.id, Document.listed_at)
        .join(newest, newest.c.id == Document.id)
        .where(visible_to(actor), _matches(question, _UNINDEXED), *_filters(question))
    )  # coalesced: the inverted index would find every match there is before it looks at these few rows
    return query.order_by(newest.c.listed_at.desc(), newest.c.id.desc()).limit(PAGE_SIZE + 1)


def _newest(actor: Actor, conditions: Sequence[sa.ColumnElement[bool]], after: Mark | None, size: int) -> Ids:
    """The newest rows, each agency's from its own part of the list index: of one nearly always."""
    each = [
        _page(
            sa.select(Document.id, Document.listed_at).where(Document.agency_id == house, *conditions),
            Document.listed_at, Document.id, after, size,
        )
        for house in actor.houses
    ]  # fmt: skip
    if len(each) == 1:
        return each[0]
    rows = sa.union_all(*each).subquery("each")
    return _page(sa.select(rows.c.id, rows.c.listed_at), rows.c.listed_at, rows.c.id, after, size)


def anywhere(actor: Actor, question: Question, after: Mark | None) -> Ids:
    """Every match, found without regard to order and then sorted, with their number."""
    query = sa.select(Document.id, Document.listed_at).where(
        visible_to(actor), _matches(question), *_filters(question)
    )
    hits = query.cte("hits").prefix_with("MATERIALIZED", dialect="postgresql")
    total = sa.select(sa.func.count()).select_from(hits).scalar_subquery()
    return _page(
        sa.select(hits.c.id, hits.c.listed_at, total.label("total")), hits.c.listed_at, hits.c.id, after
    )


def bounded(actor: Actor, question: Question, *, common: bool) -> Ids:
    """Matches to be counted, a bounded number: of a common question those among the newest rows, else the newest."""
    conditions = [visible_to(actor), *_filters(question)]
    if not common:
        query = sa.select(Document.id).where(*conditions, _matches(question))
        return query.order_by(Document.listed_at.desc(), Document.id.desc()).limit(COUNTED)
    newest = _newest(actor, [], None, NEWEST).subquery("newest")
    conditions += [_matches(question, _UNINDEXED)] if question.tsquery else []
    return sa.select(Document.id).join(newest, newest.c.id == Document.id).where(*conditions)


def _page(query: Ids, moment: Any, number: Any, after: Mark | None, size: int = PAGE_SIZE + 1) -> Ids:
    if after is not None:
        edge = (sa.literal(after[0], Document.listed_at.type), sa.literal(after[1]))
        query = query.where(sa.tuple_(moment, number) < sa.tuple_(*edge))
    return query.order_by(moment.desc(), number.desc()).limit(size)


def _matches(question: Question, words: sa.ColumnElement[Any] | None = None) -> sa.ColumnElement[bool]:
    asked = sa.func.to_tsquery(sa.literal_column("'simple'::regconfig"), question.tsquery)
    return (Document.words if words is None else words).op("@@")(asked)


def _filters(question: Question) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if question.direction is not None:
        conditions.append(Document.direction == question.direction)
    if question.kind:
        conditions.append(Document.kind_code == question.kind)
    if question.issuer.strip():
        conditions.append(_issued_by(question.issuer.strip()))
    if question.dated_from is not None:
        conditions.append(Document.issued_on >= question.dated_from)
    if question.dated_to is not None:
        conditions.append(Document.issued_on <= question.dated_to)
    if question.state is IncomingState.WITHDRAWN:
        conditions.append(Document.id.in_(_taken_back()))
    elif question.state is not None:
        incoming = isinstance(question.state, IncomingState)
        table = (IncomingDocument if incoming else OutgoingDocument).__table__
        conditions.append(Document.direction == (Direction.IN if incoming else Direction.OUT))
        stands = [] if incoming else [table.c.recalled_at.is_(None)]
        conditions.append(
            sa.exists().where(table.c.id == Document.id, table.c.state == question.state, *stands)
        )
    return conditions


#: each letter with a sign, and the same without
_ACCENTED = [
    char for char in map(chr, range(0xC0, 0x1EFA)) if char.islower() and re.fullmatch("[a-z]", fold(char))
]
_PLAIN = "".join(map(fold, _ACCENTED))


def _issued_by(typed: str) -> sa.ColumnElement[bool]:
    """Part of the issuer's name; typed without accents it is found by whatever letters it is written with."""
    if fold(typed) != typed.lower():
        return Document.issuer_name.icontains(typed, autoescape=True)
    plain = sa.func.translate(sa.func.lower(Document.issuer_name), "".join(_ACCENTED), _PLAIN)
    return plain.contains(fold(typed), autoescape=True)


def _taken_back() -> sa.CompoundSelect[Any]:
    """What whoever issued it took back: others from us, and we from others, whose state stays what it was."""
    theirs, ours = IncomingDocument.__table__.c, OutgoingDocument.__table__.c
    return sa.union_all(
        sa.select(theirs.id).where(theirs.state == IncomingState.WITHDRAWN),
        sa.select(ours.id).where(ours.recalled_at.is_not(None)),
    )


def _load(session: Session, ids: Collection[int]) -> dict[int, Document]:
    """The documents by id, incoming and outgoing columns included, in at most three statements."""
    if not ids:
        return {}
    both = selectin_polymorphic(Document, [IncomingDocument, OutgoingDocument])
    query = sa.select(Document).where(Document.id.in_(ids))
    found = session.scalars(query.options(both, with_expression(OutgoingDocument.is_replaced, is_replaced())))
    return {document.id: document for document in found}


def _write(row: Any) -> str:
    raw = f"{row.listed_at.isoformat()} {row.id}"
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _read(mark: str | None) -> Mark | None:
    if not mark:
        return None
    try:
        moment, _, number = base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)).decode().partition(" ")
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None:
            raise NotFound
        return at, int(number)
    except (binascii.Error, ValueError) as error:
        raise NotFound from error
