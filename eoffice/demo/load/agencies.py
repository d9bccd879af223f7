"""Who works in the loaded province: agencies, units, posts, accounts, and everybody elsewhere who is written to."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.accounts.models import User
from eoffice.accounts.service import password_hash
from eoffice.core import clock
from eoffice.core.db import Base
from eoffice.core.text import search_text, sort_key
from eoffice.demo.load.copying import Rows, reserve, write_all
from eoffice.demo.load.vocabulary import PLACES, SYLLABLES, Phrase, name, phrase
from eoffice.demo.province import PASSWORD
from eoffice.directory.models import Agency, Assignment, Person, Role, Unit
from eoffice.documents.models import Direction, Register

UNITS = (
    ("VP", "Văn phòng"), ("KHTC", "Phòng Kế hoạch - Tài chính"), ("TCCB", "Phòng Tổ chức cán bộ"), ("TTR", "Thanh tra"),
    ("NV1", "Phòng Nghiệp vụ 1"), ("NV2", "Phòng Nghiệp vụ 2"),
    ("NV3", "Phòng Nghiệp vụ 3"),
    ("CNTT", "Trung tâm Công nghệ thông tin"),
)  # fmt: skip
_ABROAD = (
    "Ủy ban nhân dân xã", "Trường Trung học cơ sở", "Trường Tiểu học", "Trạm Y tế xã", "Phòng Kinh tế", "Đảng ủy xã",
    "Công an xã", "Chi cục Thủy lợi", "Trung tâm Văn hóa", "Hạt Kiểm lâm",
)  # fmt: skip


@dataclass(frozen=True)
class Post:
    """One person's post."""

    id: int
    person_id: int
    user_id: int
    name: Phrase
    title: str

    @property
    def actor(self) -> str:
        """As the log names people."""
        return f"{self.name.text}, {self.title}"


@dataclass(frozen=True)
class Office:
    """A unit with its head and the others."""

    id: int
    name: str
    abbreviation: str
    head: Post
    others: tuple[Post, ...]


@dataclass
class Series:
    """A register and where it stands."""

    register_id: int
    number: int
    day: date


@dataclass
class House:
    """One loaded agency."""

    id: int
    code: str
    name: Phrase
    clerk: Post
    leader: Post
    units: tuple[Office, ...]
    #: its registers by year and direction
    series: dict[tuple[int, Direction], Series] = field(default_factory=dict)


class Settlement:
    """Makes houses and gathers their rows."""

    def __init__(self, session: Session, since: date, chance: random.Random) -> None:
        self._session, self._since, self._chance = session, since, chance
        self._hash = password_hash(PASSWORD)
        self.agencies = Rows(
            Agency, "id", "code", "name", "short_name", "abbreviation", "parent_name", "place", "hosted",
            "sort_key", "folded",
        )  # fmt: skip
        self.units = Rows(Unit, "id", "agency_id", "name", "abbreviation", "position")
        self.people = Rows(Person, "id", "full_name", "sort_key")
        self.posts = Rows(
            Assignment, "id", "agency_id", "person_id", "unit_id", "role", "title", "authority", "valid_from"
        )
        self.users = Rows(User, "id", "username", "password_hash", "person_id", "session_stamp")
        self.registers = Rows(Register, "id", "agency_id", "year", "direction", "code", "name", "kind_codes")
        self._ids: dict[type[Base], Iterator[int]] = {}

    def _next(self, model: type[Base]) -> int:
        found = next(self._ids.get(model, iter(())), None)
        if found is None:
            self._ids[model] = iter(reserve(self._session, model, 500))
            found = next(self._ids[model])
        return found

    def house(self, order: int, title: str, units: int, others: int) -> House:
        """An agency with that many units and that many people in each; user names begin with `t` and its order."""
        number, code, abbreviation = self._next(Agency), f"H01.{300 + order}", f"T{order}"
        called = phrase(title)
        self.agencies.add(
            number, code, title, title, abbreviation, "UBND TỈNH AN GIANG", "An Giang", True, sort_key(title),
            search_text(title, title, abbreviation, code),
        )  # fmt: skip
        mark = f"t{order}"
        leader = self._post(number, None, Role.LEADER, "Giám đốc", f"{mark}_giamdoc", "GIÁM ĐỐC")
        offices = []
        for place, (short, unit_name) in enumerate(UNITS[:units]):
            unit = self._next(Unit)
            self.units.add(unit, number, unit_name, short, place)
            head = self._post(number, unit, Role.UNIT_HEAD, "Trưởng phòng", f"{mark}_truong{place}")
            staff = tuple(
                self._post(number, unit, Role.SPECIALIST, "Chuyên viên", f"{mark}_chuyenvien{place}{who}")
                for who in range(others)
            )
            offices.append(Office(unit, unit_name, short, head, staff))
        clerk = self._post(number, offices[0].id, Role.CLERK, "Văn thư", f"{mark}_vanthu")
        return House(number, code, called, clerk, leader, tuple(offices))

    def _post(
        self, agency: int, unit: int | None, role: Role, title: str, username: str, authority: str = ""
    ) -> Post:
        person, post, user = self._next(Person), self._next(Assignment), self._next(User)
        called = name(self._chance)
        *before, given = called.text.split()
        self.people.add(person, called.text, sort_key(" ".join((given, *before))))
        self.posts.add(post, agency, person, unit, role, title, authority, self._since)
        self.users.add(user, username, self._hash, person, f"{self._chance.getrandbits(128):032x}")
        return Post(post, person, user, called, title)

    def registers_of(self, house: House, years: range) -> None:
        """One series for each direction and year."""
        for year in years:
            for direction, code, title in ((Direction.IN, "DEN", "đến"), (Direction.OUT, "DI", "đi")):
                number = self._next(Register)
                self.registers.add(number, house.id, year, direction, code, f"Văn bản {title} {year}", [])
                house.series[year, direction] = Series(number, 0, date(year, 1, 1))

    def write(self) -> None:
        """Send everything."""
        write_all(
            self._session, (self.agencies, self.units, self.people, self.posts, self.users, self.registers)
        )


def settle(session: Session, count: int, began: datetime, chance: random.Random) -> Sequence[House]:
    """Make that many agencies: the first is the largest, the second a small commune."""
    made = Settlement(session, began.date(), chance)
    houses = [
        made.house(0, "Sở Dữ liệu lớn", 8, 10),
        made.house(1, "Ủy ban nhân dân xã Nhỏ", 2, 3),
        *(made.house(order, f"Ủy ban nhân dân xã {PLACES[order].text}", 4, 5) for order in range(2, count)),
    ]
    for house in houses:
        made.registers_of(house, range(began.year, clock.today().year + 1))
    made.write()
    return houses


def settle_elsewhere(session: Session, count: int) -> None:
    """Enter that many agencies of the rest of the country."""
    rows = Rows(Agency, "code", "name", "short_name", "hosted", "sort_key", "folded")
    names = itertools.product(SYLLABLES, SYLLABLES, _ABROAD, SYLLABLES)
    for number, (first, second, kind, third) in enumerate(itertools.islice(names, count)):
        title, code = f"{kind} {first} {second} {third}", f"K{number // 2000:02}.{number % 2000}"
        rows.add(code, title, title, False, sort_key(title), search_text(title, title, code))
    rows.write(session)


def close_books(session: Session, houses: Sequence[House]) -> None:
    """Let the registers go on where the loaded numbers end."""
    ends = [
        {"id": series.register_id, "last_number": series.number, "last_dated_on": series.day}
        for house in houses
        for series in house.series.values()
        if series.number
    ]
    session.execute(sa.update(Register), ends)
