"""Whatever has piled up, what a packet speaks of is found by an index."""

import json
from typing import Any, LiteralString

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core.db import run
from eoffice.gateway import arrivals, statuses
from tests.factories import province

pytestmark = pytest.mark.postgres

_STATUS = {
    "packet": 1, "uid": "H01.12,2026/11/20,5/SNNMT", "number": "5", "notation": "SNNMT", "day": "2026-11-20",
    "from": ["G09"], "to": ["H01.12"],
}  # fmt: skip
_CAME = {"id": 1, "agency_id": 1, "names": ["G09"], "uid": "5/SNNMT"}


@pytest.mark.parametrize(
    ("question", "given", "index"),
    [
        (statuses._BY_ID, {"said": json.dumps([_STATUS])}, "ix_document_uid"),
        (statuses._BY_CODE, {"said": json.dumps([_STATUS])}, "ix_document_code"),
        (arrivals._EARLIER, {"ids": [1, 2]}, "ix_packet_uid"),
        (arrivals._RECALLS, {"came": json.dumps([_CAME])}, "ix_packet_recall"),
    ],
)
def test_the_way_to_a_document_is_as_short_among_many(
    session: Session, question: LiteralString, given: dict[str, Any], index: str
) -> None:
    province(session)
    session.execute(
        sa.text("SET LOCAL enable_seqscan = off")
    )  # which is right while there are a few rows only
    session.execute(sa.text("SET LOCAL enable_bitmapscan = off"))
    plan = run(session, "EXPLAIN " + question, given)
    lines = "\n".join(row[0] for row in plan)
    assert f"Index Scan using {index}" in lines, lines
    assert "Seq Scan on document" not in lines
    assert "Seq Scan on packet" not in lines
