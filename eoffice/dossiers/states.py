"""How a dossier's states look, how long it is kept and who may use it: one table each."""

from enum import StrEnum

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from eoffice.core.states import Look, Shape, Tone


class State(StrEnum):
    """Where a dossier is."""

    #: stands in the list of the year, nothing in it yet
    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"
    HANDED_OVER = "handed_over"
    RETURNED = "returned"
    ARCHIVED = "archived"
    DESTROYED = "destroyed"

    @property
    def look(self) -> Look:
        """Word, shape, colour and sentence, the same everywhere."""
        return LOOKS[self]

    @property
    def word(self) -> LazyString:
        """The one word for it."""
        return LOOKS[self].word


LOOKS: dict[State, Look] = {
    State.PLANNED: Look(
        _l("Planned"), Shape.DASH, Tone.IDLE, _l("In the list of the year; opened when the work begins")
    ),
    State.OPEN: Look(_l("Collecting"), Shape.HALF, Tone.RUN, _l("Documents are put in while the work goes on")),
    State.CLOSED: Look(
        _l("To be handed over"), Shape.RING, Tone.WAIT, _l("The work is done; waiting to go to the archive")
    ),
    State.HANDED_OVER: Look(
        _l("At the archive's check"), Shape.RING, Tone.WAIT, _l("Waiting for the archivist to accept or return it")
    ),
    State.RETURNED: Look(
        _l("Returned by the archive"), Shape.TRIANGLE, Tone.WARN, _l("Returned with a reason; mend it and hand it over")
    ),
    State.ARCHIVED: Look(_l("Archived"), Shape.TICK, Tone.OK, _l("Kept by the archive; nothing of it changes")),
    State.DESTROYED: Look(
        _l("Destroyed"), Shape.DASH, Tone.IDLE, _l("Destroyed by decision; the certificate says what it held")
    ),
}  # fmt: skip


class Retention(StrEnum):
    """How long a dossier is kept; values of `maintenance` in Circular 05/2025/TT-BNV."""

    PERMANENT = "01"
    YEARS_70 = "02"
    YEARS_50 = "03"
    YEARS_30 = "04"
    YEARS_20 = "05"
    YEARS_10 = "06"
    #: a number of years that the dossier itself says
    OTHER = "07"

    @property
    def years(self) -> int | None:
        """Years after the one the work ended in; None: for ever, or as the dossier says."""
        return {"02": 70, "03": 50, "04": 30, "05": 20, "06": 10}.get(self.value)

    @property
    def printed(self) -> str:
        """As it stands on a form of the law; not translated."""
        if self is Retention.OTHER:
            return "Khác"
        return f"{self.years} năm" if self.years else "Vĩnh viễn"

    @property
    def word(self) -> LazyString:
        """As it stands in a list."""
        return _YEARS[self]


_YEARS = {
    Retention.PERMANENT: _l("For ever"), Retention.OTHER: _l("Another number of years"),
    Retention.YEARS_70: _l("70 years"), Retention.YEARS_50: _l("50 years"), Retention.YEARS_30: _l("30 years"),
    Retention.YEARS_20: _l("20 years"), Retention.YEARS_10: _l("10 years"),
}  # fmt: skip


class Rights(StrEnum):
    """Who may use it once it is archived; values of `mode` in Circular 05/2025/TT-BNV."""

    PUBLIC = "01"
    CONDITIONAL = "02"

    @property
    def word(self) -> LazyString:
        """As it stands in a list."""
        return _RIGHTS[self]

    @property
    def printed(self) -> str:
        """As it stands on a form of the law; not translated."""
        return "Công khai" if self is Rights.PUBLIC else "Có điều kiện"


_RIGHTS = {Rights.PUBLIC: _l("Public"), Rights.CONDITIONAL: _l("On conditions")}


class Fate(StrEnum):
    """What became of a document that counts no more, or not as it was; the weightiest first."""

    VOID = "void"
    WITHDRAWN = "withdrawn"
    RECALLED = "recalled"
    REPLACED = "replaced"
    DISCARDED = "discarded"

    @property
    def word(self) -> LazyString:
        """As it stands in a list."""
        return _FATES[self]

    @property
    def printed(self) -> str:
        """As it stands on a form of the law; not translated."""
        return _PRINTED_FATES[self]


_FATES = {
    Fate.VOID: _l("number void"), Fate.WITHDRAWN: _l("withdrawn by its sender"), Fate.RECALLED: _l("recalled"),
    Fate.REPLACED: _l("replaced by another document"), Fate.DISCARDED: _l("draft given up"),
}  # fmt: skip
_PRINTED_FATES = {
    Fate.VOID: "Số đã hủy bỏ", Fate.WITHDRAWN: "Bên gửi đã thu hồi", Fate.RECALLED: "Đã thu hồi",
    Fate.REPLACED: "Đã được thay thế", Fate.DISCARDED: "Dự thảo không ban hành",
}  # fmt: skip
