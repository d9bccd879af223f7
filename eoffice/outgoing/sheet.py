"""Phiếu trình: what goes to the leader with a draft, who has looked at it and what each one said."""

from collections.abc import Sequence

from eoffice.core import clock
from eoffice.core.audit import AuditEntry
from eoffice.directory.models import Agency
from eoffice.documents.layout.tables import Column, Signer, Table, typeset
from eoffice.documents.models import Recipient
from eoffice.documents.recipients import printed
from eoffice.outgoing import operations
from eoffice.outgoing.models import Consultation, OutgoingDocument, Stance
from eoffice.outgoing.workflow import Move

_COLUMNS = (Column("Thời gian", 2, True), Column("Người", 3.4), Column("Việc", 2.6), Column("Ý kiến", 6))
#: the office's words for the steps a sheet shows; the others say nothing to the leader
_STEPS = {
    Move.SUBMIT: "Trình", Move.APPROVE: "Duyệt nội dung", Move.CHECK: "Kiểm tra thể thức",
    Move.SEND_BACK: "Trả lại", Move.SIGN: "Ký số",
}  # fmt: skip
_STANCES = {
    Stance.AGREE: "Đồng ý", Stance.WITH_CHANGES: "Đồng ý, có sửa đổi", Stance.DISAGREE: "Không đồng ý",
}  # fmt: skip


def sheet(
    agency: Agency, document: OutgoingDocument, recipients: Sequence[Recipient], entries: Sequence[AuditEntry],
    asked: Sequence[Consultation],
) -> bytes:  # fmt: skip
    """The sheet of a draft as PDF. `entries`: its log, newest first."""
    steps = [(entry.at, *_step(entry)) for entry in entries if _is_told(entry)]
    opinions = [
        (one.answered_at, one.asked.label, _STANCES[one.stance], one.answer)
        for one in asked
        if one.answered_at is not None and one.stance is not None
    ]
    rows = [(f"{clock.local(at):%d/%m/%Y %H:%M}", *told) for at, *told in sorted([*steps, *opinions])]
    to = "; ".join(printed(recipients)) or "theo dự thảo"
    unit = document.unit.name if document.unit else ""
    table = Table(
        agency=agency.name, parent=agency.parent_name, title="Phiếu trình",
        subtitle=f"{document.kind.name}: {document.subject}",
        lead=(
            f"Người soạn: {document.drafter.label}. Đơn vị soạn thảo: {unit}.",
            f"Kính trình: {document.signer.label}.", f"Nơi nhận: {to}.",
            f"Mức độ khẩn: {document.urgency.stamp or 'thường'}.",
            *((f"Góp ý chưa xử lý: {document.open_remarks}.",) if document.open_remarks else ()),
        ),
        columns=_COLUMNS, rows=rows, landscape=False,
        signers=(
            Signer("NGƯỜI TRÌNH", document.drafter.person.full_name),
            Signer("Ý KIẾN CỦA LÃNH ĐẠO", document.signer.person.full_name, "(Đồng ý / không đồng ý, ký)"),
        ),
    )  # fmt: skip
    return typeset(table).pdf


def _is_told(entry: AuditEntry) -> bool:
    return entry.action == operations.MOVED and entry.details.get("step") in {str(step) for step in _STEPS}


def _step(entry: AuditEntry) -> tuple[str, str, str]:
    return entry.actor, _STEPS[Move(entry.details["step"])], entry.details.get("note") or ""
