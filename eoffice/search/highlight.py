"""Found words shown in a text that was written with accents."""

import re
from collections.abc import Sequence

from markupsafe import Markup, escape

from eoffice.core.text import nfc, search_text

_WORD = re.compile(r"\w+")


def highlight(text: str, words: Sequence[str]) -> Markup:
    """Mark the words of `text` that were asked for; the last one asked for counts as a beginning."""
    if not words:
        return escape(text)
    whole, beginning = set(words), words[-1]
    parts: list[Markup] = []
    end = 0
    clean = nfc(text)
    for found in _WORD.finditer(clean):
        folded = search_text(found.group())
        if not folded or not (folded in whole or folded.startswith(beginning)):
            continue
        parts += [escape(clean[end : found.start()]), Markup("<mark>{}</mark>").format(found.group())]
        end = found.end()
    return Markup("").join([*parts, escape(clean[end:])])
