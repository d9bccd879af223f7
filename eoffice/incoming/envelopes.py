"""Sealed envelopes: entered by what stands outside, and handed to whom they are for or to the officer for secrets.

A line that was entered wrongly is corrected, one entered twice made void, as long as the envelope is with the clerk.

The clerk does not open them (Decree 30/2020, Article 21.1); state secrets are never put into a machine on a network
(Law 117/2025), so there is no subject and no file, only that an envelope came and who holds it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.accounts import permissions as accounts
from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Forbidden, Invalid, NotFound, Overtaken
from eoffice.core.paging import Page, page
from eoffice.core.permissions import Actor, require
from eoffice.core.text import whole
from eoffice.directory import queries as directory
from eoffice.directory.models import Agency, Assignment, Role
from eoffice.directory.permissions import DIRECTORY_MANAGE
from eoffice.incoming.models import Envelope, EnvelopeSign
from eoffice.incoming.permissions import ENVELOPE_KEEP, INCOMING_REGISTER

ENTERED = audit.action("incoming.envelope_entered", _l("Sealed envelope entered"))
CORRECTED = audit.action("incoming.envelope_corrected", _l("Sealed envelope corrected in the register"))
VOIDED = audit.action("incoming.envelope_voided", _l("Line of a sealed envelope made void"))
RECEIVED = audit.action("incoming.envelope_received", _l("Sealed envelope taken over"))
PAGE_SIZE = 50
#: letters a reason has at least
SHORTEST = 3


class NoSender(Invalid):
    """An envelope of nobody is looked at by the police, not entered."""

    message = _l("Write who sent it, as it stands on the envelope.")


class NotHere(Invalid):
    """It goes into the hands of somebody of the agency."""

    message = _l("Choose who gets it from the people of your agency.")


class NotForSecrets(Invalid):
    """Who manages the machines reads no content, least of all secrets."""

    message = _l(
        "An administrator takes over only what nobody else may open. Choose another person, or the officer for state "
        "secrets."
    )


class NeedsReason(Invalid):
    """It stands in the register beside what it explains."""

    message = _l("Say in a few words why; it stands in the register.")


class NothingChanged(Invalid):
    """There is nothing to say a reason for."""

    message = _l("Nothing was changed. Correct what is wrong, or make the line void.")


class IsVoid(Overtaken):
    """Once is enough."""

    message = _l("This line was made void already. Reload the page.")


#: within which the same again is the same form
_SENT_TWICE = timedelta(minutes=1)


class EnteredAlready(Overtaken):
    """The form was sent twice."""

    message = _l(
        "It stands in the register as number %(number)s, entered by %(name)s at %(time)s. If this is another one, "
        "say so beside the number outside."
    )


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
    # it may lie in the register of an agency that was divided, of which another one keeps the register
    posts = sa.select(Assignment.id).where(
        Assignment.person_id == actor.person_id, Assignment.agency_id == actor.agency_id
    )
    mine = Envelope.to_id.in_(posts)
    if not _takes_for_absent(actor):
        return mine
    # who is away is stood in for, but in what only he may open
    lent = sa.and_(Envelope.to_id.in_(actor.stands_in_for), Envelope.sign != EnvelopeSign.NAMED)
    return sa.or_(mine, lent)


def _takes_for_absent(actor: Actor) -> bool:
    """Whether the actor stands in for somebody; never who manages the machines, whose own right no absence lends."""
    return bool(actor.stands_in_for) and not actor.can(DIRECTORY_MANAGE)


def listing(session: Session, actor: Actor, mark: str | None = None) -> Page[Envelope]:
    """One page of the register, the newest first."""
    return page(session, sa.select(Envelope).where(visible_to(actor)), (Envelope.id,), mark, PAGE_SIZE)


def may_take(actor: Actor, envelope: Envelope) -> bool:
    """Whoever it is for; unless only one person may open it, also who stands in for him while he is away and the
    officer for state secrets. Nobody what is void."""
    if envelope.voided_at is not None:
        return False
    if envelope.to.person_id == actor.person_id:
        return True
    stands_in = _takes_for_absent(actor) and envelope.to_id in actor.stands_in_for
    return (stands_in or actor.can(ENVELOPE_KEEP)) and envelope.sign is not EnvelopeSign.NAMED


def may_correct(actor: Actor, envelope: Envelope) -> bool:
    """Whether the actor, who knows of it, can correct its line now or make it void."""
    waits = envelope.received_at is None and envelope.voided_at is None
    return waits and actor.can(INCOMING_REGISTER) and envelope.agency_id in actor.houses


def count_waiting(session: Session, actor: Actor) -> int:
    """How many lie with the clerk for this person; by an index that holds no others."""
    waiting = sa.select(sa.func.count()).select_from(Envelope).where(Envelope.with_clerk())
    return session.scalar(waiting.where(_addressed(actor))) or 0


def enter(session: Session, actor: Actor, new: NewEnvelope) -> Envelope:
    """Enter an envelope; it gets its number. Raises Forbidden, NoSender, NotHere, NotForSecrets, TooLong,
    EnteredAlready."""
    with transaction(session):
        require(actor, INCOMING_REGISTER)
        sender, code, to = _checked(session, actor, new)
        agency = session.get_one(Agency, actor.agency_id, with_for_update=True)
        of_year = (Envelope.agency_id == agency.id, Envelope.year == clock.today().year)
        _refuse_twice(session, agency, new, sender, code)
        last = session.scalar(sa.select(sa.func.max(Envelope.number)).where(*of_year)) or 0
        made = Envelope(
            agency_id=agency.id, year=clock.today().year, number=last + 1, sign=new.sign,
            sender=sender, code=code, arrived_at=clock.now(),
            entered_by=actor.name, to_id=to.id, to=to,
        )  # fmt: skip
        session.add(made)
        session.flush()
        audit.record(session, actor, ENTERED, made, number=made.number, sign=new.sign, named=[made.to.label])
    return made


def receive(session: Session, actor: Actor, envelope_id: int, *, intact: bool) -> Envelope:
    """Take an envelope over from the clerk. Raises NotFound, IsVoid, Forbidden, TakenOver."""
    with transaction(session):
        envelope = _held(session, actor, envelope_id)
        if envelope.voided_at is not None:
            raise IsVoid
        if not may_take(actor, envelope):
            raise Forbidden
        _refuse_taken(envelope)
        envelope.received_at, envelope.intact = clock.now(), intact
        for_whom = f"(thay {envelope.to.person.full_name})" if envelope.to_id in actor.stands_in_for else ""
        by = ", ".join(part for part in (actor.name, actor.title) if part)
        envelope.received_by = " ".join(part for part in (by, for_whom) if part)
        audit.record(session, actor, RECEIVED, envelope, number=envelope.number, intact=intact)
    return envelope


def correct(session: Session, actor: Actor, envelope_id: int, new: NewEnvelope, reason: str) -> Envelope:
    """Correct what was entered of the outside, or who gets it, while the clerk has it; the register says so.

    Raises NotFound, Forbidden, IsVoid, TakenOver, NoSender, NotHere, NotForSecrets, NeedsReason, NothingChanged,
    TooLong.
    """
    with transaction(session):
        envelope = _with_clerk(session, actor, envelope_id)
        sender, code, to = _checked(session, actor, new, envelope)
        why = _reason(reason, "reason")
        # the register's own words, never translated
        before = {
            "dấu trên bì": (_stamp(envelope.sign), _stamp(new.sign)), "nơi gửi": (envelope.sender, sender),
            "số ngoài bì": (envelope.code, code), "người nhận": (envelope.to.label, to.label),
        }  # fmt: skip
        changed = {name: old for name, (old, entered) in before.items() if old != entered}
        if not changed and envelope.to_id == to.id:
            raise NothingChanged(field="reason")
        envelope.sign, envelope.sender, envelope.code = new.sign, sender, code
        envelope.to_id, envelope.to = to.id, to
        told = "; ".join(f"{name} trước ghi: {old or 'không'}" for name, old in changed.items())
        _remark(envelope, f"Sửa {clock.today():%d/%m/%Y}, {actor.name}: {why} ({told})")
        audit.record(
            session,
            actor,
            CORRECTED,
            envelope,
            number=envelope.number,
            before=changed,
            named=[to.label],
            reason=why,
        )
    return envelope


def void(session: Session, actor: Actor, envelope_id: int, reason: str) -> Envelope:
    """Make a line void, as one entered twice; it stays in the register under its number.

    Raises NotFound, Forbidden, IsVoid, TakenOver, NeedsReason, TooLong.
    """
    with transaction(session):
        envelope = _with_clerk(session, actor, envelope_id)
        why = _reason(reason, "void_reason")
        envelope.voided_at = clock.now()
        _remark(envelope, f"Hủy {clock.today():%d/%m/%Y}, {actor.name}: {why}")
        audit.record(session, actor, VOIDED, envelope, number=envelope.number, reason=why)
    return envelope


def one(session: Session, actor: Actor, envelope_id: int) -> Envelope:
    """A line the actor can correct. Raises NotFound, Forbidden, IsVoid, TakenOver."""
    envelope = session.scalar(sa.select(Envelope).where(visible_to(actor), Envelope.id == envelope_id))
    return _correctable(actor, envelope)


def _with_clerk(session: Session, actor: Actor, envelope_id: int) -> Envelope:
    return _correctable(actor, _held(session, actor, envelope_id))


def _correctable(actor: Actor, envelope: Envelope | None) -> Envelope:
    if envelope is None:
        raise NotFound
    require(actor, INCOMING_REGISTER)
    if envelope.agency_id not in actor.houses:
        raise Forbidden
    if envelope.voided_at is not None:
        raise IsVoid
    _refuse_taken(envelope)
    return envelope


def _held(session: Session, actor: Actor, envelope_id: int) -> Envelope:
    """A line the actor may know of, held: two steps on it never cross. Raises NotFound."""
    query = sa.select(Envelope).where(visible_to(actor), Envelope.id == envelope_id)
    envelope = session.scalar(query.with_for_update(of=Envelope).execution_options(populate_existing=True))
    if envelope is None:
        raise NotFound
    return envelope


def _refuse_taken(envelope: Envelope) -> None:
    if envelope.received_at is not None:
        at = clock.local(envelope.received_at)
        raise TakenOver(name=envelope.received_by, time=f"{at:%H:%M %d/%m/%Y}")


def _checked(
    session: Session, actor: Actor, new: NewEnvelope, present: Envelope | None = None
) -> tuple[str, str, Assignment]:
    """Sender, code and who gets it; `present`: the line that is corrected, whose addressee may stay."""
    sender, code = whole(new.sender, 200, "sender"), whole(new.code, 60, "code")
    if not sender:
        raise NoSender(field="sender")
    posts = {post.id: post for post in takers(session, actor, present)}
    if new.to_id not in posts:
        raise NotHere(field="to_id")
    if posts[new.to_id].role is Role.ADMINISTRATOR and new.sign is not EnvelopeSign.NAMED:
        raise NotForSecrets(field="to_id")
    return sender, code, posts[new.to_id]


def _refuse_twice(session: Session, agency: Agency, new: NewEnvelope, sender: str, code: str) -> None:
    """Raises EnteredAlready for the very same within a minute, as a form that is sent twice brings it."""
    query = sa.select(Envelope).where(
        Envelope.agency_id == agency.id, Envelope.sender == sender, Envelope.code == code, Envelope.sign == new.sign,
        Envelope.to_id == new.to_id, Envelope.voided_at.is_(None), Envelope.arrived_at > clock.now() - _SENT_TWICE,
    )  # fmt: skip
    if (found := session.scalar(query.limit(1))) is not None:
        at = f"{clock.local(found.arrived_at):%H:%M %d/%m/%Y}"
        raise EnteredAlready(number=found.number, name=found.entered_by, time=at, field="code")


def _reason(text: str, field: str) -> str:
    why = whole(text, 200, field)
    if len(why) < SHORTEST:
        raise NeedsReason(field=field)
    return why


def _remark(envelope: Envelope, words: str) -> None:
    envelope.note = "; ".join(part for part in (envelope.note, words) if part)


def _stamp(sign: EnvelopeSign) -> str:
    return "chỉ người có tên mở" if sign is EnvelopeSign.NAMED else sign.value


def takers(session: Session, actor: Actor, present: Envelope | None = None) -> Sequence[Assignment]:
    """Who may be handed an envelope: whoever is here, the officer for state secrets first, administrators last; and
    whoever a `present` one is for, wherever he is."""
    posts = [
        one for one in directory.posts(session, actor.agency_id or 0) if one.person_id != actor.person_id
    ]
    if present is not None and present.to_id not in {post.id for post in posts}:
        posts.append(present.to)
    return sorted(
        posts, key=lambda one: (one.role is Role.ADMINISTRATOR, ENVELOPE_KEEP not in accounts.of(one))
    )
