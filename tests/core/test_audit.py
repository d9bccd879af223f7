"""The log can be proven complete and unchanged."""

import time

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import audit
from eoffice.core.db import transaction
from eoffice.core.permissions import system_actor
from eoffice.directory import operations
from tests.conftest import name_of, url_of


def _write(session: Session, count: int = 3) -> None:
    with transaction(session):
        for number in range(count):
            operations.add_person(session, system_actor(), f"Nguyễn Văn {number}")


def _seal(session: Session) -> None:
    """Seal until nothing is open: transactions of other databases on the same server hold the horizon back too."""
    end = time.monotonic() + 20
    unsealed = sa.text(
        "SELECT count(*) FROM audit_entry WHERE txid >= coalesce((SELECT max(up_to_txid) FROM audit_seal), 0)"
    )
    while time.monotonic() < end and session.scalar(unsealed):
        with transaction(session):
            audit.seal(session)
        time.sleep(0.02)


def test_a_change_and_its_entry_are_one_transaction(session: Session) -> None:
    with pytest.raises(RuntimeError, match="cut"), transaction(session):
        operations.add_person(session, system_actor(), "Trần Thị B")
        raise RuntimeError("cut")
    assert session.scalar(sa.select(sa.func.count()).select_from(audit.AuditEntry)) == 0


def test_the_application_can_neither_change_nor_delete_an_entry(session: Session) -> None:
    _write(session)
    for statement in (
        "UPDATE audit_entry SET actor = 'x'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
    ):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            session.execute(sa.text(statement))
        session.rollback()


def test_not_even_the_owner_changes_an_entry(session: Session, worker_database: str) -> None:
    _write(session)
    with psycopg.connect(url_of(name_of(worker_database), "eoffice_owner")) as owner:
        for statement in (
            "UPDATE audit_entry SET actor = 'x'",
            "DELETE FROM audit_entry",
            "TRUNCATE audit_entry CASCADE",
        ):
            with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
                owner.execute(statement)
            owner.rollback()


def test_sealed_entries_prove_themselves_and_a_changed_one_is_found(
    session: Session, worker_database: str
) -> None:
    _write(session)
    _seal(session)
    _write(session)
    _seal(session)
    proof = audit.prove(session)
    assert (proof.entries, proof.broken_at) == (6, None)
    assert proof.seals >= 2
    session.rollback()
    with psycopg.connect(url_of(name_of(worker_database), "postgres"), autocommit=True) as root:
        root.execute("SET session_replication_role = replica")
        root.execute("DELETE FROM audit_entry WHERE id = (SELECT max(id) FROM audit_entry)")
    session.expire_all()
    assert audit.prove(session).broken_at is not None


def test_sealing_waits_for_transactions_that_are_still_open(session: Session, worker_database: str) -> None:
    from eoffice.core.db import new_session

    slow = new_session(worker_database)
    operations.add_person(slow, system_actor(), "Chậm")
    slow.flush()
    _write(session)
    with transaction(session):
        assert audit.seal(session) is None
    slow.commit()
    slow.close()
    _seal(session)
    assert audit.prove(session).entries == 4
