"""Who exists: agencies (ours and others'), their units, people and their dated assignments."""

from datetime import date
from enum import StrEnum

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eoffice.core.db import Base, enum_column


class Agency(Base):
    """One agency of the directory; `hosted` ones work in this installation."""

    __tablename__ = "agency"
    __table_args__ = (
        sa.Index(
            "ix_agency_folded_trgm",
            "folded",
            postgresql_using="gin",
            postgresql_ops={"folded": "gin_trgm_ops"},
        ),
        # the order of every list of agencies: ours first
        sa.Index("ix_agency_order", sa.text("hosted DESC"), "sort_key", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    #: code by Decision 20/2020/QĐ-TTg, at most 35 characters, e.g. H01.12
    code: Mapped[str] = mapped_column(sa.String(35), unique=True)
    #: code by QCVN 102:2016, e.g. 000.00.12.H01, where one was given
    old_code: Mapped[str | None] = mapped_column(sa.String(35), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    #: as others write it in a list: "Sở Nông nghiệp và Môi trường"
    short_name: Mapped[str] = mapped_column(sa.String(200))
    #: as it stands in a notation, set by the head of the agency: "SNNMT"
    abbreviation: Mapped[str] = mapped_column(sa.String(30), default="")
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    #: upper line of the letterhead, empty for an agency without one
    parent_name: Mapped[str] = mapped_column(sa.String(200), default="")
    #: place name before the date: "An Giang"
    place: Mapped[str] = mapped_column(sa.String(50), default="")
    address: Mapped[str] = mapped_column(sa.String(250), default="")
    email: Mapped[str] = mapped_column(sa.String(100), default="")
    telephone: Mapped[str] = mapped_column(sa.String(20), default="")
    hosted: Mapped[bool] = mapped_column(default=False, index=True)
    #: reachable over the axis; others get paper
    on_axis: Mapped[bool] = mapped_column(default=True)
    #: a body that acts collectively: its head signs "TM." (Decree 30/2020, Appendix I-II.7)
    collective: Mapped[bool] = mapped_column(default=False)
    valid_from: Mapped[date | None]
    #: last day, None while it exists
    valid_to: Mapped[date | None]
    sort_key: Mapped[str] = mapped_column(index=True)
    #: folded name and codes, for type-ahead
    folded: Mapped[str]

    units: Mapped[list["Unit"]] = relationship(order_by="Unit.position", viewonly=True)


class Unit(Base):
    """A unit of an agency: phòng, ban, văn phòng."""

    __tablename__ = "unit"
    __table_args__ = (sa.UniqueConstraint("agency_id", "abbreviation"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    #: second part of a công văn's notation: "KHTC"
    abbreviation: Mapped[str] = mapped_column(sa.String(30))
    #: order in lists, as the agency arranges them
    position: Mapped[int] = mapped_column(default=0)


class Person(Base):
    """A person, once, whatever posts he or she holds."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    full_name: Mapped[str] = mapped_column(sa.String(100))
    sort_key: Mapped[str] = mapped_column(index=True)
    email: Mapped[str] = mapped_column(sa.String(100), default="")


class Role(StrEnum):
    """What a post is for (Decree 30/2020, Articles 4 to 6; design of rights)."""

    CLERK = "clerk"
    LEADER = "leader"
    SECRETARY = "secretary"
    CHIEF_OF_OFFICE = "chief_of_office"
    UNIT_HEAD = "unit_head"
    SPECIALIST = "specialist"
    ARCHIVIST = "archivist"
    ADMINISTRATOR = "administrator"

    @property
    def word(self) -> LazyString:
        """The role as people call it."""
        return ROLE_WORDS[self]


ROLE_WORDS: dict[Role, LazyString] = {
    Role.CLERK: _l("Clerk"),
    Role.LEADER: _l("Leader"),
    Role.SECRETARY: _l("Leader's secretary"),
    Role.CHIEF_OF_OFFICE: _l("Chief of office"),
    Role.UNIT_HEAD: _l("Head of unit"),
    Role.SPECIALIST: _l("Specialist"),
    Role.ARCHIVIST: _l("Archivist"),
    Role.ADMINISTRATOR: _l("Administrator"),
}


class Assignment(Base):
    """A person's post in an agency, from one day to another."""

    __tablename__ = "assignment"
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    #: None for the leaders of the agency
    unit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("unit.id"), index=True)
    role: Mapped[Role] = mapped_column(enum_column(Role))
    #: post as printed after a name: "Phó Giám đốc"
    title: Mapped[str] = mapped_column(sa.String(100))
    #: lines above the signature, one per row, e.g. "KT. GIÁM ĐỐC\nPHÓ GIÁM ĐỐC"; empty: does not sign
    authority: Mapped[str] = mapped_column(default="")
    #: for a secretary: the leader he or she prepares for
    assists_id: Mapped[int | None] = mapped_column(sa.ForeignKey("assignment.id"))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    #: order in lists of leaders
    position: Mapped[int] = mapped_column(default=0)

    person: Mapped[Person] = relationship(lazy="joined")
    unit: Mapped[Unit | None] = relationship(lazy="joined")
    agency: Mapped[Agency] = relationship()

    @property
    def label(self) -> str:
        """Name and post, as a list shows them."""
        return f"{self.person.full_name}, {self.title}"
