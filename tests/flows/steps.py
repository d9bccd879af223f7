"""The five steps, each as the right person, through the API."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from eoffice.core import clock
from eoffice.demo.province import PIN
from eoffice.directory.models import Role
from eoffice.documents.layout.letter import Letter
from eoffice.documents.layout.samples import sample_scan_pdf
from tests.flows.installation import Api, Installation, account, wait_for

#: what B's clerk takes over from the packet
REGISTER_FIELDS = (
    "code_number", "code_notation", "issued_on", "issuer_name", "issuer_code", "kind_code", "subject",
)  # fmt: skip
A, B, OUTSIDE = "H01.12", "H01.05", "G09"


def paper(number: int, subject: str) -> bytes:
    """A scanned letter of an agency that still sends paper."""
    letter = Letter(
        agency=("SỞ XÂY DỰNG",), parent="UBND TỈNH AN GIANG", subject=subject, body="Kính đề nghị cho ý kiến./.",
        signer="Nguyễn Việt Trí", authority=("GIÁM ĐỐC",), addressees=("Sở Nông nghiệp và Môi trường",),
        number_text=f"Số: {number}/SXD-HTKT", place_and_date="An Giang, ngày 20 tháng 11 năm 2026",
    )  # fmt: skip
    return sample_scan_pdf(letter)


@dataclass
class Office:
    """The people of agency A, and the clerk of agency B."""

    where: Installation
    clerk: Api = field(init=False)
    leader: Api = field(init=False)
    chief: Api = field(init=False)
    head: Api = field(init=False)
    specialist: Api = field(init=False)
    other_clerk: Api = field(init=False)

    def __post_init__(self) -> None:
        def api(mark: str, role: Role, unit: str = "") -> Api:
            return self.where.api(account(mark, role, unit))

        self.clerk = api("snnmt", Role.CLERK)
        self.leader = api("snnmt", Role.LEADER)
        self.chief = api("snnmt", Role.CHIEF_OF_OFFICE)
        self.head = api("snnmt", Role.UNIT_HEAD, "CCTL")
        self.specialist = api("snnmt", Role.SPECIALIST)
        self.other_clerk = api("stc", Role.CLERK)

    # 1: register a paper

    def register(self, number: int, subject: str, *, accept_duplicate: bool = False) -> dict[str, Any]:
        """Văn thư registers a scan and submits it to the director."""
        entry = json.dumps(self.entry(number, subject, accept_duplicate))
        answer = self.clerk.upload("/api/v1/incoming", f"{number}.pdf", paper(number, subject), entry)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def entry(self, number: int, subject: str, accept_duplicate: bool = False) -> dict[str, Any]:
        """What the clerk types."""
        return {
            "code_number": str(number), "code_notation": "SXD-HTKT", "issued_on": clock.today().isoformat(),
            "issuer_name": "Sở Xây dựng tỉnh An Giang", "kind_code": "CV", "subject": subject,
            "submit_to_id": self.post(Role.LEADER)["id"], "accept_duplicate": accept_duplicate,
        }  # fmt: skip

    def post(self, role: Role) -> dict[str, Any]:
        """The first present post of a role in agency A."""
        posts = self.clerk.get("/api/v1/directory/posts")
        found: dict[str, Any] = next(post for post in posts if post["role"] == role)
        return found

    def unit(self, abbreviation: str) -> int:
        """A unit of agency A."""
        return int(
            next(
                u["id"]
                for u in self.clerk.get("/api/v1/directory/units")
                if u["abbreviation"] == abbreviation
            )
        )

    # 2: direct, assign, open

    def direct(self, document_id: int) -> None:
        """Lãnh đạo directs, trưởng phòng assigns, chuyên viên opens."""
        self.leader.post(
            f"/api/v1/incoming/{document_id}/directions",
            {
                "opinion": "Giao Chi cục Thủy lợi chủ trì tham mưu trả lời",
                "lead": {"unit_id": self.unit("CCTL")},
                "coordinating": [{"unit_id": self.unit("KHTC")}],
                "inform": [],
                "due_on": clock.today().isoformat(),
            },
        )
        task = next(t for t in self.head.get("/api/v1/tasks")["to_assign"] if t["document_id"] == document_id)
        worker = next(
            p for p in self.head.get("/api/v1/directory/posts")
            if p["role"] == Role.SPECIALIST and p["unit_id"] == self.unit("CCTL")
        )  # fmt: skip
        self.head.post(
            f"/api/v1/tasks/{task['id']}/assign",
            {"assignment_id": worker["id"], "opinion": "Giao đồng chí dự thảo"},
        )
        mine = next(
            t for t in self.specialist.get("/api/v1/tasks")["to_do"] if t["document_id"] == document_id
        )
        self.specialist.post(f"/api/v1/tasks/{mine['id']}/open")

    # 3: draft, approve, check, sign, number, seal, issue

    def draft(
        self, subject: str, *, reply_to: int | None = None, recipients: tuple[str, ...] = (B, OUTSIDE)
    ) -> int:
        """Chuyên viên drafts from the official template."""
        made = self.specialist.post(
            "/api/v1/outgoing",
            {
                "kind_code": "CV", "subject": subject, "signer_id": self.post(Role.LEADER)["id"],
                "recipients": list(recipients), "unit_id": self.unit("CCTL"), "reply_to_id": reply_to,
                "body": "Sở Nông nghiệp và Môi trường thống nhất với nội dung đề nghị./.",
                "copies": ["Như trên", "Lưu: VT, CCTL"],
                "addressees": ["Sở Tài chính", "Bộ Nội vụ"],
            },
        )  # fmt: skip
        return int(made["id"])

    def sign(self, document_id: int) -> None:
        """Submit, approve, check the form, sign."""
        path = f"/api/v1/outgoing/{document_id}"
        self.specialist.post(f"{path}/submit")
        self.head.post(f"{path}/approve", {"note": "Đồng ý"})
        self.chief.post(f"{path}/check")
        self.leader.post(f"{path}/sign", {"pin": PIN})

    def number(self, document_id: int) -> dict[str, Any]:
        """Văn thư gives number and date."""
        made: dict[str, Any] = self.clerk.post(f"/api/v1/outgoing/{document_id}/number")
        return made

    def seal(self, document_id: int) -> None:
        """The agency's signature."""
        self.clerk.post(f"/api/v1/outgoing/{document_id}/seal", {"pin": PIN})

    def issue(self, document_id: int) -> None:
        """Out."""
        self.clerk.post(f"/api/v1/outgoing/{document_id}/issue")

    # 4: what becomes of it

    def outgoing(self, document_id: int) -> dict[str, Any]:
        """The document as the sender's clerk sees it."""
        found: dict[str, Any] = self.clerk.get(f"/api/v1/outgoing/{document_id}")
        return found

    def hop(self, document_id: int, recipient: str) -> str:
        """How far one recipient's copy has come."""
        deliveries = self.outgoing(document_id)["deliveries"]
        return str(next(d["hop"] for d in deliveries if d["recipient_code"] == recipient))

    def arrived(self, subject: str, seconds: float = 40) -> dict[str, Any]:
        """The document in the other agency's inbox."""
        found: dict[str, Any] = wait_for(
            lambda: self._at_b(subject), seconds, told=f"“{subject}” at agency B"
        )
        whole: dict[str, Any] = self.other_clerk.get(f"/api/v1/incoming/{found['id']}")
        return whole

    def all_at_b(self, subject: str) -> list[dict[str, Any]]:
        """Every incoming document of agency B with this subject."""
        page = self.other_clerk.get("/api/v1/incoming?tab=open")
        return [row for row in page["documents"] if row["subject"] == subject]

    def _at_b(self, subject: str) -> dict[str, Any] | None:
        return next(iter(self.all_at_b(subject)), None)

    def register_at_b(self, arrived: dict[str, Any]) -> dict[str, Any]:
        """Văn thư of B registers it."""
        entry = {key: arrived[key] for key in REGISTER_FIELDS}
        made: dict[str, Any] = self.other_clerk.post(f"/api/v1/incoming/{arrived['id']}/register", entry)
        return made

    # 5: the same bytes

    def issued_bytes(self, document_id: int) -> bytes:
        """What A issued."""
        file = next(f for f in self.outgoing(document_id)["files"] if f["role"] == "issued")
        return self.clerk.bytes_of(file["id"])

    def received_bytes(self, arrived: dict[str, Any]) -> bytes:
        """What B holds."""
        file = next(f for f in arrived["files"] if f["role"] == "original")
        content = self.other_clerk.bytes_of(file["id"])
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        return content
