"""The VXP interface as a client of the real axis uses it, oddities included, and what we add to it."""

import base64
import hashlib
import hmac
import http.client
import json
import re
import threading
import time
from datetime import datetime
from io import BytesIO
from typing import Any

import httpx
import psycopg
import pytest

from exchange.build import build
from exchange.errors import Refused, Unavailable
from exchange.model import MessageKind
from exchange.vxp import Delivery, signed_headers, unpadded


class Vendor:
    """Calls written by hand from the description of the vendor's client, using nothing of ours."""

    def __init__(self, url: str, system_id: str, secret: str) -> None:
        self.url, self.system_id, self.secret = url, system_id, secret
        # The vendor's client takes the time once and repeats it for as long as it lives.
        self.stamp = "01012020T080000+0123"
        self.sticky: dict[str, str] = {}

    def headers(self, **parameters: str) -> dict[str, str]:
        named = {**parameters, "Content-Type": "application/octet-stream", "systemid": self.system_id}
        named["timestamp"] = self.stamp
        signed = json.dumps({f"XroadVnpt-{k}": v for k, v in named.items()}, separators=(",", ":"))
        return {
            "Content-Type": "application/octet-stream",
            **{f"XroadVnpt-{k}": v for k, v in named.items()},
            "XroadVnpt-sign-header-key": ";".join(named),
            "XroadVnpt-sign-header": signed,
            "XroadVnpt-hash-header": hmac.new(
                self.secret.encode(), signed.encode(), hashlib.sha256
            ).hexdigest(),
            "User-Agent": "JAVASDKAgent/1.0.0 XRoad/VPCP",
            "XroadVnpt-version": "3.0.201608",
        }

    def call(
        self, operation: str, body: bytes = b"", method: str = "POST", **parameters: str
    ) -> httpx.Response:
        self.sticky |= {name: value for name, value in parameters.items() if name != "docId"}
        headers = self.headers(**{**self.sticky, **parameters})
        return httpx.request(
            method, f"{self.url}/{operation}", content=body, headers=headers, trust_env=False
        )

    def send(self, packet: bytes, sender: str, **more: str) -> dict[str, Any]:
        sha = "".join(f"{byte:x}" for byte in hashlib.sha256(packet).digest())
        parameters = {"from": sender, "servicetype": "eDoc", "messagetype": "edoc", "hash-file": sha} | more
        # The line break after the file is not covered by the hash.
        return self.call("sendEdoc", packet + b"\r\n", **parameters).json()


@pytest.fixture
def vendor(hub, party):
    def make(of) -> Vendor:
        return Vendor(hub.url, of.client.system_id, "secret")

    return make


def wire(message) -> bytes:
    out = BytesIO()
    build(message, out)
    return out.getvalue()


@pytest.mark.slow
def test_a_client_of_the_real_axis_works_unchanged(vendor, party, letter):
    a, b = party(), party()
    sender, receiver = vendor(a), vendor(b)
    packet = wire(letter(a, b))
    answer = sender.send(packet, a.code)
    assert (answer["status"], answer["ErrorCode"], answer["ErrorDesc"]) == ("OK", "0", "")
    assert answer["DocId"]

    listed = receiver.call("getReceivedEdocList", servicetype="eDoc", messagetype="edoc").json()
    [entry] = listed["data"]
    assert (entry["from"], entry["to"], entry["status"]) == (a.code, b.code, "initial")
    doc_id = entry["docId"]
    assert (
        base64.b64decode(receiver.call("getEdoc", b"{}", docId=doc_id, filePath="./").json()["data"])
        == packet
    )
    raw = receiver.call("downloadEdoc", method="GET", docId=doc_id, filePath="./")
    assert raw.content == packet, "the line break that is not part of the file is gone"
    done = receiver.call("updateStatus", b"{}", docId=doc_id, docid=doc_id, status="done").json()
    assert done["status"] == "OK"
    assert (
        receiver.call("getReceivedEdocList", servicetype="eDoc", messagetype="edoc", status="").json()["data"]
        == []
    )
    [seen] = sender.call("getSentEdocList", docId=answer["DocId"], messagetype="edoc").json()["data"]
    assert (seen["toCode"], seen["receiveStatus"], seen["notation"]) == (b.code, "done", "1415/UBND-KGVX")


@pytest.mark.slow
def test_agencies_are_registered_changed_listed_and_deleted(vendor, party):
    a = party()
    client = vendor(a)
    child = {
        "id": "",
        "pcode": a.code,
        "code": a.code + ".02",
        "name": "Đơn vị",
        "mail": "a@b.vn",
        "mobile": "",
        "fax": "",
    }
    for name in ("Đơn vị", "Đơn vị mới"):
        body = json.dumps(child | {"name": name}).encode()
        assert client.call("registerAgency", body).json()["status"] == "OK"
    entries = {item["code"]: item for item in client.call("getAgenciesList").json()["data"]}
    assert entries[child["code"]]["name"] == "Đơn vị mới"
    assert entries[child["code"]]["pid"] == entries[a.code]["id"]
    units = client.call("getSynchronizeUnit").json()["data"]
    version = next(item["version"] for item in units if item["code"] == child["code"])
    assert client.call("deleteAgency", b"{}", AgencyCode=child["code"]).json()["status"] == "OK"
    units = {item["code"]: item for item in client.call("getSynchronizeUnit").json()["data"]}
    assert units[child["code"]]["deleted"]
    assert units[child["code"]]["version"] > version
    assert child["code"] not in {
        item["code"] for item in client.call("getAgenciesListQD20", level="4").json()["data"]
    }


def test_another_systems_agency_cannot_be_taken(party):
    a, b = party(), party()
    with pytest.raises(Refused, match="19"):
        a.client.register_agency(b.code, "Của tôi", mail="")
    with pytest.raises(Refused, match="19"):
        a.client.delete_agency(b.code)


@pytest.mark.slow
def test_every_refusal_is_ascii_with_the_three_fields_and_a_docid(vendor, party, letter):
    a, b = party(), party()
    client = vendor(a)
    client.secret = "sai"
    response = client.call("sendEdoc", b"x", servicetype="eDoc", messagetype="edoc")
    assert response.status_code == 200
    assert response.content.isascii()
    answer = response.json()
    assert (answer["status"], answer["ErrorCode"], answer["DocId"]) == ("FAIL", "15", "")
    assert answer["ErrorDesc"]
    client = vendor(a)
    for more, code in (
        ({"messagetype": "newedoc"}, "21"),
        ({"servicetype": ""}, "21"),
        ({"messagetype": "status"}, "22"),
    ):
        assert client.send(wire(letter(a, b)), a.code, **more)["ErrorCode"] == code


def test_a_header_changed_on_the_way_is_found(hub, vendor, party):
    a, b = party(), party()
    headers = vendor(a).headers(docId="1", status="done")
    for changed in ({"XroadVnpt-docId": "2"}, {"XroadVnpt-systemid": b.client.system_id}):
        response = httpx.post(
            f"{hub.url}/updateStatus", headers=headers | changed, content=b"{}", trust_env=False
        )
        assert response.json()["ErrorCode"] == "15"
    # A parameter that is not signed is none.
    response = httpx.post(
        f"{hub.url}/getSentEdocList",
        headers=vendor(a).headers() | {"XroadVnpt-messagetype": "junk"},
        trust_env=False,
    )
    assert response.json()["status"] == "OK"


def test_expect_100_continue_is_answered(hub, vendor, party):
    a = party()
    body = json.dumps({"code": a.code, "name": "Tên", "mail": "a@b.vn"}).encode()
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=10)
    headers = vendor(a).headers() | {"Expect": "100-continue", "Content-Length": str(len(body))}
    connection.request("POST", "/registerAgency", body, headers)
    assert json.loads(connection.getresponse().read())["status"] == "OK"
    connection.close()


@pytest.mark.slow
def test_a_waiting_list_call_is_answered_as_soon_as_something_arrives(party, letter):
    a, b = party(), party()
    sending = threading.Timer(0.5, lambda: a.send(letter(a, b)))
    sending.start()
    start = time.monotonic()
    assert len(b.client.received(wait=20)) == 1
    assert time.monotonic() - start < 5
    sending.join()  # its answer comes after the wake-up: the client is closed with the test


@pytest.mark.slow
def test_a_waiting_list_call_ends_in_time(party):
    start = time.monotonic()
    assert party().client.received(wait=0.3) == []
    assert 0.2 < time.monotonic() - start < 3


@pytest.mark.slow
def test_waiting_calls_leave_threads_for_others(hub, party, letter):
    """Half the threads may wait; the others say when to come again, and sending goes on."""
    a, b = party(), party()
    answers: list[object] = []

    def wait() -> None:
        try:
            answers.append(b.client.received(wait=4))
        except Unavailable as error:
            answers.append(error)

    threads = [threading.Thread(target=wait) for _ in range(hub.threads // 2 + 4)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    start = time.monotonic()
    a.send(letter(a, b))
    assert time.monotonic() - start < 2
    for thread in threads:
        thread.join()
    busy = [item for item in answers if isinstance(item, Unavailable)]
    assert len(busy) == 4
    assert all(item.retry_after == 2 for item in busy)


def test_pages_of_the_list(party, letter):
    a, b = party(), party()
    for number in range(5):
        a.send(letter(a, b, number=number))
    assert len(b.client.received(limit=2)) == 2
    assert b.client.count() == 5


@pytest.mark.parametrize("path", ["healthz", "readyz", "metrics"])
def test_health_and_metrics_need_no_key(hub, path: str):
    response = httpx.get(f"{hub.url}/{path}", trust_env=False)
    assert response.status_code == 200
    assert response.text


def test_an_unknown_operation_is_refused_for_good(party):
    with pytest.raises(Refused):
        party().client._call("dropEverything", {})


def test_the_time_stamp_and_the_short_hash_are_spelt_as_the_vendor_does():
    moment = datetime.fromisoformat("2026-11-21T22:31:31.457+07:00")
    headers = signed_headers("S", "x", {}, "application/json", now=moment)
    assert headers["XroadVnpt-timestamp"] == "21112026T223131+0457"
    assert unpadded("0a" + "00" + "ff" * 30) == "a0" + "ff" * 30


def test_status_messages_have_a_list_of_their_own(party, letter):
    a, b = party(), party()
    a.send(letter(a, b))
    assert b.client.received(MessageKind.STATUS) == []
    [waiting] = b.client.received()
    b.client.confirm(waiting.doc_id, Delivery.DONE)


@pytest.mark.slow
def test_many_confirmations_at_once_have_an_answer_each(hub, vendor, party, letter):
    a, b = party(), party()
    for number in range(3):
        a.send(letter(a, b, number=number))
    one, two, three = b.client.received()
    said = [
        {"docId": one.doc_id, "status": "done", "sha256": one.sha256},
        {"docId": two.doc_id, "status": "done", "sha256": "0" * 64},
        {"docId": "no such", "status": "done"},
        {"docId": three.doc_id, "status": "fail", "description": "unreadable"},
        {"docId": one.doc_id, "status": "fail"},
    ]
    told = vendor(b).call("updateStatuses", json.dumps(said).encode()).json()["data"]
    assert [item["ErrorCode"] for item in told] == ["0", "10", "21", "0", "0"]
    assert [item.doc_id for item in b.client.received()] == [two.doc_id]
    for junk in (b"{}", b"[1]", b"x"):
        assert vendor(b).call("updateStatuses", junk).json()["ErrorCode"] == "21"


@pytest.mark.slow
def test_a_sender_hears_how_its_messages_ended_until_it_says_so(vendor, party, letter):
    a, b, c = party(), party(), party()
    asking = vendor(a)
    sent = a.send(letter(a, b, c), message_id="m-9")
    assert asking.call("getReceiptList", b"{}").json()["data"] == [], "nothing has ended"
    [waiting] = b.client.received()
    timer = threading.Timer(0.3, lambda: b.client.confirm(waiting.doc_id, Delivery.DONE))
    timer.start()
    start = time.monotonic()
    [ended] = asking.call("getReceiptList", b"{}", wait="20").json()["data"]
    assert time.monotonic() - start < 10, "told at once, not when the wait is over"
    assert (ended["senderDocId"], ended["messageId"], ended["toCode"]) == (sent.doc_id, "m-9", b.code)
    assert ended["receipt"]["statement"]["event"] == "delivered"
    again = asking.call("getReceiptList", b"{}").json()["data"]
    assert [item["id"] for item in again] == [ended["id"]], "until it says that it was told"
    told = json.dumps({"told": [ended["id"]]}).encode()
    assert vendor(c).call("getReceiptList", told).json()["data"] == [], "nobody else can say so"
    assert asking.call("getReceiptList", b"{}").json()["data"]
    assert vendor(a).call("getReceiptList", told).json()["data"] == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: b"", "10"),
        (lambda text: b"no XML at all", "10"),
        (lambda text: text[: len(text) // 2], "10"),
        (lambda text: b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + text[text.index(b"?>") + 2 :], "10"),
        (lambda text: b"<html><body>503</body></html>", "22"),
        (
            lambda text: re.sub(
                rb"<edXML:MessageHeader>.*</edXML:MessageHeader>", b"", text, flags=re.DOTALL
            ),
            "22",
        ),
        (lambda text: re.sub(rb"<edXML:To>.*</edXML:To>", b"", text, flags=re.DOTALL), "22"),
        (lambda text: re.sub(rb"<edXML:Subject>.*</edXML:Subject>", b"", text, flags=re.DOTALL), "22"),
        (lambda text: re.sub(rb"<edXML:DocumentId>[^<]*</edXML:DocumentId>", b"", text), "22"),
        (lambda text: re.sub(rb"(<edXML:To>\s*<edXML:OrganId>)[^<]*", rb"\1H00.NONE", text), "18"),
        (lambda text: re.sub(rb"(<edXML:From>\s*<edXML:OrganId>)[^<]*", rb"\1H00.NONE", text), "19"),
    ],
)
def test_every_refusal_has_the_code_of_its_kind(vendor, party, letter, change, code: str):
    a, b = party(), party()
    answer = vendor(a).send(change(wire(letter(a, b))), a.code)
    assert (answer["status"], answer["ErrorCode"], answer["DocId"]) == ("FAIL", code, "")
    assert answer["ErrorDesc"].isascii()
    assert b.client.received() == []


def test_a_locked_agency_is_refused_with_its_own_code(vendor, party, letter, hub_database: str):
    a, b = party(), party()
    with psycopg.connect(hub_database, autocommit=True) as database:
        database.execute("UPDATE agency SET locked = TRUE WHERE code = %s", (b.code,))
    assert vendor(a).send(wire(letter(a, b)), a.code)["ErrorCode"] == "23"
