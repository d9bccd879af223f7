"""The dossiers of the demonstration: a yearly list, some at each step, one whose time is over."""

from datetime import date, timedelta
from io import BytesIO

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.core.permissions import Actor
from eoffice.documents import operations as documents
from eoffice.documents.layout.letter import Letter
from eoffice.documents.layout.samples import sample_scan_pdf
from eoffice.documents.models import Direction, Document, FileRole
from eoffice.documents.permissions import visible_to
from eoffice.dossiers import archiving, queries, service
from eoffice.dossiers.models import Dossier
from eoffice.dossiers.operations import NewDossier
from eoffice.dossiers.states import Retention
from eoffice.incoming import operations as incoming
from eoffice.incoming.models import IncomingDocument, Source
from eoffice.incoming.states import State

#: abbreviation and title of a heading, the titles of what is planned below it
LIST = (
    ("TL", "Thủy lợi, phòng chống thiên tai", ("Vận hành công trình", "Báo cáo phòng chống thiên tai năm")),
    ("KHTC", "Kế hoạch, tài chính", ("Quyết toán kinh phí phòng chống thiên tai",)),
    ("VP", "Tổng hợp, hành chính", ("Tập lưu văn bản đi",)),
)  # fmt: skip
_OPEN = "Ứng phó xâm nhập mặn vụ Đông Xuân"
_OLD = "Khắc phục sạt lở bờ kênh đợt tháng 8 năm 2014"
_OLD_FROM = date(2014, 8, 12)
_OLD_SUBJECT = "Tình hình sạt lở bờ kênh tháng 8 năm 2014"
_OLD_BODY = (
    "Đêm ngày 10 tháng 8, bờ kênh qua ấp 4 sạt lở dài 35 m, ăn sâu vào đất liền 3 m; không có thiệt hại về người.\n\n"
    "Ủy ban nhân dân xã đã cắm biển cảnh báo và đề nghị Chi cục Thủy lợi hỗ trợ gia cố./."
)


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
    then = service.add_heading(session, chief, _OLD_FROM.year, LIST[0][0], LIST[0][1])
    old = service.open_dossier(session, head, NewDossier(then.id, _OLD, Retention.YEARS_10))
    service.file(session, head, old.id, _old_paper(session, chief, head).id, "bản số hóa")
    _archive(session, head, archivist, old)


def _old_paper(session: Session, chief: Actor, head: Actor) -> IncomingDocument:
    """A paper of those days, scanned for the archive: its business was over long before this system began."""
    arrived = _OLD_FROM + timedelta(days=2)
    letter = Letter(
        agency=("ỦY BAN NHÂN DÂN", "XÃ VĨNH HÒA HƯNG"), parent="HUYỆN GÒ QUAO", subject=_OLD_SUBJECT, body=_OLD_BODY,
        signer="Danh Hoàng Phước", authority=("CHỦ TỊCH",), addressees=("Chi cục Thủy lợi",),
        recipients=("Như trên", "Lưu: VT"), number_text="Số: 57/BC-UBND",
        place_and_date=f"Vĩnh Hòa Hưng, ngày {_OLD_FROM:%d} tháng {_OLD_FROM.month} năm {_OLD_FROM.year}",
    )  # fmt: skip
    upload = documents.take_in(BytesIO(sample_scan_pdf(letter)), "57-BC-UBND.pdf")
    with transaction(session):
        document = IncomingDocument(
            agency_id=chief.agency_id, direction=Direction.IN, source=Source.SCAN, state=State.DONE, kind_code="BC",
            code_number="57", code_notation="BC-UBND", issued_on=_OLD_FROM, subject=_OLD_SUBJECT,
            issuer_name="Ủy ban nhân dân xã Vĩnh Hòa Hưng", signer_name="Danh Hoàng Phước", signer_title="Chủ tịch",
            arrived_at=clock.day_start(arrived), registered_at=clock.day_start(arrived),
            listed_at=clock.day_start(arrived), created_at=clock.now(), taken_over_from="Kho lưu trữ giấy",
        )  # fmt: skip
        session.add(document)
        session.flush()
        incoming.add_file(session, chief, document, upload, FileRole.ORIGINAL)
        documents.give_access(session, chief, document, unit_ids=sorted(head.headed_unit_ids), warned=False)
    return document


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
        dossier.start_on = _OLD_FROM
    service.close(session, head, dossier.id, date(2014, 12, 20))
    service.hand_over(session, head, [dossier.id])
    archiving.accept(session, archivist, dossier.id)
    archiving.propose(session, archivist, [dossier.id])
