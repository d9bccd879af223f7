"""Where files lie is said in one setting, and what is wrong with it is said at once."""

from pathlib import Path

import pytest

from eoffice.core.blobs.places import Bucket, place
from eoffice.core.config import ConfigError, Settings


def test_a_folder_is_a_path_or_a_url() -> None:
    assert place("/srv/tệp") == place("file:///srv/t%E1%BB%87p") == Path("/srv/tệp")


def test_a_bucket_says_all_but_its_key() -> None:
    found = place("s3://van-ban/so-nn?endpoint=https://s3.tinh.vn&region=vn-1&profile=luu&cache=512")
    assert found == Bucket("van-ban", "so-nn/", "https://s3.tinh.vn", "vn-1", "luu", 512 << 20)
    assert str(found) == "s3://van-ban/so-nn (https://s3.tinh.vn)"
    assert place("s3://van-ban") == Bucket("van-ban")


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("s3:///tep", "name of the bucket is missing"),
        ("s3://van-ban?endpoint=s3.tinh.vn", "no address like https://"),
        ("s3://van-ban?cache=many", "number of MiB"),
        ("s3://van-ban?secret=x", "unknown secret; known are cache, endpoint, profile, region"),
        ("ftp://van-ban", "no ftp here"),
        ("file://srv/tep", "whole path"),
    ],
)
def test_what_is_wrong_with_a_place_is_said(said: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        place(said)


def test_a_key_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="AWS_ACCESS_KEY_ID") as refused:
        place("s3://AKIA:bi-mat@van-ban/tep")
    assert "bi-mat" not in str(refused.value)


def test_a_program_with_a_wrong_place_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"EOFFICE_FILES: .*name of the bucket is missing"):
        Settings.read({"EOFFICE_INSTANCE": str(tmp_path), "EOFFICE_FILES": "s3://"})
    monkeypatch.setattr("eoffice.core.blobs.places.find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match="boto3, which is not installed"):
        Settings.read({"EOFFICE_INSTANCE": str(tmp_path), "EOFFICE_FILES": "s3://van-ban"})
