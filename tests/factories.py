"""A small province: two agencies with equal roles in this installation and one outside it."""

from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.accounts.models import User
from eoffice.core import clock
from eoffice.core.db import Base, transaction
from eoffice.core.permissions import Actor, system_actor
from eoffice.directory import operations as directory
from eoffice.directory.models import Agency, Assignment, Role, Unit
from eoffice.documents import registers
from eoffice.documents.models import Direction
from tests.snapshot import Snapshot

Row = TypeVar("Row", bound=Base)

PASSWORD = "Mat-khau-thu-2026"
PIN = "123456"

#: role, family name, title, authority lines, whether in the unit
STAFF = (
    (Role.CLERK, "Lâm Thị Bích", "Văn thư", "", "office"),
    (Role.LEADER, "Đỗ Quốc", "Giám đốc", "GIÁM ĐỐC", None),
    (Role.SECRETARY, "Trương Văn", "Thư ký Giám đốc", "", "office"),
    (Role.CHIEF_OF_OFFICE, "Huỳnh Tấn", "Chánh Văn phòng", "", "office"),
    (Role.UNIT_HEAD, "Võ Hoài", "Trưởng phòng", "", "unit"),
    (Role.SPECIALIST, "Nguyễn Thị Thanh", "Chuyên viên", "", "unit"),
    (Role.ARCHIVIST, "Phan Thị Hồng", "Lưu trữ viên", "", "office"),
    (Role.ADMINISTRATOR, "Trần Gia", "Quản trị", "", "office"),
)


@dataclass
class House:
    """One agency with everybody in it."""

    agency: Agency
    office: Unit
    unit: Unit
    posts: dict[Role, Assignment] = field(default_factory=dict)
    users: dict[Role, User] = field(default_factory=dict)
    actors: dict[Role, Actor] = field(default_factory=dict)

    @property
    def clerk(self) -> Actor:
        """Văn thư."""
        return self.actors[Role.CLERK]

    @property
    def leader(self) -> Actor:
        """Lãnh đạo."""
        return self.actors[Role.LEADER]

    @property
    def secretary(self) -> Actor:
        """Thư ký."""
        return self.actors[Role.SECRETARY]

    @property
    def chief(self) -> Actor:
        """Chánh văn phòng."""
        return self.actors[Role.CHIEF_OF_OFFICE]

    @property
    def head(self) -> Actor:
        """Trưởng phòng."""
        return self.actors[Role.UNIT_HEAD]

    @property
    def specialist(self) -> Actor:
        """Chuyên viên."""
        return self.actors[Role.SPECIALIST]

    @property
    def archivist(self) -> Actor:
        """Lưu trữ."""
        return self.actors[Role.ARCHIVIST]

    @property
    def admin(self) -> Actor:
        """Quản trị."""
        return self.actors[Role.ADMINISTRATOR]


@dataclass
class Province:
    """Two hosted agencies and one elsewhere."""

    a: House
    b: House
    outside: Agency


#: by database and day, what `province` left and who acts in it: made once by the services, put back afterwards
_made: dict[tuple[str | None, date], tuple[Snapshot, Province]] = {}


def province(session: Session) -> Province:
    """Make the province of a test; user names are `a_clerk`, `b_leader`, …, the password is PASSWORD."""
    where = session.get_bind().engine.url.database, clock.today()
    if session.scalar(sa.select(sa.func.count()).select_from(Agency)):
        return _build(session)  # beside what a test has put there
    session.rollback()
    if where in _made:
        snapshot, built = _made[where]
        snapshot.put_back(session)
    else:
        built = _build(session)
        _made[where] = Snapshot.take(session), built
    _kept = [
        session.scalars(sa.select(kind)).all() for kind in (Agency, Unit, Assignment, User)
    ]  # in four reads
    return Province(_found(session, built.a), _found(session, built.b), _again(session, built.outside))


def _build(session: Session) -> Province:
    a = house(session, "a", "H01.12", "Sở Nông nghiệp và Môi trường", "SNNMT")
    b = house(session, "b", "H01.05", "Sở Tài chính", "STC")
    with transaction(session):
        outside = directory.save_agency(
            session, system_actor(), "H01.900", "Công ty Thủy lợi An Giang", short_name="Công ty Thủy lợi"
        )
    return Province(a, b, outside)


def _found(session: Session, built: House) -> House:
    """The same agency in this session; those who act are values and stay as they are."""
    return House(
        _again(session, built.agency),
        _again(session, built.office),
        _again(session, built.unit),
        {role: _again(session, post) for role, post in built.posts.items()},
        {role: _again(session, user) for role, user in built.users.items()},
        dict(built.actors),
    )


def _again(session: Session, row: Row) -> Row:
    return session.get_one(type(row), sa.inspect(row).identity)


def house(session: Session, mark: str, code: str, name: str, abbreviation: str) -> House:
    """Make one agency with units, registers and one person in every role."""
    system = system_actor()
    with transaction(session):
        agency = directory.save_agency(
            session, system, code, name, short_name=name, abbreviation=abbreviation, hosted=True,
            parent_name="UBND TỈNH AN GIANG", place="An Giang", email=f"{mark}@angiang.example",
        )  # fmt: skip
        office = directory.add_unit(session, system, agency, "Văn phòng", "VP")
        unit = directory.add_unit(session, system, agency, "Phòng Kế hoạch - Tài chính", "KHTC")
        made = House(agency, office, unit)
        for role, family, title, authority, where in STAFF:
            person = directory.add_person(session, system, f"{family} {mark.upper()}n")
            place = {"office": office, "unit": unit, None: None}[where]
            made.posts[role] = directory.assign(
                session, system, person, agency, role, title,
                unit=place, authority=authority, valid_from=date(2026, 1, 1),
            )  # fmt: skip
            made.users[role] = accounts.add_user(session, system, person, f"{mark}_{role}", PASSWORD)
        year = clock.today().year
        for direction, short, title, kinds in (
            (Direction.IN, "DEN", "Văn bản đến", ()),
            (Direction.OUT, "CV", "Công văn", ("CV",)),
            (Direction.OUT, "QD", "Quyết định", ("QD",)),
            (Direction.OUT, "KHAC", "Văn bản khác", ()),
        ):
            registers.open_register(
                session, system, agency.id, year, direction, short, f"{title} {year}", kinds
            )
        session.flush()
        for role in made.posts:
            made.actors[role] = accounts.actor_of(session, made.users[role])
    return made


def colleague(session: Session, house: House, role: Role) -> str:
    """A second person with the same post as somebody of the agency; returns the user name."""
    like, name = house.posts[role], f"{house.users[role].username}_2"
    with transaction(session):
        person = directory.add_person(session, house.admin, "Lê Văn Hai")
        directory.assign(session, house.admin, person, house.agency, role, like.title, unit=like.unit)
        accounts.add_user(session, house.admin, person, name, PASSWORD)
    return name
