"""Which mail boxes are read: one table for each agency, in a file that its owner alone can read."""

import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from eoffice.core.config import ConfigError


@dataclass(frozen=True)
class Mailbox:
    """Where an agency's mail lies (IMAP over TLS)."""

    host: str
    user: str
    password: str = field(repr=False)
    port: int = 993
    folder: str = "INBOX"
    #: folder for what was taken in; "": it stays, marked as read
    taken: str = ""
    #: file with the authority of the server's certificate, where that is none of the machine's
    certificates: str = ""


def load(path: Path) -> Mapping[str, Mailbox]:
    """Mail boxes by agency code. Raises ConfigError, which names what is wrong and how to mend it."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ConfigError(f"{path} holds passwords and can be read by others; run: chmod 600 '{path}'")
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from error
    return {code: _box(path, code, table) for code, table in tables.items()}


def _box(path: Path, code: str, table: object) -> Mailbox:
    known = {one.name: one.type for one in fields(Mailbox)}
    if not isinstance(table, dict) or not {"host", "user", "password"} <= set(table):
        raise ConfigError(f"{path}: [{code!r}] needs host, user and password")
    odd = [name for name, value in table.items() if type(value) is not known.get(name)]
    if odd:
        raise ConfigError(f"{path}: [{code!r}] {odd[0]} is no known entry, or not of the right kind")
    return Mailbox(**table)
