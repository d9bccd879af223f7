"""No page breaks the Web Content Accessibility Guidelines 2.2, levels A and AA: axe on every GET route with data."""

import re
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from eoffice.core import clock
from eoffice.demo.province import PASSWORD, PLACES
from eoffice.directory.models import Role
from eoffice.incoming.models import EnvelopeSign
from eoffice.run import OPERATOR
from exchange.model import Organization
from exchange.testing import attachment, damaged, packet, send
from exchange.testing import document as edoc
from tests.browser.conftest import Desks
from tests.flows.installation import Installation, account, wait_for
from tests.flows.steps import Office

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@dataclass(frozen=True)
class Look:
    """Who opens which address; words in braces are found by `examples`."""

    role: Role | None
    path: str
    unit: str = ""


PAGES = {
    "accounts.posts": Look(Role.CLERK, "/posts"),
    "accounts.sign_in": Look(None, "/sign-in"),
    "accounts.password": Look(Role.CLERK, "/password"),
    "admin.access": Look(Role.ADMINISTRATOR, "/admin/access"),
    "admin.access_changes": Look(Role.LEADER, "/access-changes"),
    "admin.agencies": Look(Role.ADMINISTRATOR, "/admin/agencies"),
    "admin.end_post": Look(Role.ADMINISTRATOR, "/admin/people/posts/{post}/end"),
    "admin.merger": Look(Role.ADMINISTRATOR, "/admin/mergers/{merger}"),
    "admin.mergers": Look(Role.ADMINISTRATOR, "/admin/mergers"),
    "admin.people": Look(Role.ADMINISTRATOR, "/admin/people"),
    "admin.units": Look(Role.ADMINISTRATOR, "/admin/units"),
    "admin.roles": Look(Role.ADMINISTRATOR, "/admin/roles"),
    "admin.role": Look(Role.ADMINISTRATOR, "/admin/roles/{role}"),
    "admin.health": Look(Role.ADMINISTRATOR, "/admin/health"),
    "gateway.copy": Look(Role.CLERK, "/outgoing/{issued}/copies/{copy}"),
    "gateway.show": Look(Role.CLERK, "/packets/{unreadable}"),
    "gateway.unreadable": Look(Role.CLERK, "/packets"),
    "directory.absences": Look(Role.CLERK, "/directory/absences"),
    "dossiers.destruction": Look(Role.ARCHIVIST, "/dossiers/destruction/{destruction}"),
    "dossiers.destructions": Look(Role.ARCHIVIST, "/dossiers/destruction"),
    "dossiers.file": Look(Role.SPECIALIST, "/dossiers/file/{draft}", "CCTL"),
    "dossiers.index": Look(Role.SPECIALIST, "/dossiers?tab=all", "CCTL"),
    "dossiers.new": Look(Role.SPECIALIST, "/dossiers/new", "CCTL"),
    "dossiers.plan": Look(Role.CHIEF_OF_OFFICE, "/dossiers/plan"),
    "dossiers.show": Look(Role.CLERK, "/dossiers/{dossier}"),
    "home.desk": Look(Role.CLERK, "/"),
    "incoming.direct": Look(Role.LEADER, "/work/direct/{to_direct}"),
    "incoming.envelopes_page": Look(Role.CLERK, "/incoming/envelopes"),
    "incoming.correct": Look(Role.CLERK, "/incoming/{incoming}/correct"),
    "incoming.correct_envelope": Look(Role.CLERK, "/incoming/envelopes/{envelope}"),
    "incoming.helps": Look(Role.LEADER, "/work/helps"),
    "incoming.index": Look(Role.CLERK, "/incoming"),
    "incoming.pass_on": Look(Role.CLERK, "/incoming/{incoming}/pass-on"),
    "incoming.new": Look(Role.CLERK, "/incoming/new"),
    "incoming.register": Look(Role.CLERK, "/incoming/{to_register}/register"),
    "incoming.show": Look(Role.CLERK, "/incoming/{incoming}"),
    "incoming.to_assign": Look(Role.UNIT_HEAD, "/work/assign", "CCTL"),
    "incoming.to_do": Look(Role.SPECIALIST, "/work/tasks", "CCTL"),
    "incoming.to_extend": Look(Role.LEADER, "/work/extend"),
    "incoming.prepare": Look(Role.SECRETARY, "/work/prepare/{to_direct}"),
    "incoming.to_read": Look(Role.UNIT_HEAD, "/work/read", "KHTC"),
    "openapi.page": Look(Role.CLERK, "/api/v1/"),
    "missions.index": Look(Role.UNIT_HEAD, "/work/missions", "CCTL"),
    "missions.received": Look(Role.LEADER, "/work/missions/received"),
    "missions.of_document": Look(Role.LEADER, "/outgoing/{issued}/missions"),
    "outgoing.delegations": Look(Role.LEADER, "/delegations"),
    "outgoing.edit": Look(Role.SPECIALIST, "/outgoing/{draft}/edit", "CCTL"),
    "outgoing.dispatch_book": Look(Role.CLERK, "/outgoing/posting"),
    "outgoing.posting_correction": Look(Role.CLERK, "/outgoing/posting/{posting}/correct"),
    "outgoing.group": Look(Role.CLERK, "/recipients/groups/new"),
    "outgoing.groups": Look(Role.CLERK, "/recipients/groups"),
    "outgoing.index": Look(Role.CLERK, "/outgoing?tab=all"),
    "outgoing.many": Look(Role.LEADER, "/outgoing/to-sign/many"),
    "outgoing.new": Look(Role.SPECIALIST, "/outgoing/new", "CCTL"),
    "outgoing.to_advise": Look(Role.SPECIALIST, "/work/opinions", "CCTL"),
    "outgoing.copy": Look(Role.CLERK, "/outgoing/copies/new/{issued}"),
    "outgoing.consult": Look(Role.SPECIALIST, "/outgoing/{draft}/consult", "CCTL"),
    "outgoing.remarks": Look(Role.SPECIALIST, "/outgoing/{draft}/remarks", "CCTL"),
    "outgoing.read": Look(Role.LEADER, "/outgoing/to-sign/{to_sign}"),
    "outgoing.show": Look(Role.CLERK, "/outgoing/{issued}"),
    "reports.figures": Look(Role.LEADER, "/reports?by=person"),
    "reports.province": Look(Role.ADMINISTRATOR, "/province"),
    "reports.index": Look(Role.CLERK, "/registers"),
    "reports.new": Look(Role.CHIEF_OF_OFFICE, "/registers/new"),
    "reports.advisory_bodies": Look(Role.CHIEF_OF_OFFICE, "/registers/bodies"),
    "reports.printing": Look(Role.CLERK, "/registers/print?form=incoming&from=01/01/2026&to=31/12/2099"),
    "reports.show": Look(Role.CLERK, "/registers/{register}"),
    "reports.visits": Look(Role.CLERK, "/reports/visits/document/{incoming}"),
    "search.index": Look(Role.CLERK, "/search?q=an"),
    "takeover.index": Look(Role.CHIEF_OF_OFFICE, "/registers/take-over"),
    "signatures.authorities": Look(Role.ADMINISTRATOR, "/admin/trust"),
    "signatures.signing": Look(Role.ADMINISTRATOR, "/admin/signing"),
    "signatures.keys": Look(Role.ADMINISTRATOR, "/admin/keys"),
    "signatures.own_key": Look(Role.LEADER, "/key"),
    "signatures.verify": Look(Role.CLERK, "/verify"),
}
#: other states of the same pages
MORE = {
    "an error": Look(Role.CLERK, "/incoming/999999"),
    "a draft": Look(Role.SPECIALIST, "/outgoing/{draft}", "CCTL"),
    "a file of one's own": Look(Role.SPECIALIST, "/outgoing/new?source=upload", "CCTL"),
    "minutes": Look(Role.SPECIALIST, "/outgoing/new?kind_code=BB", "CCTL"),
    "an empty list": Look(Role.CLERK, "/incoming?tab=open&issuer=zzz"),
    "nothing found": Look(Role.CLERK, "/search?q=zzzz"),
    "a leader's desk": Look(Role.LEADER, "/"),
    "unreadable packets of every agency": Look(Role.ADMINISTRATOR, "/packets"),
}
#: GET routes that are no page of their own, each with the reason
NOT_PAGES = {
    "accounts.language": "sets a cookie and goes back",
    "admin.alive": "one word for a probe",
    "admin.ready": "one word for a probe",
    "signatures.see_picture": "a picture",
    "admin.agencies_model": "a file",
    "admin.people_model": "a file",
    "takeover.model": "a file",
    "takeover.registers_model": "a file",
    "directory.suggest": "a part of a page: the list under a field",
    "outgoing.suggest": "a part of a page: the list under a field",
    "directory.suggest_people": "a part of a page: the list under a field",
    "documents.download": "a file",
    "documents.page_image": "a picture",
    "gateway.checks": "a part of a page: stands beside the button that sends",
    "gateway.download": "a file",
    "gateway.evidence": "a file",
    "dossiers.as_pdf": "a file",
    "dossiers.as_xml": "a file",
    "dossiers.certificate": "a file",
    "dossiers.contents": "a file",
    "dossiers.minutes": "a file",
    "dossiers.plan_pdf": "a file",
    "dossiers.sip": "a file",
    "home.work": "goes on to the list of work that is the person's",
    "incoming.issuers": "a part of a page: the list under a field",
    "incoming.preview": "a part of a page: stands in the list",
    "incoming.recognition": "a part of a page: stands in the form while a scan is read",
    "incoming.slip": "a file",
    "outgoing.remarks_part": "a part of a page: the remarks on a draft, as on their own page",
    "outgoing.copies": "a part of a page: the copies of an issued document, asked for while one moves",
    "outgoing.sheet": "a file",
    "documents.print_file": "a file",
    "outgoing.print_copy": "a file",
    "outgoing.compare": "needs a draft with two versions; its page is looked at in tests/outgoing",
    "incoming.stamped": "a file",
    "incoming.to_prepare": "goes on to the first document, or shows the same empty list as to_assign",
    "incoming.to_direct": "goes on to the first document, or shows the same empty list as to_assign",
    "openapi.description": "JSON",
    "incoming.passed_on": "a part of a page: stands in the document's",
    "missions.part": "a part of a page: stands in the document's",
    "outgoing.preview": "a part of a page: stands in the list",
    "outgoing.to_sign": "goes on to the first document",
    "reports.book": "a file",
    "reports.bound": "a part of a page: the line while a book is being set",
    "reports.printed": "a file",
    "reports.spreadsheet": "a file",
    "static": "files",
    "search.printed": "a file",
    "search.spreadsheet": "a file",
}
DARK = ("home.desk", "incoming.index", "incoming.show", "incoming.register", "outgoing.show", "outgoing.read")
CASES = [(name, "light") for name in PAGES | MORE] + [(name, "dark") for name in DARK]


def _unreadable(office: Office, folder: Path) -> int:
    """A packet of the ministry whose attachment is broken, as the clerk's list shows it."""
    broken = damaged(
        packet(edoc(7, sender=Organization("G09", "Bộ Nội vụ"), attachments=[attachment(folder)]))
    )
    with office.where.second_client() as ministry:
        send(ministry, broken, "G09")
    with closing(office.where.pages(account("snnmt", Role.CLERK))) as clerk:
        row = wait_for(
            lambda: re.search(r'href="/packets/(\d+)"', clerk.get("/packets").text), told="put aside"
        )
    assert row is not None
    return int(row[1])


def _envelope(office: Office) -> int:
    """A sealed envelope that is still with the clerk."""
    with closing(office.where.pages(account("snnmt", Role.CLERK))) as clerk:
        page = clerk.get("/incoming/envelopes").text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token is not None
        entered = {
            "csrf_token": token[1], "sign": EnvelopeSign.NAMED.value, "sender": "Tòa án nhân dân tỉnh", "code": "",
            "to_id": str(office.post(Role.LEADER)["id"]),
        }  # fmt: skip
        listed = clerk.post("/incoming/envelopes", data=entered).text
        row = re.search(r'"/incoming/envelopes/(\d+)"', listed)
    assert row is not None
    return int(row[1])


def _sent_on_paper(office: Office) -> int:
    """A line of the dispatch book that has left."""
    letter = {
        "kind_code": "CV", "subject": "Về việc gửi bản giấy", "signer_id": office.post(Role.LEADER)["id"],
        "outside": ["Hợp tác xã Tân Tiến"], "unit_id": office.unit("CCTL"), "body": "Gửi kèm bản giấy./.",
        "addressees": ["Hợp tác xã Tân Tiến"], "copies": ["Như trên", "Lưu: VT, CCTL"],
    }  # fmt: skip
    number = int(office.specialist.post("/api/v1/outgoing", letter)["id"])
    office.sign(number)
    office.number(number)
    office.seal(number)
    office.issue(number)
    (line,) = office.clerk.get("/api/v1/outgoing/posting")["lines"]
    sent = {"on": clock.today().isoformat(), "lines": [{"id": line["id"], "note": "EA123456789VN"}]}
    office.clerk.post("/api/v1/outgoing/posting/send", sent)
    return int(line["id"])


@pytest.fixture(scope="session")
def examples(
    office: Office, installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, int]:
    """A document for each kind of page; the worker brings the last of the demonstration."""

    def first(kind: str, tab: str) -> int:
        reader = (
            office.specialist
            if tab == "draft"
            else office.leader
            if tab in ("direct", "sign")
            else office.clerk
        )
        found = wait_for(
            lambda: reader.get(f"/api/v1/{kind}?tab={tab}")["documents"], told=f"{kind} in {tab}"
        )
        return int(found[0]["id"])

    def delivered() -> dict[str, Any] | None:  # another went out on paper alone
        found = office.clerk.get("/api/v1/outgoing?tab=issued")["documents"]
        return next((one for each in found if (one := office.outgoing(each["id"]))["deliveries"]), None)

    issued = wait_for(delivered, told="an issued document on its way")
    return {
        "incoming": first("incoming", "progress"),
        "to_register": first("incoming", "register"),
        "to_direct": first("incoming", "direct"),
        "draft": first("outgoing", "draft"),
        "to_sign": first("outgoing", "sign"),
        "issued": int(issued["id"]),
        "dossier": int(
            wait_for(
                lambda: office.clerk.get("/api/v1/dossiers?tab=archived")["dossiers"],
                told="an archived dossier",
            )[0]["id"]
        ),
        # the one list that the demonstration makes
        "destruction": 1,
        "post": int(office.clerk.get("/api/v1/directory/posts")[0]["id"]),
        "merger": _planned_merger(installation),
        # the demonstration makes one for each of its agencies
        "role": 1 + [one.code for one in PLACES].index("H01.12"),
        "register": int(office.clerk.get("/api/v1/registers")[0]["id"]),
        "copy": int(issued["deliveries"][0]["id"]),
        "posting": _sent_on_paper(office),
        "envelope": _envelope(office),
        "unreadable": _unreadable(office, tmp_path_factory.mktemp("packet")),
    }


#: the planned merger, once whichever module asks first
_merger: list[int] = []


def _planned_merger(installation: Installation) -> int:
    """One that never comes while these tests run."""
    if not _merger:
        words = ("--on", f"{clock.today() + timedelta(days=60)}", "--basis", "Nghị quyết số 1/NQ-HĐND")
        _merger.append(int(installation.command("agency", "merge", "H01.187", "H01.12", *words)))
    return _merger[0]


def test_every_get_route_is_looked_at_or_says_why_not(installation: Installation) -> None:
    lines = installation.command("routes").splitlines()[2:]
    routes = {line.split()[0] for line in lines if "GET" in line.split("/")[0]}
    assert {name for name in routes if "_api." not in name} == PAGES.keys() | NOT_PAGES.keys()


CONSOLE = ("", "/trace?number=TTr-SXD", "/troubles", "/systems", "/agencies", "/record")


def test_the_console_of_the_axis_keeps_the_guidelines(desks: Desks, installation: Installation) -> None:
    page = desks.of("")
    page.goto(f"http://127.0.0.1:{installation.hub_port}/console")
    page.fill("[name=name]", OPERATOR)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/console")
    for path in CONSOLE:
        page.goto(f"http://127.0.0.1:{installation.hub_port}/console{path}")
        assert page.locator("h1").count() == 1
        found = Axe().run(page, options={"runOnly": WCAG, "resultTypes": ["violations"]})
        assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize(("name", "theme"), CASES)
def test_the_page_keeps_the_guidelines(desks: Desks, examples: dict[str, int], name: str, theme: str) -> None:
    look = (PAGES | MORE)[name]
    user = account("snnmt", look.role, look.unit) if look.role else ""
    page = desks.of(user, color_scheme=theme)
    page.goto(look.path.format(**examples))
    # no function to wait for: a string is not run under the pages' policy
    expect(page.locator(".htmx-request")).to_have_count(0)
    found = Axe().run(page, options={"runOnly": WCAG, "resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()
