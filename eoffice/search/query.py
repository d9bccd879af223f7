"""What a person typed, read as a question: a number, words, filters."""

import re
from dataclasses import dataclass
from datetime import date

from eoffice.core.text import nfc, search_text
from eoffice.documents.models import Direction
from eoffice.incoming.states import State as IncomingState
from eoffice.outgoing.states import State as OutgoingState

#: number, or number and notation: "3204", "3204/UBND-KTN", "Số 12/QĐ-UBND", "số đến 4318"
_CODE = re.compile(r"(?:số(?:\s+đến)?\s*:?\s*)?(\d[\w]{0,10})(?:\s*/\s*(\S{1,30}))?", re.IGNORECASE)
#: words beyond these narrow nothing any more
_MOST_WORDS = 12

State = IncomingState | OutgoingState


@dataclass(frozen=True)
class Question:
    """Everything the address of a search says; empty fields ask nothing."""

    text: str = ""
    direction: Direction | None = None
    kind: str = ""
    #: part of the issuer's name
    issuer: str = ""
    #: first and last date on the document
    dated_from: date | None = None
    dated_to: date | None = None
    state: State | None = None
    #: keys of the columns that were chosen; empty: the usual ones
    columns: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The folded words, each once."""
        return tuple(dict.fromkeys(search_text(self.text).split()))[:_MOST_WORDS]

    @property
    def code(self) -> tuple[str, str] | None:
        """Number and notation when the text is one; the notation may be empty."""
        found = _CODE.fullmatch(nfc(self.text))
        return (found[1], found[2] or "") if found else None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked at all."""
        return self == Question(text=self.text, columns=self.columns) and not self.words

    @property
    def tsquery(self) -> str:
        """All words, the last one as a beginning; "" when there is none. Folded words hold no operator."""
        parts = [*self.words[:-1], *(f"{word}:*" for word in self.words[-1:])]
        # An issuer's words stand in the index too and spare reading every row; the exact check follows. The
        # first one may be the end of a word, so it proves nothing.
        issuer = search_text(self.issuer).split()[1:]
        parts += [*issuer[:-1], *(f"{word}:*" for word in issuer[-1:])]
        return " & ".join(parts)


def state_of(value: str) -> State | None:
    """Read `in.waiting` or `out.issued`; None for anything else."""
    side, _, name = value.partition(".")
    kinds: dict[str, type[IncomingState] | type[OutgoingState]] = {"in": IncomingState, "out": OutgoingState}
    if side not in kinds or name not in set(kinds[side]):
        return None
    return kinds[side](name)


def state_value(state: State | None) -> str:
    """The reverse of `state_of`."""
    if state is None:
        return ""
    return f"{'in' if isinstance(state, IncomingState) else 'out'}.{state.value}"
