"""What the pages that take tables in share: the forms, the upload, the model to fill in."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from flask import Response
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from werkzeug.datastructures import FileStorage
from wtforms import HiddenField

from eoffice.core import sheets, tables
from eoffice.core.blobs import blobs
from eoffice.core.forms import Form, needed
from eoffice.core.tables import Column, Row


class TableForm(Form):
    """A filled table."""

    file = FileField(_l("Table"), [FileRequired(_l("Choose the filled table."))])


class TakeInForm(Form):
    """The rows that were looked at, on their way to the decision."""

    table = HiddenField("", [needed()])


def uploaded(file: FileStorage, columns: Sequence[Column], limit: int) -> list[Row]:
    """The rows of a table that was sent. Raises what `tables.read` raises."""
    with tempfile.NamedTemporaryFile(dir=blobs().spool) as spool:
        file.save(spool)
        spool.flush()
        return tables.read(Path(spool.name), columns, limit)


def model(name: str, title: str, columns: Sequence[Column], example: Sequence[Sequence[str]]) -> Response:
    """The table to fill in."""
    answer = Response(tables.model(title, columns, example), mimetype=sheets.MEDIA_TYPE)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return answer
