"""One document before it is set: what stands in each cell of Decree 30/2020, Appendix I, and how it is set."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

STATE = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"
#: how each part is set: size in points, bold, italic (Appendix I, II)
STYLES: Mapping[str, tuple[float, bool, bool]] = {
    "parent": (13, False, False), "agency": (13, True, False), "state": (12, True, False), "motto": (14, True, False),
    "number": (13, False, False), "date": (14, False, True), "kind": (14, True, False), "subject": (14, True, False),
    "about": (12, False, False), "addressees": (14, False, False), "bases": (14, False, True),
    "body": (14, False, False), "label": (12, True, True), "recipients": (11, False, False), "title": (14, True, False),
    "signer": (14, True, False), "page": (14, False, False),
}  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """Everything is printed as it stands here; an empty text is left out."""

    agency: tuple[str, ...]
    number: str
    date: str
    subject: str
    body: tuple[str, ...]
    recipients: tuple[str, ...]
    authority: tuple[str, ...]
    signer: str
    parent: str = ""
    #: empty for an official letter, whose subject stands under the number
    kind: str = ""
    addressees: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    state: str = STATE
    motto: str = MOTTO
    calling: str = "Kính gửi:"
    label: str = "Nơi nhận:"
    #: width and height, then top, bottom, left, right, in millimetres
    paper: tuple[float, float] = (210, 297)
    margins: tuple[float, float, float, float] = (20, 20, 30, 15)
    font: str = "Tinos"
    #: parts set otherwise than `STYLES` and `font` say
    fonts: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, float] = field(default_factory=dict)
    #: parts without their bold or italic
    plain: tuple[str, ...] = ()
    #: top, bottom, right or none; `first`: on page 1 too
    pages: str = "top"
    first: bool = False
    page_text: str = "{}"
    #: agency on the right, state on the left; recipients on the right, signature on the left
    swapped_head: bool = False
    swapped_foot: bool = False

    def data(self) -> dict[str, Any]:
        """What a template reads: fields, and the style of every part."""
        styles = {}
        for part, (size, bold, italic) in STYLES.items():
            plain = part in self.plain
            styles[part] = {
                "size": self.sizes.get(part, size), "font": self.fonts.get(part, self.font),
                "bold": bold and not plain, "italic": italic and not plain,
            }  # fmt: skip
        return asdict(self) | {"styles": styles}
