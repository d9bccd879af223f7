"""What the frame of every page needs: the places with their counts, who acts, in which language."""

from dataclasses import dataclass
from typing import Any

from flask import g, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.exc import OperationalError

from eoffice.core.config import settings
from eoffice.core.permissions import Actor, Permission
from eoffice.core.web import db, is_htmx
from eoffice.directory import queries as directory
from eoffice.home import deeds, queries
from eoffice.home.deeds import Side
from eoffice.home.queries import Waiting
from eoffice.home.settings import INSTALLATION


@dataclass(frozen=True)
class Place:
    """One entry of the rail."""

    label: LazyString
    icon: str
    url: str
    count: int
    current: bool
    #: letter after `g`
    key: str


#: endpoint, permission (named, not imported: some belong to features beside this one), label, icon, key, sides counted
_PLACES: tuple[tuple[str, str, LazyString, str, str, tuple[Side, ...]], ...] = (
    ("home.desk", "document:read", _l("Desk"), "house", "b", ()),
    ("incoming.index", "document:read", _l("Incoming"), "inbox", "i", (Side.IN,)),
    ("outgoing.index", "document:read", _l("Outgoing"), "send", "o", (Side.OUT,)),
    ("home.work", "document:read", _l("My work"), "check2-square", "w", ()),
    ("dossiers.index", "document:read", _l("Dossiers"), "folder2", "d", ()),
    ("reports.index", "document:read-all", _l("Registers"), "journal-text", "q", ()),
    ("reports.figures", "document:read-all", _l("Reports"), "bar-chart", "t", ()),
    ("search.index", "search:use", _l("Search"), "search", "f", ()),
    ("admin.access_changes", "access:confirm", _l("Changes of rights"), "shield-check", "c", ()),
    ("admin.people", "directory:manage", _l("People and accounts"), "people", "p", ()),
    ("admin.agencies", "directory:outside", _l("Outside agencies"), "building", "a", ()),
    ("admin.mergers", "directory:merge", _l("Mergers"), "diagram-3", "m", ()),
    ("admin.access", "admin:access", _l("Who could read"), "eye", "e", ()),
    ("admin.health", "admin:health", _l("Health"), "activity", "h", ()),
)
#: entries of one's own menu, named as above
_OWN: tuple[tuple[str, str, LazyString], ...] = (
    ("accounts.password", "directory:read", _l("Change password")),
    ("signatures.verify", "signature:verify", _l("Check signatures")),
    ("signatures.own_key", "outgoing:sign", _l("My key")),
    ("signatures.keys", "signature:keys", _l("Signing keys")),
    ("signatures.signing", "signature:keys", _l("Level of signatures")),
    ("signatures.authorities", "trust:manage", _l("Trusted authorities")),
    ("reports.province", "reports:province", _l("Whole province")),
    ("directory.absences", "directory:read", _l("Absences")),
    ("outgoing.groups", "directory:read", _l("Groups of recipients")),
    ("incoming.envelopes_page", "document:read", _l("Sealed envelopes")),
    ("outgoing.delegations", "directory:delegate", _l("Signing in another's stead")),
)
_LANGUAGES = (("vi", "Tiếng Việt"), ("en", "English"))


def context() -> dict[str, Any]:
    """The variables of `base.html` and `base_public.html`; a part of a page has no frame and costs nothing."""
    if is_htmx():
        return {}
    frame: dict[str, Any] = {"languages": _languages(), "org_name": settings().get(INSTALLATION) or None}
    actor: Actor | None = getattr(g, "actor", None)
    if actor is None:
        return frame
    try:
        return frame | _signed_in(actor)
    except OperationalError:
        # The page says what is wrong; its frame must not fail on the same thing.
        return frame


def waiting(actor: Actor) -> list[Waiting]:
    """What waits for the actor, counted once per request."""
    if "waiting" not in g:
        g.waiting = queries.waiting(db(), actor, deeds.of(actor))
    found: list[Waiting] = g.waiting
    return found


def _signed_in(actor: Actor) -> dict[str, Any]:
    agency = directory.agency(db(), actor.agency_id) if actor.agency_id is not None else None
    links = [
        (label, url_for(endpoint))
        for endpoint, permission, label in _OWN
        if actor.can(Permission(permission))
    ]
    if actor.several_posts:
        links.append((_l("My posts"), url_for("accounts.posts")))
    return {
        "org_name": agency.short_name if agency else None,
        "org_parent": agency.parent_name if agency else None,
        "person": actor,
        "acting_for": _acting_for(actor),
        "places": _places(actor),
        "account_links": links,
        "search_url": url_for("search.index") if actor.can(Permission("search:use")) else None,
        "search_text": request.args.get("q", "") if request.endpoint == "search.index" else "",
        "sign_out_url": url_for("accounts.sign_out"),
        "home_url": url_for("home.desk"),
    }


def _acting_for(actor: Actor) -> dict[str, str] | None:
    if not actor.acting_for:
        return None
    return {"sentence": _("You stand in for: %(names)s.", names="; ".join(actor.acting_for))}


def _places(actor: Actor) -> list[Place]:
    counts, own = queries.by_side(waiting(actor)), queries.own(waiting(actor))
    places = []
    for endpoint, permission, label, icon, key, sides in _PLACES:
        if actor.can(Permission(permission)):
            url = url_for(endpoint)
            here = request.path == url or (url != "/" and request.path.startswith(f"{url}/"))
            count = own if endpoint == "home.work" else sum(counts[side] for side in sides)
            places.append(Place(label, icon, url, count, here, key))
    return places


def _languages() -> list[tuple[str, str, str, bool]]:
    here = request.full_path if request.method == "GET" else None
    current = str(get_locale())
    return [
        (name, url_for("accounts.language", code=code, next=here), code, code == current)
        for code, name in _LANGUAGES
    ]
