"""Incoming papers, from arrival to completion; those of the last days, and a few older ones, are still open."""

import json
from datetime import datetime, timedelta
from typing import Any

from eoffice.core import clock
from eoffice.core.audit import Action
from eoffice.demo.load.agencies import Office, Post
from eoffice.demo.load.copying import Rows
from eoffice.demo.load.papers import SYSTEM, Desk, Paper
from eoffice.demo.load.vocabulary import phrase, vector
from eoffice.directions import operations as directions
from eoffice.directions.models import Direction as Opinion
from eoffice.directions.models import Part, Task, TaskState
from eoffice.documents import operations as documents
from eoffice.documents import registers
from eoffice.documents.models import Direction, FileRole
from eoffice.incoming import operations
from eoffice.incoming.models import IncomingDocument, Source
from eoffice.incoming.states import State
from eoffice.signatures import checking
from eoffice.signatures.models import FileCheck
from eoffice.signatures.operations import FILE_CHECKED
from signing.report import Report, Verdict

Deed = tuple[datetime, Post, Action, dict[str, Any]]

_ISSUERS = tuple(
    (phrase(title), code, phrase(notation))
    for title, code, notation in (
        ("Ủy ban nhân dân tỉnh An Giang", "H01", "UBND-KTN"), ("Sở Nội vụ", "H01.02", "SNV-CCHC"),
        ("Sở Tài chính", "H01.05", "STC-QLNS"), ("Sở Xây dựng tỉnh An Giang", "H01.15", "SXD-HTKT"),
        ("Sở Y tế tỉnh An Giang", "H01.08", "SYT-NVY"), ("Bộ Nội vụ", "G09", "BNV-VP"),
        ("Công ty Cổ phần Cấp nước An Giang", "", "CN-KT"), ("Bộ Tài chính", "G12", "BTC-NSNN"),
    )
)  # fmt: skip
_SIGNER = phrase("Nguyễn Văn Thiện")
_OPINION = "Giao đơn vị chủ trì tham mưu, báo cáo kết quả trước hạn."
_HANDED_ON = "Giao đồng chí nghiên cứu, dự thảo văn bản trả lời."
_RESULT = "Đã thực hiện xong, báo cáo kết quả."
#: of a hundred older papers, how many nobody ever finished
_FORGOTTEN = 1
#: hours each step takes, half to one and a half times
_REGISTER, _DIRECT, _READ, _ASSIGN, _FINISH = 4.0, 10.0, 10.0, 12.0, 130.0


class IncomingDesk:
    """Makes incoming papers."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.documents = Rows(
            IncomingDocument,
            "id",
            "agency_id",
            "source",
            "state",
            "arrived_at",
            "registered_at",
            "submitted_to_id",
        )
        self.checks = Rows(FileCheck, "file_id", "agency_id", "verdict", "report", "checked_at")
        self.directions, self.tasks = _opinions(), _tasks()
        #: what heads of units handed on: a direction names its unit's task, so these are written after both
        self.handed_on, self.handed_tasks = _opinions(), _tasks()
        self._report = json.dumps(checking.write(Report(Verdict.UNSIGNED)))

    def make(self, paper: Paper) -> None:
        """One document as far as it would have come by now."""
        desk, chance, house = self.desk, self.desk.chance, paper.house
        registered = desk.later(paper.listed_at, _REGISTER)
        directed = desk.later(registered, _DIRECT)
        due = clock.local(directed).date() + timedelta(days=10)
        end = self._end(paper)
        reached = State.WAITING
        at_registry: tuple[datetime, int, Any] | None = None
        deeds: list[Deed] = []
        if registered < end:
            number, day = desk.number(paper, Direction.IN, registered)
            at_registry, reached = (registered, number, day), State.SUBMITTED
            deeds += self._registered(paper, registered, number, day)
        if directed < end and reached is State.SUBMITTED:
            reached = self._direct(paper, directed, due, end, deeds)
        issuer, code, notation = chance.choice(_ISSUERS)
        typed = at_registry is not None
        text = str(paper.serial % 4000 + 1) if typed else ""
        words = (f"{text} {notation.folded} {notation.folded}" if typed else "",
                 paper.subject.folded if typed else "", issuer.folded if typed else "",
                 _SIGNER.folded if typed else "", paper.page.folded)  # fmt: skip
        desk.documents.add(
            paper.id, house.id, Direction.IN, "CV" if typed else "", text, notation.text if typed else "",
            clock.local(paper.listed_at).date() if typed else None, issuer.text if typed else "",
            code if typed else "", paper.subject.text if typed else "", paper.urgency if typed else 0,
            _SIGNER.text if typed else "", "Giám đốc" if typed else "", 1, due if typed else None, "",
            at_registry[1] if at_registry else None, paper.listed_at, paper.listed_at, vector(words), 1,
        )  # fmt: skip
        self.documents.add(
            paper.id, house.id, Source.SCAN, reached, paper.listed_at, registered if typed else None,
            house.leader.id if typed else None,
        )  # fmt: skip
        self._file(paper)
        desk.trail(paper, "IncomingDocument", deeds)

    def _end(self, paper: Paper) -> datetime:
        """Until when it was worked on: now, or the hour at which it was forgotten."""
        if self.desk.chance.randrange(100) >= _FORGOTTEN:
            return self.desk.now
        return min(self.desk.now, paper.listed_at + timedelta(hours=self.desk.chance.choice((3, 9, 20, 60))))

    def _file(self, paper: Paper) -> None:
        desk, clerk = self.desk, paper.house.clerk
        at = paper.listed_at
        desk.trail(paper, "IncomingDocument", [(at, clerk, operations.RECEIVED, {"source": "scan"})])
        name = f"{paper.serial}.pdf"
        file = desk.file(paper, FileRole.ORIGINAL, name, at, clerk, "IncomingDocument")
        self.checks.add(file, paper.house.id, Verdict.UNSIGNED, self._report, at)
        details = {"verdict": "unsigned", "document": paper.id, "findings": []}
        desk.log.add(at, paper.house.id, None, SYSTEM, FILE_CHECKED, "DocumentFile", file, details)

    def _registered(self, paper: Paper, at: datetime, number: int, day: Any) -> list[Deed]:
        clerk, leader = paper.house.clerk, paper.house.leader
        given = {"register": "DEN", "year": day.year, "number": number, "dated_on": day.isoformat()}
        return [
            (at, clerk, registers.NUMBER_GIVEN, given),
            (
                at,
                clerk,
                operations.REGISTERED,
                {"before": "waiting", "after": "registered", "number": number},
            ),
            (
                at,
                clerk,
                operations.SUBMITTED,
                {"before": "registered", "after": "submitted", "leader": leader.actor},
            ),
        ]

    def _direct(self, paper: Paper, at: datetime, due: Any, end: datetime, deeds: list[Deed]) -> State:
        """The leader names a unit; its head does it himself or hands it on. Returns the state reached."""
        desk, chance, house = self.desk, self.desk.chance, paper.house
        unit = chance.choice(house.units)
        worker = chance.choice(unit.others) if chance.random() < 0.5 else None
        assigned = desk.later(at, _ASSIGN)
        finished = desk.later(assigned, _FINISH)
        opinion, task = desk.id_of(Opinion), desk.id_of(Task)
        self.directions.add(
            opinion, house.id, paper.id, house.leader.id, house.leader.name.text, house.leader.title, None,
            _OPINION, due, at,
        )  # fmt: skip
        begun, done = assigned < end, finished < end
        state = TaskState.DONE if done else TaskState.WORKING if begun and worker else TaskState.NEW
        seen = assigned if begun and (worker or done) else None
        self.tasks.add(
            task, house.id, paper.id, opinion, Part.LEAD, unit.id, None, due, state, seen,
            finished if done else None, _RESULT if done else "",
        )  # fmt: skip
        others = [one for one in house.units if one is not unit][: chance.randrange(2)]
        for other in others:
            read = desk.later(at, _READ)
            known = read < end and chance.randrange(50) > 0
            self.tasks.add(
                desk.id_of(Task), house.id, paper.id, opinion, Part.INFORM, other.id, None, None,
                TaskState.SEEN if known else TaskState.NEW, read if known else None, None, "",
            )  # fmt: skip
        units = [unit.id, *(other.id for other in others)]
        desk.brought_in(paper, units, [])
        named = [f"lead: {unit.name}", *(f"inform: {other.name}" for other in others)]
        brought = {"units": units, "people": [], "named": [one.name for one in (unit, *others)]}
        given = {"opinion": _OPINION, "due_on": due.isoformat(), "named": named}
        deeds += [
            (at, house.leader, documents.ACCESS_GIVEN, brought),
            (at, house.leader, directions.GIVEN, given),
            (
                at,
                house.leader,
                operations.FORWARDED,
                {"before": "submitted", "after": "forwarded", "lead": unit.name},
            ),
        ]
        reached = State.FORWARDED
        if worker is not None and begun:
            self._assign(paper, unit, worker, task, assigned, due, finished if done else None, deeds)
            reached = State.IN_PROGRESS
        if done:
            by = worker or unit.head
            result = {"task": unit.name, "result": _RESULT}
            deeds.append((finished, by, directions.FINISHED, result))
            deeds.append(
                (finished, by, operations.DONE, {"before": reached.value, "after": "done", "result": _RESULT})
            )
            reached = State.DONE
        return reached

    def _assign(
        self, paper: Paper, unit: Office, worker: Post, parent: int, at: datetime, due: Any,
        finished: datetime | None, deeds: list[Deed],
    ) -> None:  # fmt: skip
        desk, house, opinion = self.desk, paper.house, self.desk.id_of(Opinion)
        self.handed_on.add(
            opinion, house.id, paper.id, unit.head.id, unit.head.name.text, unit.head.title, parent, _HANDED_ON,
            due, at,
        )  # fmt: skip
        self.handed_tasks.add(
            desk.id_of(Task), house.id, paper.id, opinion, Part.LEAD, None, worker.id, due,
            TaskState.DONE if finished else TaskState.WORKING, at, finished, _RESULT if finished else "",
        )  # fmt: skip
        desk.brought_in(paper, [], [worker.person_id])
        brought = {"units": [], "people": [worker.person_id], "named": [worker.name.text]}
        given = {"opinion": _HANDED_ON, "due_on": due.isoformat(), "named": [f"lead: {worker.actor}"]}
        deeds += [
            (at, unit.head, documents.ACCESS_GIVEN, brought),
            (at, unit.head, directions.ASSIGNED, given),
            (at, unit.head, operations.BEGUN, {"before": "forwarded", "after": "in_progress"}),
            (at, worker, directions.OPENED, {"task": worker.actor}),
        ]
        if finished:
            deeds.append((finished, worker, directions.FINISHED, {"task": worker.actor, "result": _RESULT}))


def _opinions() -> Rows:
    return Rows(
        Opinion, "id", "agency_id", "document_id", "by_assignment_id", "by_name", "by_title", "parent_task_id",
        "opinion", "due_on", "given_at",
    )  # fmt: skip


def _tasks() -> Rows:
    return Rows(
        Task, "id", "agency_id", "document_id", "direction_id", "part", "unit_id", "assignment_id", "due_on", "state",
        "seen_at", "done_at", "result",
    )  # fmt: skip
