"""Shape of the search: everything lies in the address, so that a search can be kept and sent on."""

from collections.abc import Mapping
from datetime import date
from typing import cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from eoffice.core.forms import DayField, DaysAsked, at_most
from eoffice.documents.kinds import EVERY
from eoffice.documents.models import Direction
from eoffice.incoming.states import State as IncomingState
from eoffice.outgoing.states import State as OutgoingState
from eoffice.search.columns import COLUMNS
from eoffice.search.query import Question, State, state_of, state_value

_SIDES = {"": _l("Both"), Direction.IN.value: _l("Incoming"), Direction.OUT.value: _l("Outgoing")}
#: in the order of the work
_STATES: dict[object, tuple[State, ...]] = {
    _l("Incoming"): tuple(state for state in IncomingState if state is not IncomingState.WITHDRAWN),
    _l("Outgoing"): tuple(OutgoingState),
    # also what this agency recalled: the same word on both sides
    _l("Both"): (IncomingState.WITHDRAWN,),
}


def _choice(value: str, word: object, group: object = None) -> SelectChoice:
    return SelectChoice(value, cast("str", word), optgroup=cast("str | None", group))


class SearchForm(DaysAsked):
    """What is searched for; nothing must be filled in, and what cannot be read is said, never left out."""

    q = StringField(_l("Number, notation, words"), [at_most(400)])
    direction = SelectField(
        _l("Incoming or outgoing"), choices=[_choice(*one) for one in _SIDES.items()], default=""
    )
    kind = SelectField(
        _l("Kind"), default="",
        choices=[_choice("", _l("Every kind")), *(_choice(one.code, one.name) for one in EVERY.values())],
    )  # fmt: skip
    issuer = StringField(_l("Issuer"), [at_most(200)])
    state = SelectField(
        _l("State"), default="",
        choices=[_choice("", _l("Every state")), *(
            _choice(state_value(one), one.word, side) for side, states in _STATES.items() for one in states
        )],
    )  # fmt: skip
    first = DayField(_l("Dated from"), [Optional()], name="from")
    last = DayField(_l("Dated to"), [Optional()], name="to")
    #: a box for each on the form, one word for all in an address that was written here
    cols = StringField(_l("Columns"))

    def to_question(self) -> Question:
        """What was asked; valid forms only."""
        columns = " ".join(self.cols.raw_data or ()).split()
        return Question(
            text=self.q.data or "",
            direction=Direction(self.direction.data) if self.direction.data else None,
            kind=self.kind.data or "",
            issuer=self.issuer.data or "",
            dated_from=self.first.data,
            dated_to=self.last.data,
            state=state_of(self.state.data or ""),
            columns=tuple(key for key in COLUMNS if key in columns),
        )


def read(address: Mapping[str, str]) -> Question:
    """The question of an address. Raises Unreadable."""
    return SearchForm(MultiDict(address)).check().to_question()


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


def told(question: Question) -> str:
    """The same in words, for paper."""
    parts = [
        f"“{question.text}”" if question.text else "",
        str(_SIDES[question.direction.value]) if question.direction else "",
        EVERY[question.kind].name if question.kind in EVERY else question.kind,
        f"{_('Issuer')}: {question.issuer}" if question.issuer else "",
        _("from %(day)s", day=_written(question.dated_from)) if question.dated_from else "",
        _("to %(day)s", day=_written(question.dated_to)) if question.dated_to else "",
        f"{_('State')}: {question.state.word}" if question.state else "",
    ]
    return "; ".join(filter(None, parts))


def _written(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""
