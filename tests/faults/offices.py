"""Who issues and who registers while the storm rages: services called as the pages call them, again when cut short."""

import hashlib
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bench import agency, material
from eoffice.core import clock
from eoffice.core.blobs import blobs
from eoffice.core.db import transaction
from eoffice.core.permissions import Actor, system_actor
from eoffice.directory import operations as directory
from eoffice.directory.models import Agency, Assignment
from eoffice.documents import operations as documents
from eoffice.documents.models import FileRole
from eoffice.documents.operations import Inspected
from eoffice.gateway import operations
from eoffice.gateway.models import Delivery, Dispatch, DispatchState, Hop
from eoffice.incoming import service
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.operations import NewIncoming
from eoffice.incoming.states import State as Incoming
from eoffice.outgoing.models import DraftSource, OutgoingDocument
from eoffice.outgoing.workflow import State

T = TypeVar("T")

SENDER = {"H01.12": "Sở Nông nghiệp và Môi trường"}
OURS = {"H02.05": "Sở Tài chính", "H02.06": "Sở Nội vụ"}
ELSEWHERE = {"G09": "Bộ Nội vụ"}
#: how far a copy comes by itself at each recipient; the system elsewhere answers to the end
LAST = dict.fromkeys(OURS, Hop.REGISTERED) | dict.fromkeys(ELSEWHERE, Hop.DONE)


@dataclass
class Sender:
    """Issues documents."""

    session: Session
    chance: random.Random
    issued: int = 0
    #: document id of the header → (codes of its recipients, SHA-256 of its file)
    sent: dict[str, tuple[frozenset[str], str]] = field(default_factory=dict)
    agency_id: int = 0
    post_id: int = 0
    others: dict[str, Agency] = field(default_factory=dict)

    def settle(self) -> None:
        """Move in: our agency with its people, and the others as the directory has them."""
        [(code, name)] = SENDER.items()
        house = agency.house(self.session, "gui", code, name)
        self.agency_id = house.agency_id
        with transaction(self.session):
            post = sa.select(Assignment.id).where(Assignment.agency_id == house.agency_id)
            self.post_id = self.session.scalars(post).first() or 0
            self.others = {
                code: directory.save_agency(self.session, system_actor(), code, name, on_axis=True)
                for code, name in (OURS | ELSEWHERE).items()
            }

    def issue(self, number: int) -> None:
        """Issue so many documents. One whose transaction was cut is issued again under the same number."""
        for _ in range(number):
            codes = self.chance.sample(sorted(LAST), self.chance.randint(1, len(LAST)))
            size = self.chance.choices((20_000, 200_000, 2_000_000), weights=(12, 6, 1))[0]
            content = material.scan(self.issued + 1, size)
            uid = f"H01.12,{clock.today():%Y/%m/%d},{self.issued + 1}/SNNMT-KHTC"
            _again(self.session, partial(self._issue, uid, content, codes))
            self.sent[uid] = (frozenset(codes), hashlib.sha256(content).hexdigest())
            self.issued += 1

    def _issue(self, uid: str, content: bytes, codes: list[str]) -> None:
        with transaction(self.session):
            known = sa.select(OutgoingDocument.id).where(OutgoingDocument.document_uid == uid)
            if self.session.scalar(known) is not None:
                return  # only the answer to the commit was lost
            file, number = blobs().put_bytes(content), self.issued + 1
            document = self._document(number, uid)
            inspected = Inspected(file.sha256, file.size, f"{number}.pdf", "application/pdf", 1, [(595, 842)])
            system = system_actor(self.agency_id)
            documents.add_file(self.session, system, document, inspected, FileRole.ISSUED)
            documents.set_recipients(self.session, document, [self.others[code] for code in codes])
            operations.dispatch(self.session, system, document)

    def _document(self, number: int, uid: str) -> OutgoingDocument:
        document = OutgoingDocument(
            agency_id=self.agency_id, kind_code="CV", code_number=str(number), code_notation="SNNMT-KHTC",
            issued_on=clock.today(), issuer_name=SENDER["H01.12"], issuer_code="H01.12",
            subject=f"Về việc đối chiếu số liệu đợt {number}", signer_name="Đỗ Quốc An", signer_title="Giám đốc",
            created_at=clock.now(), listed_at=clock.now(), state=State.ISSUED, draft_source=DraftSource.UPLOAD,
            content={}, drafter_id=self.post_id, signer_id=self.post_id, authority="GIÁM ĐỐC", document_uid=uid,
        )  # fmt: skip
        self.session.add(document)
        self.session.flush()
        return document

    def flying(self) -> int:
        """Copies that are not where they end by themselves, or whose delivery is not proven yet, or whose packet still
        waits for the axis's receipt: who was killed before noting it leaves it to the next, half a minute later."""
        at_end = sa.or_(
            *(sa.and_(Delivery.recipient_code == code, Delivery.hop == hop) for code, hop in LAST.items())
        )
        waits = Dispatch.state == DispatchState.WAITING
        unproven = sa.or_(~at_end, Delivery.receipt.is_(None), waits)
        query = sa.select(sa.func.count(Delivery.id)).join(Delivery.dispatch).where(unproven)
        return _again(self.session, lambda: self._count(query))

    def _count(self, query: sa.Select[tuple[int]]) -> int:
        with transaction(self.session):
            return self.session.scalar(query) or 0


@dataclass
class Receiver:
    """The clerks of two agencies; `connect` makes a session of their installation."""

    connect: Callable[[], Session]
    clerks: Mapping[int, Actor] = field(default_factory=dict)

    def settle(self) -> None:
        """Move in."""
        with self.connect() as session:
            houses = [
                agency.house(session, f"nhan{place}", code, name)
                for place, (code, name) in enumerate(OURS.items())
            ]
            with transaction(session):
                [(code, name)] = SENDER.items()
                directory.save_agency(session, system_actor(), code, name, on_axis=True)
        self.clerks = {house.agency_id: house.clerk for house in houses}

    def register_what_comes(self, over: threading.Event) -> None:
        """Register every document that waits, until told to stop."""
        session = self.connect()
        while not over.wait(0.3):
            _again(session, lambda: self._register_waiting(session))
        session.close()

    def _register_waiting(self, session: Session) -> None:
        waiting = sa.select(IncomingDocument).where(
            IncomingDocument.state.in_((Incoming.WAITING, Incoming.CHECK)),
            IncomingDocument.register_number.is_(None),
        )
        for document in session.scalars(waiting.order_by(IncomingDocument.id)).all():
            clerk = self.clerks[document.agency_id]
            entry = NewIncoming(
                document.code_number, document.code_notation, document.issued_on, document.issuer_name,
                document.kind_code, document.subject,
            )  # fmt: skip
            service.register(session, clerk, document.id, entry)
        session.rollback()


def _again(session: Session, work: Callable[[], T], seconds: float = 60) -> T:
    """Do it until the database lets it. Raises what it last said, and what the services refuse."""
    end = time.monotonic() + seconds
    while True:
        try:
            return work()
        except DBAPIError:
            session.rollback()
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
