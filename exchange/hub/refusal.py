"""Why the axis says no, with the codes that clients know."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """ErrorCode of an answer; none of these gets better by trying again."""

    BAD_FILE = "10"
    BAD_CREDENTIALS = "15"
    UNKNOWN_RECIPIENT = "18"
    UNKNOWN_SENDER = "19"
    SYSTEM = "20"
    BAD_REQUEST = "21"
    BAD_MESSAGE = "22"
    LOCKED_RECIPIENT = "23"


class Refusal(Exception):
    """`text` goes to the client as it is; ASCII, since clients read answers as such."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text.encode("ascii", "replace").decode()
