"""`python -m bench`: every part in a process of its own, one table, `bench/results/latest.json`.

`--only PART` measures some parts, `--full` takes the sizes of the requirements (a million documents; long).
"""

import argparse
import importlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import Row, machine, row, table, write

PARTS = ("sign", "verify", "exchange", "hub", "stress", "register", "pages")
#: seconds after which a part is given up, by size
PATIENCE = {"smoke": 200, "usual": 300, "full": 3600}


def measure(part: str, size: str) -> list[Row]:
    """Run one part here. `size`: smoke, usual or full."""
    run: Callable[..., list[Row]] = importlib.import_module(f"bench.{part}").run
    return run(**_arguments(part, size))


def _arguments(part: str, size: str) -> dict[str, object]:
    if size == "usual":
        return {}
    full = size == "full"
    if part == "exchange":
        from bench.exchange import Sizes  # the other parts do without the application

        return {
            "sizes": Sizes(100, 500, 250, 50, 100, 5, 1_000 << 20)
            if full
            else Sizes(1, 3, 3, 0, 0, 1, 16 << 20)
        }
    if part == "pages":
        smoke = {"documents": 3_000, "requests": 2, "agencies": 1_000, "small": 2_000, "hosted": 20}
        return {"documents": 1_000_000, "requests": 200} if full else smoke
    if part == "hub":
        return {"count": 500, "rounds": 5} if full else {"count": 8, "rounds": 1, "waiting": (10, 100)}
    if part == "stress":
        return {} if full else {"count": 1, "agencies_of": 200}
    if part == "register":
        return {"count": 100 if full else 1}
    return {"rounds": 45 if full else 1}


def in_a_process(part: str, size: str) -> list[Row]:
    """Run one part apart from the others; what fails becomes a row that says so."""
    command = [sys.executable, "-m", "bench", "--child", part, "--size", size]
    root = Path(__file__).parent.parent
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=PATIENCE[size], cwd=root
        )
    except subprocess.TimeoutExpired:
        return [failed(part, f"not done within {PATIENCE[size]} s")]
    if done.returncode:
        sys.stderr.write(done.stderr[-3000:])
        return [failed(part, _last(done.stderr))]
    return [row(one) for one in json.loads(done.stdout)]


def _last(errors: str) -> str:
    """The line of a traceback that names the error."""
    lines = [line for line in errors.splitlines() if line[:1].strip() and ": " in line]
    return lines[-1][:200] if lines else errors.strip()[-200:]


def failed(part: str, why: str) -> Row:
    """A part without a figure."""
    return Row(part, part, "", None, 0, False, note=f"not measured: {why}")


def main() -> int:
    """Measure and print; exit 1 when a part could not be measured or verified."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--full", dest="size", action="store_const", const="full", default="usual")
    parser.add_argument("--size", choices=PATIENCE, help=argparse.SUPPRESS)
    parser.add_argument("--child", choices=PARTS, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        json.dump([one.to_json() for one in measure(chosen.child, chosen.size)], sys.stdout)
        return 0
    began, start, about = datetime.now(UTC), time.monotonic(), machine()
    rows = []
    for part in chosen.only:
        print(f"  measuring: {part}", file=sys.stderr, flush=True)
        rows += in_a_process(part, chosen.size)
    path = write(rows, about, began, time.monotonic() - start, chosen.size)
    print("{cpu}, {cores} cores, {memory_gb} GB, Python {python}, load {load_before}".format(**about))
    print(table(rows))
    print(f"written: {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
    return 0 if all(one.verified for one in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
