"""Two who begin to sign the same thing in the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core.db import new_session
from eoffice.core.permissions import Actor
from eoffice.signatures import awaited, errors, unlocking
from eoffice.signatures.awaited import About, TwoStep
from eoffice.signatures.models import AwaitedSigning, KeyPurpose
from tests.factories import Province, province
from tests.signatures.keys import equip, to_token


@pytest.fixture
def place(session: Session) -> Province:
    """The seal of A lies in a token."""
    made = province(session)
    equip(session, made.a)
    to_token(session, made.a, KeyPurpose.AGENCY)
    return made


@pytest.mark.slow
def test_one_of_two_begins_and_the_other_is_told(
    session: Session, place: Province, worker_database: str
) -> None:
    together = Barrier(8)

    def begin(actor: Actor) -> str:
        with new_session(worker_database) as own:
            key = unlocking.own(own, actor, KeyPurpose.AGENCY, certificates=True)
            own.commit()
            together.wait()
            try:
                # left as an abandoned one is left: in the middle of a run
                with awaited.signing(own, actor, key, About("test:1", "Văn bản"), TwoStep()):
                    raise KeyboardInterrupt
            except KeyboardInterrupt:
                return "begun"
            except errors.BeingSigned:
                return "told"

    people = [place.a.clerk, place.a.chief, place.a.head, place.a.specialist] * 2
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(begin, people))
    row = session.scalars(sa.select(AwaitedSigning)).one()
    begun = {who.user_id for who, answer in zip(people, answers, strict=True) if answer == "begun"}
    assert begun == {row.user_id}
    assert answers.count("told") >= 6
