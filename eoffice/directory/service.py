"""Use cases of the directory: who signs in whose stead (Decree 30/2020, Article 13)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import access, audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Forbidden, Invalid, NotFound, Overtaken
from eoffice.core.permissions import Actor, require
from eoffice.core.text import nfc, whole
from eoffice.directory import operations, queries
from eoffice.directory.models import Assignment, Delegation, Role, SigningForm
from eoffice.directory.permissions import DIRECTORY_DELEGATE

DELEGATED = audit.action("directory.delegated", _l("Signing in another's stead allowed"))

#: who may take which form: units' heads by order or authority, deputies and acting heads among the leaders
_TAKES = {
    SigningForm.KT: (Role.LEADER,),
    SigningForm.Q: (Role.LEADER,),
    SigningForm.TL: (Role.UNIT_HEAD, Role.CHIEF_OF_OFFICE),
    SigningForm.TUQ: (Role.UNIT_HEAD, Role.CHIEF_OF_OFFICE),
}
#: prefixes of those whose authority is another's already
_LENT = ("KT.", "TL.", "TUQ.")


class NoAuthority(Invalid):
    """What one does not hold cannot be given."""

    message = _l(
        "Only who signs in his own right can let another sign. Authority given by another is not handed on."
    )


class WrongTaker(Invalid):
    """Article 13 says who may sign how."""

    message = _l("Choose somebody else: KT. and Q. are for leaders, TL. and TUQ. for heads of units.")


class WrongPeriod(Invalid):
    """From one moment to a later one that has not passed."""

    message = _l("The end lies after the beginning and has not passed yet. Correct the two days.")


class Unlimited(Invalid):
    """Thừa ủy quyền is for special cases, limited in time and in what is signed (Article 13.3)."""

    message = _l(
        "TUQ. is limited in time and content (Decree 30/2020, Article 13.3): choose the kinds of documents, and an end "
        "within a year."
    )


class BackDated(Invalid):
    """Nobody gets afterwards the right for what he has signed."""

    message = _l("It holds from today on at the earliest; what was signed before stays as it was signed.")


class HeadInPost(Invalid):
    """An acting head is one where there is no head (Appendix I-II.7.b)."""

    message = _l(
        "There is an acting head only while nobody is head. Choose KT., or have the administrator enter the last day "
        "of your post first and let Q. begin after it."
    )


class NeedsBasis(Invalid):
    """In writing (Article 13.4)."""

    message = _l("Give number, date and name of the document that allows it.")


class LentAlready(Conflict):
    """Two that say the same would have to be ended one by one."""

    message = _l(
        "%(name)s has this already under the same document, from %(start)s till %(end)s. End that first, or choose "
        "other days or kinds."
    )


class EndedAlready(Overtaken):
    """It holds no more."""

    message = _l("This has ended already. Reload the page.")


#: longest term of TUQ.: Article 13.3 names none; after a year the head decides anew
LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class NewDelegation:
    """What the head decides."""

    to_id: int
    form: SigningForm
    starts_at: datetime
    ends_at: datetime
    basis: str
    kind_codes: tuple[str, ...] = ()


def delegate(session: Session, actor: Actor, new: NewDelegation) -> Delegation:
    """Let somebody sign in the actor's stead.

    Raises Forbidden, NoAuthority, WrongTaker, WrongPeriod, BackDated, Unlimited, HeadInPost, TwoHeads, NeedsBasis,
    LentAlready.
    """
    with transaction(session):
        require(actor, DIRECTORY_DELEGATE)
        own = _own_post(session, actor)
        taker = session.get(Assignment, new.to_id)
        present = queries.posts(session, own.agency_id, *_TAKES[new.form])
        if taker is None or taker not in present or taker.person_id == own.person_id:
            raise WrongTaker(field="to_id")
        if not new.starts_at < new.ends_at or new.ends_at <= clock.now():
            raise WrongPeriod(field="ends_on")
        if new.starts_at < clock.day_start(clock.today()):
            raise BackDated(field="starts_on")
        if new.form is SigningForm.TUQ and not new.kind_codes:
            raise Unlimited(field="kind_codes")
        if new.form is SigningForm.TUQ and new.ends_at > new.starts_at + LONGEST:
            raise Unlimited(field="ends_on")
        begins = clock.local(new.starts_at).date()
        if new.form is SigningForm.Q and (own.valid_to is None or own.valid_to >= begins):
            raise HeadInPost(field="form")
        if new.form is SigningForm.Q:
            ends = clock.local(new.ends_at - timedelta(microseconds=1)).date()
            operations.refuse_two_heads(
                session, own.agency_id, own.person_id, own.authority, begins, ends, field="form"
            )
        if not nfc(new.basis):
            raise NeedsBasis(field="basis")
        _refuse_twice(session, own, new)
        made = Delegation(
            agency_id=own.agency_id, from_id=own.id, to_id=taker.id, form=new.form,
            kind_codes=list(new.kind_codes), starts_at=new.starts_at, ends_at=new.ends_at,
            basis=whole(new.basis, 300, "basis"),
        )  # fmt: skip
        session.add(made)
        session.flush()
        access.record(
            session, actor, DELEGATED, made, [taker.person_id],
            to=taker.label, form=new.form, kinds=made.kind_codes, starts=new.starts_at, ends=new.ends_at,
            basis=made.basis,
        )  # fmt: skip
    return made


def end_delegation(session: Session, actor: Actor, delegation_id: int) -> Delegation:
    """End it before its time. Raises NotFound, Forbidden, EndedAlready."""
    with transaction(session):
        made = session.get(Delegation, delegation_id)
        if made is None or made.agency_id != actor.agency_id:
            raise NotFound
        require(actor, DIRECTORY_DELEGATE, made)
        session.refresh(made, with_for_update={"of": Delegation})
        if made.ends <= clock.now():
            raise EndedAlready
        made.revoked_at = clock.now()
        access.record(session, actor, operations.DELEGATION_ENDED, made, to=made.to.label)
    return made


def _refuse_twice(session: Session, own: Assignment, new: NewDelegation) -> None:
    """Raises LentAlready where the same document has given the same already, for some of the time and of the kinds."""
    session.refresh(own, with_for_update={"of": Assignment})  # who sends the form twice comes second
    query = sa.select(Delegation).where(
        Delegation.from_id == own.id, Delegation.to_id == new.to_id, Delegation.form == new.form,
        Delegation.starts_at < new.ends_at,
        sa.func.coalesce(Delegation.revoked_at, Delegation.ends_at) > max(new.starts_at, clock.now()),
        Delegation.basis == nfc(new.basis),
    )  # fmt: skip
    for one in session.scalars(query):
        if not one.kind_codes or not new.kind_codes or set(one.kind_codes) & set(new.kind_codes):
            start, end = (f"{clock.local(at):%H:%M %d/%m/%Y}" for at in (one.starts_at, one.ends))
            raise LentAlready(name=one.to.person.full_name, start=start, end=end, field="to_id")


def may_delegate(session: Session, actor: Actor) -> bool:
    """Whether there is anything the actor could let another sign for him."""
    if not actor.can(DIRECTORY_DELEGATE):
        return False
    try:
        _own_post(session, actor)
    except (Forbidden, NoAuthority):
        return False
    return True


def _own_post(session: Session, actor: Actor) -> Assignment:
    """The post whose authority the actor gives. Raises Forbidden, NoAuthority."""
    post = session.get(Assignment, actor.assignment_id) if actor.assignment_id is not None else None
    if post is None:
        raise Forbidden
    if not post.authority or any(line.startswith(_LENT) for line in post.authority.splitlines()):
        raise NoAuthority
    return post
