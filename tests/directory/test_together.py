"""An agency that the axis's directory brings at the moment at which it is entered here."""

import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core.db import new_session, transaction
from eoffice.core.permissions import system_actor
from eoffice.directory import following, operations
from eoffice.directory.following import Outside
from eoffice.directory.models import Agency
from tests.locks import somebody_waits

pytestmark = pytest.mark.postgres


def test_it_is_there_once_and_keeps_what_was_entered(session: Session) -> None:
    def enter() -> None:
        other = new_session()
        with transaction(other):
            operations.save_agency(other, system_actor(), "G09", "Bộ Nội vụ", abbreviation="BNV")
        other.close()

    at_once = threading.Thread(target=enter)
    with transaction(session):
        following.enter(session, [Outside("G09", "Bộ Nội vụ"), Outside("G10", "Bộ Tài chính")])
        at_once.start()
        somebody_waits(session)
    at_once.join(10)
    session.expire_all()
    found = session.scalars(sa.select(Agency).where(Agency.code == "G09")).all()
    assert [one.abbreviation for one in found] == ["BNV"]
