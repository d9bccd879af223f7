"""Whether the page names everybody it is sent to (Decree 30/2020, Appendix I-II.9)."""

from collections.abc import Iterable
from pathlib import Path

from eoffice.core.text import fold
from eoffice.documents.models import Recipient
from eoffice.documents.pages import page_text


def unnamed(path: Path, recipients: Iterable[Recipient]) -> list[str]:
    """Recipients that stand neither in “Kính gửi” nor in “Nơi nhận”, however lines are broken there: neither by their
    own names nor by the line of the group they were chosen with.

    Another group, “các sở, ban, ngành”, names its members to people only: who checks decides. A scan has no words to
    look through. Raises as `page_text`.
    """
    text = _plain(" ".join(page.text for page in page_text(path)))
    if not text:
        return []
    return [
        one.name for one in recipients if not any(_plain(way) in text for way in (one.name, one.line) if way)
    ]


def _plain(words: str) -> str:
    return " ".join(fold(words).split())
