"""Shape of the search: everything lies in the address, so that a search can be kept and sent on."""

from collections.abc import Mapping
from datetime import date

from werkzeug.datastructures import MultiDict

from eoffice.core.forms import read_day
from eoffice.documents.models import Direction
from eoffice.search.columns import COLUMNS
from eoffice.search.query import Question, state_of, state_value

#: as much as the field takes; what is beyond is cut, not refused
_LONGEST = 400


def read(fields: Mapping[str, str]) -> Question:
    """The question of an address. What cannot be read asks nothing: an old link still finds something."""
    direction = fields.get("direction", "")
    return Question(
        text=fields.get("q", "")[:_LONGEST],
        direction=Direction(direction) if direction in set(Direction) else None,
        kind=fields.get("kind", "")[:10],
        issuer=fields.get("issuer", "")[:200],
        dated_from=read_day(fields.get("from", "")),
        dated_to=read_day(fields.get("to", "")),
        state=state_of(fields.get("state", "")),
        columns=tuple(key for key in COLUMNS if key in _columns(fields)),
    )


def _columns(fields: Mapping[str, str]) -> set[str]:
    """A box for each on the form, one word for all in an address that was written here."""
    boxes = fields.getlist("cols") if isinstance(fields, MultiDict) else [fields.get("cols", "")]
    return set(" ".join(boxes).split())


def write(question: Question) -> dict[str, str]:
    """The address of a question, without what is empty."""
    fields = {
        "q": question.text,
        "direction": question.direction.value if question.direction else "",
        "kind": question.kind,
        "issuer": question.issuer,
        "from": _written(question.dated_from),
        "to": _written(question.dated_to),
        "state": state_value(question.state),
        "cols": " ".join(question.columns),
    }
    return {name: value for name, value in fields.items() if value}


def _written(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""
