"""Whatever has piled up, what a packet speaks of is found by an index."""

import json
import os
from typing import Any, LiteralString

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.db import run, transaction
from eoffice.gateway import arrivals, statuses
from tests.factories import province

pytestmark = pytest.mark.postgres

#: documents that went out and that came, all to or from one other agency
PILED = 4_000
_FILL = (
    """INSERT INTO document (agency_id, direction, kind_code, code_number, code_notation, issued_on, issuer_name,
        issuer_code, subject, urgency, signer_name, signer_title, page_count, document_uid, steering, summary,
        taken_over_from, created_at, listed_at, version)
    SELECT :agency, 'out', 'CV', n::text, 'SNNMT', date '2026-11-20', 'Sở', 'H01.12', 'Thử', 0, '', '', 1,
        'H01.12,2026/11/20,' || n || '/SNNMT', 0, '', '', now(), now(), 1 FROM generate_series(1, :piled) AS n""",
    """INSERT INTO dispatch (agency_id, document_id, business, round, urgent, reason, state, attempts, next_try_at,
        last_error, sender_code, message, message_id, created_at)
    SELECT agency_id, id, 'new', 1, false, '', 'accepted', 1, now(), '', 'H01.12', '{}', id::text, now()
    FROM document""",
    """INSERT INTO delivery (agency_id, dispatch_id, document_id, recipient_code, recipient_name, hop, note)
    SELECT agency_id, id, document_id, 'G09', 'Bộ Nội vụ', 'fetched', '' FROM dispatch""",
    """INSERT INTO packet (hub_id, message_type, sender_code, document_uid, business, sha256, size, content, addressed,
        received_at, state, error, error_en)
    SELECT n::text, 'edoc', 'G09', 'G09,2026/11/20,' || n || '/BNV', CASE WHEN n % 5 = 0 THEN 'recall' ELSE 'new' END,
        repeat('a', 64), 1, jsonb_build_object('targets', jsonb_build_array(n || '/SNNMT'), 'code_number', n::text,
        'code_notation', 'BNV', 'issued_on', '2026-11-20'), '[]', now(), 'stored', '', ''
    FROM generate_series(1, :piled) AS n""",
    """INSERT INTO arrival (agency_id, packet_id, sender_code, sender_name, addressed_code, addressed_name,
        document_uid, arrived_at, taken_in_at)
    SELECT :agency, id, sender_code, 'Bộ Nội vụ', 'H01.12', '', document_uid, now(), now() FROM packet""",
)
_STATUS = {
    "packet": 1, "uid": "H01.12,2026/11/20,5/SNNMT", "number": "5", "notation": "SNNMT", "day": "2026-11-20",
    "from": ["G09"], "to": ["H01.12"],
}  # fmt: skip


def _piled_up(session: Session, *, known: bool = True) -> int:
    """Returns the agency. `known`: the server knows how large the tables are."""
    agency = province(session).a.agency.id
    with transaction(session):
        for statement in _FILL:
            session.execute(sa.text(statement), {"agency": agency, "piled": PILED})
    if known:
        with psycopg.connect(
            os.environ["EOFFICE_MIGRATION_URL"].replace("+psycopg", ""), autocommit=True
        ) as owner:
            owner.execute("ANALYZE document, dispatch, delivery, packet, arrival, agency")
    return int(agency)


def test_the_way_to_a_document_is_as_short_among_many(session: Session) -> None:
    agency = _piled_up(session)
    ids = session.scalars(sa.text("SELECT id FROM arrival ORDER BY id LIMIT 2")).all()
    session.rollback()
    came = {"id": ids[0], "agency_id": agency, "names": ["G09"], "uid": "5/SNNMT"}
    asked_back = {
        "agencies": [agency], "senders": ["G09"], "uid": "G09,2026/11/20,5/BNV", "number": "5", "notation": "BNV",
        "day": "2026-11-20",
    }  # fmt: skip
    asked: tuple[tuple[LiteralString, dict[str, Any], str], ...] = (
        (statuses._BY_ID, {"said": json.dumps([_STATUS])}, "ix_document_uid"),
        (statuses._BY_CODE, {"said": json.dumps([_STATUS])}, "ix_document_code"),
        (arrivals._MARK, {"ids": list(ids), "now": clock.now()}, "ix_packet_uid"),
        (statuses._TAKEN_BACK, asked_back, "ix_packet_uid"),
        (statuses._TAKEN_BACK_BY_CODE, asked_back, "ix_packet_code"),
        (arrivals._RECALLS, {"came": json.dumps([came])}, "ix_packet_recall"),
    )
    for question, given, index in asked:
        plan = "\n".join(row[0] for row in run(session, "EXPLAIN " + question, given))
        assert index in plan, plan
        for table in ("document", "packet", "delivery", "arrival"):
            assert f"Seq Scan on {table}" not in plan, plan


def test_whether_it_was_here_before_is_found_in_a_moment_before_the_server_knows_the_tables(
    session: Session,
) -> None:
    _piled_up(session, known=False)
    ids = session.scalars(sa.text("SELECT id FROM arrival ORDER BY id LIMIT 2")).all()
    session.rollback()
    rows = run(session, "EXPLAIN " + arrivals._MARK, {"ids": list(ids), "now": clock.now()})
    plan = "\n".join(row[0] for row in rows)
    assert "ix_packet_uid" in plan, plan
    assert "ix_arrival_packet_id on arrival before" in plan, plan
