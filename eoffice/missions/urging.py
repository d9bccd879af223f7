"""A letter to those who have not reported what a document asked of them."""

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.errors import Conflict, Forbidden
from eoffice.core.permissions import Actor
from eoffice.documents.kinds import OFFICIAL_LETTER
from eoffice.documents.models import Urgency
from eoffice.missions import queries
from eoffice.missions.models import Mission, State
from eoffice.missions.permissions import answers_for
from eoffice.outgoing import service as outgoing
from eoffice.outgoing.drafting import SUBJECT_LIMIT, Fields, Text
from eoffice.outgoing.models import OutgoingDocument


class NothingOpen(Conflict):
    """All have reported."""

    message = _l("No other agency still owes anything on this document.")


def draft(session: Session, actor: Actor, document_id: int) -> OutgoingDocument:
    """Draft it for the signer of the document, to the agencies that still owe something.

    Raises NotFound, Forbidden, NothingOpen and what `outgoing.service.draft_from_template` raises.
    """
    source = queries.document(session, actor, document_id)
    if not answers_for(actor, source):
        raise Forbidden
    owed = [
        one for one in queries.of_document(session, source) if one.state is State.OPEN and one.recipient_code
    ]
    if not owed:
        raise NothingOpen
    named = f"{source.kind.name} số {source.code}" + (
        f" ngày {source.issued_on:%d/%m/%Y}" if source.issued_on else ""
    )
    fields = Fields(
        kind_code=OFFICIAL_LETTER.code,
        subject=f"Đôn đốc thực hiện nhiệm vụ giao tại {named}"[:SUBJECT_LIMIT],
        signer_id=source.signer_id,
        recipients=tuple(dict.fromkeys(one.recipient_code for one in owed)),
        unit_id=source.unit_id,
        urgency=Urgency.NORMAL,
    )
    late = any(one.due_on < clock.today() for one in owed)
    opening = "Đến nay đã quá hạn mà chưa nhận được báo cáo" if late else "Đến nay chưa nhận được báo cáo"
    lines = [
        f"{source.issuer_name} đã giao nhiệm vụ tại {named}. {opening} kết quả các nhiệm vụ:",
        *(f"{_line(one)};" for one in owed[:-1]),
        f"{_line(owed[-1])}.",
        f"Đề nghị quý cơ quan khẩn trương thực hiện và báo cáo {source.issuer_name}./.",
    ]
    session.rollback()
    return outgoing.draft_from_template(session, actor, fields, Text(body="\n".join(lines)))


def _line(mission: Mission) -> str:
    return f"- {mission.recipient_name}: {mission.content.rstrip('.')} (hạn {mission.due_on:%d/%m/%Y})"
