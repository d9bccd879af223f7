"""`python -m tests.documents.forms`: recall and false alarms of every rule; exit 1 below 95 % or above 5 %."""

import sys

from tests.documents.forms.measure import EXPECTED, measure


def main() -> int:
    """Print the table."""
    scores = measure()
    office = sum(bool(one["office"]) for one in EXPECTED.values())
    print(f"{len(EXPECTED)} files, {office} of them by LibreOffice")
    print(f"{'rule':<16}{'broken':>7}{'found':>7}{'recall':>8}{'in vain':>9}")
    for one in scores:
        names = ", ".join([*(f"-{name}" for name in one.missed), *(f"+{name}" for name in one.vain)])
        print(
            f"{one.rule:<16}{one.broken:>7}{one.found:>7}{one.recall:>8.0%}{one.false_alarms:>9.1%}  {names}"
        )
    return int(any(one.recall < 0.95 or one.false_alarms > 0.05 for one in scores))


if __name__ == "__main__":
    sys.exit(main())
