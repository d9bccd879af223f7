"""Before sending, every mistake is named with its place, in Vietnamese and English."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from exchange.model import (
    Business,
    BusinessKind,
    Changes,
    Code,
    DocumentMessage,
    Organization,
    OtherInfo,
    Replacement,
    ResponseFor,
)
from exchange.testing import DAY, RECIPIENT, attachment, document, status
from exchange.validate import validate


@pytest.fixture
def good(tmp_path: Path) -> DocumentMessage:
    return document(attachments=[attachment(tmp_path)])


def paths(message) -> set[str]:
    found = validate(message, today=DAY)
    assert all(item.vi and item.en for item in found)
    return {item.path.rpartition("Header/")[2].removeprefix("TraceHeaderList/") for item in found}


def test_a_good_message_has_no_errors(good):
    assert paths(good) == set()
    assert paths(status(good)) == set()


def test_a_file_is_not_called_by_a_path(good, tmp_path: Path):
    [item] = good.attachments
    for name in ("../CV.pdf", "a/b.pdf", "x\u202efdp.exe", "CV<1>.pdf"):
        assert paths(replace(good, attachments=(replace(item, name=name),))) == {
            "/AttachmentEncoded/Attachment[1]/AttachmentName"
        }


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"recipients": ()}, "To"),
        ({"recipients": (RECIPIENT, RECIPIENT)}, "To[2]/OrganId"),
        ({"recipients": (Organization(""),)}, "To[1]/OrganId"),
        ({"recipients": (Organization("H" * 36),)}, "To[1]/OrganId"),
        ({"recipients": (Organization("H01 12"),)}, "To[1]/OrganId"),
        ({"sender": Organization("H01.01", "x" * 201)}, "From/OrganName"),
        ({"code": Code("", "UBND-KGVX")}, "Code/CodeNumber"),
        ({"code": Code("1", "")}, "Code/CodeNotation"),
        ({"promulgated_on": None}, "PromulgationInfo/PromulgationDate"),
        ({"promulgated_on": DAY + timedelta(days=1)}, "PromulgationInfo/PromulgationDate"),
        ({"document_id": "x"}, "DocumentId"),
        ({"subject": " "}, "Subject"),
        ({"subject": "x" * 501}, "Subject"),
        ({"other": OtherInfo(priority=5)}, "OtherInfo/Priority"),
        ({"other": OtherInfo(pages=-1)}, "OtherInfo/PageAmount"),
        ({"steering": 3}, "SteeringType"),
        ({"trace": ()}, "TraceHeader"),
        ({"attachments": ()}, "/AttachmentEncoded"),
        ({"business": Business(BusinessKind.RECALL)}, "Bussiness/DocumentId"),
        ({"business": Business(BusinessKind.UPDATE, changes=Changes())}, "Bussiness/DocumentId"),
        ({"business": Business(BusinessKind.UPDATE, document_id="x")}, "Bussiness/BussinessDocumentInfo"),
        ({"business": Business(BusinessKind.REPLACE)}, "Bussiness/ReplacementInfoList"),
        (
            {"business": Business(BusinessKind.REPLACE, replaces=(Replacement(""),))},
            "Bussiness/ReplacementInfoList",
        ),
    ],
)
def test_each_mistake_is_named(good, fields: dict, path: str):
    assert path in paths(replace(good, **fields))


def test_all_mistakes_are_named_at_once(good):
    assert len(paths(replace(good, subject="", recipients=(), steering=9, trace=()))) == 4


def test_a_recall_needs_no_file(good):
    business = Business(BusinessKind.RECALL, document_id="H01.01,2026/11/20,1/X")
    assert paths(replace(good, attachments=(), business=business)) == set()


def test_files_must_have_content_and_ids_of_their_own(good, tmp_path: Path):
    (tmp_path / "empty").touch()
    empty = replace(good.attachments[0], content=tmp_path / "empty")
    assert "/AttachmentEncoded/Attachment[1]" in paths(replace(good, attachments=(empty,)))
    twin = replace(good.attachments[0], content_id="1")
    assert "/AttachmentEncoded/Attachment[2]/ContentId" in paths(replace(good, attachments=(twin, twin)))


@pytest.mark.parametrize("code", ["02", "13", "16"])
def test_some_statuses_need_a_reason(good, code: str):
    assert paths(status(good, code, description="")) == {"Description"}
    assert paths(status(good, code, description="Gửi nhầm")) == set()


def test_a_status_must_be_known_and_say_what_it_is_about(good):
    assert paths(status(good, "07")) == {"StatusCode"}
    empty = ResponseFor("H01.01", promulgated_on=date(2026, 11, 20))
    assert paths(status(good, response_for=empty)) == {"ResponseFor/Code", "ResponseFor/DocumentId"}
