"""Agencies are merged in one step: registers end, open work moves, what is done stays and is found by both."""

import html
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.admin import merging
from eoffice.admin.merging import NewMerger
from eoffice.core import clock, jobs
from eoffice.core.blobs import blobs
from eoffice.core.db import transaction
from eoffice.directions import queries as directions
from eoffice.directions import service as directing
from eoffice.directions.models import Part, Task, TaskState
from eoffice.directions.operations import Named, NewDirection
from eoffice.directory import queries
from eoffice.directory.models import Role
from eoffice.documents import groups, registers
from eoffice.documents.models import Direction
from eoffice.documents.pages import page_text
from eoffice.documents.permissions import DOCUMENT_READ, may_know
from eoffice.dossiers import service as dossiers
from eoffice.dossiers.models import DossierDocument, DossierHeading
from eoffice.dossiers.queries import contents
from eoffice.gateway import arrivals
from eoffice.gateway.arrivals import Arrived
from eoffice.gateway.contents import ArrivalContent
from eoffice.gateway.models import Arrival, Packet
from eoffice.incoming import envelopes
from eoffice.incoming.envelopes import NewEnvelope
from eoffice.incoming.models import EnvelopeSign
from eoffice.outgoing import service as drafting
from eoffice.outgoing.models import Remark
from eoffice.outgoing.states import State as Out
from eoffice.reports import service as reports
from eoffice.reports.books import Span
from eoffice.reports.columns import Form
from eoffice.signatures import checking
from signing.report import Verdict
from tests.admin.mergers import BASIS, as_of_now, everybody_follows, keeper_of, plan_of
from tests.admin.mergers import place as place  # the same two agencies
from tests.dossiers import files
from tests.factories import PIN, Province, house
from tests.home import made
from tests.incoming import steps
from tests.signatures.keys import equip
from tests.web import client_for


@pytest.mark.slow
def test_a_merger_closes_registers_moves_what_is_open_and_both_are_found(
    app: Flask, session: Session, place: Province
) -> None:
    done = steps.done(session, place.a)
    working, _task = steps.in_progress(session, place.a)
    waiting = steps.submitted(session, place.a)
    draft = made.outgoing(session, place.a, "dự thảo đang chờ duyệt", Out.APPROVAL)
    issued = made.outgoing(
        session, place.a, "văn bản cũ đã phát hành", Out.ISSUED, code_number="77", issued_on=date(2026, 3, 1)
    )
    last = registers.next_number(session, place.a.agency.id, Direction.IN, "CV") - 1
    number = working.register_number
    merger = plan_of(session, place)
    everybody_follows(session, place, merger)
    with clock.freeze(clock.now() + timedelta(days=1)):
        found = merging.carry_out(session, keeper_of(session, place), merger.id)
        assert (found.incoming, found.drafts, found.problems) == (2, 1, [])
        by_code = {register.code: gaps for register, gaps in found.registers}
        assert (by_code["DEN"].last, by_code["DEN"].sound) == (last, True)
        session.expire_all()
        assert all(
            one.closed_at for one in registers.registers(session, place.a.agency.id, clock.today().year)
        )
        # open work: the same documents, numbers and names, now with those who follow
        specialist, leader = (
            as_of_now(session, place, Role.SPECIALIST),
            as_of_now(session, place, Role.LEADER),
        )
        assert [one.document_id for one in directions.to_do(session, specialist)] == [working.id]
        assert (working.agency_id, working.register_number) == (place.b.agency.id, number)
        assert waiting.submitted_to_id == leader.assignment_id
        assert (draft.agency_id, draft.state, draft.issuer_name) == (
            place.b.agency.id, Out.SENT_BACK, place.b.agency.name,
        )  # fmt: skip
        with pytest.raises(drafting.OldHead):  # its page still names the agency that was
            drafting.submit(session, specialist, draft.id)
        # what is done stays where and as it was, and the clerk who follows finds old and new
        assert (done.agency_id, issued.agency_id) == (place.a.agency.id, place.a.agency.id)
        assert issued.issuer_name == place.a.agency.name
        clerk = client_for(app, "b_clerk")
        page = html.unescape(clerk.get("/search?q=van ban cu").get_data(as_text=True))
        assert "văn bản cũ đã phát hành" in page
        assert clerk.get(f"/outgoing/{issued.id}").status_code == 200
        assert clerk.get(f"/incoming/{done.id}").status_code == 200
        assert place.a.agency.name in clerk.get(f"/registers?year={clock.today().year}").get_data(
            as_text=True
        )
        # nobody signs in under the old agency, and its numbers are not given on
        with pytest.raises(accounts.NoPost):
            accounts.actor_of(session, place.a.users[Role.CLERK])
        with pytest.raises(registers.RegisterClosed):
            registers.next_number(session, place.a.agency.id, Direction.IN, "CV")
        assert steps.registered(session, place.b).register_number == 1


@pytest.mark.slow
def test_sealed_envelopes_stay_in_their_register_and_wait_for_who_follows(
    session: Session, place: Province
) -> None:
    to, leader = place.a.posts[Role.LEADER], place.a.posts[Role.LEADER].label
    here, taken = (
        envelopes.enter(session, place.a.clerk, NewEnvelope(EnvelopeSign.A, "Công an tỉnh", code, to.id))
        for code in ("1/CAT", "2/CAT")
    )
    envelopes.enter(
        session, place.b.clerk, NewEnvelope(EnvelopeSign.A, "Tỉnh đội", "", place.b.posts[Role.LEADER].id)
    )
    envelopes.receive(session, place.a.leader, taken.id, intact=True)
    merger = plan_of(session, place)
    keeper = keeper_of(session, place)
    assert [str(one) for one in merging.rehearse(session, keeper, merger.id).problems] == [
        f"Nobody takes over from {leader}. Choose who does, in the table below."
    ]
    everybody_follows(session, place, merger)
    assert merging.rehearse(session, keeper, merger.id).envelopes == 1
    with clock.freeze(clock.now() + timedelta(days=1)):
        assert merging.carry_out(session, keeper, merger.id).envelopes == 1
        session.expire_all()
        follows = as_of_now(session, place, Role.LEADER)
        assert envelopes.count_waiting(session, follows) == 2
        assert (here.number, here.agency_id) == (1, place.a.agency.id), "numbers of a register never change"
        assert envelopes.receive(session, follows, here.id, intact=True).received_by.startswith(follows.name)
        assert taken.to.label == leader, "what is done keeps its names"
        span = Span(Form.ENVELOPES, place.b.agency.id, clock.today() - timedelta(days=9), clock.today())
        rows = [
            (row[0], row[2], row[-1])
            for row in reports.lines(session, as_of_now(session, place, Role.CLERK), span, 9)
        ]
        year = here.year
        assert rows == [
            (f"1/{year}", "Tỉnh đội", ""),
            (f"1/{year}", "Công an tỉnh", f"Sổ của {place.a.agency.name}"),
            (f"2/{year}", "Công an tỉnh", f"Sổ của {place.a.agency.name}"),
        ]


@pytest.mark.slow
def test_a_divided_agencys_open_work_goes_where_whoever_leads_it_is_followed(
    app: Flask, session: Session, place: Province
) -> None:
    """A is divided: its specialist is followed in the third agency, everybody else in B."""
    third = house(session, "c", "H01.77", "Sở Công Thương", "SCT")
    working, _task = steps.in_progress(session, place.a)
    waiting = steps.submitted(session, place.a)
    directing.direct(
        session, place.a.leader, steps.submitted(session, place.a).id,
        NewDirection(
            "Làm", Named(unit_id=place.a.unit.id),
            coordinating=(Named(assignment_id=place.a.posts[Role.SPECIALIST].id),),
        ),
    )  # fmt: skip
    draft = made.outgoing(session, place.a, "dự thảo của chuyên viên", Out.DRAFT, unit_id=place.a.unit.id)
    issued = made.outgoing(
        session, place.a, "văn bản cũ", Out.ISSUED, code_number="7", issued_on=date(2026, 3, 1)
    )
    opened = files.opened(session, place.a)
    full = dossiers.open_dossier(
        session, place.a.specialist, files.new(session.get_one(DossierHeading, opened.heading_id), "Đã xong")
    )
    with transaction(session):
        remark = Remark(
            agency_id=place.a.agency.id, document_id=draft.id, version_no=1, words="Sửa", passage="",
            person_id=place.a.clerk.person_id, written_by="x", written_at=clock.now(),
        )  # fmt: skip
        placed = DossierDocument(
            agency_id=place.a.agency.id, dossier_id=full.id, document_id=issued.id, ordinal=1,
            filed_at=clock.now(), filed_by="x",
        )  # fmt: skip
        session.add_all([remark, placed])
    for house_ in (place.a, place.b):
        groups.save(
            session, house_.clerk, groups.NewGroup("Các sở", shared=True, codes=(place.outside.code,))
        )
    sealed = envelopes.enter(
        session, place.a.clerk,
        NewEnvelope(EnvelopeSign.A, "Công an tỉnh", "", place.a.posts[Role.SPECIALIST].id),
    )  # fmt: skip
    keeper, on = keeper_of(session, place), clock.today() + timedelta(days=1)
    with pytest.raises(merging.WrongAgencies):
        merging.plan(
            session, keeper, NewMerger(place.a.agency.id, place.b.agency.id, on, BASIS, (place.b.agency.id,))
        )
    merger = merging.plan(
        session, keeper, NewMerger(place.a.agency.id, place.b.agency.id, on, BASIS, (third.agency.id,))
    )
    assert [one.code for one in queries.successors(session, place.a.agency)] == [
        place.b.agency.code,
        "H01.77",
    ]
    pairs = {place.a.posts[role].id: place.b.posts[role].id for role in place.a.posts}
    pairs[place.a.posts[Role.SPECIALIST].id] = third.posts[Role.SPECIALIST].id
    merging.choose(session, keeper, merger.id, pairs, {place.a.unit.id: place.b.unit.id})
    admin = client_for(app, "b_administrator")
    page = html.unescape(admin.get(f"/admin/mergers/{merger.id}").get_data(as_text=True))
    assert f"{place.b.agency.name}; Sở Công Thương" in page
    assert merging.rehearse(session, keeper, merger.id).problems == []
    with clock.freeze(clock.now() + timedelta(days=1)):
        found = merging.carry_out(session, keeper, merger.id)
        assert (found.incoming, found.drafts) == (3, 1)
        session.expire_all()
        theirs = accounts.actor_of(session, third.users[Role.SPECIALIST])
        assert [one.document_id for one in directions.to_do(session, theirs)] == [working.id]
        assert (working.agency_id, draft.agency_id) == (third.agency.id, third.agency.id)
        # what is done is not divided: those who do not keep it are told who does
        told = f"{place.a.agency.name} do {place.b.agency.name} lưu giữ"
        assert told in html.unescape(client_for(app, "c_specialist").get("/search").text)
        assert told not in html.unescape(client_for(app, "b_specialist").get("/search").text)
        assert draft.drafter_id == third.posts[Role.SPECIALIST].id
        assert (draft.issuer_name, draft.unit_id) == ("Sở Công Thương", third.unit.id)
        assert waiting.agency_id == place.b.agency.id, (
            "who waits for the leader is with the leader who follows"
        )
        gone = session.scalars(sa.select(Task).where(Task.part == Part.COORDINATE)).one()
        assert (gone.state, gone.agency_id) == (TaskState.WITHDRAWN, place.b.agency.id)
        assert remark.agency_id == third.agency.id
        assert (full.agency_id, full.creator.role) == (place.b.agency.id, Role.CHIEF_OF_OFFICE)
        office = accounts.actor_of(session, place.b.users[Role.CHIEF_OF_OFFICE])
        inside = contents(session, office, full)
        assert (len(inside.rows), inside.hidden) == (1, 0), "who is in charge reads what is finished"
        kept = {who: groups.kept(session, who) for who in (theirs, office)}
        assert [[one.name for one in some] for some in kept.values()] == [
            ["Các sở"], ["Các sở", f"Các sở ({place.a.agency.code})"],
        ]  # fmt: skip
        for group in kept[theirs] + kept[office][1:]:
            assert group.printed == "Các sở"
            assert [one.code for one in groups.members(session, group).agencies] == [place.outside.code]
        assert (opened.agency_id, opened.creator.agency_id) == (third.agency.id, third.agency.id)
        assert envelopes.receive(session, theirs, sealed.id, intact=True).received_by.startswith(theirs.name)
        assert issued.agency_id == place.a.agency.id
        assert may_know(as_of_now(session, place, Role.CLERK), DOCUMENT_READ, issued), (
            "the first keeps what is done"
        )
        assert not may_know(theirs, DOCUMENT_READ, waiting)
        page = html.unescape(client_for(app, "c_clerk").get("/search?q=lở bờ kênh").get_data(as_text=True))
        assert f"/incoming/{working.id}" in page
        assert f"/incoming/{waiting.id}" not in page


def test_sight_follows_the_documents_and_nobody_else_gains_any(session: Session, place: Province) -> None:
    done = steps.done(session, place.a)
    mine = made.outgoing(session, place.a, "của chuyên viên cũ", Out.ISSUED)
    merger = plan_of(session, place)
    everybody_follows(session, place, merger)
    before = as_of_now(session, place, Role.CLERK)
    assert not may_know(before, DOCUMENT_READ, done)
    with clock.freeze(clock.now() + timedelta(days=1)):
        merging.carry_out(session, keeper_of(session, place), merger.id)
        session.expire_all()
        assert may_know(as_of_now(session, place, Role.CLERK), DOCUMENT_READ, done)
        assert not may_know(as_of_now(session, place, Role.SPECIALIST), DOCUMENT_READ, mine)


@pytest.mark.slow
def test_what_is_signed_and_not_issued_prevents_it(session: Session, place: Province) -> None:
    made.outgoing(session, place.a, "đã ký", Out.NUMBERING)
    merger = plan_of(session, place)
    everybody_follows(session, place, merger)
    assert [
        type(one) for one in merging.rehearse(session, keeper_of(session, place), merger.id).problems
    ] == [merging.HalfIssued]
    with clock.freeze(clock.now() + timedelta(days=1)), pytest.raises(merging.NotReady):
        merging.carry_out(session, keeper_of(session, place), merger.id)


@pytest.mark.slow
def test_dossiers_of_both_stand_side_by_side_under_the_names_they_had(
    app: Flask, session: Session, place: Province
) -> None:
    archived, theirs = files.archived(session, place.a), files.opened(session, place.b)
    assert archived.notation == theirs.notation, "each list counts for itself"
    of = session.get_one(DossierHeading, archived.heading_id)
    open_one = dossiers.open_dossier(session, place.a.specialist, files.new(of))
    old_keeper = archived.creator_id
    merger = plan_of(session, place)
    everybody_follows(session, place, merger)
    with clock.freeze(clock.now() + timedelta(days=1)):
        found = merging.carry_out(session, keeper_of(session, place), merger.id)
        session.expire_all()
        assert found.dossiers == 2
        assert open_one.agency_id == archived.agency_id == place.b.agency.id
        assert open_one.creator_id == place.b.posts[Role.SPECIALIST].id
        assert archived.creator_id == old_keeper, "what is with the archive keeps the name of who made it"
        specialist = client_for(app, "b_specialist")
        page = specialist.get(f"/dossiers/{open_one.id}").get_data(as_text=True)
        assert open_one.title in page
        assert client_for(app, "b_archivist").get(f"/dossiers/{archived.id}").status_code == 200
        # new ones are numbered under the list of the agency that follows alone
        heading = session.get_one(DossierHeading, theirs.heading_id)
        made_now = dossiers.open_dossier(
            session, as_of_now(session, place, Role.SPECIALIST), files.new(heading, "Việc mới")
        )
        assert made_now.notation == "02.TL"


@pytest.mark.slow
def test_the_last_numbers_are_certified_by_the_agency_that_keeps_the_books(
    app: Flask, session: Session, place: Province
) -> None:
    steps.registered(session, place.a)
    merger = plan_of(session, place)
    everybody_follows(session, place, merger)
    with clock.freeze(clock.now() + timedelta(days=1)):
        found = merging.carry_out(session, keeper_of(session, place), merger.id)
        register = next(one for one, _gaps in found.registers if one.code == "DEN")
        jobs.run(session, "reports.bind", register_id=register.id)
        equip(session, place.b)
        clerk = as_of_now(session, place, Role.CLERK)
        (book,) = reports.sign_books(session, clerk, register.id, PIN)
        verdict = checking.check(blobs().path(book.signed_sha256 or ""))
        assert verdict.verdict is Verdict.VALID
        assert [one.signer.name for one in verdict.signatures if one.signer] == [place.b.agency.name]
        words = page_text(blobs().path(book.signed_sha256 or ""))[-1].text
        assert "số cuối cùng: 1" in words
        assert client_for(app, "b_clerk").get(f"/registers/books/{book.id}.pdf").status_code == 200


def test_what_still_comes_under_the_old_code_arrives_at_the_agency_that_follows(
    session: Session, place: Province
) -> None:
    merger = plan_of(session, place)
    everybody_follows(session, place, merger)
    old, new = place.a.agency, place.b.agency
    with clock.freeze(clock.now() + timedelta(days=1)):
        merging.carry_out(session, keeper_of(session, place), merger.id)
        content = ArrivalContent(
            sender_code="G09", sender_name="Bộ Nội vụ", code_number="1", code_notation="BNV-VP", issued_on=None,
            kind_name="Công văn", subject="Gửi cơ quan cũ", signer_name="", signer_title="", urgency=0, due_on=None,
            document_uid="G09,1", in_reply_to=(), files=(),
        )  # fmt: skip
        with transaction(session):
            packet = Packet(
                hub_id="p1", message_type="edoc", sender_code="G09", sha256="0" * 64, size=1, received_at=clock.now(),
                content=content.to_json(), addressed=[old.code, new.code],
            )  # fmt: skip
            session.add(packet)
            session.flush()
            written = frozenset(packet.addressed)
            one = Arrived(packet.id, "p1", packet.addressed, content, written, frozenset([old.code]), {})
            arrivals.store(session, [one])
        (arrival,) = session.scalars(sa.select(Arrival)).all()
        assert (arrival.agency_id, arrival.addressed_code, arrival.addressed_name) == (
            new.id,
            old.code,
            old.name,
        )
