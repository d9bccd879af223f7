"""What one process of the axis works with, and how it is put together."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa
from cryptography.fernet import Fernet
from sqlalchemy.orm import Session, sessionmaker

from eoffice.core.blobs import BlobStore, Place, opened
from eoffice.core.db import sqlalchemy_url
from eoffice.core.secrets import private_folder
from exchange.hub.ledger import Ledger, open_pool
from exchange.hub.models import Base
from exchange.keys import SystemKey, load_key, make_key, write_once
from exchange.limits import LIMITS, Limits

#: held while tables are made, so that processes that start together do not collide
_SCHEMA_LOCK = 0x65644D58


@dataclass(frozen=True)
class Axis:
    """The state and the keys; shared by all threads."""

    #: how this axis names itself in receipts
    system_id: str
    engine: sa.Engine
    sessions: sessionmaker[Session]
    blobs: BlobStore
    key: SystemKey
    cipher: Fernet
    secrets_key: bytes
    limits: Limits
    #: what every call needs; the engine is for the rest
    ledger: Ledger
    #: starts the database again when it is the axis's own and has ended
    keep_database: Callable[[], None]

    @property
    def cookie_key(self) -> bytes:
        """What signs the cookies of the console: made from the key of secrets, and useless for opening any."""
        return hmac.digest(self.secrets_key, b"console cookies", "sha256")

    def close(self) -> None:
        """Give all connections back."""
        self.ledger.close()
        self.engine.dispose()

    def seal(self, secret: str) -> bytes:
        return self.cipher.encrypt(secret.encode())

    def unseal(self, sealed: bytes) -> str:
        return _unseal(self.cipher, sealed)


def assemble(
    database: str,
    data: Path,
    *,
    system_id: str = "VDXP",
    key: Path | None = None,
    key_password: str | None = None,
    pool: int = 8,
    files: Place | None = None,
    limits: Limits = LIMITS,
    keep_database: Callable[[], None] = lambda: None,
) -> Axis:
    """Open the state of an axis, making tables, folders and keys where they are missing.

    `database`: URL of its own PostgreSQL database. `data`: folder for files and keys, made 0700.
    `files`: folder or bucket of packets, when it is not `data/packets`. `key`: PKCS#12 or PEM file; without it
    `data/system.pem`, made with a certificate of its own.
    """
    private_folder(data)
    # No ping before use: a connection lost with the server costs one call a 503, which clients repeat.
    packets = opened(files or data / "packets", data / "packets")
    secrets_key = _secret_key(data / "secrets.key")
    engine = sa.create_engine(sqlalchemy_url(database), pool_size=4, max_overflow=4, pool_timeout=10)
    prepare_schema(engine)
    return Axis(
        system_id=system_id,
        engine=engine,
        sessions=sessionmaker(engine, expire_on_commit=False),
        blobs=packets,
        key=_system_key(data, key, key_password, system_id),
        cipher=Fernet(secrets_key),
        secrets_key=secrets_key,
        limits=limits,
        ledger=Ledger(open_pool(database, pool)),
        keep_database=keep_database,
    )


def prepare_schema(engine: sa.Engine) -> None:
    """Make what is missing; safe to run from many processes at once."""
    with engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
        Base.metadata.create_all(connection)


def _system_key(data: Path, key: Path | None, password: str | None, system_id: str) -> SystemKey:
    if key:
        return load_key(key, password)
    path = data / "system.pem"
    try:
        return make_key(system_id, path)
    except FileExistsError:
        return load_key(path)


def _secret_key(path: Path) -> bytes:
    """The key that secrets are encrypted with; made once, readable by its owner alone."""
    key = Fernet.generate_key()
    try:
        write_once(path, key)
    except FileExistsError:
        return path.read_bytes()
    return key


@lru_cache(maxsize=4096)
def _unseal(cipher: Fernet, sealed: bytes) -> str:
    return cipher.decrypt(sealed).decode()
