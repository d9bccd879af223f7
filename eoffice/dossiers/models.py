"""Dossiers and what happens to them (Decree 30/2020, Articles 28 to 31 and Appendix VI, part II.3)."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eoffice.core.db import Base, enum_column
from eoffice.directory.models import Assignment, Unit
from eoffice.documents.models import Document
from eoffice.dossiers.states import Retention, Rights, State

#: days after the end of the work within which a digital dossier goes to the archive (Circular 05/2025/TT-BNV)
HAND_OVER_DAYS = 60


class DossierPlan(Base):
    """The list of dossiers of one year, in force once the head has approved it (Article 28)."""

    __tablename__ = "dossier_plan"
    __table_args__ = (sa.UniqueConstraint("agency_id", "year"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    year: Mapped[int]
    #: number and date of the document that issued it
    decision: Mapped[str] = mapped_column(sa.String(300), default="")
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str] = mapped_column(default="")

    headings: Mapped[list["DossierHeading"]] = relationship(order_by="DossierHeading.position", viewonly=True)


class DossierHeading(Base):
    """A big heading of the list; dossiers are numbered under it: "01.TCCB"."""

    __tablename__ = "dossier_heading"
    __table_args__ = (sa.UniqueConstraint("agency_id", "plan_id", "abbreviation"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    plan_id: Mapped[int] = mapped_column(sa.ForeignKey("dossier_plan.id"), index=True)
    abbreviation: Mapped[str] = mapped_column(sa.String(15))
    title: Mapped[str] = mapped_column(sa.String(200))
    #: whose work it is; None: several units'
    unit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("unit.id"))
    position: Mapped[int] = mapped_column(default=0)
    #: the last number given under it
    last_number: Mapped[int] = mapped_column(default=0)

    plan: Mapped[DossierPlan] = relationship(viewonly=True)


class Dossier(Base):
    """What belongs to one piece of work; it holds documents by reference, never a copy."""

    __tablename__ = "dossier"
    __table_args__ = (
        # by heading: a merged agency's dossiers come under their own names
        sa.UniqueConstraint("agency_id", "heading_id", "notation"),
        sa.Index("ix_dossier_list", "agency_id", "state", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    heading_id: Mapped[int] = mapped_column(sa.ForeignKey("dossier_heading.id"), index=True)
    #: năm hình thành hồ sơ
    year: Mapped[int]
    #: số và ký hiệu hồ sơ: "01.TCCB"
    notation: Mapped[str] = mapped_column(sa.String(20))
    title: Mapped[str] = mapped_column(sa.String(500))
    retention: Mapped[Retention] = mapped_column(enum_column(Retention))
    #: of another retention, its years; None: the retention says it
    other_years: Mapped[int | None]
    rights: Mapped[Rights] = mapped_column(enum_column(Rights), default=Rights.CONDITIONAL)
    language: Mapped[str] = mapped_column(sa.String(50), default="Tiếng Việt")
    description: Mapped[str] = mapped_column(sa.String(500), default="")
    state: Mapped[State] = mapped_column(enum_column(State))
    #: who is in charge of the work
    creator_id: Mapped[int] = mapped_column(sa.ForeignKey("assignment.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("unit.id"), index=True)
    start_on: Mapped[date | None]
    end_on: Mapped[date | None]
    #: why the archive returned it
    reason: Mapped[str] = mapped_column(default="")
    hand_over_id: Mapped[int | None] = mapped_column(sa.ForeignKey("dossier_hand_over.id"), index=True)
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    #: name of the system it comes from; empty: opened here
    taken_over_from: Mapped[str] = mapped_column(sa.String(100), default="")
    #: who was in charge of it there and has no post here; empty: `creator`
    maker: Mapped[str] = mapped_column(sa.String(60), default="")
    #: where its papers stand in the archive: shelf, box, as the archive writes it
    shelf: Mapped[str] = mapped_column(sa.String(200), default="")
    #: the last place given in it
    last_ordinal: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column()

    creator: Mapped[Assignment] = relationship(lazy="joined", innerjoin=True)
    unit: Mapped[Unit | None] = relationship()
    heading: Mapped[DossierHeading] = relationship(viewonly=True)

    __mapper_args__ = {"version_id_col": version}

    @property
    def mark(self) -> str:
        """What tells it from the dossier of the same notation in another year: "01.TCCB (2026)"."""
        return f"{self.notation} ({self.year})"

    @property
    def made_by(self) -> str:
        """The name of who is or was in charge of it."""
        return self.maker or self.creator.person.full_name

    @property
    def in_charge(self) -> str:
        """The same with the post, where it is one of this agency."""
        return self.maker or self.creator.label

    @property
    def due_on(self) -> date | None:
        """The last day to hand it over; None while the work goes on."""
        return self.end_on + timedelta(days=HAND_OVER_DAYS) if self.end_on else None

    @property
    def kept_for(self) -> str:
        """As it stands on a form of the law; not translated."""
        return f"{self.other_years} năm" if self.other_years else self.retention.printed

    @property
    def kept_word(self) -> LazyString:
        """As it stands in a list."""
        return _l("%(count)s years", count=self.other_years) if self.other_years else self.retention.word

    @property
    def keep_until(self) -> date | None:
        """The last day it must be kept; None: for ever, or not ended yet."""
        years = self.retention.years or self.other_years
        return date(self.end_on.year + years, 12, 31) if self.end_on and years else None


class DossierDocument(Base):
    """A document lies in a dossier, at a place of its own; the same document may lie in many."""

    __tablename__ = "dossier_document"
    __table_args__ = (
        sa.UniqueConstraint("dossier_id", "document_id"),
        sa.UniqueConstraint("dossier_id", "ordinal"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    dossier_id: Mapped[int] = mapped_column(sa.ForeignKey("dossier.id"))
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"), index=True)
    #: thứ tự văn bản trong hồ sơ
    ordinal: Mapped[int]
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    filed_at: Mapped[datetime]
    filed_by: Mapped[str]

    document: Mapped[Document] = relationship(lazy="joined", innerjoin=True)


class HandOver(Base):
    """Dossiers that went to the archive together; the minutes are set from it (Appendix V)."""

    __tablename__ = "dossier_hand_over"
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    unit_name: Mapped[str] = mapped_column(default="")
    handed_at: Mapped[datetime]
    handed_by: Mapped[str]

    dossiers: Mapped[list[Dossier]] = relationship(order_by=Dossier.id, viewonly=True)


class LegalHold(Base):
    """A dossier that must not be destroyed whatever its retention says, until the hold is lifted."""

    __tablename__ = "legal_hold"
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    dossier_id: Mapped[int] = mapped_column(sa.ForeignKey("dossier.id"), index=True)
    reason: Mapped[str] = mapped_column(sa.String(500))
    placed_at: Mapped[datetime]
    placed_by: Mapped[str]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str] = mapped_column(default="")
    lift_reason: Mapped[str] = mapped_column(sa.String(500), default="")


class DestructionState(StrEnum):
    """How far a destruction has come."""

    PROPOSED = "proposed"
    DECIDED = "decided"
    DONE = "done"


class Destruction(Base):
    """A list of expired dossiers, the head's decision on it, and the certificate of what was destroyed."""

    __tablename__ = "destruction"
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    state: Mapped[DestructionState] = mapped_column(enum_column(DestructionState))
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[str]
    #: number and date of the head's decision
    decision: Mapped[str] = mapped_column(sa.String(300), default="")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(default="")
    #: proposed or decided no more, and why; nothing of it is destroyed, and what it lists may be listed again
    dropped_at: Mapped[datetime | None]
    dropped_by: Mapped[str] = mapped_column(default="")
    dropped_why: Mapped[str] = mapped_column(sa.String(500), default="")
    done_at: Mapped[datetime | None]
    done_by: Mapped[str] = mapped_column(default="")
    certificate_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    #: page (from 1) and box in points where the agency signs: page, x0, y0, x1, y1
    seal_place: Mapped[list[Any] | None] = mapped_column(sa.JSON)
    signed_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    signed_at: Mapped[datetime | None]
    signed_by: Mapped[str] = mapped_column(default="")

    items: Mapped[list["DestructionItem"]] = relationship(order_by="DestructionItem.id", viewonly=True)


class DestructionItem(Base):
    """One dossier of the list."""

    __tablename__ = "destruction_item"
    __table_args__ = (sa.UniqueConstraint("destruction_id", "dossier_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    destruction_id: Mapped[int] = mapped_column(sa.ForeignKey("destruction.id"))
    dossier_id: Mapped[int] = mapped_column(sa.ForeignKey("dossier.id"), index=True)

    dossier: Mapped[Dossier] = relationship(lazy="joined", innerjoin=True)
