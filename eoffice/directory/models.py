"""Who exists: agencies (ours and others'), their units, people and their dated assignments."""

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from eoffice.core import clock
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
        # two letters are too few for letter groups: the beginnings of words, by a function of the migration
        sa.Index("ix_agency_beginnings", sa.text("agency_beginnings(folded)"), postgresql_using="gin"),
        # the order of every list of agencies: ours first
        sa.Index("ix_agency_order", sa.text("hosted DESC"), "sort_key", "id"),
        sa.Index("ix_agency_kept_by", "kept_by_id", postgresql_where=sa.text("kept_by_id IS NOT NULL")),
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
    #: who is above it by the axis's directory, which may tell of the parent later
    parent_code: Mapped[str] = mapped_column(sa.String(35), default="", server_default="")
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
    #: who has taken over what a closed one did, and the decision that says so
    successor_id: Mapped[int | None] = mapped_column(sa.ForeignKey("agency.id"))
    #: all of them by the axis's directory, the first gets the mail
    successor_codes: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), default=list, server_default="{}")
    legal_basis: Mapped[str] = mapped_column(default="")
    #: who keeps its documents and registers since it was merged here; None: itself
    kept_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("agency.id"))
    sort_key: Mapped[str] = mapped_column(index=True)
    #: folded name and codes, for type-ahead
    folded: Mapped[str]

    units: Mapped[list["Unit"]] = relationship(order_by="Unit.position", viewonly=True)
    if TYPE_CHECKING:
        #: merged agencies whose documents and registers it keeps
        keeps_for: Mapped[list[int]]


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
    #: from then on nobody works there; kept for what was done under its name
    closed_at: Mapped[datetime | None]


class AdvisoryBody(Base):
    """A council, steering committee or task force of an agency that issues under its own name with the agency's seal.

    What it issues has a series of numbers of its own (Decree 30/2020, Appendix I, II.3.a).
    """

    __tablename__ = "advisory_body"
    __table_args__ = (sa.UniqueConstraint("agency_id", "code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    name: Mapped[str] = mapped_column(sa.String(200))
    #: as it stands in a notation: "BCĐ389"
    abbreviation: Mapped[str] = mapped_column(sa.String(15))
    #: the abbreviation in plain capitals, which names its series; used once, also when the body is no more
    code: Mapped[str] = mapped_column(sa.String(15))
    #: number and date of the decision that set it up
    decision: Mapped[str] = mapped_column(sa.String(300))
    #: from then on nothing is drafted in its name
    ended_at: Mapped[datetime | None]

    def series(self, year: int) -> tuple[str, str]:
        """Short name and name of the register of a year. Nobody can type this short name, so none is taken."""
        return f"TV-{self.code}", f"{self.name[:190]} {year}"


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
    if TYPE_CHECKING:
        #: rights of the role its agency gave it; None: it has the standard role's
        own_rights: Mapped[list[str] | None]
        #: a delegation in force lets this post sign in another's stead
        signs_for_another: Mapped[bool]
        #: posts whose holders are away today and for whom this one stands in
        stands_in_for: Mapped[list[int]]
        #: last day of the absence that holds today
        away_until: Mapped[date | None]

    def holds(self, on: date) -> bool:
        """Whether the post is held on a day."""
        return self.valid_from <= on and (self.valid_to is None or self.valid_to >= on)

    @property
    def label(self) -> str:
        """Name and post, as a list shows them."""
        return f"{self.person.full_name}, {self.title}"

    @property
    def choice(self) -> str:
        """The label where somebody is to be chosen: an absence stands beside it."""
        if self.away_until is None:
            return self.label
        return _("%(name)s (away until %(day)s)", name=self.label, day=f"{self.away_until:%d/%m/%Y}")


class OwnRole(Base):
    """A role that an agency made for itself, or the keeper for every agency: other rights than the standard role's.

    What the program asks of a post (whose queue, whose deputy) goes by the standard role it is built on.
    """

    __tablename__ = "own_role"
    __table_args__ = (
        sa.Index(
            "uq_own_role_name",
            "agency_id",
            "folded",
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    #: whose administrators keep it
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    #: every agency of the installation may give it
    shared: Mapped[bool] = mapped_column(default=False)
    name: Mapped[str] = mapped_column(sa.String(60))
    folded: Mapped[str]
    base: Mapped[Role] = mapped_column(enum_column(Role))
    #: from then on nobody has it
    ended_at: Mapped[datetime | None]


class OwnRoleRights(Base):
    """What an own role allowed, from one moment to another: the past stays answerable."""

    __tablename__ = "own_role_rights"
    __table_args__ = (
        sa.Index("uq_own_role_rights_now", "role_id", unique=True, postgresql_where=sa.text("until IS NULL")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    role_id: Mapped[int] = mapped_column(sa.ForeignKey("own_role.id"))
    rights: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    since: Mapped[datetime]
    #: the first moment at which it allowed something else; None: it holds
    until: Mapped[datetime | None]


class OwnRoleHolder(Base):
    """Which post had which own role, from one moment to another."""

    __tablename__ = "own_role_holder"
    __table_args__ = (
        sa.Index("uq_own_role_holder_now", "post_id", unique=True, postgresql_where=sa.text("until IS NULL")),
        sa.Index("ix_own_role_holder_post", "post_id"),
        sa.Index("ix_own_role_holder_role", "role_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    role_id: Mapped[int] = mapped_column(sa.ForeignKey("own_role.id"))
    post_id: Mapped[int] = mapped_column(sa.ForeignKey("assignment.id"))
    since: Mapped[datetime]
    until: Mapped[datetime | None]

    role: Mapped[OwnRole] = relationship(lazy="joined", innerjoin=True)
    post: Mapped[Assignment] = relationship()


class SigningForm(StrEnum):
    """In whose stead a document is signed (Decree 30/2020, Article 13 and Appendix I-II.7)."""

    #: a deputy for the head, in the fields given to him
    KT = "KT"
    #: the head of a unit, as the working rules provide
    TL = "TL"
    #: the head of a unit, in special cases, in writing, for a time and for certain matters only
    TUQ = "TUQ"
    #: the one appointed acting head
    Q = "Q"

    @property
    def word(self) -> LazyString:
        """What it means, in a list."""
        return _FORM_WORDS[self]


_FORM_WORDS = {
    SigningForm.KT: _l("KT. - deputy for the head"),
    SigningForm.TL: _l("TL. - by order of the head"),
    SigningForm.TUQ: _l("TUQ. - by authority given in writing"),
    SigningForm.Q: _l("Q. - acting head"),
}


class Delegation(Base):
    """Somebody signs in another's stead, from one moment to another, for certain kinds, on a legal basis."""

    __tablename__ = "delegation"
    __table_args__ = (sa.CheckConstraint("starts_at < ends_at", name="period"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    #: whose authority it is
    from_id: Mapped[int] = mapped_column(sa.ForeignKey("assignment.id"))
    #: who signs
    to_id: Mapped[int] = mapped_column(sa.ForeignKey("assignment.id"), index=True)
    form: Mapped[SigningForm] = mapped_column(enum_column(SigningForm))
    #: kinds of documents it covers; empty: all
    kind_codes: Mapped[list[str]]
    starts_at: Mapped[datetime]
    #: the first moment at which it holds no more
    ends_at: Mapped[datetime]
    #: number, date and name of the document that gives it
    basis: Mapped[str] = mapped_column(sa.String(300))
    #: ended before its time
    revoked_at: Mapped[datetime | None]

    by: Mapped[Assignment] = relationship(foreign_keys=[from_id], lazy="joined", innerjoin=True)
    to: Mapped[Assignment] = relationship(foreign_keys=[to_id], lazy="joined", innerjoin=True)

    @property
    def authority(self) -> str:
        """The lines above the signature: "TUQ. GIÁM ĐỐC", "TRƯỞNG PHÒNG"."""
        *collective, head = self.by.authority.splitlines()
        kept = [line for line in collective if line.startswith("TM.")]
        title = self.to.title.upper()
        if self.form is SigningForm.Q:
            return "\n".join((*kept, f"Q. {head}"))
        lines = (f"{self.form}. {head}", title)
        return "\n".join((*kept, *lines) if self.form is SigningForm.KT else lines)

    @property
    def ends(self) -> datetime:
        """The first moment at which it holds no more, also where it was ended for a day to come."""
        return min(self.ends_at, self.revoked_at or self.ends_at)

    def holds(self, at: datetime, kind_code: str) -> bool:
        """Whether a document of this kind may be signed under it at this moment."""
        return self.starts_at <= at < self.ends and (not self.kind_codes or kind_code in self.kind_codes)


class Absence(Base):
    """Somebody is away from one day to another, and who stands in meanwhile."""

    __tablename__ = "absence"
    __table_args__ = (sa.CheckConstraint("starts_on <= ends_on", name="period"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    post_id: Mapped[int] = mapped_column(sa.ForeignKey("assignment.id"), index=True)
    stand_in_id: Mapped[int] = mapped_column(sa.ForeignKey("assignment.id"), index=True)
    #: both days count whole
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    reason: Mapped[str] = mapped_column(sa.String(300))
    #: came back, or never went: holds no more from the day before this one on
    ended_at: Mapped[datetime | None]

    post: Mapped[Assignment] = relationship(foreign_keys=[post_id], lazy="joined", innerjoin=True)
    stand_in: Mapped[Assignment] = relationship(foreign_keys=[stand_in_id], lazy="joined", innerjoin=True)

    @property
    def sentence(self) -> str:
        """Whom one acts for, and until when."""
        return f"{self.post.label}, {self.starts_on:%d/%m/%Y} - {self.ends_on:%d/%m/%Y}"


def _away() -> sa.ColumnElement[bool]:
    # asked when the statement is sent: the legal day of this program, not of the database's zone
    today = sa.bindparam("legal_day", callable_=clock.today, type_=sa.Date())
    return sa.and_(Absence.ended_at.is_(None), Absence.starts_on <= today, Absence.ends_on >= today)


def _signs_for_another() -> sa.ColumnElement[bool]:
    now = sa.func.now()
    in_force = sa.and_(
        Delegation.starts_at <= now, now < sa.func.coalesce(Delegation.revoked_at, Delegation.ends_at)
    )
    return sa.exists().where(Delegation.to_id == Assignment.id, in_force).correlate_except(Delegation)


class Merger(Base):
    """One agency goes over into another, or several, on a day; planned, rehearsed, then carried out or withdrawn."""

    __tablename__ = "merger"
    __table_args__ = (
        sa.Index(
            "uq_merger_open", "agency_id", unique=True, postgresql_where=sa.text("withdrawn_at IS NULL")
        ),
        sa.CheckConstraint("agency_id <> to_id", name="two_agencies"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    #: the one that ends
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    to_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    #: where its work is divided, the others that follow, in the order of the decision; `to` keeps registers and archive
    also: Mapped[list[int]] = mapped_column(ARRAY(sa.Integer), default=list)
    #: the first day on which the other one does its work
    on: Mapped[date]
    legal_basis: Mapped[str] = mapped_column(sa.String(300))
    #: who takes over from whom, by post and by unit, where that does not follow from person and name
    posts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    units: Mapped[dict[str, Any]] = mapped_column(default=dict)
    planned_at: Mapped[datetime]
    planned_by: Mapped[str]
    #: planned no more; nothing had been moved
    withdrawn_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    done_by: Mapped[str] = mapped_column(default="")
    #: when a rehearsal first found nothing that prevents it: from then on the axis is told of it
    announced_at: Mapped[datetime | None]
    #: since when the axis knows how it stands now; None: not told yet, or refused
    axis_told_at: Mapped[datetime | None]
    #: why the axis did not take it
    axis_refusal: Mapped[str] = mapped_column(default="")

    @property
    def to_ids(self) -> list[int]:
        """Every agency that follows, the keeper first."""
        return [self.to_id, *self.also]

    agency: Mapped[Agency] = relationship(foreign_keys=[agency_id], lazy="joined", innerjoin=True)
    to: Mapped[Agency] = relationship(foreign_keys=[to_id], lazy="joined", innerjoin=True)


_merged = Agency.__table__.alias("merged")
# asked for by name: few reads of agencies want it
Agency.keeps_for = column_property(
    sa.func.array(
        sa.select(_merged.c.id)
        .where(_merged.c.kept_by_id == Agency.id)
        .correlate_except(_merged)
        .scalar_subquery(),
        type_=ARRAY(sa.Integer),
    ),
    deferred=True,
)

# mapped afterwards, since both classes are needed for it
Assignment.own_rights = column_property(
    sa.select(OwnRoleRights.rights)
    .join(OwnRoleHolder, OwnRoleHolder.role_id == OwnRoleRights.role_id)
    .where(
        OwnRoleHolder.post_id == Assignment.id,
        OwnRoleHolder.until.is_(None),
        OwnRoleRights.until.is_(None),
    )
    .correlate_except(OwnRoleHolder, OwnRoleRights)
    .scalar_subquery()
)
Assignment.signs_for_another = column_property(_signs_for_another())
Assignment.stands_in_for = column_property(
    sa.func.array(
        sa.select(Absence.post_id)
        .where(Absence.stand_in_id == Assignment.id, _away())
        .correlate_except(Absence)
        .scalar_subquery(),
        type_=ARRAY(sa.Integer),
    )
)
Assignment.away_until = column_property(
    sa.select(sa.func.max(Absence.ends_on))
    .where(Absence.post_id == Assignment.id, _away())
    .correlate_except(Absence)
    .scalar_subquery()
)
