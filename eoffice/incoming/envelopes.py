"""Sealed envelopes: entered by what stands outside, and handed to whom they are for or to the officer for secrets.

The clerk does not open them (Decree 30/2020, Article 21.1); state secrets are never put into a machine on a network
(Law 117/2025), so there is no subject and no file, only that an envelope came and who holds it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.accounts import permissions as accounts
from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Forbidden, Invalid, NotFound
from eoffice.core.paging import Page, page
from eoffice.core.permissions import Actor, require
from eoffice.core.text import whole
from eoffice.directory import queries as directory
from eoffice.directory.models import Agency, Assignment
from eoffice.incoming.models import Envelope, EnvelopeSign
from eoffice.incoming.permissions import ENVELOPE_KEEP, INCOMING_REGISTER

ENTERED = audit.action("incoming.envelope_entered", _l("Sealed envelope entered"))
RECEIVED = audit.action("incoming.envelope_received", _l("Sealed envelope taken over"))
PAGE_SIZE = 50


class NoSender(Invalid):
    """An envelope of nobody is looked at by the police, not entered."""

    message = _l("Write who sent it, as it stands on the envelope.")


class NotHere(Invalid):
    """It goes into the hands of somebody of the agency."""

    message = _l("Choose who gets it from the people of your agency.")


class TakenOver(Conflict):
    """It is in somebody's hands already."""

    message = _l("%(name)s took it over at %(time)s.")


@dataclass(frozen=True)
class NewEnvelope:
    """What stands on the outside, and who is to get it."""

    sign: EnvelopeSign
    sender: str
    code: str
    to_id: int


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """Those of the agency, and of agencies merged into it, for who enters and who keeps them; for anybody else those
    addressed to him.
    """
    if actor.can(INCOMING_REGISTER) or actor.can(ENVELOPE_KEEP):
        return sa.or_(Envelope.agency_id.in_(actor.houses), _addressed(actor))
    return _addressed(actor)


def _addressed(actor: Actor) -> sa.ColumnElement[bool]:
    # his own posts alone: nobody stands in for who is to open an envelope. It may lie in the register of an agency
    # that was divided, of which another one keeps the register
    posts = sa.select(Assignment.id).where(
        Assignment.person_id == actor.person_id, Assignment.agency_id == actor.agency_id
    )
    return Envelope.to_id.in_(posts)


def listing(session: Session, actor: Actor, mark: str | None = None) -> Page[Envelope]:
    """One page of the register, the newest first."""
    return page(session, sa.select(Envelope).where(visible_to(actor)), (Envelope.id,), mark, PAGE_SIZE)


def may_take(actor: Actor, envelope: Envelope) -> bool:
    """Whoever it is for, and the officer for state secrets, whoever it is for, unless only one person may open it."""
    mine = envelope.to.person_id == actor.person_id
    return mine or (actor.can(ENVELOPE_KEEP) and envelope.sign is not EnvelopeSign.NAMED)


def count_waiting(session: Session, actor: Actor) -> int:
    """How many lie with the clerk for this person; by an index that holds no others."""
    waiting = sa.select(sa.func.count()).select_from(Envelope).where(Envelope.received_at.is_(None))
    return session.scalar(waiting.where(_addressed(actor))) or 0


def enter(session: Session, actor: Actor, new: NewEnvelope) -> Envelope:
    """Enter an envelope; it gets its number. Raises Forbidden, NoSender, NotHere, TooLong."""
    with transaction(session):
        require(actor, INCOMING_REGISTER)
        sender, code = whole(new.sender, 200, "sender"), whole(new.code, 60, "code")
        if not sender:
            raise NoSender(field="sender")
        posts = {post.id: post for post in takers(session, actor)}
        if new.to_id not in posts:
            raise NotHere(field="to_id")
        agency = session.get_one(Agency, actor.agency_id, with_for_update=True)
        of_year = (Envelope.agency_id == agency.id, Envelope.year == clock.today().year)
        last = session.scalar(sa.select(sa.func.max(Envelope.number)).where(*of_year)) or 0
        made = Envelope(
            agency_id=agency.id, year=clock.today().year, number=last + 1, sign=new.sign,
            sender=sender, code=code, arrived_at=clock.now(),
            entered_by=actor.name, to_id=new.to_id, to=posts[new.to_id],
        )  # fmt: skip
        session.add(made)
        session.flush()
        audit.record(session, actor, ENTERED, made, number=made.number, sign=new.sign, named=[made.to.label])
    return made


def receive(session: Session, actor: Actor, envelope_id: int, *, intact: bool) -> Envelope:
    """Take an envelope over from the clerk. Raises NotFound, Forbidden, TakenOver."""
    with transaction(session):
        query = sa.select(Envelope).where(visible_to(actor), Envelope.id == envelope_id)
        envelope = session.scalar(
            query.with_for_update(of=Envelope).execution_options(populate_existing=True)
        )
        if envelope is None:
            raise NotFound
        if not may_take(actor, envelope):
            raise Forbidden
        if envelope.received_at is not None:
            at = clock.local(envelope.received_at)
            raise TakenOver(name=envelope.received_by, time=f"{at:%H:%M %d/%m/%Y}")
        envelope.received_at, envelope.intact = clock.now(), intact
        envelope.received_by = ", ".join(part for part in (actor.name, actor.title) if part)
        audit.record(session, actor, RECEIVED, envelope, number=envelope.number, intact=intact)
    return envelope


def takers(session: Session, actor: Actor) -> Sequence[Assignment]:
    """Who may be handed an envelope: whoever is here, the officer for state secrets first."""
    posts = [
        one for one in directory.posts(session, actor.agency_id or 0) if one.person_id != actor.person_id
    ]
    return sorted(posts, key=lambda one: ENVELOPE_KEEP not in accounts.of(one.role))
