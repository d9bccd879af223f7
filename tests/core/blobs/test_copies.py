"""Copies on this machine: bounded, the least used go first, and what somebody reads stays."""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from eoffice.core.blobs.copies import Copies

ROOM = 160


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    """Room for sixteen files of ten bytes."""
    return Copies(tmp_path / "copies", ROOM)


def _keep(copies: Copies, folder: Path, names: str, ago: float = 0) -> None:
    """A file for each letter, each used a second after the one before."""
    for place, name in enumerate(names):
        path = folder / "new"
        path.write_bytes(name.encode() * 10)
        copies.keep(path, name)
        used = time.time() - ago + place
        with suppress(FileNotFoundError):  # another made room at once
            os.utime(folder / "copies" / name, (used, used - 60))


def _there(folder: Path) -> str:
    return "".join(sorted(path.name for path in (folder / "copies").iterdir()))


def test_the_least_used_make_room(copies: Copies, tmp_path: Path) -> None:
    _keep(copies, tmp_path, "abcdefghijklmnopqrst", ago=1000)
    file = copies.open("a")
    assert file is not None
    copies.trim()
    assert _there(tmp_path) == "aghijklmnopqrst", "b to f were used longest ago"
    assert file.read() == b"a" * 10
    file.close()


def test_what_was_lent_stays_whatever_room_is_wanted(copies: Copies, tmp_path: Path) -> None:
    _keep(copies, tmp_path, "ab", ago=1000)
    assert copies.lend("b") == tmp_path / "copies/b"
    Copies(tmp_path / "copies", 0).trim()
    assert _there(tmp_path) == "b"
    _keep(copies, tmp_path, "c")
    os.utime(tmp_path / "copies/b", (0, time.time() - 1))
    Copies(tmp_path / "copies", 0).trim()
    assert _there(tmp_path) == "", "an hour later it is like any other"


def test_a_path_that_was_lent_can_be_read_whatever_others_do_at_the_same_moment(tmp_path: Path) -> None:
    folder, ended = tmp_path / "copies", Event()
    lender = Copies(folder, 0)

    def make_room() -> None:
        while not ended.is_set():
            Copies(folder, 0).trim()

    others = [Thread(target=make_room) for _ in range(2)]
    for other in others:
        other.start()
    lent = 0
    for number in range(300):
        _keep(lender, tmp_path, "a", ago=1000)
        if path := lender.lend("a"):
            lent += 1
            assert path.read_bytes() == b"a" * 10, number
            os.utime(path, (0, 0))  # the hour is over
    ended.set()
    for other in others:
        other.join()
    assert lent


def test_what_is_opened_while_it_is_lent_stays_lent(copies: Copies, tmp_path: Path) -> None:
    _keep(copies, tmp_path, "a", ago=1000)
    opener = Thread(target=lambda: copies.open("a").close())  # type: ignore[union-attr]  # it is there
    with copies._turn(fcntl.LOCK_SH):  # somebody is lending
        opener.start()
        opener.join(0.1)
        assert opener.is_alive(), "it waits, or it would put back the time it saw before"
        assert copies.lend("a")
    opener.join()
    assert (tmp_path / "copies/a").stat().st_mtime > time.time() + 3000


def test_an_open_file_is_read_to_its_end_though_its_copy_went(copies: Copies, tmp_path: Path) -> None:
    _keep(copies, tmp_path, "a", ago=1000)
    file = copies.open("a")
    assert file is not None
    Copies(tmp_path / "copies", 0).trim()
    assert _there(tmp_path) == ""
    with file:
        assert file.read() == b"a" * 10


def test_what_nobody_used_for_a_day_goes_and_what_is_there_is_not_replaced(
    copies: Copies, tmp_path: Path
) -> None:
    _keep(copies, tmp_path, "ab", ago=25 * 3600)
    lent = copies.lend("a")
    assert lent is not None
    inode = lent.stat().st_ino
    (tmp_path / "again").write_bytes(b"a" * 10)
    copies.keep(tmp_path / "again", "a")
    assert lent.stat().st_ino == inode
    copies.trim()
    assert _there(tmp_path) == "a"
    assert copies.lend("b") is None
    assert copies.open("b") is None


def test_it_is_time_to_look_when_a_share_of_the_room_was_filled(copies: Copies, tmp_path: Path) -> None:
    assert copies.overdue, "what a former process left is looked through first"
    copies.trim()
    _keep(copies, tmp_path, "a")
    assert not copies.overdue
    _keep(copies, tmp_path, "b")
    assert copies.overdue
