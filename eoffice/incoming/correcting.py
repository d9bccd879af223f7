"""What was entered wrongly in the register of incoming documents: the line is corrected, or its number made void.

The register keeps what stood there and why (Decree 30/2020, Articles 21 and 22).
"""

from dataclasses import replace
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Invalid, InvalidTransition
from eoffice.core.events import publish
from eoffice.core.permissions import Actor, require
from eoffice.core.text import whole
from eoffice.directions import operations as directions
from eoffice.documents import operations as documents
from eoffice.documents import registers
from eoffice.documents.kinds import kind
from eoffice.documents.models import RegisterEntry
from eoffice.dossiers import operations as dossiers
from eoffice.gateway import changes
from eoffice.gateway import queries as exchange
from eoffice.incoming import operations
from eoffice.incoming.events import IncomingCorrected, IncomingVoid
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.operations import NewIncoming
from eoffice.incoming.permissions import INCOMING_REGISTER
from eoffice.incoming.states import Doubt, State
from eoffice.incoming.workflow import MACHINE, Move

CORRECTED = audit.action("incoming.corrected", _l("Line of the register corrected"))

#: longest reason, in characters
LONGEST = 200
#: letters a reason has at least
SHORTEST = 3
#: what still stands in the register as it was entered
_STANDS = (State.REGISTERED, State.SUBMITTED, State.FORWARDED, State.IN_PROGRESS, State.DONE)
#: whose deadline is still the clerk's to enter; later it is the leader's
_UNDIRECTED = (State.REGISTERED, State.SUBMITTED)


class WhyCorrected(Invalid):
    """It stands in the register beside what it explains."""

    message = _l("Say in a few words why; it stands in the register.")


class NothingChanged(Invalid):
    """There is nothing to say a reason for."""

    message = _l("Nothing was changed. Correct what is wrong, or strike the registration out.")


class OtherRegister(Conflict):
    """A number belongs to its register."""

    message = _l(
        "Documents of this kind stand in another register (“%(name)s”). Strike the registration out, then register the "
        "document again."
    )


class PassedOn(Conflict):
    """Others have it by this number."""

    message = _l("The document was passed on with this number already. Correct the line instead.")


class Copied(Conflict):
    """A certified copy says whose copy it is by what stands in the register."""

    message = _l(
        "A certified copy of it was asked for or made, so its number stays in force. Correct the line instead."
    )


class ArrivedAfterEntry(Invalid):
    """Nothing is registered before it has come."""

    message = _l(
        "It was registered on %(date)s, so it cannot have arrived later. Give that day or an earlier one."
    )


def correct(
    session: Session, actor: Actor, document_id: int, entry: NewIncoming, reason: str
) -> IncomingDocument:
    """Correct what was entered at registration; the number stays. The deadline of what was directed is the leader's.

    Raises NotFound, InvalidTransition, Forbidden, RegisterClosed, WantedBack, KeptInDossier, WhyCorrected,
    NothingChanged, OtherRegister, ArrivedAfterEntry, ProbableDuplicate, TooLong and what `operations.check` raises.
    """
    with transaction(session):
        document, line = _open_line(session, actor, document_id)
        why = _reason(reason, "reason")
        if entry.arrived_on is not None and entry.arrived_on > line.dated_on:
            raise ArrivedAfterEntry(date=f"{line.dated_on:%d/%m/%Y}", field="arrived_on")
        before, due = _columns(document), (document.due_on, document.due_time)
        directed = document.state not in _UNDIRECTED
        operations.enter(session, document, replace(entry, due_on=None, due_time=None) if directed else entry)
        if directed:
            document.due_on, document.due_time = due
        after = _columns(document)
        changed = {name: old for name, old in before.items() if after[name] != old}
        if not changed:
            raise NothingChanged(field="reason")
        session.flush()
        if "tên loại" in changed:
            _same_register(session, document, line)
        told = "; ".join(f"{name}: {old or 'không'}" for name, old in changed.items())
        registers.remark(line, f"Sửa {clock.today():%d/%m/%Y}, {actor.name}: {why}", told)
        audit.record(
            session, actor, CORRECTED, document,
            reason=why, corrected=[f"{name}: {old or '–'} → {after[name] or '–'}" for name, old in changed.items()],
        )  # fmt: skip
        documents.index(session, document)
        publish(session, IncomingCorrected(document.id))
    return document


def strike(session: Session, actor: Actor, document_id: int, reason: str) -> IncomingDocument:
    """Make the number void, before anybody was charged with the document: it goes back to the clerk, who registers it
    anew, returns it or throws the scan away. The number stays used, with its reason.

    Raises NotFound, InvalidTransition, Forbidden, RegisterClosed, WantedBack, KeptInDossier, PassedOn, Copied,
    WhyCorrected, TooLong.
    """
    with transaction(session):
        document, _line = _open_line(session, actor, document_id)
        MACHINE.step(document.state, Move.STRIKE)
        if document.passed_on:
            raise PassedOn
        if any(copy.register_number or not copy.is_over for copy in exchange.certified(session, document)):
            raise Copied
        why = _reason(reason, "strike_reason")
        registers.void_number(session, actor, document, why)
        document.registered_at = document.submitted_to_id = document.prepared = None
        document.reason = Doubt.STRUCK
        operations.move(session, actor, document, Move.STRIKE, reason=why)
        directions.withdraw(session, actor, directions.unread(session, document))
        publish(session, IncomingVoid(document.id))
        documents.index(session, document)
    return document


def may_correct(document: IncomingDocument) -> bool:
    """Whether its line still stands as it was entered; whose right it is, and whether the register is closed, is asked
    when it is done."""
    return document.register_number is not None and document.state in _STANDS


def _open_line(session: Session, actor: Actor, document_id: int) -> tuple[IncomingDocument, RegisterEntry]:
    """A document in a register that is not closed, and its line; neither its sender nor the archive has a say in it."""
    document = operations.locked(session, actor, document_id)
    require(actor, INCOMING_REGISTER, document)
    line = registers.entry_of(session, document)
    if line is None or not may_correct(document):
        raise InvalidTransition(state=document.state.word)
    changes.refuse_wanted(session, document)
    dossiers.refuse_kept(session, document)
    session.refresh(line.register, with_for_update={"read": True})  # nobody closes it meanwhile
    if line.register.closed_at is not None:
        raise registers.RegisterClosed(name=line.register.name)
    return document, line


def _same_register(session: Session, document: IncomingDocument, line: RegisterEntry) -> None:
    year = line.dated_on.year
    wanted = registers.register_for(session, document.agency_id, document.direction, document.kind_code, year)
    by_kind = document.kind_code in wanted.kind_codes or bool(line.register.kind_codes)
    if wanted.id != line.register_id and by_kind:
        raise OtherRegister(name=wanted.name, field="kind_code")


def _columns(document: IncomingDocument) -> dict[str, str]:
    """What stands in the line, by the register's own words, which are never translated."""
    return {
        "số, ký hiệu": document.code, "ngày": _day(document.issued_on), "tác giả": document.issuer_name,
        "tên loại": kind(document.kind_code).name if document.kind_code else "", "trích yếu": document.subject,
        "độ khẩn": str(int(document.urgency)), "người ký": document.signer_name,
        "chức vụ": document.signer_title, "ngày đến": _day(clock.local(document.arrived_at).date()),
        "thời hạn": f"{_day(document.due_on)}{f' {document.due_time:%H:%M}' if document.due_time else ''}",
    }  # fmt: skip


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""


def _reason(text: str, field: str) -> str:
    why = whole(text, LONGEST, field)
    if len(why) < SHORTEST:
        raise WhyCorrected(field=field)
    return why
