"""Whether the page names everybody it is sent to (Decree 30/2020, Appendix I-II.9)."""

from collections.abc import Iterable
from pathlib import Path

from eoffice.core.text import fold
from eoffice.documents.models import Recipient
from eoffice.documents.pages import page_text


def unnamed(path: Path, recipients: Iterable[Recipient]) -> list[str]:
    """Recipients that stand neither in “Kính gửi” nor in “Nơi nhận”, however lines are broken there.

    A group, “các sở, ban, ngành”, names its members to people only: who checks decides. A scan has no words to look
    through. Raises as `page_text`.
    """
    text = " ".join(fold(" ".join(page.text for page in page_text(path))).split())
    return [one.name for one in recipients if " ".join(fold(one.name).split()) not in text] if text else []
