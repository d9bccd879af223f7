"""Retention, holds, destruction by decision, and what is taken out of a dossier."""

import hashlib
import io
import os
import zipfile

import pikepdf
import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import etree
from sqlalchemy.orm import Session

from eoffice.core import clock, jobs
from eoffice.core.audit import AuditEntry
from eoffice.core.blobs import blobs
from eoffice.core.db import transaction
from eoffice.core.errors import Forbidden
from eoffice.directions.operations import Named
from eoffice.directory.models import Role
from eoffice.documents import operations as writes
from eoffice.documents import queries as documents
from eoffice.documents.models import DocumentFile, LinkKind, PageText
from eoffice.documents.pages import page_text
from eoffice.dossiers import archiving, operations, packages, papers, queries, service
from eoffice.dossiers.models import Destruction, Dossier, DossierHeading
from eoffice.dossiers.queries import Waits
from eoffice.dossiers.states import Fate, State
from eoffice.incoming import passing, prepared
from eoffice.incoming.passing import Onward
from eoffice.outgoing import issuing
from eoffice.outgoing.states import State as OutState
from eoffice.signatures import checking
from eoffice.signatures.awaited import TwoStep, ValueWanted
from eoffice.signatures.models import KeyPurpose
from signing.report import Verdict
from tests.dossiers import files
from tests.factories import PIN, House, Province, province
from tests.incoming import steps as incoming
from tests.outgoing import drafts
from tests.signatures.keys import equip, pki, to_token
from tests.web import client_for

DECISION = "Quyết định số 9/QĐ-SNNMT ngày 20/11/2026"


@pytest.fixture
def place(session: Session) -> Province:
    """Two agencies, in an installation that can check signatures."""
    pki()
    return province(session)


@pytest.fixture
def house(place: Province) -> House:
    """The one whose archive it is."""
    return place.a


def _decided(session: Session, house: House, dossier_id: int) -> Destruction:
    made = archiving.propose(session, house.archivist, [dossier_id])
    return archiving.decide(session, house.leader, made.id, DECISION)


def _age(sha256: str) -> None:
    """As if the bytes had been stored long ago."""
    os.utime(blobs().path(sha256), (0, 0))


def test_requirement_36_nothing_is_destroyed_before_its_time_or_without_a_decision(
    session: Session, house: House
) -> None:
    dossier = files.archived(session, house)
    with pytest.raises(archiving.NotExpired):
        archiving.propose(session, house.archivist, [dossier.id])
    dossier.end_on = files.LONG_AGO.date()
    session.commit()
    made = archiving.propose(session, house.archivist, [dossier.id])
    with pytest.raises(archiving.NotNow):
        archiving.destroy(session, house.archivist, made.id)
    with pytest.raises(Forbidden):
        archiving.decide(session, house.archivist, made.id, DECISION)
    with pytest.raises(archiving.NeedsDecision):
        archiving.decide(session, house.leader, made.id, "")


@pytest.mark.slow
def test_requirement_42_a_hold_overrides_retention_even_after_the_decision(
    session: Session, house: House
) -> None:
    dossier = files.expired(session, house)
    made = _decided(session, house, dossier.id)
    archiving.hold(session, house.archivist, dossier.id, "Đang thanh tra")
    archiving.hold(session, house.archivist, dossier.id, "Tòa án yêu cầu")
    with pytest.raises(archiving.OnHold) as refused:
        archiving.destroy(session, house.archivist, made.id)
    assert "Tòa án yêu cầu; Đang thanh tra" in str(refused.value)
    session.refresh(dossier)
    assert dossier.state is State.ARCHIVED
    with pytest.raises(archiving.NeedsGround):  # who destroys does not judge alone whether the reason is over
        archiving.release(session, house.archivist, dossier.id, "Đã kết luận thanh tra")
    ended = "Kết luận thanh tra số 12/KL-TTr ngày 20/11/2026"
    archiving.release(session, house.archivist, dossier.id, ended)
    with pytest.raises(archiving.NotNow):
        archiving.release(session, house.archivist, dossier.id, ended)
    assert archiving.destroy(session, house.archivist, made.id).certificate_sha256 is not None


def test_the_head_refuses_a_list_and_the_archivist_takes_one_back(
    app: Flask, session: Session, house: House
) -> None:
    dossier = files.expired(session, house)
    made = archiving.propose(session, house.archivist, [dossier.id])
    leader, page = client_for(app, "a_leader"), f"/dossiers/destruction/{made.id}"
    assert leader.post(f"{page}/drop", data={"note": ""}).status_code == 422
    assert client_for(app, "a_specialist").post(f"{page}/drop", data={"note": "Giữ lại"}).status_code == 404
    assert leader.post(f"{page}/drop", data={"note": "Còn tranh chấp đất"}).status_code == 303
    assert "Còn tranh chấp đất" in client_for(app, "a_archivist").get(page).text
    assert leader.post(f"{page}/drop", data={"note": "lần nữa"}).status_code == 409
    session.expire_all()
    for late in (
        lambda: archiving.decide(session, house.leader, made.id, DECISION),
        lambda: archiving.destroy(session, house.archivist, made.id),
    ):
        with pytest.raises(archiving.NotNow):
            late()
    again = _decided(session, house, dossier.id)
    archiving.drop(session, house.archivist, again.id, "Quyết định sai số")
    assert Waits.CARRY_OUT not in queries.waiting(session, house.archivist)
    assert dossier in queries.expired(session, house.agency.id, clock.today())


def test_a_hold_placed_since_a_list_was_proposed_is_told_and_nothing_is_decided(
    app: Flask, session: Session, house: House
) -> None:
    dossier = files.expired(session, house)
    made = archiving.propose(session, house.archivist, [dossier.id])
    archiving.hold(session, house.archivist, dossier.id, "Thanh tra đang xem")
    leader, page = client_for(app, "a_leader"), f"/dossiers/destruction/{made.id}"
    assert "Thanh tra đang xem" in leader.get(page).text
    assert leader.post(f"{page}/decide", data={"decision": DECISION}).status_code == 409


@pytest.mark.slow
def test_each_step_of_the_archive_waits_on_the_desk_of_whoever_takes_it(
    app: Flask, session: Session, house: House
) -> None:
    def desks() -> dict[str, set[Waits]]:
        return {
            who: set(queries.waiting(session, actor))
            for who, actor in people.items()
            if queries.waiting(session, actor)
        }

    people = {
        "worker": house.specialist,
        "archivist": house.archivist,
        "leader": house.leader,
        "clerk": house.clerk,
    }
    equip(session, house)
    returned = files.returned(session, house)
    heading = session.get_one(DossierHeading, returned.heading_id)
    listed = {Waits.APPROVE} if heading.plan.approved_at is None else set()
    assert desks() == {"worker": {Waits.RETURNED}} | ({"leader": listed} if listed else {})
    assert "Hồ sơ bị trả lại" in client_for(app, "a_specialist").get("/").get_data(as_text=True)
    service.hand_over(session, house.specialist, [returned.id])
    assert desks()["archivist"] == {Waits.ACCEPT}
    archiving.accept(session, house.archivist, returned.id)
    with transaction(session):
        returned.end_on = files.LONG_AGO.date()
    made = archiving.propose(session, house.archivist, [returned.id])
    assert desks() == {"leader": {Waits.DECIDE}}, "nobody approves the list of what is all with the archive"
    archiving.decide(session, house.leader, made.id, DECISION)
    assert desks()["archivist"] == {Waits.CARRY_OUT}
    archiving.destroy(session, house.archivist, made.id)
    assert desks()["clerk"] == {Waits.CERTIFY}
    archiving.certify(session, house.clerk, made.id, PIN)
    assert desks() == {}


@pytest.mark.slow
def test_nothing_is_destroyed_of_a_dossier_whose_business_is_not_over(
    session: Session, place: Province, house: House
) -> None:
    proposed, decided, fresh = (_expired(session, house, title) for title in ("", "Đã quyết định", "Mới"))
    first = archiving.propose(session, house.archivist, [proposed.id])
    second = _decided(session, house, decided.id)
    draft = drafts.draft(session, place)
    with transaction(session):  # as it was before dossiers were checked at their closing
        for dossier in (proposed, decided, fresh):
            operations.file(session, house.specialist, dossier, draft)
        archived = [post.person_id for post in house.posts.values()]
        writes.give_access(session, house.specialist, draft, person_ids=archived, warned=False)
    for act in (
        lambda: archiving.propose(session, house.archivist, [fresh.id]),
        lambda: archiving.decide(session, house.leader, first.id, DECISION),
        lambda: archiving.destroy(session, house.archivist, second.id),
    ):
        with pytest.raises(archiving.NotOver, match="2, “Hướng dẫn lịch thời vụ"):
            act()
    assert [one.destroyed_at for one in documents.files(session, draft)] == [None]
    session.refresh(decided)
    assert decided.state is State.ARCHIVED


def _expired(session: Session, house: House, title: str) -> Dossier:
    dossier = files.handed_over(session, house, title)
    archiving.accept(session, house.archivist, dossier.id)
    dossier.end_on = files.LONG_AGO.date()
    session.commit()
    return dossier


@pytest.mark.slow
def test_destroyed_bytes_are_gone_and_the_signed_certificate_says_what_they_were(
    session: Session, house: House, app: Flask
) -> None:
    equip(session, house)
    dossier = files.expired(session, house)
    document = queries.everything(session, dossier)[0].document
    (file,) = documents.files(session, document)
    jobs.work_off(session)
    _age(file.sha256)
    made = archiving.destroy(session, house.archivist, _decided(session, house, dossier.id).id)
    jobs.work_off(session)
    assert not blobs().exists(file.sha256)
    assert session.scalar(sa.select(sa.func.count()).select_from(PageText)) == 0
    with pytest.raises(documents.Destroyed):
        documents.readable_file(session, house.clerk, file.id)
    with pytest.raises(service.Destroyed):
        service.take_along(session, house.archivist, dossier.id, "sip")
    with pytest.raises(passing.NothingLeft):
        passing.pass_on(session, house.clerk, document.id, Onward([Named(unit_id=house.unit.id)]))
    assert documents.one(session, house.clerk, document.id).subject == document.subject
    page = client_for(app, "a_clerk").get(f"/incoming/{document.id}").get_data(as_text=True)
    assert "pass-on" not in page
    assert "/copy" not in page
    assert client_for(app, "a_clerk").get(f"/incoming/{document.id}/pass-on").status_code == 409
    _certified_by_token(session, house, made.id)
    assert made.signed_sha256 is not None
    assert checking.check(blobs().path(made.signed_sha256)).verdict is Verdict.VALID
    words = " ".join(
        " ".join(page.text.split()) for page in page_text(blobs().path(made.signed_sha256), limit=9)
    )
    assert file.sha256 in words.replace(" ", "")
    assert DECISION in words
    with pytest.raises(archiving.NotNow):
        archiving.certify(session, house.clerk, made.id, PIN)
    told = session.scalars(
        sa.select(AuditEntry.details).where(AuditEntry.action == "documents.files_destroyed")
    )
    assert [one["files"] for one in told] == [[f"{file.name} {file.sha256}"]]


def _certified_by_token(session: Session, house: House, destruction_id: int) -> None:
    """In two steps, as the clerk's machine does it."""
    key = to_token(session, house, KeyPurpose.AGENCY)
    with pytest.raises(ValueWanted) as wanted:
        archiving.certify(session, house.clerk, destruction_id, TwoStep())
    value = key.sign(wanted.value.attributes, wanted.value.digest)
    archiving.certify(session, house.clerk, destruction_id, TwoStep(wanted.value.batch, value))


@pytest.mark.slow
def test_bytes_that_any_agency_still_names_or_that_were_just_stored_stay(
    session: Session, house: House
) -> None:
    dossier = files.expired(session, house)
    (file,) = documents.files(session, queries.everything(session, dossier)[0].document)
    other = files.paper(session, house)  # the same scan once more
    assert documents.files(session, other)[0].sha256 == file.sha256
    _age(file.sha256)
    archiving.destroy(session, house.archivist, _decided(session, house, dossier.id).id)
    jobs.work_off(session)
    assert blobs().exists(file.sha256)
    session.execute(sa.update(DocumentFile).values(destroyed_at=file.destroyed_at))
    session.commit()
    with blobs().open(file.sha256) as again:
        blobs().put(again)
    jobs.run(session, "documents.erase", sha256=file.sha256)
    assert blobs().exists(file.sha256)
    _age(file.sha256)
    jobs.run(session, "documents.erase", sha256=file.sha256)
    assert not blobs().exists(file.sha256)


@pytest.mark.slow
def test_a_document_that_lies_in_a_living_dossier_stays(session: Session, house: House) -> None:
    dossier = files.expired(session, house)
    document = queries.everything(session, dossier)[0].document
    other = service.open_dossier(session, house.specialist, files.new(dossier.heading, "Còn dùng"))
    service.file(session, house.specialist, other.id, document.id)
    made = archiving.destroy(session, house.archivist, _decided(session, house, dossier.id).id)
    assert [one.destroyed_at for one in documents.files(session, document)] == [None]
    assert made.certificate_sha256 is not None
    words = page_text(blobs().path(made.certificate_sha256), limit=2)[0].text
    assert "1 văn bản còn thuộc hồ sơ khác, không hủy" in " ".join(words.split())


# Taken out


def test_requirement_33_a_dossier_leaves_as_pdf_in_time_order_and_as_xml_with_the_laws_fields(
    session: Session, house: House
) -> None:
    dossier = files.closed(session, house)
    _, enclosed = service.take_along(session, house.specialist, dossier.id, "pdf")
    with pikepdf.open(io.BytesIO(packages.as_pdf(house.agency, dossier, enclosed))) as pdf:
        listed = papers.contents(house.agency, dossier, [one.placed for one in enclosed]).pages
        assert len(pdf.pages) == listed + 1
    root = etree.fromstring(packages.as_xml(house.agency, dossier, enclosed))
    assert root.findtext("FileCode/FileNotation") == dossier.notation
    assert root.findtext("Maintenance") == "10 năm"
    assert root.findtext("Documents/Document/CodeNotation") == "TTr-UBND"
    assert root.findtext("Documents/Document/DocOrdinal") == "1"
    assert root.find("Documents/Document/File").get("sha256") == enclosed[0].files[0].sha256  # type: ignore[union-attr]  # it is there


@pytest.mark.slow
def test_lists_of_contents_say_which_document_was_replaced_or_is_void(
    session: Session, place: Province, house: House
) -> None:
    equip(session, house)
    dossier = files.filled(session, house)
    replaced = queries.everything(session, dossier)[0].document
    newer = incoming.registered(session, house)
    void = drafts.bring(session, house, drafts.draft(session, place), OutState.SEALING)
    service.file(session, house.specialist, dossier.id, void.id, "bản chính")
    issuing.void_number(session, house.clerk, void.id, "Sai người nhận")
    with transaction(session):
        writes.link(session, house.clerk, newer, replaced, LinkKind.REPLACES)
    service.close(session, house.specialist, dossier.id)
    rows = queries.everything(session, dossier)
    assert queries.fates(session, rows) == {replaced.id: Fate.REPLACED, void.id: Fate.VOID}
    _, enclosed = service.take_along(session, house.specialist, dossier.id, "xml")
    root = etree.fromstring(packages.as_xml(house.agency, dossier, enclosed))
    told = [one.text for one in root.findall("Documents/Document/Description")]
    assert told == ["Đã được thay thế", "bản chính; Số đã hủy bỏ"]
    printed = blobs().put_bytes(packages.contents(house.agency, dossier, enclosed).pdf)
    words = " ".join(page_text(blobs().path(printed.sha256), limit=1)[0].text.split())
    assert "Đã được thay thế" in words
    with packages.spooled_sip(house.agency, dossier, enclosed) as made, zipfile.ZipFile(made) as package:
        ead = next(name for name in package.namelist() if name.endswith("EAD.xml"))
        assert "Số đã hủy bỏ" in package.read(ead).decode()


@pytest.mark.slow
def test_a_number_stays_in_force_while_the_archive_keeps_its_document(
    session: Session, place: Province, house: House
) -> None:
    equip(session, house)
    dossier = files.handed_over(session, house)
    numbered = drafts.bring(session, house, drafts.draft(session, place), OutState.SEALING)
    with transaction(session):
        operations.file(session, house.specialist, dossier, numbered)
    with pytest.raises(operations.KeptInDossier, match=dossier.notation):
        issuing.void_number(session, house.clerk, numbered.id, "Sai người nhận")


def test_what_the_leader_wrote_by_hand_goes_along_with_its_document(session: Session, house: House) -> None:
    """Article 29: a dossier holds all that shows how the work was decided."""
    letter = incoming.submitted(session, house)
    prepared.direct_on_paper(
        session, house.secretary, letter.id, house.posts[Role.LEADER].id, incoming.to_person(house),
        incoming.scan("but phe.pdf"),
    )  # fmt: skip
    dossier = files.opened(session, house)
    service.file(session, house.specialist, dossier.id, letter.id)
    _, [enclosed] = service.take_along(session, house.specialist, dossier.id, "pdf")
    assert "but phe.pdf" in [one.name for one in enclosed.files]


def test_requirement_35_the_sip_names_every_file_with_its_hash(session: Session, house: House) -> None:
    dossier = files.filled(session, house)
    with pytest.raises(service.StillOpen):
        service.take_along(session, house.specialist, dossier.id, "sip")
    dossier = service.close(session, house.specialist, dossier.id)
    _, enclosed = service.take_along(session, house.specialist, dossier.id, "sip")
    with packages.spooled_sip(house.agency, dossier, enclosed) as made, zipfile.ZipFile(made) as package:
        assert package.testzip() is None
        names = package.namelist()
        top = names[0].partition("/")[0]
        assert top.startswith("uuid-")
        assert {name.partition("/")[2].partition("/")[0] for name in names} == {
            "METS.xml", "metadata", "representations", "schemas",
        }  # fmt: skip
        mets = etree.fromstring(package.read(f"{top}/METS.xml"))
        assert mets.get("OBJID") == top
        space = {"m": packages.METS, "x": packages.XLINK}
        for entry in mets.findall(".//m:file", space):
            place = entry.find("m:FLocat", space)
            assert place is not None
            data = package.read(f"{top}/{place.get('{' + packages.XLINK + '}href')}")
            assert len(data) == int(entry.get("SIZE", "0"))
            assert entry.get("CHECKSUM") == hashlib.sha256(data).hexdigest()
        for entry in mets.findall(".//m:mdRef", space):
            data = package.read(f"{top}/{entry.get('{' + packages.XLINK + '}href')}")
            assert (len(data), hashlib.sha256(data).hexdigest()) == (
                int(entry.get("SIZE", "0")), entry.get("CHECKSUM"),
            )  # fmt: skip
        named = {one.get("{" + packages.XLINK + "}href") for one in mets.iter() if one.get("SIZE") is None}
        named |= {one.get("{" + packages.XLINK + "}href") for one in mets.findall(".//m:mdRef", space)}
        assert {name.partition("/")[2] for name in package.namelist()} - named == {"METS.xml"}, (
            "all is referred to"
        )
        assert len({info.date_time[:4] for info in package.infolist()}) == 1, "one clock"
        schema = etree.XMLSchema(etree.fromstring(package.read(f"{top}/schemas/dossier.xsd")))
        schema.assertValid(etree.fromstring(package.read(f"{top}/metadata/descriptive/dossier.xml")))
        assert (
            etree.fromstring(package.read(f"{top}/metadata/preservation/PREMIS.xml")).get("version") == "3.0"
        )


def test_the_forms_of_the_law_are_set_with_their_columns(session: Session, house: House) -> None:
    dossier = files.handed_over(session, house)
    plan = queries.plan(session, house.agency.id, dossier.year)
    assert plan is not None
    listed = papers.plan(house.agency, plan, queries.planned(session, plan))
    made = queries.hand_over(session, house.specialist, dossier.hand_over_id or 0)
    minutes = papers.minutes(house.agency, made, queries.totals(session, [dossier.id]))
    for paper, words in ((listed, "I. Thủy lợi"), (minutes, "1 hồ sơ, 1 văn bản điện tử")):
        blob = blobs().put_bytes(paper.pdf)
        assert words in " ".join(page_text(blobs().path(blob.sha256), limit=1)[0].text.split())


def test_a_list_waits_for_approval_by_what_stands_on_it_and_not_on_others(session: Session) -> None:
    place, year = province(session), clock.today().year
    files.heading(session, place.a)
    assert queries.year_to_approve(session, place.a.agency.id) == year, "a new list, nothing opened on it yet"
    files.opened(session, place.b)
    assert queries.year_to_approve(session, place.a.agency.id) == year, (
        "what another agency opened says nothing"
    )
    done = service.open_dossier(
        session, place.a.specialist, files.new(queries.headings(session, place.a.agency.id, year)[0])
    )
    with transaction(session):
        session.execute(sa.update(Dossier).where(Dossier.id == done.id).values(archived_at=clock.now()))
    assert queries.year_to_approve(session, place.a.agency.id) is None, "all of it is with the archive"
    assert queries.year_to_approve(session, place.b.agency.id) == year
