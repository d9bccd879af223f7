"""Workbooks (xlsx, ECMA-376), written and read; see `core.sheets`, which loads this when it is needed."""

import io
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

from openpyxl.cell.cell import Cell, WriteOnlyCell
from openpyxl.reader.excel import load_workbook
from openpyxl.styles.alignment import Alignment
from openpyxl.styles.fonts import Font
from openpyxl.utils.cell import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook.workbook import Workbook

from eoffice.core.sheets import Uncounted

if TYPE_CHECKING:
    from eoffice.core.sheets import Value

#: longest name of a sheet, and the signs it cannot hold (ECMA-376, 18.2.19)
_NAME, _FORBIDDEN = 31, "[]:*?/\\"


def write(
    title: str, headings: Sequence[str], rows: Iterable[Sequence["Value"]], widths: Sequence[float]
) -> bytes:
    """See `sheets.write`."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("".join(" " if c in _FORBIDDEN else c for c in title)[:_NAME])
    sheet.freeze_panes = "A2"
    for number, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.append([_cell(sheet, heading, bold=True) for heading in headings])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(sheet: object, value: "Value", *, bold: bool = False) -> Cell:
    cell: Cell = WriteOnlyCell(sheet, value)
    if isinstance(value, str):
        cell.data_type = "s"
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    elif isinstance(value, date):
        cell.number_format = "dd/mm/yyyy"
    if bold:
        cell.font = Font(bold=True)
    return cell


def values(path: str) -> Iterable[Sequence[object]]:
    """What stands in the first sheet, row by row. Raises Uncounted, and ValueError for what is no workbook."""
    try:
        # by their bytes: the library would refuse a name that ends otherwise
        with Path(path).open("rb") as file, Path(path).open("rb") as again:
            sheets = (
                load_workbook(one, read_only=True, data_only=results).worksheets[0]
                for one, results in ((file, True), (again, False))
            )
            for found, written in zip(*(one.iter_rows(values_only=True) for one in sheets), strict=False):
                if any(
                    value is None and isinstance(cell, str) and cell.startswith("=")
                    for value, cell in zip(found, written, strict=False)
                ):
                    raise Uncounted
                yield found
    except (InvalidFileException, BadZipFile, KeyError, IndexError) as error:
        raise ValueError("no workbook") from error
