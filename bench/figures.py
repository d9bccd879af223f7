"""Rows of the benchmark, the machine they were measured on, and the table and file they end in."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import psutil

#: raised when a field changes its name or meaning
SCHEMA = 1
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Row:
    """One figure. `must` and `aim` are for the ratio where there is a counterpart, else for `ours`."""

    part: str
    what: str
    #: of `ours` and `theirs`
    unit: str
    ours: float | None
    #: measurements behind `ours`
    n: int
    #: every output behind it was checked
    verified: bool
    better: Literal["higher", "lower"] = "higher"
    against: str = ""
    theirs: float | None = None
    must: float | None = None
    aim: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times better ours is."""
        if not self.ours or not self.theirs:
            return None
        return self.ours / self.theirs if self.better == "higher" else self.theirs / self.ours

    @property
    def reached(self) -> str:
        """`aim`, `must`, `below`, `-` when nothing is demanded, `not measured`."""
        value = self.ratio if self.against else self.ours
        if value is None or not self.verified:
            return "not measured" if value is None else "not verified"
        if self.must is None:
            return "-"
        for name, bound in (("aim", self.aim), ("must", self.must)):
            # a ratio is always better when higher, a bare time when lower
            enough = (
                bound is not None
                and (value >= bound if self.against or self.better == "higher" else value <= bound)
            )  # fmt: skip
            if enough:
                return name
        return "below"

    def to_json(self) -> dict[str, Any]:
        """All fields, and what follows from them."""
        return asdict(self) | {"ratio": self.ratio, "reached": self.reached}


def row(data: dict[str, Any]) -> Row:
    """The row `to_json` wrote."""
    return Row(**{name: value for name, value in data.items() if name not in ("ratio", "reached")})


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` (0 to 1) of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(share * 1000) // 1000) - 1)]


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []


def write(rows: Sequence[Row], about: dict[str, Any], began: datetime, seconds: float, size: str) -> Path:
    """Keep the run as `results/latest.json`."""
    RESULTS.mkdir(exist_ok=True)
    content = {
        "schema": SCHEMA,
        "began": began.isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "size": size,
        "machine": about,
        "rows": [one.to_json() for one in rows],
    }
    path = RESULTS / "latest.json"
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def table(rows: Sequence[Row]) -> str:
    """The rows for a terminal, notes below each."""
    head = ("what", "ours", "against", "theirs", "ratio", "must", "aim", "n", "reached")
    body = [
        (
            one.what,
            _figure(one.ours, one.unit),
            one.against or "-",
            _figure(one.theirs, one.unit) if one.against else "-",
            "-" if one.ratio is None else f"{one.ratio:.1f}x",
            _bound(one, one.must),
            _bound(one, one.aim),
            str(one.n),
            one.reached,
        )
        for one in rows
    ]
    widths = [max(len(line[column]) for line in (head, *body)) for column in range(len(head))]
    lines = ["  ".join(word.ljust(width) for word, width in zip(head, widths, strict=True)).rstrip()]
    for one, cells in zip(rows, body, strict=True):
        lines.append("  ".join(word.ljust(width) for word, width in zip(cells, widths, strict=True)).rstrip())
        if one.note:
            lines.append(f"    {one.note}")
    return "\n".join(lines)


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f} {unit}"


def _bound(one: Row, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:g}x" if one.against else f"{value:g} {one.unit}"
