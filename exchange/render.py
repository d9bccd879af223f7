"""A small tree of elements written as JDOM's pretty printer writes it: two spaces, CRLF, ` />`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.sax import saxutils

from exchange.errors import Unbuildable
from exchange.vocabulary import PREFIX

NEWLINE = "\r\n"
#: what XML 1.0 (2.2 Characters) cannot hold, not even escaped
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Element:
    """`content` is text, or the child elements."""

    name: str
    content: str | tuple[Element, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


def leaf(name: str, value: object) -> tuple[Element, ...]:
    """One element with text, or none when there is nothing to say. Spread it among siblings."""
    text = "" if value is None else str(value).strip()
    return (Element(name, text),) if text else ()


def branch(name: str, *children: Element) -> tuple[Element, ...]:
    """One element with children, or none when there are no children."""
    return (Element(name, children),) if children else ()


def leaves(value: object, names: dict[str, str]) -> Iterator[Element]:
    """One leaf for every field of `value` that is not empty, in the order of `names` (wire → model)."""
    for wire, attribute in names.items():
        yield from leaf(wire, getattr(value, attribute))


def render(element: Element, *, depth: int) -> bytes:
    """The element and all below it, indented by `depth` levels, UTF-8. Raises Unbuildable."""
    return "".join(_lines(element, "  " * depth)).encode()


def escape(text: str) -> str:
    """`text` as element content. Raises Unbuildable on a character XML has no form for."""
    if found := _IMPOSSIBLE.search(text):
        code = f"U+{ord(found[0]):04X}"
        raise Unbuildable(f"Ký tự {code} không ghi được vào XML", f"Character {code} has no form in XML")
    return saxutils.escape(text, {"\r": "&#xD;"})


def _lines(element: Element, indent: str) -> Iterable[str]:
    attributes = "".join(f" {name}={saxutils.quoteattr(value)}" for name, value in element.attributes)
    name = f"{PREFIX}:{element.name}"
    if not element.content:
        yield f"{indent}<{name}{attributes} />{NEWLINE}"
    elif isinstance(element.content, str):
        yield f"{indent}<{name}{attributes}>{escape(element.content)}</{name}>{NEWLINE}"
    else:
        yield f"{indent}<{name}{attributes}>{NEWLINE}"
        for child in element.content:
            yield from _lines(child, indent + "  ")
        yield f"{indent}</{name}>{NEWLINE}"
