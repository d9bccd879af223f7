"""A merger is planned, rehearsed, told to the axis, and withdrawn before its day."""

import html
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.admin import merging
from eoffice.admin.merging import NewMerger
from eoffice.core import clock
from eoffice.core.audit import AuditEntry
from eoffice.directory import queries
from eoffice.directory.models import Agency, Merger, Role
from eoffice.documents.models import Register
from tests.admin.mergers import BASIS, REASON, everybody_follows, keeper_of, plan_of
from tests.admin.mergers import place as place  # the same two agencies
from tests.factories import Province, house
from tests.incoming import steps
from tests.web import client_for


@pytest.mark.slow
def test_a_rehearsal_names_what_is_missing_and_keeps_nothing(
    app: Flask, session: Session, place: Province
) -> None:
    working, _task = steps.in_progress(session, place.a)
    merger = plan_of(session, place)
    entries = session.scalar(sa.select(sa.func.count()).select_from(AuditEntry))
    admin = client_for(app, "b_administrator")
    answer = admin.post(f"/admin/mergers/{merger.id}/rehearse")
    page = html.unescape(answer.get_data(as_text=True))
    assert answer.status_code == 422
    missing = re.findall(r"Chưa có ai tiếp nhận việc của[^<]*", page)
    assert len(missing) == len(set(missing)) > 0
    assert re.search(r"Văn bản đến chưa giải quyết xong</dt>\s*<dd[^>]*>1<", page), "counted all the same"
    choices = {f"p{place.a.posts[role].id}": str(place.b.posts[role].id) for role in place.a.posts}
    answer = admin.post(f"/admin/mergers/{merger.id}/followers", data=choices)
    assert answer.status_code == 200
    assert "Chuyển được tất cả" in html.unescape(answer.get_data(as_text=True))
    session.expire_all()
    assert working.agency_id == place.a.agency.id
    assert session.scalar(sa.select(Register.id).where(Register.closed_at.is_not(None))) is None
    # the sign-in and the decision itself are all that was written
    assert session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) <= (entries or 0) + 3
    assert "sắp được hợp nhất" in client_for(app, "a_specialist").get("/").get_data(as_text=True)
    early = admin.post(f"/admin/mergers/{merger.id}/carry-out")
    assert early.status_code == 409
    assert "Chỉ thực hiện hợp nhất được từ ngày" in html.unescape(early.get_data(as_text=True))


def test_who_takes_over_from_another_does_not_end_before(session: Session, place: Province) -> None:
    third = house(session, "c", "H01.77", "Sở Nội vụ", "SNV").agency
    first = plan_of(session, place, days=5)
    for days in (2, 5):
        new = NewMerger(place.b.agency.id, third.id, clock.today() + timedelta(days=days), BASIS)
        with pytest.raises(merging.FollowsAnother):
            merging.plan(session, keeper_of(session, place), new)
    later = NewMerger(place.b.agency.id, third.id, first.on + timedelta(days=1), BASIS)
    assert merging.plan(session, keeper_of(session, place), later).agency_id == place.b.agency.id


def test_a_planned_merger_is_withdrawn_before_its_day_and_not_on_it(
    session: Session, place: Province
) -> None:
    merger = plan_of(session, place)
    agency = session.get_one(Agency, place.a.agency.id)
    assert agency.valid_to == merger.on - timedelta(days=1)
    assert queries.serving(session, agency) is agency
    with clock.freeze(clock.now() + timedelta(days=1)):
        assert queries.serving(session, agency) == place.b.agency, "mail goes to who follows from that day on"
        with pytest.raises(merging.TooLate):
            merging.withdraw(session, keeper_of(session, place), merger.id, REASON)
    merging.withdraw(session, keeper_of(session, place), merger.id, REASON)
    assert (agency.valid_to, agency.successor_id, agency.legal_basis) == (None, None, "")
    with pytest.raises(merging.Over):
        merging.rehearse(session, keeper_of(session, place), merger.id)
    assert plan_of(session, place).id != merger.id


def _waiting(session: Session) -> int:
    waiting = sa.text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'gateway.tell_merger'")
    found = session.scalar(waiting) or 0
    session.rollback()
    return int(found)


@pytest.mark.slow
def test_a_rehearsal_tells_nobody_and_the_axis_is_told_only_where_nothing_prevents_the_merger(
    app: Flask, session: Session, place: Province
) -> None:
    steps.in_progress(session, place.a)
    merger = plan_of(session, place)
    admin = client_for(app, "b_administrator")
    where = f"/admin/mergers/{merger.id}"
    assert "chưa được thông báo" in html.unescape(admin.get(where).get_data(as_text=True))
    assert admin.post(f"{where}/rehearse").status_code == 422, "nobody follows who works on it"
    assert admin.post(f"{where}/announce").status_code == 409
    everybody_follows(session, place, merger)
    assert admin.post(f"{where}/rehearse").status_code == 200
    assert _waiting(session) == 0
    for _again_and_again in range(2):
        assert admin.post(f"{where}/announce").status_code == 303
        assert _waiting(session) == 1
    assert "chưa được thông báo" not in html.unescape(admin.get(where).get_data(as_text=True))


def test_what_was_never_announced_is_told_when_it_is_carried_out(session: Session, place: Province) -> None:
    merger = plan_of(session, place)
    everybody_follows(session, place, merger)
    with clock.freeze(clock.now() + timedelta(days=1)):
        merging.carry_out(session, keeper_of(session, place), merger.id)
    assert _waiting(session) == 1


def test_a_plan_is_withdrawn_with_a_reason_that_the_log_keeps_and_the_page_shows(
    app: Flask, session: Session, place: Province
) -> None:
    merger = plan_of(session, place)
    admin = client_for(app, "b_administrator")
    where = f"/admin/mergers/{merger.id}"
    for wrong in ("", "  ", "x" * 501):
        refused = admin.post(f"{where}/withdraw", data={"reason": wrong})
        assert refused.status_code == 422
        assert wrong.strip() in refused.get_data(as_text=True), "what was typed is kept"
    assert admin.post(f"{where}/withdraw", data={"reason": REASON}).status_code == 303
    page = html.unescape(admin.get(where).get_data(as_text=True))
    assert REASON in page
    assert place.b.users[Role.ADMINISTRATOR].person.full_name in page
    entry = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == merging.WITHDRAWN)).one()
    assert entry.details["reason"] == REASON
    session.rollback()
    assert _waiting(session) == 0, "the axis never heard of it"
    # planned and withdrawn again, each keeps its own reason
    other = plan_of(session, place)
    merging.withdraw(session, keeper_of(session, place), other.id, "Gộp vào đề án khác")
    page = html.unescape(admin.get(where).get_data(as_text=True))
    assert (REASON in page, "Gộp vào đề án khác" in page) == (True, False)


def test_mergers_are_the_keepers_to_plan_and_wrong_ones_are_refused(
    app: Flask, session: Session, place: Province
) -> None:
    assert client_for(app, "a_administrator").get("/admin/mergers").status_code == 403
    admin = client_for(app, "b_administrator")
    sent = {
        "agency_id": place.a.agency.id, "to_id": place.b.agency.id, "legal_basis": BASIS,
        "on": f"{clock.today() + timedelta(days=30):%d/%m/%Y}",
    }  # fmt: skip
    for wrong in (
        {"to_id": place.a.agency.id},
        {"to_id": ""},
        {"agency_id": "x"},
        {"on": f"{clock.today():%d/%m/%Y}"},
        {"on": "24/11/2126"},
        {"on": ""},
    ):
        assert admin.post("/admin/mergers", data=sent | wrong).status_code == 422, wrong
    answer = admin.post("/admin/mergers", data=sent)
    assert answer.status_code == 303
    assert admin.get(answer.headers["Location"]).status_code == 200
    assert admin.post("/admin/mergers", data=sent).status_code == 422, "one merger at a time"


def test_the_operator_plans_one_by_command(app: Flask, session: Session, place: Province) -> None:
    words = [
        "agency",
        "merge",
        "H01.12",
        "H01.05",
        "--on",
        f"{clock.today() + timedelta(days=60)}",
        "--basis",
        BASIS,
    ]
    ran = CliRunner().invoke(app.cli, words)
    assert ran.exit_code == 0, ran.output
    merger = session.get_one(Merger, int(ran.output))
    assert (merger.agency_id, merger.to_id, merger.on) == (
        place.a.agency.id,
        place.b.agency.id,
        clock.today() + timedelta(days=60),
    )
    assert CliRunner().invoke(app.cli, [*words[:2], "H99", *words[3:]]).exit_code == 1
