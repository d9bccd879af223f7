"""Keys that an axis makes for itself: whole or not at all, for their owner alone."""

from pathlib import Path

import pytest

from exchange.keys import load_key, make_key, write_once


def test_a_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "system.pem"
    made = make_key("VDXP", path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        make_key("VDXP", path)
    assert load_key(path).certificate == made.certificate
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_cut_short_is_never_seen_under_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_fd: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("exchange.keys.os.fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        write_once(tmp_path / "secrets.key", b"half")
    assert not (tmp_path / "secrets.key").exists()
