"""Operators move files to another store and read them all again."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from eoffice.core.blobs import FolderStore, blobs


def test_files_are_copied_once_and_a_damaged_one_is_named(app: Flask, tmp_path: Path) -> None:
    source, runner = FolderStore(tmp_path / "cũ"), app.test_cli_runner()
    first, second = source.put_bytes(b"van ban"), source.put_bytes(b"phu luc")
    command = ["files", "copy", "--from", str(source.root), "--to", (tmp_path / "mới").as_uri()]
    copied = runner.invoke(args=command)
    assert copied.output == "copied 2 files, 14 bytes; 0 were there\n"
    assert runner.invoke(args=command).output == "copied 0 files, 0 bytes; 2 were there\n"
    target = FolderStore(tmp_path / "mới")
    assert target.read(first.sha256) == b"van ban"
    target.path(second.sha256).chmod(0o600)
    target.path(second.sha256).write_bytes(b"phu luk")
    seen = runner.invoke(args=["files", "check", "--in", str(target.root)])
    assert (seen.exit_code, seen.output) == (1, f"whole: 1 files\ndamaged: {second.sha256}\n")
    source.erase(first.sha256, timedelta(0))
    assert runner.invoke(args=command).output.endswith(
        "1 files of the target are not in the source; --exact erases them\n"
    )
    exact = runner.invoke(args=[*command, "--exact"])
    assert exact.output.endswith("erased 1 files the source does not have\n")
    assert list(target.hashes()) == [second.sha256]
    source.erase(second.sha256, timedelta(0))
    assert runner.invoke(args=[*command, "--exact"]).exit_code == 1, "addresses changed about erase nothing"
    assert list(target.hashes()) == [second.sha256]


def test_the_installations_own_files_are_checked_without_an_address(app: Flask) -> None:
    blobs().put_bytes(b"van ban")
    seen = app.test_cli_runner().invoke(args=["files", "check"])
    assert seen.output.startswith("whole: ")


@pytest.mark.parametrize("place", ["s3:///tep", "ftp://van-ban", "/khong/co"])
def test_an_address_that_is_none_is_refused_in_words(app: Flask, place: str) -> None:
    refused = app.test_cli_runner().invoke(args=["files", "copy", "--from", place, "--to", "/tmp/x"])
    assert refused.exit_code == 2
    assert place in refused.output
    assert not Path("/khong").exists()
