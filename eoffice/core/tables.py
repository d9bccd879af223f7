"""Tables that people fill in and hand over: columns found by their headings, every mistake named with its row.

A feature declares its columns once; they make the model table, find the columns of a filled one, whatever their
order, and say what is missing or too long before the feature looks at what the rows mean.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from eoffice.core import sheets
from eoffice.core.errors import AppError, Invalid
from eoffice.core.text import fold, nfc, writable

T = TypeVar("T")
log = structlog.get_logger(__name__)

#: rows after which whoever waits for a long table hears how far it is
_TELL = 1_000


@dataclass(frozen=True)
class Column:
    """One column of a table that is taken in."""

    key: str
    #: as the model table writes it; the office's words, not translated
    heading: str
    needed: bool = False
    #: characters
    longest: int = 200
    #: width in the model table, in characters
    width: int = 24
    #: whether a cell may have several lines; " | " parts them, as where a cell can have one only
    lines: bool = False
    #: what its words mean; refuses what means nothing. Asked of filled cells
    means: Callable[[str], object] | None = None


@dataclass(frozen=True)
class Row:
    """One filled row: its number in the file, and its texts by column key."""

    number: int
    values: dict[str, str]

    def __getitem__(self, key: str) -> str:
        """The text of a column, empty where the table lacks it."""
        return self.values.get(key, "")


@dataclass(frozen=True)
class Problem:
    """Why a row cannot be taken as it is."""

    row: int
    said: str
    heading: str = ""
    #: the column's
    key: str = ""


class HeadingsMissing(Invalid):
    """No row near the top names the columns, or not all that are needed."""

    message = _l(
        "One of the first ten rows must name the columns; missing: %(columns)s. Take the model table and fill that in."
    )


class NothingInIt(Invalid):
    """Headings and no row."""

    message = _l("The table has no row below its headings. Fill it in, then choose it again.")


class Refused(Invalid):
    """Rows that nobody may take in: nothing was written."""

    message = _l("Nothing was taken in: %(count)s rows cannot be used. Correct them in the table.")

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = problems
        super().__init__(count=len({one.row for one in problems}), field="file")


@dataclass(frozen=True)
class Report:
    """What taking rows in did, or would do: nothing at all while there are problems."""

    #: what happens with each good row, in the person's language
    outcomes: Sequence[tuple[Row, str]]
    problems: Sequence[Problem]

    def of(self, row: Row) -> list[Problem]:
        """What is wrong with a row."""
        return [one for one in self.problems if one.row == row.number]


def model(title: str, columns: Sequence[Column], example: Sequence[Sequence[sheets.Value]]) -> bytes:
    """The table to fill in, as xlsx, with rows that show how."""
    return sheets.write(title, [one.heading for one in columns], example, [one.width for one in columns])


def mistakes(rows: Sequence[Row], columns: Sequence[Column], report: Report) -> bytes:
    """What is wrong with a table, as xlsx: row, column, reason, and the row as it was handed over."""
    by_number = {row.number: row for row in rows}
    lines: list[Sequence[sheets.Value]] = [
        (one.row, one.heading, one.said, *(by_number[one.row][column.key] for column in columns))
        for one in sorted(report.problems, key=lambda one: one.row)
    ]
    headings = ["Dòng", "Cột", "Lỗi", *(column.heading for column in columns)]
    return sheets.write("Lỗi", headings, lines, [8, 18, 60, *(column.width for column in columns)])


def read(path: Path, columns: Sequence[Column], limit: int) -> list[Row]:
    """The rows of a filled table. Raises UnreadableSheet, SheetTooLong, HeadingsMissing, NothingInIt."""
    rows = _named(sheets.read(path, limit), columns)
    if len(rows) > limit:
        raise sheets.SheetTooLong(limit=limit, field="file")
    return rows


def _named(lines: Sequence[sheets.Line], columns: Sequence[Column]) -> list[Row]:
    above, places = min(
        ((at, _places(texts, columns)) for at, (_, texts) in enumerate(lines[: sheets.HEADED])),
        key=lambda found: len(_missing(found[1], columns)),
        default=(0, {}),
    )
    if missing := _missing(places, columns):
        raise HeadingsMissing(columns=", ".join(missing), field="file")
    parted = {one.key for one in columns if one.lines}
    rows = [
        Row(
            number,
            {
                key: _cleaned(texts[place], parted=key in parted)
                for key, place in places.items()
                if place < len(texts)
            },
        )
        for number, texts in lines[above + 1 :]
    ]
    if not rows:
        raise NothingInIt(field="file")
    return rows


def _places(texts: Sequence[str], columns: Sequence[Column]) -> dict[str, int]:
    """Which column of a line of headings is which."""
    headings = [_plain(text) for text in texts]
    return {
        one.key: headings.index(_plain(one.heading)) for one in columns if _plain(one.heading) in headings
    }


def _missing(places: Mapping[str, int], columns: Sequence[Column]) -> list[str]:
    return [one.heading for one in columns if one.needed and one.key not in places]


def _cleaned(text: str, *, parted: bool) -> str:
    text = writable(text)
    return nfc(" | ".join(text.splitlines()) if parted else text)


def _plain(heading: str) -> str:
    return " ".join(fold(writable(heading)).replace("*", " ").split())


class Broken(Exception):
    """A row breaks rules; its `Rules` say which."""


class Rules:
    """What is wrong with one row: each cell is looked at and each rule asked, whatever another one says."""

    def __init__(self, row: Row, columns: Sequence[Column]) -> None:
        self._row, self._headings = row, {one.key: one.heading for one in columns}
        self.problems = [
            Problem(row.number, said, one.heading, one.key) for one in columns for said in _cell(row, one)
        ]

    def ask(self, rule: Callable[[], T], *keys: str) -> T | None:
        """What a rule finds in these columns; None when it refuses, or has nothing to go by because one is wrong."""
        if {one.key for one in self.problems} & set(keys):
            return None
        try:
            return rule()
        except AppError as error:
            self.refuse(error, *keys)
            return None

    def refuse(self, error: AppError, *keys: str) -> None:
        """Keep a refusal; it stands at the first of the columns."""
        key = keys[0] if keys else ""
        self.problems.append(Problem(self._row.number, str(error), self._headings.get(key, ""), key))

    def end(self) -> None:
        """Go on with a sound row only. Raises Broken."""
        if self.problems:
            raise Broken


def _cell(row: Row, column: Column) -> Iterator[str]:
    text = row[column.key]
    if column.needed and not text:
        yield _("This is needed. Fill it in.")
    if text and column.means is not None:
        try:
            column.means(text)
        except AppError as error:
            # says what belongs there: whoever reads it would shorten the text in vain
            yield str(error)
            return
    if len(text) > column.longest:
        yield _("This is too long: at most %(max)d characters.", max=column.longest)


class Taking:
    """The rows of a table, taken in step by step; each is looked at as far as it can be."""

    def __init__(self, rows: Sequence[Row], columns: Sequence[Column]) -> None:
        self._rows, self._rules = rows, {row.number: Rules(row, columns) for row in rows}

    def each(self, act: Callable[[Row, Rules], T]) -> dict[int, T]:
        """What `act` makes of each row that keeps the rules, by the row's number."""
        made = {}
        for place, row in enumerate(self._rows, 1):
            if place % _TELL == 0:
                log.info("rows looked at", done=place, of=len(self._rows))
            rules = self._rules[row.number]
            try:
                found = act(row, rules)
                rules.end()
            except Broken:
                continue
            except AppError as error:
                rules.refuse(error)
            else:
                made[row.number] = found
        return made

    def report(self, said: Mapping[int, str]) -> Report:
        """What happens with each good row, and all that is wrong with the others."""
        problems = [one for rules in self._rules.values() for one in rules.problems]
        return Report([(row, said[row.number]) for row in self._rows if row.number in said], problems)


def kept(rows: Iterable[Row], columns: Sequence[Column]) -> str:
    """Rows as text that a form carries from the preview to the decision; `again` reads it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["", *(one.heading for one in columns)])
    writer.writerows([row.number, *(row[one.key] for one in columns)] for row in rows)
    return out.getvalue()


def again(text: str, columns: Sequence[Column], limit: int) -> list[Row]:
    """The rows that `kept` wrote. Raises SheetTooLong, HeadingsMissing, NothingInIt."""
    lines = [line for line in csv.reader(io.StringIO(text)) if line]
    if len(lines) > limit + 1:
        raise sheets.SheetTooLong(limit=limit, field="file")
    numbers = (int(line[0]) if line[0].isdecimal() else 0 for line in lines)
    return _named([(number, line[1:]) for number, line in zip(numbers, lines, strict=True)], columns)
