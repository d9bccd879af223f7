"""Outgoing papers: signed, numbered, sealed, issued and taken by their recipients; a few are still drafts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from eoffice.demo.load.agencies import UNITS, House, Office, Post
from eoffice.demo.load.copying import Rows
from eoffice.demo.load.papers import SYSTEM, Desk, Paper
from eoffice.demo.load.vocabulary import phrase, vector
from eoffice.documents import operations as documents
from eoffice.documents import registers
from eoffice.documents.models import Channel, Direction, FileRole, Recipient
from eoffice.gateway import operations as gateway
from eoffice.gateway.models import Delivery, Dispatch, DispatchState, Hop
from eoffice.outgoing import operations
from eoffice.outgoing.models import DraftSource, OutgoingDocument
from eoffice.outgoing.states import State

#: steps after the draft: name, hours it takes, state it leads to
_STEPS = (
    ("submit", 20.0, State.APPROVAL), ("approve", 5.0, State.FORM_CHECK), ("check", 3.0, State.SIGNATURE),
    ("sign", 8.0, State.NUMBERING), ("number", 1.0, State.SEALING), ("seal", 0.2, State.ISSUING),
    ("issue", 0.2, State.ISSUED),
)  # fmt: skip
#: share of copies that go on paper
ON_PAPER = 0.06
_CONTENT = {
    "body": "Nội dung nạp hàng loạt.",
    "addressees": ["Các cơ quan, đơn vị"],
    "bases": [],
    "copies": ["Lưu: VT"],
}
_NOTATIONS = {short: phrase(f"T-{short}") for short, _ in UNITS}
_BOX = [85.0, 729.4, 552.8, 752.1]
_PLACE = [1, 300.5, 415.0, 552.8, 528.4]


class OutgoingDesk:
    """Makes outgoing papers for houses that write to each other."""

    def __init__(self, desk: Desk, houses: Sequence[House]) -> None:
        self.desk, self.houses = desk, houses
        self.documents = Rows(
            OutgoingDocument, "id", "agency_id", "state", "draft_source", "content", "drafter_id", "unit_id",
            "signer_id", "authority", "approved_at", "approved_by", "form_checked_at", "form_checked_by", "signed_at",
            "numbered_at", "sealed_at", "issued_at", "number_box", "signature_place",
        )  # fmt: skip
        self.recipients = Rows(Recipient, "agency_id", "document_id", "code", "name", "channel", "position")
        self.dispatches = Rows(
            # what was taken long ago is not built again: nobody asks what it said
            Dispatch, "id", "agency_id", "document_id", "sender_code", "message", "urgent", "message_id", "state",
            "hub_id", "attempts", "next_try_at", "created_at", "accepted_at",
        )  # fmt: skip
        self.deliveries = Rows(
            Delivery, "agency_id", "dispatch_id", "document_id", "recipient_code", "recipient_name", "hop",
            "on_axis_at", "fetched_at", "arrived_at", "registered_at", "done_at", "last_status_at",
        )  # fmt: skip

    def make(self, paper: Paper) -> None:
        """One document as far as it would have come by now."""
        desk, house = self.desk, paper.house
        unit = desk.chance.choice(house.units)
        drafter = desk.chance.choice((unit.head, *unit.others))
        times = self._times(paper.listed_at)
        state = next((state for name, _, state in reversed(_STEPS) if name in times), State.DRAFT)
        number, day = (
            desk.number(paper, Direction.OUT, times["number"]) if "number" in times else (None, None)
        )
        code = f"{number:02}" if number else ""
        notation = _NOTATIONS[unit.abbreviation]
        listed = times.get("issue", paper.listed_at)
        folded = f"{code} {notation.folded} {notation.folded}"
        words = (folded, paper.subject.folded, house.name.folded, house.leader.name.folded, paper.page.folded)
        uid = f"{house.code},{day:%Y/%m/%d},{code}/{notation.text}" if "issue" in times else ""
        desk.documents.add(
            paper.id, house.id, Direction.OUT, "CV", code, notation.text, day, house.name.text, house.code,
            paper.subject.text, paper.urgency, house.leader.name.text, house.leader.title, 1, None, uid, number,
            paper.listed_at, listed, vector(words), 1,
        )  # fmt: skip
        self._row(paper, unit, drafter, state, times)
        desk.brought_in(paper, [unit.id], [drafter.person_id])
        reached = [house for house, channel in self._recipients(paper) if channel is Channel.AXIS]
        self._trail(paper, unit, drafter, times, code, number, day)
        if "issue" in times and reached:
            self._send(paper, times["issue"], reached)

    def _times(self, begun: datetime) -> dict[str, datetime]:
        """When each step was taken, as far as it came; one in a hundred drafts was left lying."""
        times: dict[str, datetime] = {}
        last = self.desk.chance.randrange(4) if self.desk.chance.randrange(100) == 0 else len(_STEPS)
        at = begun
        for name, hours, _ in _STEPS[:last]:
            at = self.desk.later(at, hours)
            if at > self.desk.now:
                break
            times[name] = at
        return times

    def _row(
        self, paper: Paper, unit: Office, drafter: Post, state: State, times: dict[str, datetime]
    ) -> None:
        house = paper.house
        approved, checked = times.get("approve"), times.get("check")
        checker = house.units[0].head.name.text
        self.documents.add(
            paper.id, house.id, state, DraftSource.TEMPLATE, _CONTENT, drafter.id, unit.id, house.leader.id, "GIÁM ĐỐC",
            approved, unit.head.name.text if approved else "", checked, checker if checked else "",
            times.get("sign"), times.get("number"), times.get("seal"), times.get("issue"), _BOX, _PLACE,
        )  # fmt: skip

    def _recipients(self, paper: Paper) -> list[tuple[House, Channel]]:
        chance = self.desk.chance
        others = [house for house in chance.sample(self.houses, 3) if house is not paper.house]
        chosen = [
            (house, Channel.PAPER if chance.random() < ON_PAPER else Channel.AXIS)
            for house in others[: 1 + chance.randrange(2)]
        ]
        for place, (house, channel) in enumerate(chosen):
            self.recipients.add(paper.house.id, paper.id, house.code, house.name.text, channel, place)
        return chosen

    def _trail(
        self, paper: Paper, unit: Office, drafter: Post, times: dict[str, datetime], code: str,
        number: int | None, day: Any,
    ) -> None:  # fmt: skip
        desk, house, kind = self.desk, paper.house, "OutgoingDocument"
        at, clerk, leader = paper.listed_at, house.clerk, house.leader
        who = {"submit": drafter, "approve": unit.head, "check": house.units[0].head, "sign": leader}
        access = {
            "units": [unit.id], "people": [drafter.person_id], "named": [unit.name, drafter.name.text],
        }  # fmt: skip
        drafted = {"kind": "CV", "subject": paper.subject.text}
        desk.trail(
            paper,
            kind,
            [(at, drafter, documents.ACCESS_GIVEN, access), (at, drafter, operations.DRAFTED, drafted)],
        )
        desk.file(paper, FileRole.DRAFT, "van-ban.pdf", at, drafter, kind)
        before = State.DRAFT
        for name, _, after in _STEPS:
            if name not in times:
                return
            at, by = times[name], who.get(name, clerk)
            if name == "sign":
                desk.file(paper, FileRole.SIGNED, "van-ban.pdf", at, leader, kind)
            elif name == "number":
                assert number is not None
                given = {"register": "DI", "year": day.year, "number": number, "dated_on": day.isoformat()}
                desk.trail(paper, kind, [(at, clerk, registers.NUMBER_GIVEN, given)])
            elif name == "seal":
                for role in (FileRole.NUMBERED, FileRole.ISSUED):
                    desk.file(paper, role, f"{code}-{unit.abbreviation}.pdf", at, clerk, kind)
            moved = {"step": name, "before": before.value, "after": after.value}
            desk.trail(paper, kind, [(at, by, operations.MOVED, moved)])
            before = after

    def _send(self, paper: Paper, issued: datetime, reached: list[House]) -> None:
        desk, house = self.desk, paper.house
        number = desk.id_of(Dispatch)
        accepted = desk.later(issued, 0.01)
        self.dispatches.add(
            number, house.id, paper.id, house.code, {}, paper.urgency > 0, f"loaded-{paper.id}",
            DispatchState.ACCEPTED, f"loaded-{paper.id}", 1, issued, issued, accepted,
        )  # fmt: skip
        codes = {"recipients": [one.code for one in reached]}
        desk.trail(paper, "OutgoingDocument", [(issued, house.clerk, gateway.DISPATCHED, codes)])
        taken = {"axis_id": f"loaded-{paper.id}"}
        desk.log.add(accepted, house.id, None, SYSTEM, gateway.ACCEPTED, "OutgoingDocument", paper.id, taken)
        for one in reached:
            arrived = desk.later(accepted, 0.1)
            registered = desk.later(arrived, 4.0)
            done = desk.later(registered, 90.0)
            hop = Hop.DONE if done < desk.now else Hop.REGISTERED if registered < desk.now else Hop.ARRIVED
            self.deliveries.add(
                house.id, number, paper.id, one.code, one.name.text, hop, accepted, arrived, arrived,
                registered if hop is not Hop.ARRIVED else None, done if hop is Hop.DONE else None,
                {Hop.DONE: done, Hop.REGISTERED: registered, Hop.ARRIVED: arrived}[hop],
            )  # fmt: skip
