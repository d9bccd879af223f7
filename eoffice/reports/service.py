"""Use cases of registers: open, take over, print, close, sign the book (Decree 30/2020, Articles 15, 16, 22)."""

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock, jobs
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Forbidden, Invalid
from eoffice.core.permissions import Actor, require
from eoffice.directory import queries as directory
from eoffice.documents import closing
from eoffice.documents.closing import NewRegister
from eoffice.documents.geometry import Box
from eoffice.documents.models import Register, RegisterEntry
from eoffice.documents.permissions import DOCUMENT_READ_ALL, REGISTER_CLOSE, REGISTER_OPEN
from eoffice.incoming.permissions import ENVELOPE_KEEP, INCOMING_REGISTER
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.states import State
from eoffice.reports import books, queries
from eoffice.reports.books import Row, Span
from eoffice.reports.columns import Form
from eoffice.reports.models import RegisterBook
from eoffice.reports.queries import Binding
from eoffice.signatures import keyring, seals
from eoffice.signatures.awaited import About
from eoffice.signatures.keyring import Given
from eoffice.signatures.marks import Place
from eoffice.signatures.models import KeyPurpose

PRINTED = audit.action("reports.register_printed", _l("Register printed or taken out"))
BOOK_SIGNED = audit.action("reports.book_signed", _l("Book of a register signed"))

#: lines of one PDF printed on demand
PRINT_LIMIT = 2000
#: documents that a refusal names
_NAMED = 5
#: lines of one spreadsheet
SHEET_LIMIT = 50_000


class Unfinished(Conflict):
    """A number without a sealed document would stay open in a bound book."""

    message = _l(
        "Numbered documents of this register are not issued yet: %(codes)s. Issue them or make their numbers void."
    )


class TooManyLines(Invalid):
    """Nobody binds so many pages at once."""

    message = _l("That is more than %(limit)s lines. Choose a shorter period.")


class WrongPeriod(Invalid):
    """It ends before it begins."""

    message = _l("The period ends before it begins. Correct one of the two days.")


class NotBound(Conflict):
    """The job that sets the pages is not done."""

    message = _l("The book is still being set. Wait a moment and try again.")


class NotStopped(Conflict):
    """Pages are set once, and only of a closed register."""

    message = _l("The book of this register is there, or being set. Load the page again to see it.")


class AnotherLastNumber(Conflict):
    """Whoever closes has to have seen what is closed."""

    message = _l("The last number of this register is %(number)s. Look at it, then enter that number.")


def open_register(session: Session, actor: Actor, new: NewRegister) -> Register:
    """Open a register by the head's decision. Raises Forbidden and what `closing.open_one` raises."""
    with transaction(session):
        require(actor, REGISTER_OPEN)
        assert actor.agency_id is not None
        return closing.open_one(session, actor, actor.agency_id, new)


def set_opening(session: Session, actor: Actor, register_id: int, number: int, decision: str) -> Register:
    """Go on after the last number given elsewhere. Raises NotFound, Forbidden, and as `closing.set_opening`."""
    with transaction(session):
        register = queries.one(session, actor, register_id)
        require(actor, REGISTER_OPEN, register)
        closing.set_opening(session, actor, register, number, decision)
    return register


def close(session: Session, actor: Actor, register_id: int, last_number: int, decision: str = "") -> Register:
    """End a register at the number its closer has seen, and have its book set; it is not opened again.

    Raises NotFound, Forbidden, AnotherLastNumber, Unfinished, and as `closing.close`.
    """
    with transaction(session):
        register = queries.one(session, actor, register_id)
        require(actor, REGISTER_CLOSE, register)
        session.refresh(register, with_for_update=True)
        if register.last_number != last_number:
            raise AnotherLastNumber(number=register.last_number, field="last_number")
        pending = sa.select(OutgoingDocument).where(
            OutgoingDocument.state.in_((State.SEALING, State.ISSUING)),
            OutgoingDocument.id.in_(
                sa.select(RegisterEntry.document_id).where(
                    RegisterEntry.register_id == register.id, RegisterEntry.voided_at.is_(None)
                )
            ),
        )  # fmt: skip
        codes = [one.code for one in session.scalars(pending.order_by(OutgoingDocument.id).limit(_NAMED + 1))]
        if codes:
            raise Unfinished(codes=", ".join(codes[:_NAMED]) + (", …" if len(codes) > _NAMED else ""))
        closing.close(session, actor, register, decision)
    return register


def bind_again(session: Session, actor: Actor, register_id: int) -> None:
    """Have the volumes set that a failed job left out. Raises NotFound, Forbidden, NotStopped."""
    with transaction(session):
        register = queries.one(session, actor, register_id)
        require(actor, REGISTER_CLOSE, register)
        session.refresh(register, with_for_update=True)
        if queries.binding_of(session, register) is not Binding.STOPPED:
            raise NotStopped
        jobs.enqueue(session, "reports.bind", register_id=register.id)


def sign_books(session: Session, actor: Actor, register_id: int, given: Given) -> Sequence[RegisterBook]:
    """Sign every volume with the agency's key; those signed already stay. Repeated after a failure it goes on.

    Raises NotFound, Forbidden, NotBound, NoPicture, and what `keyring` and `signatures` refuse with.
    """
    with transaction(session):
        register = queries.one(session, actor, register_id)
        require(actor, REGISTER_CLOSE, register)
        waiting = [book for book in queries.books(session, register) if book.signed_sha256 is None]
        if not waiting:
            raise NotBound
        # whose key it is: a merged agency's book is signed by the one that keeps it
        agency = directory.agency(session, actor.agency_id or register.agency_id)
        plan = [(book, seals.in_block(session, agency, _place(book))) for book in waiting]
        about = About(f"register:{register.id}", register.name, len(plan))
    with keyring.key_of(session, actor, KeyPurpose.AGENCY, given, about) as key:
        for book, mark in plan:
            signed = key.sign(book.sha256, mark)
            blob = signed.blob
            with transaction(session):
                session.refresh(book, with_for_update=True)
                if book.signed_sha256 is None:
                    book.signed_sha256, book.signed_at, book.signed_by = blob.sha256, clock.now(), actor.name
                    audit.record(
                        session, actor, BOOK_SIGNED, register, volume=book.volume, sha256=blob.sha256,
                        cautions=list(signed.cautions) or None,
                    )  # fmt: skip
    return [book for book, _mark in plan]


def _place(book: RegisterBook) -> Place:
    page, *sides = book.seal_place
    return Place(int(page), Box(*sides))


def lines(session: Session, actor: Actor, span: Span, limit: int) -> list[Row]:
    """The lines of a part of the registers, to be printed or taken out: the log keeps who did.

    Raises Forbidden, NotFound, WrongPeriod, TooManyLines.
    """
    with transaction(session):
        require(actor, DOCUMENT_READ_ALL)
        check(session, actor, span)
        found = books.rows(session, span, limit + 1)
        if len(found) > limit:
            raise TooManyLines(limit=limit, field="first")
        agency = directory.agency(session, span.agency_id)
        audit.record(
            session, actor, PRINTED, agency,
            form=span.form, first=span.first, last=span.last, register=span.register_id, lines=len(found),
        )  # fmt: skip
    return found


def check(session: Session, actor: Actor, span: Span) -> None:
    """Refuse a part of the registers that is none of the actor's. Raises Forbidden, NotFound, WrongPeriod."""
    if span.form is Form.ENVELOPES and not sees_envelopes(actor):
        raise Forbidden
    if span.register_id is not None:
        queries.one(session, actor, span.register_id)
    if span.last < span.first:
        raise WrongPeriod(field="last")


def sees_envelopes(actor: Actor) -> bool:
    """Whether the whole register of sealed envelopes is for this person's eyes: whoever enters or keeps them."""
    return actor.can(INCOMING_REGISTER) or actor.can(ENVELOPE_KEEP)


def year_of(day: date) -> tuple[date, date]:
    """The first and the last day of a year."""
    return date(day.year, 1, 1), date(day.year, 12, 31)
