"""A number or seal of the agency that lawfully follows the signer's is no stranger's."""

import pytest
from sqlalchemy.orm import Session

from eoffice.signatures import lawful
from signing.report import Code, Finding, Report, Verdict
from tests.factories import province


def _doubted(agency: str, organisation: str, *more: Finding) -> Report:
    facts = {"field": "Seal", "agency": agency, "organisation": organisation}
    return Report(Verdict.INDETERMINATE, findings=(Finding(Code.OTHER_AGENCY, facts), *more))


@pytest.mark.postgres
def test_only_who_follows_by_the_directory_counts_as_the_same(session: Session) -> None:
    place = province(session)
    old, new = place.a.agency, place.b.agency
    assert lawful.confirmed(_doubted(old.name, new.name)).verdict is Verdict.INDETERMINATE
    old.successor_id = new.id
    session.commit()
    found = lawful.confirmed(_doubted(old.name, new.name))
    assert (found.verdict, found.findings) == (Verdict.VALID, ())
    assert lawful.confirmed(_doubted(new.name, old.name)).verdict is Verdict.INDETERMINATE
    over = Finding(Code.INK_ON_SIGNED, {"field": "Seal", "signer": "x", "page": "1"})
    assert lawful.confirmed(_doubted(old.name, new.name, over)).verdict is Verdict.INDETERMINATE
