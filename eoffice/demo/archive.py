"""The dossiers of the demonstration: a yearly list, some at each step, one whose time is over."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.core.permissions import Actor
from eoffice.documents.models import Document
from eoffice.documents.permissions import visible_to
from eoffice.dossiers import archiving, queries, service
from eoffice.dossiers.models import Dossier
from eoffice.dossiers.operations import NewDossier
from eoffice.dossiers.states import Retention

#: abbreviation and title of a heading, the titles of what is planned below it
LIST = (
    ("TL", "Thủy lợi, phòng chống thiên tai", ("Vận hành công trình", "Báo cáo phòng chống thiên tai năm")),
    ("KHTC", "Kế hoạch, tài chính", ("Quyết toán kinh phí phòng chống thiên tai",)),
    ("VP", "Tổng hợp, hành chính", ("Tập lưu văn bản đi",)),
)  # fmt: skip
_OPEN = "Ứng phó xâm nhập mặn vụ Đông Xuân"
_OLD = "Khắc phục sạt lở bờ kênh đợt tháng 8 năm 2014"


def keep(session: Session, chief: Actor, head: Actor, worker: Actor, archivist: Actor, leader: Actor) -> None:
    """Compile the list, open a dossier, and archive one whose ten years are over; done once."""
    year, agency_id = clock.today().year, chief.agency_id or 0
    if queries.plan(session, agency_id, year) is not None:
        return
    for short, title, planned in LIST:
        heading = service.add_heading(session, chief, year, short, title)
        for one in planned:
            entry = NewDossier(heading.id, one, Retention.YEARS_10, creator_id=worker.assignment_id)
            service.plan_dossier(session, chief, entry)
    service.approve_plan(session, leader, year, f"Quyết định số 02/QĐ-SNNMT ngày 05/01/{year}")
    heading = queries.headings(session, agency_id, year)[0]
    written = session.scalars(_of(worker)).all()
    current = service.open_dossier(session, worker, NewDossier(heading.id, _OPEN, Retention.YEARS_20))
    for document in written[:2]:
        service.file(session, worker, current.id, document.id)
    old = service.open_dossier(session, head, NewDossier(heading.id, _OLD, Retention.YEARS_10))
    service.file(session, head, old.id, written[-1].id, "bản số hóa")
    _archive(session, head, archivist, old)


def _of(worker: Actor) -> sa.Select[Document]:
    """Numbered documents the specialist may know of, oldest first."""
    return (
        sa.select(Document)
        .where(visible_to(worker), Document.register_number.is_not(None))
        .order_by(Document.id)
        .limit(3)
    )


def _archive(session: Session, head: Actor, archivist: Actor, dossier: Dossier) -> None:
    """Through the steps, with the days of the paper it was made from; its destruction waits for the head."""
    with transaction(session):
        dossier.start_on = date(2014, 8, 12)
    service.close(session, head, dossier.id, date(2014, 12, 20))
    service.hand_over(session, head, [dossier.id])
    archiving.accept(session, archivist, dossier.id)
    archiving.propose(session, archivist, [dossier.id])
