"""Settings: declared by the feature that owns them, read from `EOFFICE_*` over `instance/config.toml`.

A setting that cannot be read stops the program at start, never at use. While `make run` runs, what it
chose (ports, addresses) stands between the two, so that a command in another terminal finds the same
services.
"""

import fcntl
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class ConfigError(Exception):
    """One or more settings cannot be used; the text names each and says what is expected."""


@dataclass(frozen=True)
class Setting(Generic[T]):
    """One declared setting."""

    #: environment name, `EOFFICE_…`; in `config.toml` the same without the prefix, lower case
    name: str
    #: turns the text of the environment or the TOML value into the value
    kind: Callable[[Any], T]
    default: T
    #: one sentence for the settings page
    description: str
    #: never shown, not even its default
    secret: bool = False

    @property
    def toml_key(self) -> str:
        """The key in `config.toml`."""
        return self.name.removeprefix("EOFFICE_").lower()


DECLARED: dict[str, Setting[Any]] = {}

#: in the instance folder; locked by `make run` as long as it runs, and its content is what it chose
RUN_LOCK = ".run.lock"


def setting(
    name: str, kind: Callable[[Any], T], default: T, description: str, *, secret: bool = False
) -> Setting[T]:
    """Declare a setting. Raises ValueError when the name is taken."""
    if name in DECLARED:
        raise ValueError(f"setting {name} is declared twice")
    DECLARED[name] = Setting(name, kind, default, description, secret)
    return DECLARED[name]


def boolean(value: object) -> bool:
    """Read yes/no settings the way people write them. Raises ValueError."""
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in {"1", "true", "yes", "on"}:
        return True
    if text in {"0", "false", "no", "off", ""}:
        return False
    raise ValueError("expected yes or no")


def optional_text(value: object) -> str | None:
    """Text, or None when empty."""
    return str(value).strip() or None


INSTANCE = setting(
    "EOFFICE_INSTANCE",
    lambda value: Path(str(value)).expanduser().resolve(),
    Path("instance").resolve(),
    "Folder of what this installation owns: database, files, keys, configuration.",
)
PORT = setting("EOFFICE_PORT", int, 8080, "Port of the web application on this machine.")
HUB_PORT = setting("EOFFICE_HUB_PORT", int, 8090, "Port of the axis that `make run` starts.")
TRUST_PORT = setting(
    "EOFFICE_TRUST_PORT", int, 8091, "Port of the demonstration trust services that `make run` starts."
)
TESTING = setting("EOFFICE_TESTING", boolean, False, "Set by the test run: errors are raised, not hidden.")


@dataclass(frozen=True)
class Settings:
    """The values in force."""

    values: Mapping[str, Any] = field(default_factory=dict)

    def get(self, which: Setting[T]) -> T:
        """Return the value of a declared setting."""
        value: T = self.values[which.name]
        return value

    @classmethod
    def read(cls, environ: Mapping[str, str], overrides: Mapping[str, Any] | None = None) -> "Settings":
        """Read every declared setting; raise ConfigError naming all that are wrong."""
        given = dict(overrides or {})
        problems: list[str] = []
        instance = _one(INSTANCE, environ.get(INSTANCE.name), given.get(INSTANCE.name), None, problems)
        filed = _file(Path(instance) / "config.toml", problems)
        unknown = [key for key in filed if key not in {s.toml_key for s in DECLARED.values()}]
        filed |= _running(Path(instance) / RUN_LOCK, problems)
        problems += [f"config.toml: “{key}” is no known setting" for key in unknown]
        values = {
            name: _one(s, environ.get(name), given.get(name), filed.get(s.toml_key), problems)
            for name, s in DECLARED.items()
        }
        if problems:
            raise ConfigError("; ".join(problems))
        return cls(values)


def _one(which: Setting[Any], env: str | None, override: Any, filed: Any, problems: list[str]) -> Any:
    raw = next((value for value in (override, env, filed) if value is not None), None)
    if raw is None:
        return which.default
    try:
        return which.kind(raw)
    except (ValueError, TypeError) as error:
        problems.append(f"{which.name}: {error} ({which.description})")
        return which.default


def _file(path: Path, problems: list[str]) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, OSError) as error:
        problems.append(f"{path}: {error}")
        return {}


def _running(lock: Path, problems: list[str]) -> dict[str, Any]:
    """What a running `make run` chose; nothing when the lock is free, whatever a killed one left in it."""
    try:
        with lock.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _file(lock, problems)
    except OSError:
        pass  # no such file, or somebody else's: nothing of ours runs
    return {}


_current: list[Settings] = []


def settings() -> Settings:
    """Return the settings in force, reading the environment the first time."""
    if not _current:
        _current.append(Settings.read(os.environ))
    return _current[-1]


def install(value: Settings) -> None:
    """Put these settings in force for the whole process."""
    _current[:] = [value]


@contextmanager
def override(**values: Any) -> Iterator[Settings]:
    """Change some settings for a test: `override(EOFFICE_UPLOAD_LIMIT_MB=1)`."""
    changed = Settings({**settings().values, **values})
    _current.append(changed)
    try:
        yield changed
    finally:
        _current.pop()
