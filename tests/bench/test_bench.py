"""The benchmark runs, verifies what it measures, and never turns a failure into a figure."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench import figures, material, stage
from bench.__main__ import failed, in_a_process
from bench.figures import Row, row

ROW = Row("sign", "visible PAdES B-B", "ms CPU", 4.0, 9, True, "lower", "a peer", 100.0, 15, 40)


def test_a_ratio_is_how_many_times_better_ours_is() -> None:
    faster = Row("exchange", "x", "messages/s", 96.0, 9, True, "higher", "a peer", 9.6, 10, 15)
    assert (ROW.ratio, ROW.reached) == (25.0, "must")
    assert faster.ratio == pytest.approx(10)


def test_a_bare_time_is_held_against_its_bound() -> None:
    times = [Row("pages", "list", "ms p95", ms, 9, True, "lower", must=50, aim=20) for ms in (10, 30, 51)]
    assert [one.reached for one in times] == ["aim", "must", "below"]


def test_what_was_not_verified_has_reached_nothing() -> None:
    assert row(ROW.to_json() | {"verified": False}).reached == "not verified"
    assert failed("exchange", "no server").reached == "not measured"
    without_peer = row(ROW.to_json() | {"theirs": None})
    assert (without_peer.ratio, without_peer.reached) == (None, "not measured")


def test_what_a_killed_run_left_is_cleared_and_what_runs_stays(tmp_path: Path) -> None:
    dead, alive = tmp_path / "stage-dead", tmp_path / "stage-alive"
    for folder in (dead, alive):
        (folder / "pg").mkdir(parents=True)
    with stage._hold(alive):
        stage.sweep(tmp_path)
        assert not dead.exists()
        assert alive.exists()


def test_results_keep_their_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "RESULTS", tmp_path)
    path = figures.write([ROW], figures.machine(), datetime(2026, 11, 20, tzinfo=UTC), 1.0, "usual")
    kept = json.loads(path.read_text())
    assert path.name == "latest.json"
    assert set(kept) == {"schema", "began", "seconds", "size", "machine", "rows"}
    assert set(kept["rows"][0]) == {
        "part", "what", "unit", "ours", "n", "verified", "better", "against", "theirs", "must", "aim", "note",
        "ratio", "reached",
    }  # fmt: skip
    assert row(kept["rows"][0]) == ROW
    assert "25.0x" in figures.table([ROW])


def test_percentiles_are_of_the_values_measured() -> None:
    assert figures.percentile(range(1, 101), 0.95) == 95
    assert figures.percentile([7.0], 0.95) == 7.0


def test_no_two_files_of_a_run_are_alike() -> None:
    one, other = material.scan(1), material.scan(2)
    assert one != other
    assert abs(len(one) - 200_000) < 10_000


@pytest.mark.peer
@pytest.mark.parametrize(("part", "rows"), [("sign", 7), ("verify", 1)])
def test_signatures_are_measured_and_verified(part: str, rows: int) -> None:
    found = in_a_process(part, "smoke")
    assert len(found) == rows
    assert all(one.verified and one.ratio for one in found), [one.note for one in found]


@pytest.mark.flow
@pytest.mark.parametrize(
    ("part", "rows"),
    [("exchange", 4), ("hub", 4), ("stress", 3), ("register", 2), ("pages", 36)],
)
def test_the_application_is_measured_and_verified(part: str, rows: int) -> None:
    found = in_a_process(part, "smoke")
    assert len(found) == rows
    assert all(one.verified and one.ours for one in found), [one.note for one in found]
