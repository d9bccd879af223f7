"""Drafts and the steps that lead them on."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core.blobs import blobs
from eoffice.core.permissions import Actor
from eoffice.directory.models import Role
from eoffice.documents import queries as documents
from eoffice.documents.models import DocumentFile, FileRole
from eoffice.outgoing import consulting, copying, issuing, placing, queries, service
from eoffice.outgoing.consulting import Question
from eoffice.outgoing.drafting import Fields, Text, Upload
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.placing import Spot
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
        Move.PLACE_SIGNATURE: house.leader, Move.ALLOW: house.leader, Move.REFUSE: house.leader,
        Move.REVISE: house.specialist, Move.DISCARD: house.specialist,
    }  # fmt: skip
    return STEPS[step](session, actor or usual.get(step, house.clerk), document_id, house)


def _consult(session: Session, who: Actor, number: int, house: House) -> OutgoingDocument:
    consulting.ask(session, who, number, Question((house.posts[Role.SECRETARY].id,), "Cho ý kiến"))
    return queries.one(session, house.clerk, number)


def _send_back(session: Session, who: Actor, number: int, _house: House) -> OutgoingDocument:
    return service.send_back(session, who, number, "Bổ sung căn cứ pháp lý")


#: each step with what it needs beside the document
STEPS: dict[Move, Callable[[Session, Actor, int, House], OutgoingDocument]] = {
    Move.SUBMIT: lambda session, who, number, _: service.submit(session, who, number),
    Move.APPROVE: lambda session, who, number, _: service.approve(session, who, number),
    Move.CHECK: lambda session, who, number, _: service.check_form(session, who, number),
    Move.CONSULT: _consult,
    Move.SEND_BACK: _send_back,
    Move.REVISE: _send_back,
    Move.DISCARD: lambda session, who, number, _: service.discard(session, who, number, "Không cần nữa"),
    Move.TAKE_BACK: lambda session, who, number, _: service.take_back(session, who, number),
    Move.SIGN: lambda session, who, number, _: issuing.sign(session, who, number, PIN),
    Move.PLACE_SIGNATURE: lambda session, who, number, _: placing.place_signature(
        session, who, number, Spot(100, 200, 60, 25)
    ),
    Move.NUMBER: lambda session, who, number, _: issuing.give_number(session, who, number),
    Move.PLACE: lambda session, who, number, _: placing.place_number_line(session, who, number, 30, 40, 165),
    Move.SEAL: lambda session, who, number, _: issuing.seal(session, who, number, PIN),
    Move.ISSUE: lambda session, who, number, _: issuing.issue(session, who, number),
    Move.ALLOW: lambda session, who, number, _: copying.allow(session, who, number),
    Move.REFUSE: lambda session, who, number, _: copying.refuse(session, who, number, "Không cần"),
    Move.VOID: lambda session, who, number, _: issuing.void_number(session, who, number, "Trùng nội dung"),
}


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


def as_typed(place: Province, **changes: str) -> dict[str, str]:
    """What a form of a new draft sends."""
    usual = {
        "kind_code": "CV", "subject": "Hướng dẫn lịch thời vụ", "urgency": "0", "body": BODY,
        "signer_id": str(place.a.posts[Role.LEADER].id), "unit_id": str(place.a.unit.id),
        "recipient1": place.b.agency.name, "recipient1_id": str(place.b.agency.id),
    }  # fmt: skip
    return usual | changes


def only(session: Session) -> OutgoingDocument:
    """The one document there is, as it stands now."""
    session.expire_all()
    return session.scalars(sa.select(OutgoingDocument)).one()
