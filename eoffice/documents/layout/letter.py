"""What stands on an administrative document (Decree 30/2020, Appendix I), and how it becomes data."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Urgency(StrEnum):
    """Degrees of urgency (Decree 30/2020, Article 4.2.c), with the words and width of the stamp."""

    NORMAL = "normal"
    URGENT = "urgent"
    VERY_URGENT = "very_urgent"
    EXPRESS = "express"

    @property
    def stamp(self) -> dict[str, Any] | None:
        """Words and width in mm (Appendix I, III.2.b); none for an ordinary document."""
        words = {
            Urgency.URGENT: ("KHẨN", 20),
            Urgency.VERY_URGENT: ("THƯỢNG KHẨN", 40),
            Urgency.EXPRESS: ("HỎA TỐC", 30),
        }
        if self not in words:
            return None
        text, width = words[self]
        return {"text": text, "width": width}


@dataclass(frozen=True)
class Other:
    """Who signs beside our signer, by hand or elsewhere."""

    #: lines above the name: ("THƯ KÝ",)
    title: tuple[str, ...]
    name: str
    #: stands on the right of ours: party B; a secretary stands on the left
    after: bool = False


@dataclass(frozen=True)
class Letter:
    """One document before number and date. Text is plain; `**` marks bold words in the body.

    In the body a blank line begins a paragraph, and so does a line that starts with `- `, `1.` or `a)`
    or with a capital, or follows the end of a sentence: only text wrapped by another program is joined.
    """

    #: name of the issuing agency, one entry for each printed line (ô 2)
    agency: tuple[str, ...]
    subject: str
    body: str
    signer: str
    #: authority and office, one entry for each printed line: ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH") (ô 7a)
    authority: tuple[str, ...]
    #: the agency above, if it is named (ô 2)
    parent: str = ""
    #: name of the kind as printed, empty for an official letter (ô 5a)
    kind: str = ""
    #: whom it is addressed to (ô 9a)
    addressees: tuple[str, ...] = ()
    #: legal bases, without the closing mark (ô 6)
    bases: tuple[str, ...] = ()
    #: for a decision: whose it is, "GIÁM ĐỐC SỞ NỘI VỤ"
    decided_by: str = ""
    #: who receives it, without dash and closing mark; the last is the one that is kept (ô 9b)
    recipients: tuple[str, ...] = ()
    urgency: Urgency = Urgency.NORMAL
    #: initials of the drafter and number of copies, "PL.(300)" (ô 12)
    drafter: str = ""
    #: number and notation as printed, when they are given before the signature ("Số: 12/SNV-VP")
    number_text: str = ""
    #: "An Giang, ngày 20 tháng 11 năm 2026", printed with `number_text` only
    place_and_date: str = ""
    #: what stands in the place of the signature on an extract: "(Đã ký)"
    signed: str = ""
    #: the kind stands alone in its place, what it is about is said in the text
    untitled: bool = False
    #: stands before a list of the addressees instead of “Kính gửi:”: "CHỦ TỊCH … điện:"
    greeting: str = ""
    #: of minutes and of what two parties agree on
    other: Other | None = None


def as_data(letter: Letter) -> dict[str, Any]:
    """Return what the typst template reads."""
    number = None
    if letter.number_text or letter.place_and_date:
        number = {"number": letter.number_text, "place_and_date": letter.place_and_date}
    printed = {
        "title": letter.subject or letter.kind,
        "author": " ".join(letter.agency),
        "parent": letter.parent,
        "agency": list(letter.agency),
        "number_line": number,
        "kind": letter.kind,
        "subject": _subject(letter),
        "urgency": letter.urgency.stamp,
        "greeting": letter.greeting,
        "addressees": _addressees(letter),
        "decided_by": letter.decided_by,
        "bases": _listed(letter.bases, dash=False),
        "enacting": _enacting(letter.kind) if letter.decided_by and letter.kind else "",
        "body": paragraphs(letter.body),
        "recipients": _listed(letter.recipients, dash=True),
        "drafter": letter.drafter,
        "authority": list(letter.authority),
        "signer": letter.signer,
        "signed": letter.signed,
        "other": _other(letter.other),
    }
    return {name: _unbroken(value) for name, value in printed.items()}


def _enacting(kind: str) -> str:
    """What stands between bases and articles: “QUYẾT ĐỊNH:”, but “QUYẾT NGHỊ:” (Appendix III, models 1.2 and 1.1)."""
    return "QUYẾT NGHỊ:" if kind.casefold() == "nghị quyết" else f"{kind.upper()}:"


def _unbroken(value: Any) -> Any:
    """Keep "2026 - 2027" on one line, wherever it stands."""
    if isinstance(value, str):
        return _SPAN.sub("\u00a0-\u00a0", value)
    if isinstance(value, list):
        return [_unbroken(entry) for entry in value]
    if isinstance(value, dict):
        return {name: _unbroken(entry) for name, entry in value.items()}
    return value


def _subject(letter: Letter) -> str:
    """An official letter says "V/v …", the others "Về việc …" or what their author wrote."""
    if letter.untitled:
        return ""
    if letter.kind or not letter.subject:
        return letter.subject
    plain = about(letter.subject)
    return f"V/v {plain[0].lower() + plain[1:] if plain[1:2].islower() or plain[1:2] == ' ' else plain}"


def about(subject: str) -> str:
    """A subject without the words that lead to it: it follows others."""
    return re.sub(r"^(v/v|về việc)\s+", "", subject.strip(), flags=re.IGNORECASE)


def _addressees(letter: Letter) -> list[str]:
    """One stands behind "Kính gửi:" as it is, several are a list; a telegram has a list always (model 1.6)."""
    names = letter.addressees
    if len(names) == 1 and not letter.greeting:
        return [names[0].strip().rstrip(";.,")]
    return _listed(names, dash=True)


def _other(other: Other | None) -> dict[str, Any] | None:
    return {"title": list(other.title), "name": other.name, "after": other.after} if other else None


def _listed(entries: tuple[str, ...], *, dash: bool) -> list[str]:
    """Close each entry with a semicolon and the last with a full stop, as Appendix I writes lists."""
    plain = [entry.strip().lstrip("-").strip().rstrip(";.,").strip() for entry in entries if entry.strip()]
    marks = [*[";"] * (len(plain) - 1), "."][: len(plain)]
    return [f"{'- ' if dash else ''}{entry}{mark}" for entry, mark in zip(plain, marks, strict=True)]


_STARTS_PARAGRAPH = re.compile(r"^(-\s|\d+(\.\d+)*\.\s|[a-zđ]\)\s|(\*\*)?Điều\s+\d+\.)")
_SPAN = re.compile(r"(?<=\d) - (?=\d)")
_ARTICLE = re.compile(r"^(Điều \d+\.)(?=\s|$)")


def paragraphs(body: str) -> list[list[dict[str, Any]]]:
    """Split the text of the body into paragraphs of plain and bold runs."""
    found: list[list[str]] = [[]]
    for line in (" ".join(raw.split()) for raw in body.splitlines()):
        if not line or _STARTS_PARAGRAPH.match(line) or not line[0].islower() or _ends(found[-1]):
            found.append([])
        if line:
            found[-1].append(line)
    return [_runs(" ".join(lines)) for lines in found if lines]


def _ends(lines: list[str]) -> bool:
    return bool(lines) and lines[-1].endswith((".", ":", ";", "!", "?"))


def _runs(text: str) -> list[dict[str, Any]]:
    text = _ARTICLE.sub(r"**\1**", text)
    pieces = text.split("**")
    if len(pieces) % 2 == 0:  # an odd mark is text
        pieces[-2:] = ["**".join(pieces[-2:])]
    return [{"text": piece, "bold": bool(place % 2)} for place, piece in enumerate(pieces) if piece]
