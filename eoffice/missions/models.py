"""A mission: one thing that one agency or one unit has to do because a document says so."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eoffice.core.db import Base, enum_column
from eoffice.directory.models import Assignment, Unit
from eoffice.outgoing.models import OutgoingDocument


class State(StrEnum):
    """How far it has come."""

    #: the document is not issued yet
    PLANNED = "planned"
    OPEN = "open"
    #: whoever has to do it says that it is done; who gave it decides
    REPORTED = "reported"
    DONE = "done"
    WITHDRAWN = "withdrawn"

    @property
    def word(self) -> LazyString:
        """The word on the page."""
        return STATE_WORDS[self]


STATE_WORDS = {
    State.PLANNED: _l("With the document"),
    State.OPEN: _l("Being done"),
    State.REPORTED: _l("Reported as done"),
    State.DONE: _l("Accepted as done"),
    State.WITHDRAWN: _l("No longer asked"),
}


#: nothing is done or waited for any more
CLOSED = (State.DONE, State.WITHDRAWN)


class Mission(Base):
    """Given to one recipient of the document, or to one unit of the agency itself."""

    __tablename__ = "mission"
    __table_args__ = (
        sa.CheckConstraint("(recipient_code = '') <> (unit_id IS NULL)", name="agency_or_unit"),
        sa.Index("ix_mission_list", "agency_id", "state", "due_on", "id"),
        sa.Index("ix_mission_unit", "unit_id", "state"),
        sa.Index("ix_mission_letter", "letter_id", postgresql_where=sa.text("letter_id IS NOT NULL")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("outgoing_document.id"), index=True)
    content: Mapped[str] = mapped_column(sa.String(1000))
    #: the recipient as the document names it; empty: a unit
    recipient_code: Mapped[str] = mapped_column(sa.String(35), default="")
    recipient_name: Mapped[str] = mapped_column(sa.String(200), default="")
    unit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("unit.id"))
    due_on: Mapped[date]
    state: Mapped[State] = mapped_column(enum_column(State), default=State.PLANNED)
    given_at: Mapped[datetime]
    #: whose it is to accept
    given_by_id: Mapped[int] = mapped_column(sa.ForeignKey("assignment.id"))
    #: what was reported, or what the axis brought from there
    report: Mapped[str] = mapped_column(sa.String(1000), default="")
    reported_at: Mapped[datetime | None]
    reported_by: Mapped[str] = mapped_column(sa.String(200), default="")
    #: the letter that reports it; None: it was told otherwise
    letter_id: Mapped[int | None] = mapped_column(sa.ForeignKey("document.id"))
    #: why it is asked again or no longer
    note: Mapped[str] = mapped_column(sa.String(1000), default="")
    closed_at: Mapped[datetime | None]
    #: when somebody last pressed for it, and who
    reminded_at: Mapped[datetime | None]
    reminded_by: Mapped[str] = mapped_column(default="")

    document: Mapped[OutgoingDocument] = relationship(viewonly=True, foreign_keys=[document_id])
    unit: Mapped[Unit | None] = relationship(lazy="joined", viewonly=True)
    given_by: Mapped[Assignment] = relationship(viewonly=True)

    @property
    def label(self) -> str:
        """Who has to do it."""
        return self.unit.name if self.unit is not None else self.recipient_name
