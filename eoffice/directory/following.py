"""Agencies elsewhere as somebody else's directory has them: taken over in bulk, those that work here left alone."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core.text import nfc, search_text, sort_key
from eoffice.directory import queries
from eoffice.directory.models import Agency


@dataclass(frozen=True)
class Outside:
    """One entry of the other directory."""

    code: str
    name: str
    old_code: str = ""
    email: str = ""
    on_axis: bool = True
    #: last day, None while it exists
    valid_to: date | None = None
    legal_basis: str = ""


@dataclass(frozen=True)
class Ties:
    """What an entry says of others, by code; "" for nobody."""

    code: str
    parent: str = ""
    #: the first gets the mail
    successors: tuple[str, ...] = ()


#: an old code that another agency has already stays with that one
_ENTER = sa.text("""
INSERT INTO agency AS a (code, old_code, name, short_name, abbreviation, parent_name, place, address, email, telephone,
                         hosted, on_axis, collective, valid_to, legal_basis, sort_key, folded)
SELECT code, CASE WHEN NOT EXISTS (SELECT FROM agency o WHERE o.old_code = r.old_code AND o.code <> r.code)
       THEN nullif(old_code, '') END, name, short_name, abbreviation, '', '', '', email, '',
       FALSE, on_axis, FALSE, valid_to, legal_basis, sort_key, folded
FROM json_populate_recordset(NULL::agency, CAST(:rows AS json)) AS r
ON CONFLICT (code) DO UPDATE SET old_code = excluded.old_code, name = excluded.name, short_name = excluded.short_name,
    email = coalesce(nullif(excluded.email, ''), a.email), on_axis = excluded.on_axis, valid_to = excluded.valid_to,
    legal_basis = excluded.legal_basis, sort_key = excluded.sort_key, folded = excluded.folded
WHERE NOT a.hosted AND (a.old_code, a.name, a.email, a.on_axis, a.valid_to, a.legal_basis) IS DISTINCT FROM
    (excluded.old_code, excluded.name, excluded.email, excluded.on_axis, excluded.valid_to, excluded.legal_basis)
RETURNING id
""")
_TIE = sa.text("""
UPDATE agency AS a SET parent_code = t.parent, successor_codes = t.successors, parent_id = p.id, successor_id = s.id
FROM json_to_recordset(CAST(:ties AS json)) AS t(code text, parent text, successors text[])
LEFT JOIN agency p ON p.code = t.parent AND p.code <> t.code
LEFT JOIN agency s ON s.code = t.successors[1] AND s.code <> t.code
WHERE a.code = t.code AND NOT a.hosted AND (a.parent_code, a.successor_codes, a.parent_id, a.successor_id)
    IS DISTINCT FROM (t.parent, t.successors, p.id, s.id)
""")
#: the entry of a parent or successor may come long after that of the agency it is named in
_TIE_LATER = tuple(
    sa.text(f"""
UPDATE agency AS a SET {column} = o.id FROM agency o
WHERE a.{column} IS NULL AND NOT a.hosted AND o.code = {named} AND o.code <> a.code
""")  # noqa: S608 - constants
    for column, named in (("parent_id", "a.parent_code"), ("successor_id", "a.successor_codes[1]"))
)


def enter(session: Session, entries: Sequence[Outside]) -> int:
    """Enter these agencies or change them; returns how many were new or other than before."""
    queries.hold_agencies(session)
    known = sa.select(Agency.code, Agency.name, Agency.short_name, Agency.abbreviation)
    ours = {
        code: (name, short, abbreviation)
        for code, name, short, abbreviation in session.execute(
            known.where(Agency.code.in_([entry.code for entry in entries]))
        )
    }
    met: set[str] = set()
    rows = {entry.code: _row(entry, ours.get(entry.code), met) for entry in entries}
    given = {"rows": json.dumps(list(rows.values()), default=date.isoformat)}
    return len(session.execute(_ENTER, given).all())


def _row(entry: Outside, known: tuple[str, str, str] | None, met: set[str]) -> dict[str, object]:
    """`known`: name, short name and abbreviation here; what people here call it is kept. `met`: old codes so far."""
    name, old_code = nfc(entry.name)[:200], "" if entry.old_code in met else entry.old_code
    met.add(entry.old_code)
    before, short, abbreviation = known or (name, name, "")
    short = name if short == before else short
    return asdict(entry) | {
        "name": name, "old_code": old_code, "short_name": short, "abbreviation": abbreviation,
        "sort_key": sort_key(name), "folded": search_text(name, short, abbreviation, entry.code, old_code or None),
    }  # fmt: skip


def tie(session: Session, ties: Sequence[Ties]) -> None:
    """Write who is above whom and who has taken over from whom, once all of them are entered."""
    queries.hold_agencies(session)
    session.execute(_TIE, {"ties": json.dumps([asdict(one) for one in ties])})
    for statement in _TIE_LATER:
        session.execute(statement)
