"""The words that the models of Decree 30/2020, Appendix III, fix for some kinds, and the blanks they leave open.

Models 1.6 to 1.10 are the decree's. It has none for phiếu gửi, phiếu chuyển, thư công and what two parties agree on:
those are set by model 1.4, in the words that offices have for them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

_NAME = re.compile(r"\{(\w+)\}")
#: a part of a paragraph that goes when one of its blanks is empty
_PART = re.compile(r"\[([^\]]*)\]")
#: how the last paragraph ends, whatever somebody wrote there
_END = re.compile(r"[.;,/\s]*$")


@dataclass(frozen=True)
class Blank:
    """What the drafter fills in."""

    #: under which the draft keeps it
    name: str
    label: LazyString
    hint: LazyString | str = ""
    needed: bool = True
    #: one entry a line, printed as a list when there are several
    several: bool = False
    #: what is printed when it is empty
    usual: str = ""


@dataclass(frozen=True)
class Model:
    """What a kind has of its own. A paragraph goes when a blank of it is empty."""

    blanks: tuple[Blank, ...] = ()
    #: paragraphs before the text of the drafter
    opening: tuple[str, ...] = ()
    #: and after it
    closing: tuple[str, ...] = ()
    #: nothing but what the blanks say has to be written
    text_needed: bool = False
    #: what it is about stands in its text, if anywhere, not under the name of the kind
    untitled: bool = False
    #: what the form calls those it is addressed to, where it has to name somebody
    addressees: LazyString | None = None
    #: stands before those it is addressed to, each on a line of its own; empty: “Kính gửi:”
    greeting: str = ""
    #: the blank that replaces the name of the kind
    kind: str = ""
    #: the two who sign: lines above our signature, above the other one, and the blank with the other one's name
    own: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    other_name: str = ""
    #: two parties: ours stands on the left and keeps its signer's authority
    parties: bool = False
    #: where it is kept, beside VT; empty: the drafting unit
    kept: str = ""

    @property
    def names_addressees(self) -> bool:
        """They stand in a sentence of the model and need no “Kính gửi”."""
        return any("{addressees}" in paragraph for paragraph in self.opening)

    def missing(self, filled: Mapping[str, str]) -> Blank | None:
        """The first needed blank that is empty."""
        return next((one for one in self.blanks if one.needed and not filled.get(one.name, "").strip()), None)

    def values(self, filled: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
        """What stands in each blank. `known`: what the draft says elsewhere, by name."""
        found = dict(known)
        for blank in self.blanks:
            typed = filled.get(blank.name, "").strip()
            text = listed(typed.splitlines()) if blank.several else " ".join(typed.split())
            found[blank.name] = text or blank.usual or known.get(blank.name, "")
        return found

    def body(self, text: str, values: Mapping[str, str]) -> str:
        """The whole text: the model's words around the drafter's."""
        opening, closing = _written(self.opening, values), _written(self.closing, values)
        text = text.strip()
        if closing and text.endswith("./."):
            text = text.removesuffix("/.")
        parts = [*opening, *([text] if text else []), *closing]
        if opening and (closing or not text):
            parts[-1] = _END.sub("./.", parts[-1])
        return "\n\n".join(parts)


def listed(entries: list[str]) -> str:
    """One entry as it is; several, each a paragraph with dash and mark."""
    plain = [name for entry in entries if (name := entry.strip().lstrip("-").strip().rstrip(";.,"))]
    if len(plain) < 2:
        return "".join(plain)
    return "".join(f"\n\n- {entry};" for entry in plain[:-1]) + f"\n\n- {plain[-1]}."


def written(words: str, values: Mapping[str, str]) -> str:
    """The model's words with their blanks filled; empty when one is not. What people wrote is not read again."""
    words = _PART.sub(lambda part: part[1] if all(map(values.get, _NAME.findall(part[1]))) else "", words)
    if not all(map(values.get, _NAME.findall(words))):
        return ""
    return _NAME.sub(lambda name: values[name[1]], words)


def _written(paragraphs: tuple[str, ...], values: Mapping[str, str]) -> list[str]:
    return [text for paragraph in paragraphs if (text := written(paragraph, values))]


_PLACE = Blank("place", _l("Place of the meeting"))
_PARTIES = Model(
    blanks=(
        Blank("party", _l("The other party"), _l("Its full name; one's own agency is party A.")),
        Blank("party_address", _l("Address of the other party"), needed=False),
        Blank("party_signer", _l("Who signs for the other party")),
        Blank("party_title", _l("Title of who signs for the other party")),
    ),
    opening=(
        "**BÊN A: {agency}**",
        "Đại diện: {signer}, chức vụ: {office}.",
        "**BÊN B: {party}**",
        "Địa chỉ: {party_address}.",
        "Đại diện: {party_signer}, chức vụ: {party_title}.",
    ),
    text_needed=True,
    own=("ĐẠI DIỆN BÊN A",),
    other=("ĐẠI DIỆN BÊN B", "{party_title}"),
    other_name="party_signer",
    parties=True,
)
#: by code of the kind; the others have a title and a text (models 1.1 to 1.5)
MODELS: dict[str, Model] = {
    # model 1.6
    "CD": Model(
        blanks=(
            Blank("sender", _l("Who telegraphs"), _l("Empty: made from the signer's title."), needed=False),
        ),
        text_needed=True,
        addressees=_l("Telegraphed to"),
        greeting="{sender} điện:",
    ),
    # model 1.7
    "GM": Model(
        blanks=(
            Blank("event", _l("Invited to"), _l("As after “Tới dự”: the name of the meeting.")),
            Blank("presiding", _l("Who presides"), needed=False),
            Blank(
                "time", _l("Time of the meeting"), _l("For example “08 giờ 00, ngày 25 tháng 11 năm 2026”.")
            ),
            _PLACE,
        ),
        opening=(
            "{agency} trân trọng kính mời: {addressees}",
            "Tới dự: {event}",
            "Chủ trì: {presiding}",
            "Thời gian: {time}",
            "Địa điểm: {place}",
        ),
        addressees=_l("Who is invited"),
    ),
    # model 1.8
    "GGT": Model(
        blanks=(
            Blank("bearer", _l("Who is introduced"), _l("The full name, as after “Ông (bà)”.")),
            Blank("bearer_title", _l("Title of who is introduced")),
            Blank("valid_until", _l("Last day of its validity"), _l("For example “31 tháng 12 năm 2026”.")),
        ),
        opening=(
            "{agency} trân trọng giới thiệu:",
            "Ông (bà): {bearer}",
            "Chức vụ: {bearer_title}",
            "Được cử đến: {addressees}",
            "Về việc: {subject}",
        ),
        closing=(
            "Đề nghị Quý cơ quan tạo điều kiện để ông (bà) có tên ở trên hoàn thành nhiệm vụ.",
            "Giấy này có giá trị đến hết ngày {valid_until}",
        ),
        untitled=True,
        addressees=_l("Sent with it to"),
    ),
    # model 1.9; who signs for the agency presided
    "BB": Model(
        blanks=(
            Blank("begun", _l("Begun at"), _l("For example “08 giờ 00, ngày 25 tháng 11 năm 2026”.")),
            _PLACE,
            Blank("attending", _l("Who attended"), _l("One a line."), several=True),
            Blank("secretary", _l("Secretary"), _l("Signs on the left, by hand; who signs below presided.")),
            Blank("secretary_title", _l("Secretary's title"), needed=False),
            Blank("gathering", _l("What was held"), _l("Empty: “Cuộc họp”."), needed=False, usual="Cuộc họp"),
            Blank("ended", _l("Ended at"), _l("For example “11 giờ 30, ngày 25 tháng 11 năm 2026”.")),
        ),
        opening=(
            "Thời gian bắt đầu: {begun}",
            "Địa điểm: {place}",
            "Thành phần tham dự: {attending}",
            "Chủ trì (chủ tọa): {signer}[, {office}]",
            "Thư ký (người ghi biên bản): {secretary}[, {secretary_title}]",
            "Nội dung:",
        ),
        closing=("{gathering} kết thúc vào {ended}",),
        text_needed=True,
        own=("CHỦ TỌA",),
        other=("THƯ KÝ",),
        other_name="secretary",
        kept="Hồ sơ",
    ),
    # model 1.10
    "GNP": Model(
        blanks=(
            Blank("person", _l("Who goes on leave"), _l("The full name, as after “Ông (bà)”.")),
            Blank("person_title", _l("Title of who goes on leave")),
            Blank("asked_on", _l("Day of the application"), _l("day/month/year"), needed=False),
            Blank("days", _l("How long"), _l("For example “05 ngày”.")),
            Blank("first_day", _l("First day of leave"), _l("day/month/year")),
            Blank("last_day", _l("Last day of leave"), _l("day/month/year")),
            Blank("place", _l("Where the leave is spent")),
            Blank("reason", _l("Reason of the leave"), needed=False),
            Blank("counted_as", _l("Counted as"), _l("For example “nghỉ hằng năm 2026”.")),
        ),
        opening=(
            "Xét Đơn đề nghị nghỉ phép[ ngày {asked_on}] của ông (bà) {person}, {agency} cấp cho:",
            "Ông (bà): {person}",
            "Chức vụ: {person_title}",
            "Được nghỉ phép trong thời gian {days}, kể từ ngày {first_day} đến hết ngày {last_day} tại {place}.",
            "Lý do: {reason}.",
        ),
        closing=("Số ngày nghỉ phép nêu trên được tính vào thời gian {counted_as}",),
        untitled=True,
    ),
    "PG": Model(
        blanks=(Blank("items", _l("What is sent with it"), _l("One a line."), several=True),),
        opening=("{agency} gửi kèm theo phiếu này các văn bản, tài liệu sau: {items}",),
        closing=("Sau khi nhận được, đề nghị Quý cơ quan gửi lại phiếu này cho {agency}",),
        addressees=_l("Addressed to (Kính gửi)"),
    ),
    "PC": Model(
        blanks=(Blank("items", _l("What is handed on"), _l("One a line."), several=True),),
        opening=("{agency} nhận được: {items}", "Kính chuyển: {addressees}"),
        closing=("Để xem xét, giải quyết theo thẩm quyền",),
        addressees=_l("Handed on to"),
    ),
    "THC": Model(
        blanks=(
            Blank(
                "heading",
                _l("What the letter is called"),
                _l("For example “Thư khen”, “Thư chúc mừng”; empty: “Thư công”."),
                needed=False,
                usual="Thư công",
            ),
        ),
        text_needed=True,
        untitled=True,
        kind="heading",
    ),
    **dict.fromkeys(("HDG", "BGN", "BTT"), _PARTIES),
}
#: names of the blanks of all models; what two of them call alike means the same
BLANKS = frozenset(blank.name for one in MODELS.values() for blank in one.blanks)
#: all others
PLAIN = Model(text_needed=True)


def model(code: str) -> Model:
    """The model of a kind by our code."""
    return MODELS.get(code, PLAIN)
