"""What comes out of the sandbox is not trusted: values are rebuilt, nothing is run."""

import enum
import io
import pickle
import sys
from dataclasses import is_dataclass
from typing import Any, Literal

Reason = Literal["time", "memory", "crash"]

#: standard modules whose plain value classes may come back
_VALUE_MODULES = {"datetime", "decimal", "pathlib", "uuid", "collections"}
_VALUE_BUILTINS = {"set", "frozenset", "bytearray", "complex", "slice", "range", "object"}


class SandboxDied(Exception):
    """The child did not survive the call: it took too long, too much memory, or crashed."""

    def __init__(self, reason: Reason, function: str) -> None:
        super().__init__(f"{function}: {reason}")
        self.reason: Reason = reason
        self.function = function


class SandboxError(Exception):
    """The function raised something that cannot be rebuilt here; the text says what it was."""


def load(data: bytes | bytearray) -> Any:
    """Rebuild an answer. Raises UnpicklingError for anything but values."""
    return _Unpickler(io.BytesIO(data)).load()


def rebuilt(raised: Any, told: str = "", *, function: str) -> Exception:
    """Make the exception again without running its constructor, whose arguments may differ from `args`."""
    if raised is None:
        return SandboxDied("memory", function) if told == "memory" else SandboxError(told)
    kind, args, attributes = raised
    error: Exception = kind.__new__(kind)
    error.args = args
    error.__dict__.update(attributes)
    return error


class _Unpickler(pickle.Unpickler):
    """No function is ever called by name and no module imported."""

    def find_class(self, module: str, name: str) -> Any:
        found: Any = sys.modules.get(module)
        for part in name.split("."):
            found = getattr(found, part, None)
        if isinstance(found, type) and _is_value(module, name, found):
            return found
        raise pickle.UnpicklingError(f"{module}.{name} may not come out of the sandbox")


def _is_value(module: str, name: str, found: type) -> bool:
    if module == "builtins":
        return name in _VALUE_BUILTINS or issubclass(found, Exception)
    return module in _VALUE_MODULES or is_dataclass(found) or issubclass(found, Exception | enum.Enum | tuple)
