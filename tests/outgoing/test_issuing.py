"""From the leader's signature to the issue."""

import subprocess

import pytest
from sqlalchemy.orm import Session

from eoffice.core import jobs
from eoffice.documents import pages
from eoffice.documents.models import FileRole
from eoffice.outgoing.workflow import State
from eoffice.signatures import checking
from signing.report import Verdict
from tests.factories import Province, province
from tests.outgoing.drafts import bring, draft, newest, path
from tests.signatures.keys import equip


@pytest.fixture
def place(session: Session) -> Province:
    made = province(session)
    equip(session, made.a)
    return made


def test_leader_number_and_seal_make_a_chain_that_every_verifier_accepts(
    session: Session, place: Province
) -> None:
    document = bring(session, place.a, draft(session, place), State.ISSUED)
    issued = path(newest(session, document, FileRole.ISSUED))
    report = checking.check(issued)
    assert report.verdict is Verdict.VALID, report.all_findings
    assert [one.role.value for one in report.signatures if one.role] == ["leader", "number", "seal"]
    told = subprocess.run(
        ["pdfsig", "-nocert", str(issued)], capture_output=True, text=True, check=False
    ).stdout
    assert told.count("Signature is Valid") == 3
