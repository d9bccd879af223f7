"""What the pages that take tables in share: the forms, the upload, the model to fill in."""

import base64
import tempfile
from collections.abc import Sequence
from pathlib import Path

from flask import Response, render_template
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from werkzeug.datastructures import FileStorage
from wtforms import HiddenField

from eoffice.core import sheets, tables
from eoffice.core.blobs import blobs
from eoffice.core.forms import Form, needed
from eoffice.core.tables import Column, Report, Row


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


def preview(
    columns: Sequence[Column], rows: Sequence[Row], report: Report, form: Form, *, act: str, back: str,
    warning: str = "",
) -> ResponseReturnValue:  # fmt: skip
    """The page that shows what would become of every row; `act` and `back` are endpoints, `warning` is about the whole.

    The list of mistakes goes along inside its link: nothing of a refused table is kept here.
    """
    mistakes = base64.b64encode(tables.mistakes(rows, columns, report)).decode() if report.problems else ""
    page = render_template(
        "take_in.html", columns=columns, rows=rows, report=report, form=form, act=act, back=back, warning=warning,
        outcomes={row.number: outcome for row, outcome in report.outcomes},
        mistakes=f"data:{sheets.MEDIA_TYPE};base64,{mistakes}",
    )  # fmt: skip
    # this page answers a post: whoever looks at what came of it and goes back finds it again
    return page, 422 if report.problems else 200, {"Cache-Control": "private"}


def model(name: str, title: str, columns: Sequence[Column], example: Sequence[Sequence[str]]) -> Response:
    """The table to fill in."""
    answer = Response(tables.model(title, columns, example), mimetype=sheets.MEDIA_TYPE)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return answer
