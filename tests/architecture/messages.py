"""What the program says: every message id in sources and templates, and every catalogue."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
FEATURES = ROOT / "eoffice"
VIETNAMESE = FEATURES / "translations" / "vi"
_KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "_n": (1, 2)}
_METHODS = [
    ("**/migrations/**", "ignore"),
    ("**/static/**", "ignore"),
    ("**.py", "python"),
    ("**.html", "jinja2"),
]

Id = str | tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """One message id at one place."""

    id: Id
    place: str


@lru_cache(maxsize=1)
def said() -> tuple[Said, ...]:
    """Every message id of the application with its place."""
    return tuple(_extract())


def _extract() -> Iterator[Said]:
    found = extract_from_dir(
        str(FEATURES), _METHODS, keywords=_KEYWORDS, options_map={"**.html": {"trimmed": "yes"}}
    )
    for name, line, message, _comments, _context in found:
        message_id = tuple(message) if isinstance(message, list | tuple) else message
        # one place where texts are named by a variable is not a message
        if message_id:
            yield Said(message_id, f"{name}:{line}")


@lru_cache(maxsize=1)
def catalogues() -> dict[str, tuple[Message, ...]]:
    """Every Vietnamese text by catalogue."""
    found = {}
    for path in sorted(VIETNAMESE.glob("*.po")):
        with path.open("rb") as file:
            found[path.name] = tuple(message for message in read_po(file, "vi") if message.id)
    return found


def key(message_id: Id) -> str:
    """Singular form, under which a text is looked up."""
    return message_id if isinstance(message_id, str) else message_id[0]


#: words of the law stand in an id as they are: they have no English form that an office here would know
VIETNAMESE_WORDS = re.compile(r"“[^”]*”|số đến|công văn|văn thư|bút phê|kính gửi|nơi nhận", re.IGNORECASE)
