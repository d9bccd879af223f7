"""Secrets this installation made for itself: `instance/secrets.json`, readable by its owner alone."""

import json
import os
import secrets
import stat
import tempfile
from pathlib import Path

from filelock import FileLock

from eoffice.core.config import INSTANCE, ConfigError, settings


def secret(name: str) -> str:
    """Return the secret of this name, making it the first time. Raises ConfigError when others can read it."""
    folder = settings().get(INSTANCE)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "secrets.json"
    with FileLock(folder / ".secrets.lock", mode=0o600):
        known = _load(path)
        if name not in known:
            known[name] = secrets.token_urlsafe(32)
            _save(path, known)
    return known[name]


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner can list or write, and see that it is so. Raises ConfigError.

    The right to pass through stays where it was given: as root, the database server lives below such a
    folder under an account of its own, and losing its way there stops it at the next checkpoint.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.stat().st_uid == os.geteuid():
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o066 | 0o700)
    if stat.S_IMODE(path.stat().st_mode) & 0o066:
        raise ConfigError(f"{path} can be read by others; run: chmod 700 '{path}'")
    return path


def _load(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ConfigError(f"{path} can be read by others; run: chmod 600 '{path}'")
    content: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _save(path: Path, content: dict[str, str]) -> None:
    fd, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).replace(path)
