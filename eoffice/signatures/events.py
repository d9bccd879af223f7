"""What checking a file tells the features above."""

from dataclasses import dataclass

from eoffice.core.events import Event


@dataclass(frozen=True)
class FileChecked(Event):
    """The signatures of a stored file were checked; `verdict` is a value of `signing`'s verdict."""

    file_id: int
    verdict: str
