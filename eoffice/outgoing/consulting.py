"""Opinions on a draft: asked in parallel or in turn, each with a day.

Nobody's opinion is a step of the document's way: the drafter decides what to do with it, and may submit without.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session, joinedload

from eoffice.accounts import permissions as accounts
from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Forbidden, Invalid, NotFound, Overtaken, TooLong
from eoffice.core.permissions import Actor
from eoffice.core.text import nfc
from eoffice.directory import queries as directory
from eoffice.directory.models import Assignment
from eoffice.documents import operations as documents
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.outgoing import queries
from eoffice.outgoing.drafting import DayPassed, Missing
from eoffice.outgoing.models import Consultation, OutgoingDocument, Stance
from eoffice.outgoing.states import UNSIGNED
from eoffice.outgoing.workflow import MACHINE, Move

ASKED = audit.action("outgoing.opinion_asked", _l("Opinion asked for"))
GIVEN = audit.action("outgoing.opinion_given", _l("Opinion given"))
NOT_ASKED = audit.action("outgoing.opinion_not_asked", _l("Question for an opinion taken back"))

#: longest question or opinion, in characters
LONGEST = 4000


class WrongPerson(Invalid):
    """Nobody of the agency, or the one who asks."""

    message = _l("Choose from the list whom to ask: others who work in your agency today.")


class DaysOutOfTurn(Invalid):
    """Who comes later cannot be through before him whom he waits for."""

    message = _l(
        "%(later)s is asked after %(earlier)s and cannot have the earlier day. Change one of the two days."
    )


class AlreadyAsked(Overtaken):
    """One question at a time."""

    message = _l("%(name)s has been asked and has not answered yet.")


class NotYetYourTurn(Conflict):
    """Others were asked first."""

    message = _l("%(name)s is asked before you. Your turn comes once that opinion is given.")


class Answered(Overtaken):
    """Given is given: others have acted on it."""

    message = _l("This question is closed: it was answered or taken back.")


class NoLongerAsked(Overtaken):
    """The document went on."""

    message = _l("The document has gone on meanwhile; opinions are no longer taken.")


@dataclass(frozen=True)
class Question:
    """What is asked, and of whom."""

    #: assignments, in the order of their turns
    people: tuple[int, ...]
    question: str
    #: of everybody who has none of his own
    due_on: date | None = None
    #: each only after the one before; otherwise all at once
    in_turn: bool = False
    #: the day of each of them, in the same order; shorter or None: the common one
    days: tuple[date | None, ...] = ()

    def day_of(self, place: int) -> date | None:
        """By when the person at this place is to answer."""
        own = self.days[place] if place < len(self.days) else None
        return own or self.due_on


def ask(session: Session, actor: Actor, document_id: int, asked: Question) -> Sequence[Consultation]:
    """Ask colleagues for their opinion; they may read the draft from then on.

    Raises NotFound, InvalidTransition, Forbidden, Missing, TooLong, DayPassed, WrongPerson, DaysOutOfTurn,
    AlreadyAsked.
    """
    _check(asked.question, _l("question"), "question")
    if asked.due_on is not None and asked.due_on < clock.today():
        raise DayPassed(field="asked_due_on")
    if any(day is not None and day < clock.today() for day in asked.days):
        raise DayPassed(field="people")
    with transaction(session):
        document = queries.one(session, actor, document_id)
        session.refresh(
            document, with_for_update=True
        )  # two who ask at once must not ask the same person twice
        MACHINE.step_of(actor, document.state, Move.CONSULT, document)
        posts = _posts(session, actor, asked.people)
        before = of_document(session, document)
        for post in posts:
            if any(one.open and one.asked_id == post.id for one in before):
                raise AlreadyAsked(name=post.person.full_name, field="people")
        if asked.in_turn:
            _in_order(posts, asked)
        # who is asked in one go and in turn waits for the others of it, and for nobody who was asked before
        series, at = max((one.series for one in before), default=0) + 1, clock.now()
        made = [
            Consultation(
                agency_id=document.agency_id, document_id=document.id, asker_id=actor.assignment_id, asked_id=post.id,
                asked=post, series=series, turn=place + 1 if asked.in_turn else 1, question=nfc(asked.question.strip()),
                due_on=asked.day_of(place), asked_at=at, answer="",
            )
            for place, post in enumerate(posts)
        ]  # fmt: skip
        session.add_all(made)
        document.consulted = True
        documents.give_access(session, actor, document, person_ids=[post.person_id for post in posts])
        for one in made:
            audit.record(
                session,
                actor,
                ASKED,
                document,
                name=one.asked.person.full_name,
                note=one.question,
                turn=one.turn,
            )
    return made


def answer(session: Session, actor: Actor, consultation_id: int, stance: Stance, words: str) -> Consultation:
    """Give one's opinion; whoever does not simply agree says why.

    Raises NotFound, Forbidden, Answered, NoLongerAsked, NotYetYourTurn, Missing, TooLong.
    """
    if stance is not Stance.AGREE or words.strip():
        _check(words, _l("opinion"), "opinion")
    with transaction(session):
        one, document = _locked(session, actor, consultation_id)
        if one.asked.person_id != actor.person_id:
            raise Forbidden
        if not one.open:
            raise Answered
        if document.state not in UNSIGNED:
            raise NoLongerAsked
        if (first := _before(one, of_document(session, document))) is not None:
            raise NotYetYourTurn(name=first.asked.person.full_name)
        one.stance, one.answer, one.answered_at = stance, nfc(words.strip()), clock.now()
        audit.record(session, actor, GIVEN, document, stance=stance, note=one.answer or None)
    return one


def withdraw(session: Session, actor: Actor, consultation_id: int) -> Consultation:
    """Ask no longer; the next in turn may answer. Raises NotFound, Forbidden, Answered."""
    with transaction(session):
        one, document = _locked(session, actor, consultation_id)
        if one.asker.person_id != actor.person_id:
            raise Forbidden
        if not one.open:
            raise Answered
        one.withdrawn_at = clock.now()
        audit.record(session, actor, NOT_ASKED, document, name=one.asked.person.full_name)
    return one


def close(session: Session, actor: Actor, document: OutgoingDocument) -> None:
    """Wait for no opinion any more: the document was signed without. The caller commits."""
    for one in of_document(session, document) if document.consulted else ():
        if one.open:
            one.withdrawn_at = clock.now()
            audit.record(session, actor, NOT_ASKED, document, name=one.asked.person.full_name)


def of_document(session: Session, document: OutgoingDocument) -> Sequence[Consultation]:
    """Every question on a document, in the order asked and of turns."""
    query = sa.select(Consultation).where(Consultation.document_id == document.id)
    return session.scalars(query.order_by(Consultation.series, Consultation.turn, Consultation.id)).all()


def answerable(
    actor: Actor, document: OutgoingDocument, consulted: Sequence[Consultation]
) -> Consultation | None:
    """Of these questions on one document: the one the actor is to answer now."""
    if document.state not in UNSIGNED:
        return None
    mine = (one for one in consulted if one.open and one.asked.person_id == actor.person_id)
    return next((one for one in mine if _before(one, consulted) is None), None)


def _before(one: Consultation, consulted: Sequence[Consultation]) -> Consultation | None:
    """The first who has not answered and was asked before this one in turn."""
    return next(
        (other for other in consulted if other.open and other.series == one.series and other.turn < one.turn),
        None,
    )


def waiting(session: Session, actor: Actor) -> Sequence[Consultation]:
    """What the actor is asked now, the nearest day first."""
    query = sa.select(Consultation).join(OutgoingDocument).where(queries.asked_of(actor))
    query = query.options(joinedload(Consultation.document))
    return session.scalars(query.order_by(Consultation.due_on.asc().nulls_last(), Consultation.id)).all()


def counts(session: Session, actor: Actor) -> dict[str, int]:
    """How many opinions are asked of the actor now."""
    query = sa.select(sa.func.count()).select_from(Consultation).join(OutgoingDocument)
    return {"opinions": session.scalar(query.where(queries.asked_of(actor))) or 0}


def _posts(session: Session, actor: Actor, people: tuple[int, ...]) -> list[Assignment]:
    """Posts that can be asked, in the order asked."""
    known = {post.id: post for post in colleagues(session, actor)}
    found = [known[one] for one in dict.fromkeys(people) if one in known]
    persons = {post.person_id for post in found}
    if not found or len(found) != len(people) or actor.person_id in persons or len(persons) != len(found):
        raise WrongPerson(field="people")
    return found


def colleagues(session: Session, actor: Actor) -> list[Assignment]:
    """Who can be asked: everybody else who works in the agency today and reads documents by his role."""
    posts = directory.posts(session, actor.agency_id or 0)
    return [
        post for post in posts if post.person_id != actor.person_id and DOCUMENT_READ in accounts.of(post)
    ]


def _in_order(posts: Sequence[Assignment], asked: Question) -> None:
    known = [(day, post) for place, post in enumerate(posts) if (day := asked.day_of(place)) is not None]
    for (earlier, first), (later, second) in pairwise(known):
        if later < earlier:
            raise DaysOutOfTurn(later=second.person.full_name, earlier=first.person.full_name, field="people")


def _check(words: str, what: object, field: str) -> None:
    if not words.strip():
        raise Missing(what=str(what), field=field)
    if len(words) > LONGEST:
        raise TooLong(max=LONGEST, field=field)


def _locked(session: Session, actor: Actor, consultation_id: int) -> tuple[Consultation, OutgoingDocument]:
    """A question on a document the actor may know of, nobody else answering at the same time."""
    one = session.get(Consultation, consultation_id)
    if one is None:
        raise NotFound
    document = queries.one(session, actor, one.document_id)
    session.refresh(document, with_for_update=True)  # turns are counted over all questions of a document
    session.refresh(one)
    return one, document
