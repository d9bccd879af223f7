"""Documents in a given state, written straight into the tables: what these tests are about is reading them."""

from datetime import date
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.directory.models import Role
from eoffice.documents import operations
from eoffice.documents.models import DocumentAccess
from eoffice.incoming.models import IncomingDocument, Source
from eoffice.incoming.states import State as In
from eoffice.outgoing.models import DraftSource, OutgoingDocument
from eoffice.outgoing.states import State as Out
from tests.conftest import name_of, url_of
from tests.factories import House


def incoming(
    session: Session, house: House, subject: str, state: In = In.WAITING, **fields: Any
) -> IncomingDocument:
    """An incoming document of an agency, findable by its words."""
    values = {
        "kind_code": "CV", "issuer_name": "Sở Nội vụ", "code_number": "12", "code_notation": "SNV-VP",
        "source": Source.SCAN, "arrived_at": clock.now(), "created_at": clock.now(), "listed_at": clock.now(),
        "issued_on": date(2026, 11, 20),
    }  # fmt: skip
    with transaction(session):
        made = IncomingDocument(agency_id=house.agency.id, subject=subject, state=state, **(values | fields))
        session.add(made)
        operations.index(session, made)
    return made


def outgoing(
    session: Session, house: House, subject: str, state: Out = Out.DRAFT, **fields: Any
) -> OutgoingDocument:
    """A draft of the specialist for the leader's signature."""
    values = {
        "kind_code": "CV", "issuer_name": house.agency.name, "code_notation": "SNNMT-KHTC", "content": {},
        "draft_source": DraftSource.TEMPLATE, "drafter_id": house.posts[Role.SPECIALIST].id,
        "unit_id": house.unit.id, "signer_id": house.posts[Role.LEADER].id, "authority": "GIÁM ĐỐC",
        "created_at": clock.now(), "listed_at": clock.now(),
    }  # fmt: skip
    with transaction(session):
        made = OutgoingDocument(agency_id=house.agency.id, subject=subject, state=state, **(values | fields))
        session.add(made)
        operations.index(session, made)
    return made


def bring_in(session: Session, document: IncomingDocument | OutgoingDocument, **whom: int) -> None:
    """Open a document to a unit or a person."""
    with transaction(session):
        session.add(DocumentAccess(agency_id=document.agency_id, document_id=document.id, **whom))


def analyze(database: str, *tables: str) -> None:
    """Let the planner know what the tables hold, as autovacuum does; only their owner may."""
    with psycopg.connect(url_of(name_of(database), "postgres"), autocommit=True) as owner:
        owner.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.SQL(", ").join(map(sql.Identifier, tables))))
