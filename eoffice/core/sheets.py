"""Tables as spreadsheets: out as xlsx, in from xlsx or CSV (read in the sandbox)."""

import codecs
import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import islice
from pathlib import Path

from flask_babel import lazy_gettext as _l

from eoffice.core import sandbox
from eoffice.core.errors import Invalid

#: lines among which the headings are looked for: a title, the agency's name or “sep=;” may stand above them
HEADED = 10
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
sandbox.preload(__name__)
sandbox.preload("eoffice.core.workbooks")


class UnreadableSheet(Invalid):
    """Not a table."""

    message = _l(
        "This file is no table that can be read. Save it as .xlsx or as .csv (UTF-8) and choose it again."
    )


class NoResults(Invalid):
    """A program wrote formulas and never counted them."""

    message = _l(
        "The table holds formulas without their results, which would be read as empty cells. Open it in the program "
        "for spreadsheets, save it there, and choose it again."
    )


class Uncounted(ValueError):
    """Such a cell, met in the sandbox."""


class SheetTooLong(Invalid):
    """More than a person looks over before taking it in."""

    message = _l("A table has at most %(limit)s rows below its headings. Cut this one into several files.")


Value = str | int | float | date | None


def write(
    title: str, headings: Sequence[str], rows: Iterable[Sequence[Value]], widths: Sequence[float]
) -> bytes:
    """A workbook of one sheet with a frozen, bold heading row; `widths` in characters.

    Text stays text: what begins with "=" is no formula, and a code keeps its leading zeros.
    """
    from eoffice.core import workbooks  # 10 MB for those who make a workbook only

    return workbooks.write(title, headings, rows, widths)


#: number in the file, from 1, and the trimmed texts
Line = tuple[int, list[str]]


def read(path: Path, limit: int) -> list[Line]:
    """The lines of a table with their numbers, at most `limit` below those of its headings: days as dd/mm/yyyy, empty
    ones left out.

    Reads the first sheet of a workbook, or CSV in UTF-8 or UTF-16 with comma, semicolon or tab. Runs in the sandbox:
    the file may come from anywhere. Raises UnreadableSheet, NoResults, SheetTooLong.
    """
    try:
        found: list[Line] = sandbox.call(f"{__name__}:rows", str(path.absolute()), limit + HEADED, seconds=30)
    except (sandbox.SandboxDied, sandbox.SandboxError) as error:
        raise UnreadableSheet(field="file") from error
    except Uncounted as error:
        raise NoResults(field="file") from error
    except ValueError as error:
        raise UnreadableSheet(field="file") from error
    if len(found) > limit + HEADED:
        raise SheetTooLong(limit=limit, field="file")
    return found


def rows(path: str, limit: int) -> list[Line]:
    """Runs in the sandbox: at most one row over the limit. Raises ValueError for what is no table."""
    with Path(path).open("rb") as file:
        packed = file.read(2) == b"PK"
    taken: list[Line] = []
    for number, values in enumerate(_workbook(path) if packed else _text(path), 1):
        row = [_plain(value) for value in values]
        if any(row):
            taken.append((number, row))
        if len(taken) > limit:
            break
    return taken


def _workbook(path: str) -> Iterable[Sequence[object]]:
    from eoffice.core import workbooks  # as above

    return workbooks.values(path)


def _text(path: str) -> Iterable[Sequence[object]]:
    data = Path(path).read_bytes()
    # Excel's “Unicode text” is UTF-16
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = data.decode("utf-16" if wide else "utf-8-sig")  # UnicodeDecodeError is a ValueError
    if "\0" in text:
        raise ValueError("binary")
    beginning = "".join(islice(io.StringIO(text), HEADED))
    mark = max((";", "\t", ","), key=beginning.count)
    return csv.reader(io.StringIO(text, newline=""), delimiter=mark)


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    # lines of one cell stay lines
    return "\n".join(filter(None, (" ".join(line.split()) for line in str(value).splitlines())))
