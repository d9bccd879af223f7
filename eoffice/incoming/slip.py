"""Phiếu giải quyết văn bản đến (Decree 30/2020, Appendix IV): who decided what, for whom and until when."""

from collections.abc import Sequence
from datetime import date, time

from eoffice.core import clock
from eoffice.directions.models import Direction, Part
from eoffice.directory.models import Agency
from eoffice.documents.layout.tables import Column, Signer, Table, typeset
from eoffice.incoming.models import IncomingDocument

_COLUMNS = (
    Column("Ngày", 1.6, True), Column("Người cho ý kiến", 3), Column("Ý kiến", 5),
    Column("Chủ trì, phối hợp, để biết", 5), Column("Thời hạn", 1.8, True),
)  # fmt: skip
_PARTS = {Part.LEAD: "Chủ trì", Part.COORDINATE: "Phối hợp", Part.INFORM: "Để biết"}


def slip(agency: Agency, document: IncomingDocument, given: Sequence[Direction]) -> bytes:
    """The slip of a document as PDF: the leader's opinions, the units', what was proposed and done."""
    leaders = [one for one in given if one.parent_task_id is None and one.asks]
    units = [one for one in given if one.parent_task_id is not None]
    rows: list[tuple[str, ...]] = [("1. Ý kiến của lãnh đạo cơ quan, tổ chức",)]
    rows += map(_opinion, leaders)
    rows.append(("2. Ý kiến của lãnh đạo đơn vị",))
    rows += map(_opinion, units)
    rows.append(("3. Đề xuất, kết quả của người giải quyết",))
    rows += [
        (_day(clock.local(task.done_at).date() if task.done_at else None), task.label, task.result, "", "")
        for one in given
        for task in one.tasks
        if task.result
    ]
    code = (
        f"{document.kind.name} số {document.code} ngày {_day(document.issued_on)} của {document.issuer_name}"
    )
    table = Table(
        agency=agency.name, parent=agency.parent_name, title="Phiếu giải quyết văn bản đến",
        subtitle=f"Số đến {document.register_number}, ngày {clock.local(document.arrived_at):%d/%m/%Y}",
        columns=_COLUMNS, rows=rows, landscape=False,
        lead=(f"{code}: {document.subject}.", f"Thời hạn giải quyết: {_day(document.due_on) or 'không quy định'}."),
        signers=tuple(Signer(title, hint="(Ký, ghi rõ họ tên)") for title in ("Người giải quyết", "Lãnh đạo")),
    )  # fmt: skip
    return typeset(table).pdf


def _opinion(one: Direction) -> tuple[str, ...]:
    named = "; ".join(f"{_PARTS[task.part]}: {task.first_named or task.label}" for task in one.tasks)
    by = ", ".join(part for part in (one.by_name, one.by_title) if part)
    return (_day(clock.local(one.given_at).date()), by, one.opinion, named, _due(one))


def _due(one: Direction) -> str:
    """Of the direction, and of each who has another one."""
    own = [
        f"{task.first_named or task.label}: {_last(task.due_on, task.due_time)}"
        for task in one.tasks
        if task.part is not Part.INFORM and (task.due_on, task.due_time) != (one.due_on, one.due_time)
    ]
    return "; ".join(filter(None, (_last(one.due_on, one.due_time), *own)))


def _last(day: date | None, hour: time | None) -> str:
    return (f"{hour:%H:%M} " if hour else "") + _day(day)


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""
