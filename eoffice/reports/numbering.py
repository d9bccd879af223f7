"""Registers in figures: the numbers each gave in a period, and what became of the documents under them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core.audit import AuditEntry
from eoffice.core.workdays import add_days
from eoffice.documents import closing, registers
from eoffice.documents.models import Document, Register, RegisterEntry
from eoffice.incoming.models import IncomingDocument, Source
from eoffice.outgoing.models import OutgoingDocument
from eoffice.reports.figures import HERE, Period, day_of, sent_and_on_paper


@dataclass(frozen=True)
class RegisterLine:
    """A register, the numbers it gave, and what became of the documents under them."""

    name: str
    code: str
    #: first and last number of the period; where an opening number alone stands in it, the last and no first
    first: int | None
    last: int
    given: int
    #: of these
    void: int
    #: registered, or issued after the signature, on the same day or the next working day (Articles 22 and 18.1)
    in_time: int = 0
    late: int = 0
    #: that came from elsewhere or went there, and of these those wholly over the axis
    exchanged: int = 0
    on_axis: int = 0

    @property
    def share(self) -> int | None:
        """Percent in time; None when there is nothing to measure."""
        done = self.in_time + self.late
        return round(100 * self.in_time / done) if done else None

    @property
    def electronic(self) -> int | None:
        """Percent exchanged wholly over the axis; None when nothing was exchanged."""
        return round(100 * self.on_axis / self.exchanged) if self.exchanged else None


def by_register(session: Session, period: Period, agency_id: int) -> Sequence[RegisterLine]:
    """What each register gave numbers to in these days, and those that were taken over in them with the last number
    of the system before; incoming ones first, in three statements.
    """
    number, void = RegisterEntry.number, sa.func.count(RegisterEntry.voided_at)
    given, taken_over = sa.func.count(RegisterEntry.id), _taken_over(period)
    # of NULL and a number PostgreSQL takes the number
    last = sa.func.greatest(sa.func.max(number), sa.case((taken_over, Register.opening_number)))
    query = (
        sa.select(Register.id, Register.name, Register.code, sa.func.min(number), last, given, void)
        .select_from(Register)
        .outerjoin(
            RegisterEntry, sa.and_(RegisterEntry.register_id == Register.id, _given(period, agency_id))
        )
        .where(Register.agency_id == agency_id)
        .group_by(Register.id)
        .having(sa.or_(given > 0, taken_over))
        .order_by(Register.direction, Register.year, Register.id)
    )
    done = _under_numbers(session, period, agency_id)
    return [RegisterLine(*row[1:], *done.get(row[0], (0, 0, 0, 0))) for row in session.execute(query)]


def _taken_over(period: Period) -> sa.ColumnElement[bool]:
    """Whether a register got its opening number in these days: by the head's decision here or, of a year that was over
    by then, with the end of that year.
    """
    decided = sa.select(sa.func.max(AuditEntry.at)).where(
        AuditEntry.object_type == Register.__name__, AuditEntry.object_id == Register.id,
        AuditEntry.action.in_((registers.REGISTER_OPENED, closing.OPENING_SET)),
    )  # fmt: skip
    day = sa.func.least(day_of(decided.scalar_subquery()), sa.func.make_date(Register.year, 12, 31))
    return sa.and_(Register.opening_number > 0, day.between(period.first, period.last))


def _given(period: Period, agency_id: int) -> sa.ColumnElement[bool]:
    in_days = RegisterEntry.dated_on.between(period.first, period.last)
    return sa.and_(RegisterEntry.agency_id == agency_id, in_days)


def _under_numbers(session: Session, period: Period, agency_id: int) -> dict[int, list[int]]:
    """By register how many documents were in time, late, exchanged, and exchanged over the axis.

    Counted by pairs of days as in `_registered_in_time`; void numbers stand for nothing, and of what another system
    registered nobody knows when it arrived.
    """
    sent, on_paper = sent_and_on_paper()
    ways: tuple[tuple[type[Document], Any, Any, Any, Any], ...] = (
        (IncomingDocument, IncomingDocument.arrived_at, IncomingDocument.registered_at, sa.true(),
         IncomingDocument.source == Source.AXIS),
        (OutgoingDocument, OutgoingDocument.signed_at, OutgoingDocument.issued_at,
         sa.and_(sent, OutgoingDocument.issued_at.is_not(None)), ~on_paper),
    )  # fmt: skip
    found: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for model, began, ended, exchanged, on_axis in ways:
        first, last = day_of(sa.case((HERE, began))), day_of(ended)
        count = sa.func.count
        query = (
            sa.select(
                RegisterEntry.register_id, first, last, count(), count().filter(exchanged),
                count().filter(exchanged, on_axis),
            )
            .join(model, model.id == RegisterEntry.document_id)
            .where(_given(period, agency_id), RegisterEntry.voided_at.is_(None))
            .group_by(RegisterEntry.register_id, first, last)
        )  # fmt: skip
        for register_id, came, gone, every, among, electronic in session.execute(query):
            line = found[register_id]
            if came is not None and gone is not None:
                line[0 if gone <= add_days(came, 1) else 1] += every
            line[2] += among
            line[3] += electronic
    return found
