"""What is copied, and copies on their way."""

import io
from functools import lru_cache

from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.core import jobs
from eoffice.core.permissions import Actor
from eoffice.directory.models import Role
from eoffice.documents import operations as documents
from eoffice.documents import pages
from eoffice.documents import queries as reads
from eoffice.documents.layout.letter import Letter
from eoffice.documents.layout.samples import sample_scan_pdf
from eoffice.documents.models import Document, FileRole, Medium
from eoffice.incoming import service as incoming
from eoffice.outgoing import copying
from eoffice.outgoing.copying import NewCopy
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.workflow import State
from tests.factories import Province
from tests.incoming import steps
from tests.outgoing.drafts import bring, draft, newest, path

SUBJECT = "triển khai các biện pháp ứng phó xâm nhập mặn"


@lru_cache(maxsize=2)
def scan(number: str = "Số: 3187/UBND-KTN") -> bytes:
    """A paper in colour at 200 dots per inch."""
    return sample_scan_pdf(
        Letter(
            agency=("Ủy ban nhân dân", "tỉnh An Giang"), subject=SUBJECT, body="Đề nghị báo cáo./.",
            signer="Lưu Bá Thiện", authority=("CHỦ TỊCH",), recipients=("Như trên", "Lưu: VT"),
            number_text=number, place_and_date="An Giang, ngày 05 tháng 01 năm 2026",
        )
    )  # fmt: skip


def check(session: Session, document: Document, *roles: FileRole) -> None:
    """Have its signatures checked."""
    for file in reads.files(session, document, *roles):
        jobs.run(session, "signatures.check_file", file_id=file.id)


def paper(session: Session, place: Province, **changes: str) -> Document:
    """A registered scan."""
    upload = documents.take_in(io.BytesIO(scan()), "quet.pdf")
    entry = steps.entry(subject=SUBJECT, accept_duplicate=True, **changes)
    document = incoming.register_scan(session, place.a.clerk, entry, upload)
    check(session, document, FileRole.ORIGINAL)
    return document


def issued(session: Session, place: Province) -> OutgoingDocument:
    """Issued, checked and read."""
    document = bring(session, place.a, draft(session, place), State.ISSUED)
    issued = newest(session, document, FileRole.ISSUED)
    jobs.run(session, "signatures.check_file", file_id=issued.id)
    jobs.run(session, "documents.read_text", file_id=issued.id)
    return document


def new(place: Province, kind: str, medium: Medium, **changes: object) -> NewCopy:
    """A copy by the leader for agency B; the test names only what it is about."""
    fields = {"signer_id": place.a.posts[Role.LEADER].id, "recipients": (place.b.agency.code,)}
    return NewCopy(kind, medium, **fields | changes)  # type: ignore[arg-type]  # fields of the class


def page_words(session: Session, document: OutgoingDocument, role: FileRole, number: int = 0) -> str:
    """What is written on a page of its newest file of a role."""
    return pages.page_text(path(newest(session, document, role)))[number].text


def made(session: Session, actor: Actor, document_id: int, new: NewCopy) -> OutgoingDocument:
    """Asked for and allowed."""
    asked = copying.ask(session, actor, document_id, new)
    leader = accounts.actor_of(session, accounts.by_names(session, ["a_leader"])["a_leader"])
    return copying.allow(session, leader, asked.id)
