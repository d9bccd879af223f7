"""Addresses of what the desk leads to."""

from dataclasses import dataclass

from flask import url_for
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from eoffice.core.permissions import Actor
from eoffice.documents.models import Direction, Document
from eoffice.home.deeds import Deed, Side
from eoffice.incoming.permissions import INCOMING_REGISTER
from eoffice.outgoing.permissions import OUTGOING_DRAFT

_FEATURES = {Side.IN: "incoming", Side.OUT: "outgoing", Side.MISSION: "missions"}
#: deeds with a page of their own among "my work"
_WORK = {
    "direct": "incoming.to_direct",
    "assign": "incoming.to_assign",
    "extend": "incoming.to_extend",
    "work": "incoming.to_do",
    "read": "incoming.to_read",
    "sign": "outgoing.to_sign",
    "advise": "outgoing.to_advise",
}


def document(of: Document) -> str:
    """The page of a document."""
    feature = "incoming" if of.direction is Direction.IN else "outgoing"
    return url_for(f"{feature}.show", document_id=of.id)


def list_of(deed: Deed) -> str:
    """The list behind a count."""
    if deed.key in _WORK:
        return url_for(_WORK[deed.key])
    return url_for(f"{_FEATURES[deed.side]}.index", tab=deed.tab)


@dataclass(frozen=True)
class Begin:
    """A button for new work."""

    label: LazyString
    url: str
    key: str


def begin(actor: Actor) -> Begin | None:
    """A clerk registers, a drafter drafts; others begin nothing."""
    if actor.can(INCOMING_REGISTER):
        return Begin(_l("Register an incoming document"), url_for("incoming.new"), "r")
    if actor.can(OUTGOING_DRAFT):
        return Begin(_l("New draft"), url_for("outgoing.new"), "n")
    return None
