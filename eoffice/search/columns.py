"""Columns of what was found: chosen on the page, the same in the spreadsheet and on paper."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from eoffice.core import clock
from eoffice.core.sheets import Value
from eoffice.incoming.models import IncomingDocument
from eoffice.outgoing.models import OutgoingDocument

Row = IncomingDocument | OutgoingDocument


@dataclass(frozen=True)
class Column:
    """One thing that is known of a document."""

    key: str
    heading: LazyString
    #: characters in a spreadsheet, and share of the width on paper
    width: int
    value: Callable[[Row], Value]

    def text(self, document: Row) -> str:
        """As people write it."""
        value = self.value(document)
        return f"{value:%d/%m/%Y}" if isinstance(value, date) else "" if value is None else str(value)


COLUMNS: Mapping[str, Column] = {
    one.key: one
    for one in (
        Column("code", _l("Number, notation"), 18, lambda one: one.code),
        Column("issued_on", _l("Date"), 12, lambda one: one.issued_on),
        # a scan that waits has none yet
        Column("kind", _l("Kind"), 16, lambda one: one.kind.name if one.kind_code else ""),
        Column("issuer", _l("Issuer"), 32, lambda one: one.issuer_name),
        Column("subject", _l("Subject"), 60, lambda one: one.subject),
        Column("signer", _l("Signer"), 22, lambda one: one.signer_name),
        Column("register", _l("In the register"), 10, lambda one: one.register_number),
        Column("listed", _l("Arrived or issued"), 12, lambda one: clock.local(one.listed_at).date()),
        Column("urgency", _l("Urgency"), 12, lambda one: str(one.urgency.word)),
        Column("due_on", _l("Deadline"), 12, lambda one: one.due_on),
        Column("pages", _l("Pages"), 8, lambda one: one.page_count or None),
        Column("state", _l("State"), 18, lambda one: str(one.look.word)),
    )
}
#: shown where nobody has chosen, and taken out
SHOWN = ("issuer", "subject", "issued_on", "state")
TAKEN_OUT = ("code", "issued_on", "kind", "issuer", "subject", "signer", "register", "due_on", "state")


def chosen(keys: Sequence[str], otherwise: Sequence[str]) -> list[Column]:
    """The columns in the order of the list, those of `otherwise` when none was chosen."""
    wanted = set(keys) & set(COLUMNS) or set(otherwise)
    return [one for key, one in COLUMNS.items() if key in wanted]
