"""One axis for all tests of a worker; every test registers systems and agencies of its own."""

import itertools
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from exchange.answers import Sent
from exchange.build import Digest, build
from exchange.client import AxisClient
from exchange.model import DocumentMessage, Message, Organization
from exchange.testing import HubProcess, attachment, document

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def make_hub_database() -> Iterator[Callable[[], str]]:
    """Makes empty databases; returns the URL of each."""
    admin, names = os.environ["TEST_ADMIN_URL"], []

    def make() -> str:
        names.append(f"hub_{uuid.uuid4().hex[:12]}")
        with psycopg.connect(admin, autocommit=True) as connection:
            query = sql.SQL("CREATE DATABASE {} TEMPLATE template0")
            connection.execute(query.format(sql.Identifier(names[-1])))
        return admin.replace("/postgres?", f"/{names[-1]}?")

    yield make
    with psycopg.connect(admin, autocommit=True) as connection:
        for name in names:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def hub_database(make_hub_database: Callable[[], str]) -> str:
    """URL of the database of the axis that tests share."""
    return make_hub_database()


@pytest.fixture(scope="session")
def hub(hub_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    process = HubProcess(hub_database, tmp_path_factory.mktemp("hub"))
    process.start()
    yield process
    assert process.stop() == 0


@dataclass
class Party:
    """A system with one agency."""

    client: AxisClient
    organization: Organization

    @property
    def code(self) -> str:
        return self.organization.organ_id

    def send(self, message: Message, **options: Any) -> Sent:
        out = BytesIO()
        digest = build(message, out)
        out.seek(0)
        return self.client.send(out, digest, kind=message.kind, sender=self.code, **options)

    def read(self, doc_id: str) -> bytes:
        with self.client.open(doc_id) as stream:
            return stream.read()


@pytest.fixture
def party(hub: HubProcess) -> Iterator[Callable[..., Party]]:
    """Makes systems, each with an agency that no other test knows."""
    clients = []

    def make(old_code: str = "") -> Party:
        number = next(_numbers)
        client = hub.add_system(f"S{os.getpid()}.{number}", "secret")
        clients.append(client)
        organization = Organization(f"H99.{os.getpid()}.{number}", f"Cơ quan {number}")
        client.register_agency(
            organization.organ_id, organization.name, mail="vt@example.vn", old_code=old_code
        )
        return Party(client, organization)

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def letter(tmp_path: Path) -> Callable[..., DocumentMessage]:
    """A new document from one party to others, with a small PDF."""

    def make(sender: Party, *recipients: Party, **fields: Any) -> DocumentMessage:
        fields.setdefault("attachments", [attachment(tmp_path)])
        return document(
            sender=sender.organization, recipients=[item.organization for item in recipients], **fields
        )

    return make


def packet(message: Message) -> tuple[bytes, Digest]:
    out = BytesIO()
    digest = build(message, out)
    return out.getvalue(), digest
