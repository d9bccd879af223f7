"""A file's form as the tree it is: fields stand at any depth, and take type and value from those above them."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pikepdf


@dataclass(frozen=True)
class Field:
    """One node of the tree that is a field (ISO 32000-1 §12.7.3.1)."""

    #: with the names of those above it, by dots
    name: str
    #: such as `/Sig`; empty where neither it nor one above it says so
    kind: str
    #: it has a value, which may stand above it
    filled: bool
    #: annotations that may show it
    widgets: tuple[Any, ...]


@dataclass(frozen=True)
class _Above:
    name: str = ""
    kind: str = ""
    filled: bool = False


def form_fields(pdf: pikepdf.Pdf) -> Iterator[Field]:
    """Every field, each once, however they refer to one another."""
    form: Any = pdf.Root.get("/AcroForm", {})
    waiting = deque((_Above(), node) for node in _dictionaries(form.get("/Fields", [])))
    seen: set[Any] = set()
    while waiting:
        above, node = waiting.popleft()
        if node.is_indirect and node.objgen in seen:
            continue
        seen.add(node.objgen)
        part = str(node.get("/T", ""))
        name = f"{above.name}.{part}" if above.name and part else above.name or part
        here = _Above(name, str(node.get("/FT", above.kind)), above.filled or "/V" in node)
        kids = _dictionaries(node.get("/Kids", []))
        below = [kid for kid in kids if "/T" in kid or "/Kids" in kid]
        waiting.extend((here, kid) for kid in below)
        # a field and its only widget may be one dictionary (§12.5.6.19)
        widgets = [node, *(kid for kid in kids if "/T" not in kid)]
        yield Field(name, here.kind, here.filled, tuple(widgets))


def _dictionaries(found: Any) -> list[Any]:
    return (
        [one for one in found if isinstance(one, pikepdf.Dictionary)]
        if isinstance(found, pikepdf.Array)
        else []
    )
