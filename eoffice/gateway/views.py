"""Pages of the exchange: packets that could not be read, and the evidence of one recipient's copy."""

import tempfile
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _

from eoffice.core import clock
from eoffice.core.blobs import blobs
from eoffice.core.errors import AppError, NotFound
from eoffice.core.permissions import allowed
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import queries as directory
from eoffice.directory.models import Agency
from eoffice.documents import queries as documents
from eoffice.documents.models import FileRole
from eoffice.documents.permissions import DOCUMENT_READ_ALL
from eoffice.gateway import evidence as making
from eoffice.gateway import presend, queries, service
from eoffice.gateway.contents import ArrivalContent
from eoffice.gateway.models import Packet, Unreadable
from eoffice.gateway.permissions import GATEWAY_FOLLOW, GATEWAY_RESEND, GATEWAY_UNREADABLE, GATEWAY_WATCH
from eoffice.gateway.presend import Repair

bp = Blueprint("gateway", __name__, template_folder="templates")


@bp.get("/packets")
@needs(GATEWAY_UNREADABLE)
def unreadable() -> ResponseReturnValue:
    """Those that wait for a person, or those that are settled."""
    actor, settled = current_actor(), request.args.get("tab") == "settled"
    page = queries.unreadable(db(), actor, settled=settled, mark=request.args.get("mark"))
    senders = directory.agencies_by_code(db(), {row.packet.sender_code for row in page.rows})
    return render_template(
        "gateway/unreadable.html",
        page=page,
        settled=settled,
        waiting=queries.count_unreadable(db(), actor),
        every_agency=actor.can(GATEWAY_WATCH),
        sender=lambda row: _sender(row.packet, senders.get(row.packet.sender_code)),
        number=_number,
        reason=_reason,
        moment=_moment,
    )


@bp.get("/packets/<int:unreadable_id>")
@needs(GATEWAY_UNREADABLE)
def show(unreadable_id: int) -> ResponseReturnValue:
    """Which packet, from whom, what is wrong, what the sender was told and what to do."""
    return _page(queries.one_unreadable(db(), current_actor(), unreadable_id))


@bp.post("/packets/<int:unreadable_id>/settle")
@needs(GATEWAY_UNREADABLE)
def settle(unreadable_id: int) -> ResponseReturnValue:
    """Nothing is left to do about it."""
    actor, note = current_actor(), request.form.get("note", "")
    try:
        service.settle(db(), actor, unreadable_id, note)
    except service.NeedsNote as problem:
        db().rollback()
        found = queries.one_unreadable(db(), actor, unreadable_id)
        return _page(found, problem, note), problem.status
    flash(_("Settled. The packet stays in the list of settled ones."), "ok")
    return redirect(url_for("gateway.unreadable"), 303)


@bp.get("/packets/<int:unreadable_id>/packet")
@needs(DOCUMENT_READ_ALL)
def download(unreadable_id: int) -> Response:
    """The bytes as they came, for the agency they are for."""
    found = queries.one_unreadable(db(), current_actor(), unreadable_id)
    if not allowed(current_actor(), DOCUMENT_READ_ALL, found):
        raise NotFound
    return send_file(
        blobs().path(found.packet.sha256),
        mimetype="application/octet-stream",  # a browser must not open what is damaged
        as_attachment=True,
        download_name=f"{found.packet.hub_id}.edxml",
        etag=False,
        last_modified=found.packet.received_at,
        max_age=0,
    )


@bp.get("/outgoing/<int:document_id>/copies/<int:delivery_id>")
@needs(GATEWAY_FOLLOW)
def copy(document_id: int, delivery_id: int) -> ResponseReturnValue:
    """Every step of one recipient's copy, each with its proof."""
    found = _evidence(document_id, delivery_id)
    return render_template(
        "gateway/copy.html", document=found.document, copy=found.copy, steps=found.steps, moment=_second,
        outgoing=url_for("outgoing.show", document_id=document_id),
    )  # fmt: skip


@bp.get("/outgoing/<int:document_id>/copies/<int:delivery_id>/evidence")
@needs(GATEWAY_FOLLOW)
def evidence(document_id: int, delivery_id: int) -> Response:
    """The same as one ZIP that anyone can check."""
    found = _evidence(document_id, delivery_id)
    if found.copy.on_axis_at is None:
        raise NotFound
    files = documents.files(db(), found.document, FileRole.ISSUED, FileRole.ATTACHMENT)
    with force_locale("vi"):
        page = render_template(
            "gateway/evidence.html", document=found.document, copy=found.copy, steps=found.steps, files=files,
            moment=_second,
        )  # fmt: skip
    proofs = making.stamps(found.receipts)
    with tempfile.NamedTemporaryFile(dir=blobs().spool, suffix=".zip", delete=False) as made:
        path = Path(made.name)
    making.write(db(), found, proofs, page, path)
    answer = send_file(path.open("rb"), mimetype="application/zip", as_attachment=True,
                       download_name=f"chung-cu-{document_id}-{found.copy.recipient_code}.zip")  # fmt: skip
    path.unlink()  # the open file lives until it is sent
    return answer


@bp.get("/outgoing/<int:document_id>/checks")
@needs(GATEWAY_RESEND)
def checks(document_id: int) -> ResponseReturnValue:
    """What would fail, beside the button that sends."""
    document = documents.one(db(), current_actor(), document_id)
    found = presend.check(db(), current_actor(), document)
    return render_template("gateway/_checks.html", findings=found, document_id=document_id)


@bp.post("/outgoing/<int:document_id>/repair")
@needs(GATEWAY_RESEND)
def repair(document_id: int) -> ResponseReturnValue:
    """Mend what would fail before sending."""
    what = request.form.get("repair", "")
    if what not in set(Repair):
        raise NotFound
    target, code = request.form.get("target", 0, type=int), request.form.get("code", "")
    service.repair(db(), current_actor(), document_id, Repair(what), target, code)
    flash(_("Repaired."), "ok")
    return redirect(url_for("outgoing.show", document_id=document_id), 303)


def _evidence(document_id: int, delivery_id: int) -> making.Evidence:
    document = documents.one(db(), current_actor(), document_id)
    return making.gather(db(), queries.copy_of(db(), current_actor(), document, delivery_id), document)


def _second(at: datetime) -> str:
    return f"{clock.local(at):%H:%M:%S %d/%m/%Y}"


def _page(found: Unreadable, problem: AppError | None = None, note: str = "") -> str:
    actor, packet = current_actor(), found.packet
    sender = directory.agencies_by_code(db(), {packet.sender_code}).get(packet.sender_code)
    may_read = allowed(actor, DOCUMENT_READ_ALL, found)
    number = _number(found)
    return render_template(
        "gateway/unreadable_one.html",
        found=found,
        packet=packet,
        sender=sender,
        sender_name=_sender(packet, sender),
        number=number,
        subject=_content(packet).subject if may_read and packet.content else "",
        reason=_reason(found),
        moment=_moment,
        may_read=may_read,
        letter=_letter(found, sender, number),
        problem=problem,
        note=note,
    )


def _content(packet: Packet) -> ArrivalContent:
    return ArrivalContent.from_json(packet.content)


def _sender(packet: Packet, known: Agency | None) -> str:
    """Its name from the directory, from its own header, or at least its code."""
    if known is not None:
        return known.name
    return (_content(packet).sender_name if packet.content else "") or packet.sender_code


def _number(found: Unreadable) -> str:
    """Number and notation as far as the header could be read."""
    if not found.packet.content:
        return ""
    content = _content(found.packet)
    return "/".join(part for part in (content.code_number, content.code_notation) if part)


def _reason(found: Unreadable) -> str:
    return found.packet.error_en if str(get_locale()) == "en" else found.packet.error


def _moment(at: datetime) -> str:
    return f"{clock.local(at):%H:%M %d/%m/%Y}"


def _letter(found: Unreadable, sender: Agency | None, number: str) -> str:
    """A message to the sender, ready to send; "" when the directory knows no address of his."""
    if sender is None or not sender.email:
        return ""
    # It goes to another agency: Vietnamese, whatever language the page is read in.
    subject = f"Đề nghị gửi lại văn bản {number}".strip()
    body = (
        f"Gói tin {found.packet.hub_id} nhận lúc {_moment(found.packet.received_at)} không đọc được: "
        f"{found.packet.error}. Đề nghị Quý cơ quan kiểm tra và gửi lại qua trục liên thông."
    )
    return f"mailto:{sender.email}?subject={quote(subject)}&body={quote(body)}"
