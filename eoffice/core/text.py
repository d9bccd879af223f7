"""Vietnamese text: folding for search, order for lists.

The database has no Vietnamese collation of its own everywhere, so both are made here, once, and stored.
"""

import re
import unicodedata
from datetime import date

from eoffice.core.errors import TooLong

_D = str.maketrans({"đ": "d", "Đ": "D", "ð": "d", "Ð": "D"})
_SPLIT = re.compile(r"[\W_]+")
#: what XML 1.0 cannot hold (2.2, Char): text with it could be kept but never sent
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# Order of the Vietnamese alphabet; tones follow the letter: level, huyền, hỏi, ngã, sắc, nặng.
_LETTERS = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_TONES = {"\u0300": "1", "\u0309": "2", "\u0303": "3", "\u0301": "4", "\u0323": "5"}
_MARKS = {"\u0306", "\u0302", "\u031b"}
_RANK = {letter: chr(ord("A") + index) for index, letter in enumerate(_LETTERS)}


#: soft hyphens, zero width, byte order marks, and what turns the direction of writing, so that “12” reads as “21”
_INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def writable(text: str) -> str:
    """Leave out control characters and what nobody sees, which come along when text is pasted from other programs."""
    text = text.replace("\v", "\n")  # word processors break lines with it
    return invisible_removed(_UNWRITABLE.sub("", text))


def invisible_removed(text: str) -> str:
    """Without characters that are not seen and change how others are."""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def nfc(text: str) -> str:
    """One spelling for each letter, spaces trimmed and single."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def whole(text: str, limit: int, field: str) -> str:
    """What somebody wrote, as it is kept: in one spelling, nothing cut off. Raises TooLong."""
    kept = nfc(text)
    if len(kept) > limit:
        raise TooLong(max=limit, field=field)
    return kept


#: how people name a document: "Quyết định số 12/QĐ-SNNMT ngày 05/11/2026", "12-QĐ/TU", the day before or after
_NUMBER = re.compile(r"\d+\s*[/-]\s*[^\W\d_]\S*")
_DAY = re.compile(
    r"\b(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\b|ngày\s+(\d{1,2})\s+tháng\s+(\d{1,2})\s+năm\s+(\d{4})",
    re.IGNORECASE,
)


def cites(text: str) -> bool:
    """Whether a document is named by number, notation and a day that there is."""
    plain = nfc(text)
    return _NUMBER.search(plain) is not None and any(map(_is_day, _DAY.finditer(plain)))


def _is_day(found: re.Match[str]) -> bool:
    day, month, year = (int(one) for one in found.groups() if one)
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def written(text: str, limit: int, field: str) -> str:
    """The same of a text in paragraphs: one a line, none empty. Raises TooLong."""
    kept = "\n".join(filter(None, map(nfc, writable(text).splitlines())))
    if len(kept) > limit:
        raise TooLong(max=limit, field=field)
    return kept


def fold(text: str) -> str:
    """Lower case without accents; đ becomes d: what people type when they search in a hurry."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFD", text.translate(_D))
    marks = {ord(c): None for c in set(plain) if unicodedata.combining(c)}
    return plain.translate(marks).lower()


def search_text(*parts: str | None) -> str:
    """Folded words only, so that the database's own parser has nothing left to misread ("12/QĐ-UBND")."""
    return _SPLIT.sub(" ", fold(" ".join(part for part in parts if part))).strip()


def sort_key(text: str) -> str:
    """A key whose plain byte order is the Vietnamese order: letters first, then tones."""
    letters: list[str] = []
    tones: list[str] = []
    for char in nfc(text).lower():
        decomposed = unicodedata.normalize("NFD", char)
        base = unicodedata.normalize("NFC", decomposed[0] + "".join(c for c in decomposed if c in _MARKS))
        letters.append(_RANK.get(base, base))
        tones.append(next((_TONES[c] for c in decomposed if c in _TONES), "0"))
    return "".join(letters) + "\x01" + "".join(tones)
