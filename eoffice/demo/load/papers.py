"""What incoming and outgoing papers share: the file behind them, their trail in the log, the numbers of a register."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.audit import Action, AuditEntry
from eoffice.core.blobs import blobs
from eoffice.core.db import Base
from eoffice.demo.load.agencies import House, Post
from eoffice.demo.load.copying import Rows, reserve
from eoffice.demo.load.vocabulary import Phrase
from eoffice.documents.layout.letter import Letter
from eoffice.documents.layout.typesetting import typeset
from eoffice.documents.models import (
    Direction,
    Document,
    DocumentAccess,
    DocumentFile,
    FileRole,
    PageText,
    RegisterEntry,
)
from eoffice.documents.operations import FILE_ADDED

#: by whom the log says a deed of the program itself was done
SYSTEM = "Hệ thống"


@dataclass(frozen=True)
class Sheet:
    """The stored PDF that stands behind every loaded paper."""

    sha256: str
    size: int
    page_sizes: list[list[float]]


def sheet() -> Sheet:
    """Set and store it."""
    letter = Letter(
        agency=("SỞ DỮ LIỆU LỚN",), subject="Văn bản nạp để thử khối lượng", signer="Nguyễn Văn An",
        body="Văn bản này được nạp hàng loạt; mọi văn bản nạp dùng chung một tệp.", authority=("GIÁM ĐỐC",),
        addressees=("Các cơ quan, đơn vị",), recipients=("Như trên", "Lưu: VT"),
    )  # fmt: skip
    blob = blobs().put_bytes(typeset(letter).pdf)
    return Sheet(blob.sha256, blob.size, [[595.28, 841.89]])


@dataclass(frozen=True)
class Paper:
    """One document to be made."""

    id: int
    house: House
    #: among all, from 0
    serial: int
    listed_at: datetime
    subject: Phrase
    page: Phrase
    urgency: int


class Desk:
    """Gathers the rows of a batch; `tables` is the order in which they are written."""

    def __init__(self, session: Session, sheet: Sheet, chance: random.Random, now: datetime) -> None:
        self.session, self.sheet, self.chance, self.now = session, sheet, chance, now
        self.documents = Rows(
            Document, "id", "agency_id", "direction", "kind_code", "code_number", "code_notation", "issued_on",
            "issuer_name", "issuer_code", "subject", "urgency", "signer_name", "signer_title", "page_count",
            "due_on", "document_uid", "register_number", "created_at", "listed_at", "words", "version",
        )  # fmt: skip
        self.files = Rows(
            DocumentFile, "id", "agency_id", "document_id", "role", "version_no", "name", "media_type", "size",
            "sha256", "page_count", "page_sizes", "created_at", "created_by",
        )  # fmt: skip
        self.pages = Rows(PageText, "file_id", "page", "agency_id", "text")
        self.access = Rows(DocumentAccess, "agency_id", "document_id", "unit_id", "person_id", "given_at")
        self.entries = Rows(
            RegisterEntry,
            "agency_id",
            "register_id",
            "number",
            "dated_on",
            "document_id",
            "given_at",
            "given_by",
        )
        self.log = Rows(
            AuditEntry, "at", "agency_id", "user_id", "actor", "action", "object_type", "object_id", "details"
        )
        self._ids: dict[type[Base], list[int]] = {}

    def id_of(self, model: type[Base]) -> int:
        """The next id of a table."""
        if not self._ids.get(model):
            self._ids[model] = list(reversed(reserve(self.session, model, 2000)))
        return self._ids[model].pop()

    def later(self, moment: datetime, hours: float) -> datetime:
        """Some time after: half to one and a half of these hours."""
        return moment + timedelta(hours=hours * (0.5 + self.chance.random()))

    def file(self, paper: Paper, role: FileRole, name: str, at: datetime, by: Post, kind: str) -> int:
        """A file with the text of its page."""
        number, version, sheet = self.id_of(DocumentFile), int(role is FileRole.DRAFT), self.sheet
        self.files.add(
            number, paper.house.id, paper.id, role, version, name, "application/pdf", sheet.size, sheet.sha256,
            1, sheet.page_sizes, at, by.name.text,
        )  # fmt: skip
        self.pages.add(number, 1, paper.house.id, paper.page.text)
        details = {"file": name, "role": role.value, "sha256": sheet.sha256}
        self.trail(paper, kind, [(at, by, FILE_ADDED, details)])
        return number

    def brought_in(self, paper: Paper, units: Sequence[int], people: Sequence[int]) -> None:
        """Rows of the access list."""
        for unit in units:
            self.access.add(paper.house.id, paper.id, unit, None, paper.listed_at)
        for person in people:
            self.access.add(paper.house.id, paper.id, None, person, paper.listed_at)

    def trail(
        self, paper: Paper, kind: str, deeds: Iterable[tuple[datetime, Post, Action, dict[str, Any]]]
    ) -> None:
        """Entries of the log about a document."""
        for at, who, action, details in deeds:
            self.log.add(at, paper.house.id, who.user_id, who.actor, action, kind, paper.id, details)

    def number(self, paper: Paper, direction: Direction, at: datetime) -> tuple[int, date]:
        """Give the next number of the agency's register of that year; papers come in the order of time."""
        day = clock.local(at).date()
        series = paper.house.series[day.year, direction]
        series.number, series.day = series.number + 1, max(day, series.day)
        self.entries.add(
            paper.house.id,
            series.register_id,
            series.number,
            series.day,
            paper.id,
            at,
            paper.house.clerk.name.text,
        )
        return series.number, series.day
