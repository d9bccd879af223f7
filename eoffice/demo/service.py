"""Fill the province, calling the services as its people would; called again, it goes on where it stopped."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import partial
from io import BytesIO
from pathlib import Path

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from eoffice.accounts import permissions
from eoffice.accounts import service as accounts
from eoffice.accounts.models import User
from eoffice.core import access, clock, jobs
from eoffice.core.config import INSTANCE, settings
from eoffice.core.db import transaction
from eoffice.core.errors import AppError
from eoffice.core.permissions import Actor, system_actor
from eoffice.core.workdays import add_days
from eoffice.demo import archive
from eoffice.demo.province import OUTSIDE, OUTSIDE_SYSTEM, PASSWORD, PIN, PLACES, Place, Someone, username
from eoffice.demo.stories import PAPERS, STORIES, Paper, Story
from eoffice.directions import service as directions
from eoffice.directions.models import Task, TaskState
from eoffice.directions.operations import Named, NewDirection
from eoffice.directory import operations as directory
from eoffice.directory import queries as people
from eoffice.directory import roles
from eoffice.directory.models import Agency, Assignment, Person, Role, Unit
from eoffice.documents import operations as documents
from eoffice.documents import registers, rights
from eoffice.documents.layout.letter import Letter
from eoffice.documents.layout.samples import sample_scan_pdf
from eoffice.documents.models import Direction, DocumentFile
from eoffice.documents.permissions import DOCUMENT_READ_ALL
from eoffice.gateway import service as gateway
from eoffice.incoming import service as incoming
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.operations import NewIncoming
from eoffice.incoming.states import State as In
from eoffice.outgoing import issuing, service
from eoffice.outgoing.drafting import Fields, Text, usual_copies
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.workflow import State as Out
from eoffice.signatures import demonstration, trust
from eoffice.signatures import service as keys
from eoffice.signatures.models import ImageKind, KeyPurpose, SigningKey

log = structlog.get_logger(__name__)

#: documents made before the address is printed; the worker makes the rest
AT_ONCE = 4


def fill(session: Session) -> None:
    """Make people, keys and the first documents, and leave the rest to the worker."""
    with _alone(session):
        if not people.hosted(session):  # others may be known from the axis already
            _people(session)
        _keys(session)
        trust.fetch_revocation(session)
        gateway.announce(session, system_actor())
        for story in STORIES[:AT_ONCE]:
            _as_far_as_it_goes(partial(tell, session, story))
    with transaction(session):
        jobs.enqueue(session, "demo.go_on", _once="demo")


def go_on(session: Session) -> bool:
    """Take every story as far as it can go now; True when all are told."""
    with _alone(session):
        told = [_as_far_as_it_goes(partial(tell, session, story)) for story in STORIES]
        told += [_as_far_as_it_goes(partial(scan, session, paper)) for paper in PAPERS]
        parts = [(story, part) for story in STORIES for part in story.taken]
        taken = [_as_far_as_it_goes(partial(take, session, story, *part)) for story, part in parts]
        if all(told):
            _as_far_as_it_goes(partial(_keep_dossiers, session))
    return all(told) and all(taken)


def _as_far_as_it_goes(part: Callable[[], object]) -> bool:
    """Whether a part of the stories is told. Where people changed the office since (a post ended, an agency was merged)
    it stays as it is: the office belongs to them, and it starts."""
    try:
        return part() is not False
    except AppError as changed:
        log.warning("story left as it is", reason=str(changed))
        return True


@contextmanager
def _alone(session: Session) -> Iterator[None]:
    """One storyteller at a time: a worker may still have the job of an earlier start."""
    with session.get_bind().engine.connect() as guard:
        guard.execute(sa.text("SELECT pg_advisory_lock(7306)"))
        guard.commit()
        try:
            yield
        finally:
            guard.execute(sa.text("SELECT pg_advisory_unlock(7306)"))


def _people(session: Session) -> None:
    system = system_actor()
    with transaction(session):
        for code, old_code, name, abbreviation in OUTSIDE:
            directory.save_agency(
                session, system, code, name, old_code=old_code, abbreviation=abbreviation,
                on_axis=code == OUTSIDE_SYSTEM,
            )  # fmt: skip
        for place in PLACES:
            _agency(session, place)
    for agency in people.hosted(session):
        _confirm_rights(session, agency)


def _agency(session: Session, place: Place) -> None:
    system = system_actor()
    agency = directory.save_agency(
        session, system, place.code, place.name, old_code=place.old_code, abbreviation=place.abbreviation,
        parent_name=place.parent, place=place.place, hosted=True, collective=place.collective,
        email=f"vanthu.{place.mark}@angiang.example",
    )  # fmt: skip
    units = {short: directory.add_unit(session, system, agency, name, short) for short, name in place.units}
    leader: Assignment | None = None
    for order, someone in enumerate(place.people):
        person = directory.add_person(session, system, someone.name)
        post = directory.assign(
            session, system, person, agency, someone.role, someone.title, unit=units.get(someone.unit),
            authority=someone.authority.replace("|", "\n"), valid_from=date(clock.today().year, 1, 1),
            position=order, assists=leader if someone.role == Role.SECRETARY else None,
        )  # fmt: skip
        leader = leader or (post if someone.role == Role.LEADER else None)
        accounts.add_user(session, system, person, username(place, someone), PASSWORD)
    # a role of its own, for whoever keeps an eye on the whole agency's work; nobody has it yet
    overseeing = permissions.standard(Role.SPECIALIST) | {DOCUMENT_READ_ALL}
    roles.make(session, system, agency.id, "Chuyên viên tổng hợp", Role.SPECIALIST, overseeing, shared=False)
    year = clock.today().year
    for direction, code, name, kinds in (
        (Direction.IN, "DEN", "Văn bản đến", ()),
        (Direction.OUT, "CV", "Công văn", ("CV",)),
        (Direction.OUT, "QD", "Quyết định", ("QD",)),
        (Direction.OUT, "VB", "Văn bản có tên loại khác", ()),
    ):
        registers.open_register(session, system, agency.id, year, direction, code, f"{name} {year}", kinds)


def _confirm_rights(session: Session, agency: Agency) -> None:
    """Those who are competent have looked at who got which post, each at those of the others."""
    competent = rights.confirmers(session, system_actor(agency.id))
    users = accounts.of_people(session, [post.person_id for post in competent])
    for user in users.values():
        actor = accounts.actor_of(session, user)
        others = [
            one
            for one in access.waiting(session, actor, 1000)
            if not rights.instead_of(actor, one, competent)
        ]
        if others:
            rights.confirm(session, actor, [one.entry_id for one in others])


def _keys(session: Session) -> None:
    """Keys and pictures of everybody who signs and of every agency; those that are there stay."""
    system, folder = system_actor(), settings().get(INSTANCE) / "pki"
    for agency in people.hosted(session):
        if not _has_key(session, agency, None):
            made = demonstration.agency_key(folder, agency.name, agency.code, PIN)
            keys.add_key(session, system, made, KeyPurpose.AGENCY, agency, None, PIN)
            seal = demonstration.seal_picture(agency.name)
            keys.set_image(session, system, ImageKind.SEAL, agency, None, seal, demonstration.SEAL_WIDTH)
        # heads of units sign in others' stead (TL., TUQ.) once somebody lends them that
        heads = people.posts(session, agency.id, Role.CHIEF_OF_OFFICE, Role.UNIT_HEAD)
        for post in (*people.signers(session, agency.id), *heads):
            if not _has_key(session, agency, post.person):
                _person_key(session, folder, agency, post)


def _person_key(session: Session, folder: Path, agency: Agency, post: Assignment) -> None:
    system, person = system_actor(), post.person
    made = demonstration.person_key(folder, person.full_name, post.title, agency.name, PIN)
    keys.add_key(session, system, made, KeyPurpose.PERSON, agency, person, PIN)
    picture = demonstration.signature_picture(person.full_name)
    width = demonstration.SIGNATURE_WIDTH
    keys.set_image(session, system, ImageKind.SIGNATURE, agency, person, picture, width)


def _has_key(session: Session, agency: Agency, person: Person | None) -> bool:
    query = sa.select(SigningKey.id).where(
        SigningKey.agency_id == agency.id,
        SigningKey.person_id == person.id if person else SigningKey.person_id.is_(None),
    )
    return session.scalar(query.limit(1)) is not None


def _keep_dossiers(session: Session) -> None:
    unit = "CCTL"
    archive.keep(
        session, _actor(session, "snnmt", Role.CHIEF_OF_OFFICE), _actor(session, "snnmt", Role.UNIT_HEAD, unit),
        _actor(session, "snnmt", Role.SPECIALIST, unit), _actor(session, "snnmt", Role.ARCHIVIST),
        _actor(session, "snnmt", Role.LEADER),
    )  # fmt: skip


# Who does what: one actor for each role of an agency.


def _place(mark: str) -> Place:
    return next(place for place in PLACES if place.mark == mark)


def _someone(mark: str, role: Role, unit: str = "") -> Someone:
    found = [p for p in _place(mark).people if p.role == role]
    return next((p for p in found if p.unit == unit), found[0])


def _actor(session: Session, mark: str, role: Role, unit: str = "") -> Actor:
    name = username(_place(mark), _someone(mark, role, unit))
    return accounts.actor_of(session, session.scalars(sa.select(User).where(User.username == name)).one())


def _unit(session: Session, agency_id: int, abbreviation: str) -> Unit:
    query = sa.select(Unit).where(Unit.agency_id == agency_id, Unit.abbreviation == abbreviation)
    return session.scalars(query).one()


Step = Callable[[Session, Actor, int], object]

#: for each state: who takes the next step, and how
STEPS: Mapping[Out, tuple[Role, Step]] = {
    Out.DRAFT: (Role.SPECIALIST, service.submit),
    Out.APPROVAL: (Role.UNIT_HEAD, lambda s, a, d: service.approve(s, a, d, "Đồng ý nội dung")),
    Out.FORM_CHECK: (Role.CHIEF_OF_OFFICE, service.check_form),
    Out.SIGNATURE: (Role.LEADER, lambda s, a, d: issuing.sign(s, a, d, PIN)),
    Out.NUMBERING: (Role.CLERK, issuing.give_number),
    Out.SEALING: (Role.CLERK, lambda s, a, d: issuing.seal(s, a, d, PIN)),
    Out.ISSUING: (Role.CLERK, issuing.issue),
}


def tell(session: Session, story: Story) -> bool:
    """Write a document and take it as far as its story goes; True when it is there."""
    document = _written(session, story)
    if document is None:
        document = _draft(session, story)
    while document.state != story.until:
        if story.until == Out.SENT_BACK and document.state == Out.APPROVAL:
            head = _actor(session, story.writer, Role.UNIT_HEAD, story.unit)
            service.send_back(session, head, document.id, "Bổ sung số liệu quý III và căn cứ pháp lý")
        elif document.state in STEPS:
            role, step = STEPS[document.state]
            step(session, _actor(session, story.writer, role, story.unit), document.id)
        else:
            return True  # somebody took it further by hand
        session.refresh(document)
    return True


def _written(session: Session, story: Story) -> OutgoingDocument | None:
    author = _actor(session, story.writer, Role.SPECIALIST, story.unit)
    query = sa.select(OutgoingDocument).where(
        OutgoingDocument.agency_id == author.agency_id, OutgoingDocument.subject == story.subject
    )
    return session.scalars(query).first()


def _draft(session: Session, story: Story) -> OutgoingDocument:
    author = _actor(session, story.writer, Role.SPECIALIST, story.unit)
    assert author.agency_id is not None
    unit = _unit(session, author.agency_id, story.unit)
    signer = people.signers(session, author.agency_id)[0]
    to = [a.name for code in story.recipients if (a := people.agency_by_code(session, code)) is not None]
    fields = Fields(
        story.kind,
        story.subject,
        signer.id,
        story.recipients,
        unit.id,
        story.urgency,
        add_days(clock.today(), 5),
    )
    decision = story.kind == "QD"
    bases = ("Căn cứ Luật Thủy lợi ngày 19 tháng 6 năm 2017", "Theo đề nghị của đơn vị soạn thảo")
    text = Text(
        story.body,
        addressees=() if decision else tuple(to),
        bases=bases if decision else (),
        copies=usual_copies(unit, ("Như Điều 3",) if decision else ("Như trên",)),
    )
    return service.draft_from_template(session, author, fields, text)


def take(session: Session, story: Story, mark: str, until: In) -> bool:
    """Have a recipient here take an issued document as far as its story goes; False while it has not arrived."""
    clerk = _actor(session, mark, Role.CLERK)
    query = sa.select(IncomingDocument).where(
        IncomingDocument.agency_id == clerk.agency_id, IncomingDocument.subject == story.subject
    )
    document = session.scalars(query).first()
    if document is None:
        return False
    if until == In.WAITING:
        return True
    leader = _actor(session, mark, Role.LEADER)
    if document.state in (In.WAITING, In.CHECK):
        incoming.register(session, clerk, document.id, _entry(document))
    if document.state == In.REGISTERED and until != In.REGISTERED:
        assert leader.assignment_id is not None
        incoming.submit(session, clerk, document.id, leader.assignment_id)
    if document.state == In.SUBMITTED and until == In.IN_PROGRESS:
        _direct(session, document, mark, leader)
    return True


def _entry(document: IncomingDocument) -> NewIncoming:
    return NewIncoming(
        document.code_number, document.code_notation, document.issued_on, document.issuer_name,
        document.kind_code, document.subject, issuer_code=document.issuer_code, urgency=document.urgency,
        signer_name=document.signer_name, signer_title=document.signer_title, due_on=document.due_on,
        accept_duplicate=True,
    )  # fmt: skip


def _direct(session: Session, document: IncomingDocument, mark: str, leader: Actor) -> None:
    assert leader.agency_id is not None
    head = _actor(session, mark, Role.UNIT_HEAD)
    worker = _actor(session, mark, Role.SPECIALIST)
    units = people.units(session, leader.agency_id)
    unit = next(u for u in units if u.id in head.headed_unit_ids)
    others = tuple(Named(unit_id=u.id) for u in units if u.id != unit.id)[:1]
    opinion = f"Giao {unit.name} chủ trì tham mưu báo cáo; kiểm tra ngay cống Xẻo Rô."
    due = add_days(clock.today(), 2)
    directions.direct(
        session, leader, document.id, NewDirection(opinion, Named(unit_id=unit.id), others, due_on=due)
    )
    task = session.scalars(
        sa.select(Task).where(
            Task.document_id == document.id, Task.unit_id == unit.id, Task.state != TaskState.DONE
        )
    ).one()
    assert worker.assignment_id is not None
    directions.assign(
        session, head, task.id, worker.assignment_id, due, "Giao đồng chí dự thảo, lấy số liệu độ mặn."
    )


def scan(session: Session, paper: Paper) -> bool:
    """Take in a paper as its clerk would; True once it is there."""
    clerk = _actor(session, paper.receiver, Role.CLERK)
    if _scanned(session, clerk, paper):
        return True
    letter = Letter(
        agency=paper.issuer_lines, parent="UBND TỈNH AN GIANG", subject=paper.subject, body=paper.body,
        signer=paper.signer, authority=(paper.authority,), addressees=("Sở Nông nghiệp và Môi trường",),
        recipients=("Như trên", "Lưu: VT"), number_text=f"Số: {paper.number}/{paper.notation}",
        place_and_date=f"An Giang, ngày {clock.today():%d} tháng {clock.today().month} năm {clock.today().year}",
    )  # fmt: skip
    upload = documents.take_in(BytesIO(sample_scan_pdf(letter)), f"{paper.number}-{paper.notation}.pdf")
    if paper.until == In.WAITING:
        incoming.receive_scan(session, clerk, upload)
        return True
    entry = NewIncoming(
        paper.number, paper.notation, clock.today(), paper.issuer, "CV", paper.subject,
        signer_name=paper.signer, signer_title="Giám đốc",
    )  # fmt: skip
    incoming.register_scan(session, clerk, entry, upload)
    return True


def _scanned(session: Session, clerk: Actor, paper: Paper) -> bool:
    """Known by its file name: a scan that waits has no fields yet."""
    query = sa.select(DocumentFile.id).where(
        DocumentFile.agency_id == clerk.agency_id, DocumentFile.name == f"{paper.number}-{paper.notation}.pdf"
    )
    return session.scalar(query.limit(1)) is not None
