"""A system that is not ours, on the other side of the axis: stores what comes and answers with statuses.

Each message has a folder `<doc id>` with the packet, its files and `state.json`; the state says which answers
were sent and fixes the time of those to come, so that an answer repeated after a crash is the same packet.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from exchange.answers import Waiting
from exchange.build import build
from exchange.client import AxisClient
from exchange.errors import Refused, Unavailable, Unreadable
from exchange.model import (
    VIETNAM,
    BusinessKind,
    DocumentMessage,
    Message,
    MessageKind,
    Organization,
    ResponseFor,
    StatusCode,
    StatusMessage,
)
from exchange.parse import parse_file
from exchange.vxp import Delivery

#: longest time one list call waits, so that answers that fall due are not late
_WAIT = 3.0
_TEXTS = {
    StatusCode.ARRIVED: "Đã đến",
    StatusCode.ACCEPTED: "Văn thư: đã tiếp nhận, vào sổ văn bản đến số {number}",
    StatusCode.ASSIGNED: "Lãnh đạo đã phân công xử lý",
    StatusCode.PROCESSING: "Chuyên viên đang xử lý",
    StatusCode.FINISHED: "Đã hoàn thành",
    StatusCode.CHANGE_AGREED: "Đồng ý",
}
_USUAL = (
    StatusCode.ARRIVED,
    StatusCode.ACCEPTED,
    StatusCode.ASSIGNED,
    StatusCode.PROCESSING,
    StatusCode.FINISHED,
)
_TO_A_CHANGE = (StatusCode.ARRIVED, StatusCode.CHANGE_AGREED)


@dataclass
class Answer:
    """One status to be sent by one recipient."""

    code: str
    sender: str
    sender_name: str
    #: ISO 8601; not sent earlier, and the Timestamp it carries
    at: str
    sent: bool = False


@dataclass
class Filed:
    """`state.json` of one message."""

    doc_id: str
    #: in the register of this system; 0 for a status
    number: int
    #: of the document answered: agency, code, document id, day of issue
    about: dict[str, str] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)

    @classmethod
    def load(cls, path: Path) -> Filed:
        content = json.loads(path.read_text(encoding="utf-8"))
        content["answers"] = [Answer(**item) for item in content["answers"]]
        return cls(**content)


class ForeignSystem:
    """`delay`: seconds between answers, None answers nothing. `tell`: called with one line per event."""

    def __init__(
        self, client: AxisClient, out: Path, delay: float | None, tell: Callable[[dict[str, Any]], None]
    ) -> None:
        self.client = client
        self.out = out
        self.delay = delay
        self.tell = tell
        out.mkdir(parents=True, exist_ok=True)
        self._filed = {filed.doc_id: filed for filed in map(Filed.load, sorted(out.glob("*/state.json")))}

    def fetch(self, wait: float = 0) -> int:
        """Store and confirm what waits; returns how many messages there were."""
        documents = self.client.received(wait=wait)
        statuses = self.client.received(MessageKind.STATUS)
        for waiting in (*documents, *statuses):
            self._take(waiting)
        return len(documents) + len(statuses)

    def answer(self) -> float:
        """Send the answers that are due; returns seconds until the next, at most `_WAIT`."""
        now, soonest = datetime.now(VIETNAM), _WAIT
        for filed in self._filed.values():
            for answer in filed.answers:
                left = (datetime.fromisoformat(answer.at) - now).total_seconds()
                if answer.sent:
                    continue
                if left > 0:
                    soonest = min(soonest, left)
                    break  # the others of this message come later still
                self._send(filed, answer)
        return soonest

    def _take(self, waiting: Waiting) -> None:
        folder = self.out / waiting.doc_id
        folder.mkdir(exist_ok=True)
        digest = self.client.download(waiting.doc_id, folder / "packet.edxml", waiting.sha256)
        line = {
            "doc_id": waiting.doc_id,
            "kind": waiting.kind.value,
            "from": waiting.sender,
            "sha256": digest.sha256,
        }
        try:
            message = parse_file(folder / "packet.edxml", folder / "files").message
        except Unreadable as error:
            self.client.confirm(waiting.doc_id, Delivery.FAIL, description=error.en)
            self.tell(line | {"error": error.en})
            return
        if waiting.doc_id not in self._filed:
            number = self._next_number() if isinstance(message, DocumentMessage) else 0
            self._file(folder, Filed(waiting.doc_id, number), waiting, message)
        # Confirmed only now: whatever happened before, the axis would have offered it again.
        self.client.confirm(waiting.doc_id, Delivery.DONE, sha256=digest.sha256)
        self.tell(line | _described(message))

    def _file(self, folder: Path, filed: Filed, waiting: Waiting, message: Message) -> None:
        if self.delay is not None:
            start = datetime.now(VIETNAM).replace(microsecond=0)
            for at, (code, sender) in enumerate(_answers(message, waiting)):
                moment = start + timedelta(seconds=self.delay * at)
                filed.answers.append(Answer(code.value, sender.organ_id, sender.name, moment.isoformat()))
            filed.about = _about(message)
        self._filed[filed.doc_id] = filed
        _save(folder / "state.json", filed)

    def _next_number(self) -> int:
        return max((filed.number for filed in self._filed.values()), default=0) + 1

    def _send(self, filed: Filed, answer: Answer) -> None:
        about = filed.about
        message = StatusMessage(
            sender=Organization(answer.sender, answer.sender_name),
            response_for=replace(
                ResponseFor(about["organ_id"], about["code"], about["document_id"]),
                promulgated_on=datetime.fromisoformat(about["day"]).date() if about["day"] else None,
            ),
            status_code=answer.code,
            timestamp=datetime.fromisoformat(answer.at),
            description=_TEXTS[StatusCode(answer.code)].format(number=filed.number),
        )
        out = BytesIO()
        digest = build(message, out)
        out.seek(0)
        message_id = f"{filed.doc_id}-{answer.sender}-{answer.code}"
        line = {"doc_id": filed.doc_id, "answered": answer.code, "to": about["organ_id"]}
        try:
            self.client.send(out, digest, kind=message.kind, sender=answer.sender, message_id=message_id)
        except Refused as error:
            line["error"] = error.en
        answer.sent = True
        _save(self.out / filed.doc_id / "state.json", filed)
        self.tell(line)


def run(system: ForeignSystem, *, once: bool = False) -> None:
    """Fetch and answer until SIGTERM or SIGINT; with `once` until nothing waits."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    wait = 0.0
    while not stop.is_set():
        try:
            found = system.fetch(wait)
            wait = system.answer()
            if once and not found:
                return
        except Unavailable as error:
            print(f"{error.en}; trying again", file=sys.stderr)
            stop.wait(error.retry_after or 2)
        wait = 0.0 if once else wait


def _answers(message: Message, waiting: Waiting) -> Iterator[tuple[StatusCode, Organization]]:
    """What this system says about a message, in order, by each of its agencies that got it."""
    if isinstance(message, StatusMessage):
        if message.status_code == StatusCode.TAKE_BACK:
            yield StatusCode.CHANGE_AGREED, Organization(waiting.recipients[0])
        return
    names = {item.organ_id: item.name for item in message.recipients}
    changed = message.business.kind in (BusinessKind.RECALL, BusinessKind.UPDATE)
    for code in _TO_A_CHANGE if changed else _USUAL:
        for recipient in waiting.recipients:
            yield code, Organization(recipient, names.get(recipient, ""))


def _about(message: Message) -> dict[str, str]:
    if isinstance(message, StatusMessage):
        target, organ_id = message.response_for, message.sender.organ_id
        day, code, document_id = target.promulgated_on, target.code, target.document_id
    else:
        day, code, document_id = message.promulgated_on, message.code.full, message.document_id
        organ_id = message.sender.organ_id
    return {
        "organ_id": organ_id,
        "code": code,
        "document_id": document_id,
        "day": day.isoformat() if day else "",
    }


def _described(message: Message) -> dict[str, Any]:
    if isinstance(message, DocumentMessage):
        files = [item.name for item in message.attachments]
        return {"document_id": message.document_id, "subject": message.subject, "files": files}
    return {"document_id": message.response_for.document_id, "status_code": message.status_code}


def _save(path: Path, filed: Filed) -> None:
    """Replace the file in one step: after a crash it is the old or the new one, never half of either."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        json.dump(asdict(filed), file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
