"""Groups of recipients: kept by a person or shared in an agency, put into a document with one choice.

A document keeps the members it was given and the line that names them; a group that changes or goes changes nothing
there.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import Invalid, NotFound, Overtaken
from eoffice.core.permissions import Actor, require
from eoffice.core.text import search_text, whole
from eoffice.directory import queries as directory
from eoffice.directory.models import Agency
from eoffice.directory.permissions import DIRECTORY_READ
from eoffice.documents.models import RecipientGroup, RecipientGroupMember
from eoffice.documents.permissions import RECIPIENTS_SHARE, may_know_group

SAVED = audit.action("documents.group_saved", _l("Group of recipients saved"))
REMOVED = audit.action("documents.group_removed", _l("Group of recipients thrown away"))

#: members of one group: a province has some 400 agencies
MOST = 500
#: groups a type-ahead proposes before the agencies
_PROPOSED = 5


class NoName(Invalid):
    """It is found by its name."""

    message = _l("Give the group a name, for example “Các sở, ban, ngành tỉnh”.")


class NameTaken(Invalid):
    """Two of one name cannot be told apart while typing."""

    message = _l("There is a group “%(name)s” already. Choose another name, or change that one.")


class Nobody(Invalid):
    """A group names somebody."""

    message = _l("Choose at least one agency, or name the agency whose subordinates belong to the group.")


class NobodyUnder(Invalid):
    """A rule that finds nobody is a mistake."""

    message = _l(
        "No agency on the axis stands directly under %(code)s with such a name. Correct the code or the names."
    )


class TooManyMembers(Invalid):
    """More than a document is sent to at once."""

    message = _l("A group holds at most %(most)s agencies. Make two of it.")


class WrongCodes(Invalid):
    """Some of what was pasted or sent is no code of an agency that exists; each is named, with its line."""

    message = _l("Nothing is saved yet. %(mistakes)s")


class ChangedMeanwhile(Overtaken):
    """Somebody else saved first; what was typed stands in the form still."""

    message = _l(
        "%(name)s has changed this group at %(at)s. What you entered is still here: look at what stands there now in "
        "another window, then save again to put yours in its place."
    )

    def __init__(self, version: int, **told: str) -> None:
        #: with which the same form would be taken
        self.version = version
        super().__init__(**told)


@dataclass(frozen=True)
class NewGroup:
    """What a group is to be."""

    name: str
    line: str = ""
    shared: bool = False
    #: codes of those chosen by hand, in their order
    codes: tuple[str, ...] = ()
    under: str = ""
    beginnings: str = ""
    #: of the group that was opened to be changed; None: a new one
    version: int | None = None


@dataclass(frozen=True)
class Settled:
    """Who is written to where some exist no more."""

    #: who was meant, and who it is today: the same, or the only successor
    places: list[tuple[Agency, Agency]]
    #: sentences on those who were closed: who stands in their place, or why they are left out
    told: list[str]


@dataclass(frozen=True)
class Members:
    """Who belongs to a group today, and what is to be known of those who exist no more."""

    agencies: list[Agency]
    told: list[str]


def kept(session: Session, actor: Actor) -> Sequence[RecipientGroup]:
    """One's own groups and those shared in one's agency, by name."""
    return session.scalars(_visible(actor).order_by(RecipientGroup.folded, RecipientGroup.id)).all()


def sizes(session: Session, groups: Iterable[RecipientGroup]) -> dict[int, int]:
    """How many agencies each holds by hand."""
    group = RecipientGroupMember.group_id
    query = sa.select(group, sa.func.count()).where(group.in_([one.id for one in groups])).group_by(group)
    return {row[0]: row[1] for row in session.execute(query)}


def suggested(session: Session, actor: Actor, text: str) -> Sequence[RecipientGroup]:
    """Type-ahead: groups whose names hold every word typed."""
    words = search_text(text).split()
    fits = [RecipientGroup.folded.contains(word, autoescape=True) for word in words]
    query = _visible(actor).where(*fits).order_by(RecipientGroup.folded, RecipientGroup.id)
    return session.scalars(query.limit(_PROPOSED)).all() if words else []


def _visible(actor: Actor) -> sa.Select[RecipientGroup]:
    mine = sa.or_(RecipientGroup.person_id == actor.person_id, RecipientGroup.shared)
    return sa.select(RecipientGroup).where(RecipientGroup.agency_id == actor.agency_id, mine)


def one(session: Session, actor: Actor, group_id: int) -> RecipientGroup:
    """A group the actor may use. Raises NotFound."""
    found = session.get(RecipientGroup, group_id)
    if found is None or not may_know_group(actor, DIRECTORY_READ, found):
        raise NotFound
    return found


def opened(session: Session, actor: Actor, group_id: int) -> RecipientGroup:
    """A group the actor may change. Raises NotFound, Forbidden."""
    found = one(session, actor, group_id)
    require(actor, DIRECTORY_READ, found)
    return found


def chosen(session: Session, group: RecipientGroup) -> Sequence[Agency]:
    """Who was put into it by hand, closed ones too, in the order chosen."""
    query = sa.select(Agency).join(RecipientGroupMember, RecipientGroupMember.member_id == Agency.id)
    query = query.where(RecipientGroupMember.group_id == group.id)
    return session.scalars(query.order_by(RecipientGroupMember.position)).all()


def members(session: Session, group: RecipientGroup) -> Members:
    """Who belongs to it today, each once, its own agency left out."""
    found = settled(session, [*chosen(session, group), *following(session, group)])
    present = dict.fromkeys(agency for _named, agency in found.places if agency.id != group.agency_id)
    return Members(list(present), found.told)


def settled(session: Session, agencies: Iterable[Agency]) -> Settled:
    """A closed agency's place goes to its only successor; one with several, or none, has no place and is told of."""
    every = list(dict.fromkeys(agencies))
    closed = [agency for agency in every if _is_closed(agency)]
    follow = directory.successors_of(session, closed) if closed else {}
    heads = [(agency, follow.get(agency.id, [agency])) for agency in every]
    return Settled(
        [(agency, present[0]) for agency, present in heads if len(present) == 1],
        [_told(agency, follow[agency.id]) for agency in closed],
    )


def _told(agency: Agency, follow: Sequence[Agency]) -> str:
    day = f"{agency.valid_to:%d/%m/%Y}"
    if len(follow) == 1:
        return _("“%(name)s” was closed on %(day)s; %(successor)s stands in its place.", name=agency.name, day=day,
                 successor=follow[0].name)  # fmt: skip
    if follow:
        return _("“%(name)s” was closed on %(day)s and is left out; its work is shared by %(successors)s.",
                 name=agency.name, day=day, successors=", ".join(one.name for one in follow))  # fmt: skip
    return _("“%(name)s” was closed on %(day)s and is left out; nobody has taken over its work.",
             name=agency.name, day=day)  # fmt: skip


def following(session: Session, group: RecipientGroup) -> Sequence[Agency]:
    """Who belongs to it today by its rule."""
    return _under(session, group.under, group.beginnings) if group.under else []


def _under(session: Session, code: str, beginnings: str) -> Sequence[Agency]:
    begins = [one for one in map(str.strip, beginnings.split(",")) if one]
    return directory.subordinates(session, code, begins, limit=MOST + 1)


def save(session: Session, actor: Actor, new: NewGroup, group_id: int | None = None) -> RecipientGroup:
    """Keep a group or change one.

    Raises NotFound, Forbidden, ChangedMeanwhile, NoName, NameTaken, Nobody, NobodyUnder, TooManyMembers, WrongCodes,
    TooLong.
    """
    with transaction(session):
        group = _begun(actor) if group_id is None else _opened(session, actor, group_id, new.version)
        # who makes it everybody's, or takes it back from them, keeps the agency's groups
        require(actor, RECIPIENTS_SHARE if new.shared or group.shared else DIRECTORY_READ)
        _fill(session, actor, group, new)
        agencies = _found(session, new)
        session.add(group)
        _write(session, group.name)
        before = {agency.name for agency in chosen(session, group)}
        session.execute(sa.delete(RecipientGroupMember).where(RecipientGroupMember.group_id == group.id))
        session.add_all(
            RecipientGroupMember(
                agency_id=group.agency_id, group_id=group.id, member_id=agency.id, position=place
            )
            for place, agency in enumerate(agencies)
        )
        names = {agency.name for agency in agencies}
        audit.record(
            session, actor, SAVED, group, name=group.name, line=group.line, shared=group.shared, under=group.under,
            beginnings=group.beginnings, added=sorted(names - before), removed=sorted(before - names),
        )  # fmt: skip
    return group


def remove(session: Session, actor: Actor, group_id: int) -> None:
    """Throw a group away; documents keep the members they have. Raises NotFound, Forbidden."""
    with transaction(session):
        group = opened(session, actor, group_id)
        audit.record(session, actor, REMOVED, group, name=group.name)
        session.delete(group)


def _write(session: Session, name: str) -> None:
    """Raises NameTaken when another took the name since it was looked for."""
    try:
        session.flush()
    except IntegrityError as error:
        raise NameTaken(name=name, field="name") from error


def _begun(actor: Actor) -> RecipientGroup:
    return RecipientGroup(agency_id=actor.agency_id, person_id=actor.person_id)


def _opened(session: Session, actor: Actor, group_id: int, version: int | None) -> RecipientGroup:
    group = opened(session, actor, group_id)
    session.refresh(group, with_for_update=True)
    if version is not None and group.version != version:
        at = f"{clock.local(group.changed_at):%H:%M %d/%m/%Y}"
        raise ChangedMeanwhile(group.version, name=group.changed_by, at=at, field="name")
    return group


def _fill(session: Session, actor: Actor, group: RecipientGroup, new: NewGroup) -> None:
    name = whole(new.name, 100, "name")
    if not search_text(name):
        raise NoName(field="name")
    twin = _visible(actor).where(RecipientGroup.folded == search_text(name), RecipientGroup.id != group.id)
    with session.no_autoflush:
        if session.scalars(twin.where(RecipientGroup.shared == new.shared)).first() is not None:
            raise NameTaken(name=name, field="name")
    group.name, group.folded, group.shared = name, search_text(name), new.shared
    group.line = whole(new.line, 200, "line")
    group.under, group.beginnings = whole(new.under, 35, "under"), whole(new.beginnings, 200, "beginnings")
    group.changed_at, group.changed_by = clock.now(), actor.name


def _found(session: Session, new: NewGroup) -> list[Agency]:
    """Those chosen by hand."""
    codes = tuple(dict.fromkeys(new.codes))
    with session.no_autoflush:
        known = directory.agencies_by_code(session, codes) if codes else {}
        rule = _under(session, new.under.strip(), new.beginnings) if new.under.strip() else ()
    if new.under.strip() and not rule:
        raise NobodyUnder(code=new.under.strip(), field="under")
    if not codes and not rule:
        raise Nobody(field="recipients")
    if unknown := [_wrong(code, None, {}) for code in codes if code not in known]:
        raise WrongCodes(mistakes=" ".join(f"{why}." for why in unknown), field="recipients")
    found = list(dict.fromkeys(known[code] for code in codes))
    if len(found) + len(rule) > MOST:
        raise TooManyMembers(most=MOST, field="under" if len(rule) > MOST else "recipients")
    return found


def pasted(session: Session, text: str) -> tuple[str, ...]:
    """Codes of a text that names one agency a line; what stands behind a code, as in a copied table, is not read.

    Raises WrongCodes, which names every line that is wrong.
    """
    lines = [(number, _first_word(line)) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    known = directory.agencies_by_code(session, {code for _number, code in lines}) if lines else {}
    follow = directory.successors_of(session, [one for one in known.values() if _is_closed(one)])
    mistakes = [
        _("Line %(number)s: %(why)s.", number=number, why=why)
        for number, code in lines
        if (why := _wrong(code, known.get(code), follow))
    ]
    if mistakes:
        raise WrongCodes(mistakes=" ".join(mistakes), field="codes")
    return tuple(dict.fromkeys(known[code].code for _number, code in lines))


def _first_word(line: str) -> str:
    return line.replace(";", " ").replace(",", " ").split()[0] if line.strip(" ;,\t") else line.strip()


def _is_closed(agency: Agency) -> bool:
    return agency.valid_to is not None and agency.valid_to < clock.today()


def _wrong(code: str, agency: Agency | None, follow: dict[int, list[Agency]]) -> str:
    if agency is None:
        return _("“%(code)s” is no code in the directory", code=code)
    if not _is_closed(agency):
        return ""
    instead = ", ".join(f"{one.code} {one.name}" for one in follow[agency.id])
    day = f"{agency.valid_to:%d/%m/%Y}"
    told = _("%(code)s, %(name)s, was closed on %(day)s", code=code, name=agency.name, day=day)
    return _("%(told)s; instead: %(instead)s", told=told, instead=instead) if instead else told


def lines(session: Session, actor: Actor, ids: Collection[int]) -> list[tuple[Agency, str]]:
    """Today's members of several groups, each with the line that names it. Raises NotFound."""
    groups = [one(session, actor, group_id) for group_id in dict.fromkeys(ids)]
    return [(agency, group.printed) for group in groups for agency in members(session, group).agencies]
