"""The desk by role: which panels a person has and the words in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from markupsafe import Markup
from sqlalchemy.orm import Session

from eoffice.core import access, clock
from eoffice.core.permissions import Actor
from eoffice.directions.permissions import DIRECTION_ASSIGN, DIRECTION_WORK
from eoffice.directory import queries as directory
from eoffice.documents.models import Document
from eoffice.documents.permissions import ACCESS_CONFIRM
from eoffice.dossiers import queries as dossiers
from eoffice.dossiers.queries import Waits
from eoffice.gateway import queries as gateway
from eoffice.gateway.models import Delivery
from eoffice.gateway.permissions import GATEWAY_FOLLOW, GATEWAY_UNREADABLE
from eoffice.home import deeds, links, queries, words
from eoffice.home.deeds import Side
from eoffice.home.queries import Change, Series, Waiting, Work
from eoffice.incoming import envelopes, sealed, sources
from eoffice.incoming import presenting as incoming
from eoffice.incoming.permissions import ENVELOPE_KEEP, INCOMING_REGISTER
from eoffice.outgoing import presenting as outgoing
from eoffice.outgoing.permissions import OUTGOING_NUMBER

#: features whose deeds are told on the desk, with the icon of each
_TOLD = {
    "incoming": "inbox",
    "directions": "chat-left-text",
    "outgoing": "send",
    "gateway": "diagram-3",
    "signatures": "pen",
}
_SHOWN = 10


@dataclass(frozen=True)
class Tile:
    """One count."""

    label: str
    count: int
    url: str
    why: str | Markup
    alarm: bool


@dataclass(frozen=True)
class Desk:
    """Everything on one desk."""

    #: what keeps documents from coming in, for the clerk
    away: Sequence[str]
    #: that the agency ends, and when; empty as a rule
    ending: str
    tiles: Sequence[Tile]
    #: how much waits for this person, and how much of it is late
    waiting: int
    late: int
    #: what comes first of it
    first: Sequence[Work]
    #: own tasks by deadline; None for those who have none by role
    tasks: Sequence[Work] | None
    #: documents among them that their sender asks for, so that nobody works on them for nothing
    wanted_back: set[int]
    #: None for those who do not follow what was sent
    troubled: Sequence[tuple[Delivery, Document]] | None
    #: None for those who give no numbers
    series: Sequence[Series] | None
    changes: Sequence[tuple[str, str, str, Markup]]
    #: what this person begins most often
    begin: links.Begin | None


def lay(session: Session, actor: Actor, waiting: Sequence[Waiting]) -> Desk:
    """Lay the desk of one person; `waiting` was counted for the frame already."""
    own = deeds.of(actor)
    tasks = [deed for deed in own if deed.side is Side.TASK]
    works = actor.can(DIRECTION_WORK) or actor.can(DIRECTION_ASSIGN)
    numbers = actor.can(INCOMING_REGISTER) or actor.can(OUTGOING_NUMBER)
    watched = queries.waiting(session, actor, deeds.watched_by(actor))
    told = queries.changes(session, actor, list(_TOLD))
    first = queries.work(session, actor, own, today_only=True, limit=_SHOWN)
    mine = queries.work(session, actor, tasks, today_only=False, limit=_SHOWN) if works else None
    shown = [one.document.id for one in (*first, *(mine or ()))]
    tiles = [_tile(one) for one in (*waiting, *watched) if one.count or not one.deed.rare]
    others = [
        *_unreadable(session, actor),
        *_changes_of_rights(session, actor),
        *_envelopes(session, actor),
        *_archive(session, actor),
    ]
    return Desk(
        away=_away(session, actor),
        ending=_ending(session, actor),
        tiles=[*tiles, *others],
        waiting=sum(one.count for one in waiting) + sum(tile.count for tile in others),
        late=sum(one.overdue for one in waiting),
        first=first,
        tasks=mine,
        wanted_back=gateway.wanted_back(session, shown),
        troubled=queries.troubled(session, actor) if actor.can(GATEWAY_FOLLOW) else None,
        series=queries.series(session, actor) if numbers else None,
        changes=[_sentence(change) for change in told],
        begin=links.begin(actor),
    )


def _tile(one: Waiting) -> Tile:
    return Tile(
        str(one.deed.label), one.count, links.list_of(one.deed), _why(one), alarm=one.deed is deeds.LATE
    )


def _unreadable(session: Session, actor: Actor) -> Iterator[Tile]:
    """Packets from the axis that could not be read: no document, so no deed of the list."""
    count = gateway.count_unreadable(session, actor) if actor.can(GATEWAY_UNREADABLE) else 0
    if count:
        url = url_for("gateway.unreadable")
        yield Tile(_("Unreadable packets"), count, url, _("Ask the sender to send again"), alarm=True)


def _envelopes(session: Session, actor: Actor) -> Iterator[Tile]:
    """Sealed envelopes that lie with the clerk for this person, and for the officer for secrets sealed files."""
    url = url_for("incoming.envelopes_page")
    if count := envelopes.count_waiting(session, actor):
        yield Tile(_("Sealed envelopes"), count, url, _("Take it over from the clerk"), alarm=True)
    if actor.can(ENVELOPE_KEEP) and (count := sealed.count(session, actor)):
        yield Tile(_("Sealed files"), count, url, _("Look at the paper and decide"), alarm=True)


def _ending(session: Session, actor: Actor) -> str:
    """What is planned for one's agency: whoever works there finishes and issues before that day."""
    agency = directory.agency(session, actor.agency_id) if actor.agency_id is not None else None
    if agency is None or agency.valid_to is None:
        return ""
    follows = directory.agency(session, agency.successor_id).name if agency.successor_id is not None else ""
    return _(
        "From %(day)s on %(name)s follows (%(basis)s). Issue before that day what is signed; open work goes over.",
        day=f"{agency.valid_to + timedelta(days=1):%d/%m/%Y}", name=follows, basis=agency.legal_basis,
    )  # fmt: skip


#: steps of the archive: word, page and what to do
_ARCHIVE = {
    Waits.RETURNED: (_l("Returned dossiers"), "dossiers.index", _l("Mend it, then hand it over again")),
    Waits.ACCEPT: (_l("Dossiers handed over"), "dossiers.index", _l("Accept or return it")),
    Waits.APPROVE: (_l("Lists of dossiers to approve"), "dossiers.plan", _l("Approve it by decision")),
    Waits.DECIDE: (_l("Destruction to decide on"), "dossiers.destructions", _l("Decide on it")),
    Waits.CARRY_OUT: (
        _l("Destruction to carry out"),
        "dossiers.destructions",
        _l("Carry the destruction out"),
    ),
    Waits.CERTIFY: (
        _l("Certificates of destruction"),
        "dossiers.destructions",
        _l("Sign it with the agency's key"),
    ),
}


def _archive(session: Session, actor: Actor) -> Iterator[Tile]:
    """What waits of dossiers: they are no documents, so no deeds of the list."""
    for step, count in dossiers.waiting(session, actor).items():
        label, endpoint, why = _ARCHIVE[step]
        url = url_for(endpoint, to_approve="1" if step is Waits.APPROVE else None)
        yield Tile(str(label), count, url, str(why), alarm=False)


def _away(session: Session, actor: Actor) -> Sequence[str]:
    """Mail boxes and folders that cannot be read: what was sent there is missing, and nobody else would notice."""
    found = sources.away_for(session, actor) if actor.can(INCOMING_REGISTER) else ()
    return [
        _(
            "%(place)s has not been read since %(hour)s: what was sent there is not here yet. Tell the administrator.",
            place=one.place, hour=f"{clock.local(one.since):%H:%M %d/%m/%Y}",
        )
        for one in found
    ]  # fmt: skip


def _changes_of_rights(session: Session, actor: Actor) -> Iterator[Tile]:
    """What changed in who may read: warned of until somebody competent has confirmed it (Appendix VI, I-III.3.c)."""
    count = access.count(session, actor) if actor.can(ACCESS_CONFIRM) else 0
    if count:
        url = url_for("admin.access_changes")
        yield Tile(_("Changes of rights"), count, url, _("Look at each and confirm it"), alarm=True)


def _why(one: Waiting) -> str | Markup:
    """One line under a count: what is urgent, what is late, or since when the oldest waits."""
    parts = [f"{count} {urgency.stamp.lower()}" for urgency, count in one.urgent]
    if one.overdue and one.deed is not deeds.LATE:
        parts.append(ngettext("%(num)s late", "%(num)s late", one.overdue))
    if parts:
        return Markup("<b>{}</b>{}").format(parts[0], "".join(f", {part}" for part in parts[1:]))
    oldest = words.age(one.since) if one.since else ""
    return _("longest: %(age)s", age=oldest) if oldest else ""


def _sentence(change: Change) -> tuple[str, str, str, Markup]:
    """One line of the feed: hour, icon, tone, who did what with which document."""
    entry, document = change.entry, change.document
    name = document.code or document.subject or incoming.unread_name(document)
    link = Markup('<a href="{}">{}</a>').format(links.document(document), name)
    who, what = entry.actor.partition(",")[0], outgoing.deed(entry)
    if what[1:2].islower():  # it stands within a sentence; ĐẾN and the like stay
        what = what[:1].lower() + what[1:]
    earlier = "" if clock.local(entry.at).date() == clock.today() else _("Yesterday: ")
    text = Markup("{}<b>{}</b>: {} · {}").format(earlier, who, what, link)
    return words.hour(entry.at), _TOLD.get(entry.action.partition(".")[0], "activity"), "accent", text
