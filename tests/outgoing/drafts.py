"""Drafts and the steps that lead them on."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from eoffice.core.blobs import blobs
from eoffice.core.permissions import Actor
from eoffice.directory.models import Role
from eoffice.documents import queries as documents
from eoffice.documents.models import DocumentFile, FileRole
from eoffice.outgoing import consulting, issuing, queries, service
from eoffice.outgoing.consulting import Question
from eoffice.outgoing.drafting import Fields, Text, Upload
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.workflow import Move, State
from tests.factories import PIN, House, Province

BODY = (
    "Thực hiện Kế hoạch sản xuất nông nghiệp năm 2027, Sở Nông nghiệp và Môi trường hướng dẫn như sau:\n"
    "1. Lịch xuống giống: đợt 1 từ ngày 10 tháng 11 đến ngày 30 tháng 11 năm 2026.\n"
    "2. Cơ cấu giống: nhóm giống chất lượng cao chiếm từ 75 % trở lên.\n"
    "Đề nghị các cơ quan phối hợp thực hiện./."
)
TEXT = Text(body=BODY, addressees=("Sở Tài chính",))


def fields(place: Province, **changes: Any) -> Fields:
    """A công văn of agency A to agency B and to the one outside."""
    usual = Fields(
        kind_code="CV",
        subject="Hướng dẫn lịch thời vụ vụ Đông Xuân 2026 - 2027",
        signer_id=place.a.posts[Role.LEADER].id,
        recipients=(place.b.agency.code, place.outside.code),
    )
    return replace(usual, **changes)


def draft(session: Session, place: Province, **changes: Any) -> OutgoingDocument:
    """A draft by the specialist of A."""
    return service.draft_from_template(session, place.a.specialist, fields(place, **changes), TEXT)


def upload(session: Session, place: Province, page: bytes, name: str = "du-thao.pdf") -> OutgoingDocument:
    """The same from a file."""
    return service.draft_from_upload(
        session, place.a.specialist, fields(place), Upload(io.BytesIO(page), name)
    )


def take(
    session: Session, house: House, document_id: int, step: Move, actor: Actor | None = None
) -> OutgoingDocument:
    """One step, by whoever's it is unless another is named."""
    usual = {
        Move.SUBMIT: house.specialist, Move.APPROVE: house.head, Move.CHECK: house.chief, Move.SIGN: house.leader,
        Move.REVISE: house.specialist,
    }  # fmt: skip
    who = actor or usual.get(step, house.clerk)
    if step == Move.SUBMIT:
        return service.submit(session, who, document_id)
    if step == Move.APPROVE:
        return service.approve(session, who, document_id)
    if step == Move.CHECK:
        return service.check_form(session, who, document_id)
    if step == Move.SIGN:
        return issuing.sign(session, who, document_id, PIN)
    if step == Move.NUMBER:
        return issuing.give_number(session, who, document_id)
    if step == Move.CONSULT:
        colleague = Question((house.posts[Role.SECRETARY].id,), "Cho ý kiến")
        consulting.ask(session, who, document_id, colleague)
        return queries.one(session, house.clerk, document_id)
    if step == Move.TAKE_BACK:
        return service.take_back(session, who, document_id)
    if step == Move.PLACE:
        return issuing.place_number_line(session, who, document_id, 30, 40, 165)
    if step == Move.SEAL:
        return issuing.seal(session, who, document_id, PIN)
    if step == Move.ISSUE:
        return issuing.issue(session, who, document_id)
    if step == Move.VOID:
        return issuing.void_number(session, who, document_id, "Trùng nội dung với văn bản khác")
    return service.send_back(session, who, document_id, "Bổ sung căn cứ pháp lý")


#: the way from the draft to each state
WAYS: dict[State, tuple[Move, ...]] = {
    State.DRAFT: (),
    State.APPROVAL: (Move.SUBMIT,),
    State.FORM_CHECK: (Move.SUBMIT, Move.APPROVE),
    State.SIGNATURE: (Move.SUBMIT, Move.APPROVE, Move.CHECK),
    State.NUMBERING: (Move.SUBMIT, Move.APPROVE, Move.CHECK, Move.SIGN),
    State.SEALING: (Move.SUBMIT, Move.APPROVE, Move.CHECK, Move.SIGN, Move.NUMBER),
    State.ISSUING: (Move.SUBMIT, Move.APPROVE, Move.CHECK, Move.SIGN, Move.NUMBER, Move.SEAL),
    State.ISSUED: (Move.SUBMIT, Move.APPROVE, Move.CHECK, Move.SIGN, Move.NUMBER, Move.SEAL, Move.ISSUE),
}


def bring(session: Session, house: House, document: OutgoingDocument, state: State) -> OutgoingDocument:
    """Lead a fresh draft to a state."""
    for step in WAYS[state]:
        take(session, house, document.id, step)
    return document


def newest(session: Session, document: OutgoingDocument, role: FileRole) -> DocumentFile:
    """The newest file of a role."""
    file = documents.latest_file(session, document, role)
    assert file is not None
    return file


def path(file: DocumentFile) -> Path:
    """Its bytes."""
    return blobs().path(file.sha256)
