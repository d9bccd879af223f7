"""What the form check finds in the corpus, rule by rule."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eoffice.documents import formcheck

HERE = Path(__file__).parent
EXPECTED: Mapping[str, Mapping[str, Any]] = json.loads((HERE / "expected.json").read_text("utf-8"))


@dataclass
class Score:
    """One rule over the corpus."""

    rule: str
    #: files that break it, and those of them in which it was found
    broken: int = 0
    found: int = 0
    missed: list[str] = field(default_factory=list)
    #: files that keep it and were told off
    vain: list[str] = field(default_factory=list)
    kept: int = 0

    @property
    def recall(self) -> float:
        """Share of the broken ones that was found."""
        return self.found / self.broken if self.broken else 1.0

    @property
    def false_alarms(self) -> float:
        """Share of those that keep it that was told off."""
        return len(self.vain) / self.kept if self.kept else 0.0


def codes(path: Path, *, numbered: bool = True) -> list[str]:
    """The rules a file breaks as the check says."""
    return [lack.code for lack in formcheck.lacks(path, numbered=numbered)]


def measure() -> Sequence[Score]:
    """Check every file and compare with what was expected."""
    told = {name: set(codes(HERE / "files" / f"{name}.pdf")) for name in EXPECTED}
    wanted = {name: set(one["breaks"]) for name, one in EXPECTED.items()}
    scores = []
    for rule in sorted(set().union(*wanted.values(), *told.values())):
        score = Score(rule)
        for name in EXPECTED:
            if rule in wanted[name]:
                score.broken += 1
                score.found += rule in told[name]
                score.missed += [] if rule in told[name] else [name]
            else:
                score.kept += 1
                score.vain += [name] if rule in told[name] else []
        scores.append(score)
    return scores
