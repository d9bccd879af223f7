"""Paging by key: page 5,000 costs what page 1 costs, and a new row shifts nothing."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from eoffice.core.errors import NotFound

T = TypeVar("T")
Key = InstrumentedAttribute[Any]


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of rows and the marks of its neighbours."""

    rows: Sequence[T]
    #: mark of the following page, None on the last
    next: str | None
    #: mark of the page before, None on the first
    previous: str | None


def page(
    session: Session, query: sa.Select[T], keys: Sequence[Key], mark: str | None, size: int, *,
    oldest_first: bool = False,
) -> Page[T]:  # fmt: skip
    """Return one page of `query`, ordered by `keys` (all not null, the last one unique), descending as a rule.

    `mark` is what an earlier page gave as `next` or `previous`; a mark that cannot be read raises NotFound.
    """
    back, after = _read(mark, keys)
    rising = back is not oldest_first
    ordered = query.order_by(*(key.asc() if rising else key.desc() for key in keys))
    if after is not None:
        row = sa.tuple_(*keys)
        edge = sa.tuple_(*(sa.literal(v, type_=k.type) for v, k in zip(after, keys, strict=True)))
        ordered = ordered.where(row > edge if rising else row < edge)
    found = list(session.scalars(ordered.limit(size + 1)))
    more, rows = len(found) > size, found[:size]
    if back:
        rows.reverse()
    first, last = (_write(rows[0], keys), _write(rows[-1], keys)) if rows else (None, None)
    has_next = more if not back else True
    has_previous = more if back else after is not None
    return Page(
        rows, f"a{last}" if has_next and last else None, f"b{first}" if has_previous and first else None
    )


def _write(row: object, keys: Sequence[Key]) -> str:
    values = [getattr(row, key.key) for key in keys]
    raw = json.dumps([v.isoformat() if isinstance(v, date | datetime) else v for v in values])
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _read(mark: str | None, keys: Sequence[Key]) -> tuple[bool, list[Any] | None]:
    if not mark:
        return False, None
    try:
        raw = mark[1:] + "=" * (-len(mark[1:]) % 4)
        values = [_value(v) for v in json.loads(base64.urlsafe_b64decode(raw))]
    except (ValueError, TypeError) as error:
        raise NotFound from error
    # an address may be cut or made up: what the database could not compare is no mark
    fits = [type(value) is key.type.python_type for value, key in zip(values, keys, strict=False)]
    naive = any(isinstance(value, datetime) and value.tzinfo is None for value in values)
    if len(values) != len(keys) or not all(fits) or naive:
        raise NotFound
    return mark[0] == "b", values


def _value(value: Any) -> Any:
    if isinstance(value, str) and len(value) >= 10 and value[4:5] == "-":
        return datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
    return value
