"""A scanner writes to a folder: each paper waits for its agency's clerk, once, and what is refused says why."""

import os
import time
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from eoffice.core.config import override
from eoffice.incoming import folder, jobs, queries
from eoffice.incoming.settings import SCAN_FOLDER
from tests.factories import House, Province, province
from tests.incoming import steps

pytestmark = pytest.mark.postgres


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


def _put(base: Path, house: House, name: str, data: bytes, age: float = 60) -> Path:
    path = base / house.agency.code / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (time.time() - age,) * 2)
    return path


def _waiting(session: Session, house: House) -> list[str]:
    found = queries.listing(session, house.clerk, queries.Filter(queries.Tab.REGISTER)).rows
    return sorted(document.files[0].name for document in found)


def test_papers_wait_for_the_clerk_of_the_agency_whose_folder_they_lie_in(
    session: Session, place: Province, tmp_path: Path
) -> None:
    mine = _put(tmp_path, place.a, "cong van.pdf", steps.pdf())
    _put(tmp_path, place.b, "khac.pdf", steps.pdf())
    fresh = _put(tmp_path, place.a, "dang quet.pdf", steps.pdf(), age=-60)
    (tmp_path / place.a.agency.code / "noi khac.pdf").symlink_to("/etc/hostname")
    with override(**{SCAN_FOLDER.name: str(tmp_path)}):
        jobs.watch_folder(session)
    assert _waiting(session, place.a) == ["cong van.pdf"]
    assert _waiting(session, place.b) == ["khac.pdf"]
    assert (mine.parent / "taken" / mine.name).exists()
    assert fresh.exists(), "the scanner still writes to it"


def test_a_file_that_is_no_paper_is_put_aside_with_the_reason(
    session: Session, place: Province, tmp_path: Path
) -> None:
    path = _put(tmp_path, place.a, "anh.pdf", b"GIF89a....")
    good = _put(tmp_path, place.a, "tot.pdf", steps.pdf())
    assert folder.watch(session, tmp_path) == 1
    reason = path.parent / "refused" / "anh.pdf.txt"
    assert "PDF" in reason.read_text(encoding="utf-8")
    assert _waiting(session, place.a) == [good.name]


def test_a_paper_is_taken_once_though_the_program_was_killed_before_moving_it(
    session: Session, place: Province, tmp_path: Path
) -> None:
    path = _put(tmp_path, place.a, "mot lan.pdf", steps.pdf())
    assert folder.watch(session, tmp_path) == 1
    (path.parent / "taken" / path.name).rename(path)
    assert folder.watch(session, tmp_path) == 0
    assert _waiting(session, place.a) == ["mot lan.pdf"]
    assert not path.exists()
