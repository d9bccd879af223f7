"""Agencies of which one goes over into the other, and the steps up to there."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.accounts.settings import KEEPER
from eoffice.admin import merging
from eoffice.admin.merging import NewMerger
from eoffice.core import clock
from eoffice.core.config import override
from eoffice.core.permissions import Actor
from eoffice.directory.models import Merger, Role
from tests.factories import Province, province

REASON = "Quốc hội lùi thời hạn sắp xếp"
BASIS = "Nghị quyết số 190/2025/QH15 ngày 19/02/2025"


@pytest.fixture
def place(session: Session) -> Iterator[Province]:
    """A, Sở Nông nghiệp, goes over into B; its administrators keep the installation."""
    place = province(session)
    with override(**{KEEPER.name: place.b.agency.code}):
        yield place


def keeper_of(session: Session, place: Province) -> Actor:
    return accounts.actor_of(session, place.b.users[Role.ADMINISTRATOR])


def plan_of(session: Session, place: Province, days: int = 1) -> Merger:
    new = NewMerger(place.a.agency.id, place.b.agency.id, clock.today() + timedelta(days=days), BASIS)
    return merging.plan(session, keeper_of(session, place), new)


def everybody_follows(session: Session, place: Province, merger: Merger) -> None:
    """Each post by the one of the same role; the units have the same names."""
    pairs = {place.a.posts[role].id: place.b.posts[role].id for role in place.a.posts}
    merging.choose(session, keeper_of(session, place), merger.id, pairs, {})


def as_of_now(session: Session, place: Province, role: Role) -> Actor:
    return accounts.actor_of(session, place.b.users[role])
