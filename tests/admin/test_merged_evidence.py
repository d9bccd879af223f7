"""What was on record before a merger says the same afterwards: numbers, registers, who could read, what was counted."""

from datetime import datetime, timedelta
from importlib import import_module

import pypdfium2
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.admin import access, merging
from eoffice.admin.access import Reader
from eoffice.core import clock, jobs
from eoffice.core.blobs import blobs
from eoffice.core.db import transaction
from eoffice.directory.models import Merger, Role
from eoffice.documents.models import Document, DocumentMove
from eoffice.documents.pages import page_text
from eoffice.documents.permissions import DOCUMENT_READ, may_know
from eoffice.incoming import service as receiving
from eoffice.incoming.models import IncomingDocument
from eoffice.outgoing.states import State as Out
from eoffice.reports import figures, queries
from eoffice.reports.figures import Figures, Period
from tests.admin.mergers import everybody_follows, keeper_of, plan_of
from tests.admin.mergers import place as place  # the same two agencies
from tests.dossiers import files
from tests.factories import House, Province
from tests.home import made
from tests.incoming import steps
from tests.web import client_for

pytestmark = pytest.mark.postgres


def _merged(session: Session, place: Province, at: datetime) -> Merger:
    merger = plan_of(session, place)
    everybody_follows(session, place, merger)
    with clock.freeze(at):
        merging.carry_out(session, keeper_of(session, place), merger.id)
    session.expire_all()
    return merger


def _words(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        return "\n".join(page.get_textpage().get_text_range() for page in document)


@pytest.mark.slow
def test_a_moved_documents_stamp_slip_and_page_name_the_register_its_number_stands_in(
    app: Flask, session: Session, place: Province
) -> None:
    waiting = steps.submitted(session, place.a)
    own = steps.submitted(session, place.b)
    assert waiting.register_number == own.register_number == 1
    tomorrow = clock.now() + timedelta(days=1)
    _merged(session, place, tomorrow)
    clerk = client_for(app, "b_clerk")
    before, after = place.a.agency, place.b.agency
    with clock.freeze(tomorrow):
        stamp = " ".join(_words(clerk.get(f"/incoming/{waiting.id}/stamped.pdf").data).split()).upper()
        assert before.short_name.upper() in stamp
        assert after.short_name.upper() not in stamp
        assert place.b.posts[Role.LEADER].person.full_name.upper() not in stamp
        slip = " ".join(_words(clerk.get(f"/incoming/{waiting.id}/slip.pdf").data).split()).upper()
        assert before.name.upper() in slip
        assert after.name.upper() not in slip
        page = clerk.get(f"/incoming/{waiting.id}").get_data(as_text=True)
        assert f"1 (sổ của {before.name})" in page
        listed = clerk.get("/incoming").get_data(as_text=True)
        assert listed.count(f"sổ của {before.name}") == listed.count("sổ của ") >= 1, (
            "its own stand as always"
        )
        assert "sổ của" not in clerk.get(f"/incoming/{own.id}").get_data(as_text=True)


@pytest.mark.slow
def test_a_merger_from_before_moves_were_kept_is_read_from_the_log(session: Session, place: Province) -> None:
    waiting, draft = (
        steps.submitted(session, place.a),
        made.outgoing(session, place.a, "dự thảo", Out.APPROVAL),
    )
    own = steps.submitted(session, place.b)
    _merged(session, place, clock.now() + timedelta(days=1))
    moves = sa.select(DocumentMove.document_id, DocumentMove.agency_id).order_by(DocumentMove.document_id)
    known = session.execute(moves).all()
    assert known == [(one.id, place.a.agency.id) for one in (waiting, draft)]
    with transaction(session):
        session.execute(sa.delete(DocumentMove))
        session.execute(sa.update(Document.__table__).values(register_of=""))  # type: ignore[arg-type]  # a table
    upgrade = import_module("eoffice.migrations.versions.0015_moves")
    with transaction(session):
        session.execute(sa.text(upgrade.MOVED))
        session.execute(sa.text(upgrade.NAMED))
    session.expire_all()
    assert session.execute(moves).all() == known
    assert (waiting.register_of, draft.register_of, own.register_of) == (place.a.agency.name, "", "")


@pytest.mark.slow
def test_the_book_of_a_closed_register_names_who_had_the_work_then(session: Session, place: Province) -> None:
    waiting, leader = steps.submitted(session, place.a), place.a.posts[Role.LEADER].label
    _merged(session, place, clock.now() + timedelta(days=1))
    assert waiting.submitted_to is not None
    assert waiting.submitted_to.label != leader
    (register,) = [
        line.register
        for line in queries.lines(session, keeper_of(session, place), clock.today().year)
        if line.register.agency_id == place.a.agency.id and line.register.code == "DEN"
    ]
    jobs.run(session, "reports.bind", register_id=register.id)
    (book,) = queries.books(session, register)
    said = " ".join(" ".join(page.text for page in page_text(blobs().path(book.sha256))).split())
    assert leader.partition(",")[0] in said
    assert place.b.posts[Role.LEADER].person.full_name not in said
    jobs.run(session, "reports.bind", register_id=register.id)  # once more changes nothing
    assert len(queries.books(session, register)) == 1


def _names(found: list[Reader], house: House) -> set[str]:
    return {one.name for one in found if one.agency == house.agency.name}


def _may(house: House, document: IncomingDocument) -> set[str]:
    return {one.name for one in house.actors.values() if may_know(one, DOCUMENT_READ, document)}


@pytest.mark.slow
def test_who_could_read_on_a_day_before_is_who_the_rule_let_then(
    app: Flask, session: Session, place: Province
) -> None:
    moved, kept = steps.submitted(session, place.a), steps.done(session, place.a)
    draft = made.outgoing(
        session, place.a, "văn bản đi cũ", Out.ISSUED, code_number="01", code_notation="A-B"
    )
    today, tomorrow = clock.today(), clock.now() + timedelta(days=1)
    could = {
        one.id: _names(access.readers(session, place.a.admin, one.id, today), place.a)
        for one in (moved, kept)
    }
    for one in (moved, kept):
        assert could[one.id] == _may(place.a, one)
    _merged(session, place, tomorrow)
    with clock.freeze(tomorrow + timedelta(days=2)):
        keeper = keeper_of(session, place)
        for one in (moved, kept):
            before = access.readers(session, keeper, one.id, today)
            assert _names(before, place.a) == could[one.id]
            assert _names(before, place.b) == set(), "nobody of the agency that follows knew of it"
            on_the_day = access.readers(session, keeper, one.id, clock.local(tomorrow).date())
            assert _names(on_the_day, place.a) == could[one.id], "until it was carried out"
            assert place.b.clerk.name in _names(on_the_day, place.b)
            afterwards = access.readers(
                session, keeper, one.id, clock.local(tomorrow).date() + timedelta(days=1)
            )
            assert _names(afterwards, place.a) == set()
            assert place.b.clerk.name in _names(afterwards, place.b)
        assert draft in access.find(session, keeper, "01/A-B"), (
            "what stayed with the agency that was is asked there"
        )
        page = client_for(app, "b_administrator").post(
            "/admin/access", data={"number": "1", "document": str(moved.id), "day": f"{today:%d/%m/%Y}"}
        )
        assert place.a.agency.name in page.get_data(as_text=True)


@pytest.mark.slow
def test_what_was_counted_before_is_counted_so_afterwards(session: Session, place: Province) -> None:
    steps.submitted(session, place.a)
    steps.in_progress(session, place.a)
    steps.done(session, place.a)
    steps.registered(session, place.b)
    files.opened(session, place.a)
    now = clock.now()
    period, ids = Period(clock.today(), clock.today()), [place.a.agency.id, place.b.agency.id]

    def figures_now() -> tuple[dict[int, Figures], list[object]]:
        lines = [figures.by_kind(session, period, one) for one in ids]
        return figures.by_agency(session, period, ids), [
            lines,
            [figures.by_day(session, period, [one]) for one in ids],
        ]

    before = figures_now()
    assert (before[0][place.a.agency.id].registered, before[0][place.a.agency.id].dossiers) == (3, 1)
    _merged(session, place, now + timedelta(days=1))
    assert figures_now() == before
    one = place.a.agency.id
    assert figures.by_agency(session, period, [one]) == {one: before[0][one]}


@pytest.mark.slow
def test_what_comes_unregistered_counts_where_it_is_registered_then(
    session: Session, place: Province
) -> None:
    letter = steps.received(session, place.a)
    period = Period(clock.today(), clock.today() + timedelta(days=1))
    tomorrow = clock.now() + timedelta(days=1)
    _merged(session, place, tomorrow)
    ids = [place.a.agency.id, place.b.agency.id]
    found = figures.by_agency(session, period, ids)
    assert [found[one].arrived for one in ids] == [1, 0]
    with clock.freeze(tomorrow):
        receiving.register(session, place.b.clerk, letter.id, steps.entry())
    found = figures.by_agency(session, period, ids)
    assert [(found[one].arrived, found[one].registered) for one in ids] == [(0, 0), (1, 1)]


@pytest.mark.slow
def test_one_rehearsal_names_everybody_who_is_missing_and_the_page_keeps_what_was_done(
    app: Flask, session: Session, place: Province
) -> None:
    steps.in_progress(session, place.a)
    made.outgoing(session, place.a, "dự thảo", Out.APPROVAL)
    half = made.outgoing(session, place.a, "điều riêng tư", Out.NUMBERING)
    merger = plan_of(session, place)
    with transaction(session):
        place.b.unit.name = "Phòng khác tên"  # so that no unit follows by its name
        place.b.unit.closed_at = clock.now()
    found = merging.rehearse(session, keeper_of(session, place), merger.id)
    said = " ".join(map(str, found.problems))
    for missing in (place.a.unit.name, place.a.posts[Role.SPECIALIST].label, f"{place.a.unit.name} (1)"):
        assert missing in said
    assert "riêng tư" not in said, "who keeps the installation reads no document"
    with transaction(session):
        place.b.unit.closed_at, half.state = None, Out.SENT_BACK
    everybody_follows(session, place, merger)
    pairs = {place.a.posts[role].id: place.b.posts[role].id for role in place.a.posts}
    merging.choose(session, keeper_of(session, place), merger.id, pairs, {place.a.unit.id: place.b.unit.id})
    with clock.freeze(clock.now() + timedelta(days=1)):
        merging.carry_out(session, keeper_of(session, place), merger.id)
        page = client_for(app, "b_administrator").get(f"/admin/mergers/{merger.id}").get_data(as_text=True)
        assert "Việc đã làm" in page
        assert place.a.posts[Role.SPECIALIST].label in page
        assert place.b.posts[Role.SPECIALIST].label in page
        assert "Phòng khác tên" in page
        assert "Dãy số liên tục" in page


@pytest.mark.slow
def test_a_merger_carried_out_late_ends_posts_when_their_holders_stopped(
    session: Session, place: Province
) -> None:
    merger = plan_of(session, place)
    everybody_follows(session, place, merger)
    late = clock.now() + timedelta(days=4)
    with clock.freeze(late):
        merging.carry_out(session, keeper_of(session, place), merger.id)
        session.expire_all()
        assert place.a.posts[Role.CLERK].valid_to == clock.today() - timedelta(days=1)
