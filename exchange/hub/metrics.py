"""Figures in the text format of Prometheus; counts only, no agency and no document."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from exchange.hub.models import ALWAYS, Agency, Delivery, Seal, System, Traffic
from exchange.hub.traffic import BOUNDS


def text(session: Session) -> str:
    """All figures; none of them reads more rows than wait, failed or are systems."""
    pending = sa.select(sa.func.count()).where(
        Delivery.leads, sa.text("delivery.status IN ('initial', 'processing')")
    )
    dead = sa.select(sa.func.count()).where(sa.text("delivery.status = 'fail'")).select_from(Delivery)
    unstamped = sa.select(sa.func.count()).where(Seal.stamp_id.is_(None))
    lines = [
        *_gauge("axis_systems", "Registered systems", _number(session, _rows(System))),
        *_gauge("axis_agencies", "Agencies in the directory", _number(session, _rows(Agency))),
        *_gauge("axis_deliveries_waiting", "Messages not yet confirmed", _number(session, pending)),
        *_gauge("axis_deliveries_failed", "Messages their receiver could not take", _number(session, dead)),
        *_gauge("axis_seals_unstamped", "Signatures that wait for a time stamp", _number(session, unstamped)),
    ]
    totals = session.scalars(
        sa.select(Traffic).where(Traffic.minute == ALWAYS).order_by(Traffic.system_id)
    ).all()
    for name, what in _COUNTED.items():
        lines += [f"# HELP axis_{name}_total {what}", f"# TYPE axis_{name}_total counter"]
        lines += [
            f'axis_{name}_total{{system="{_quoted(row.system_id)}"}} {getattr(row, name)}' for row in totals
        ]
    return "\n".join([*lines, *_histogram([row.waits for row in totals])]) + "\n"


_COUNTED = {
    "calls": "Calls with a good signature",
    "refused": "Calls refused or told to come again",
    "packets": "Messages taken in",
    "bytes": "Bytes of those messages",
}


def _histogram(waits: list[list[int]]) -> list[str]:
    name = "axis_delivery_seconds"
    lines = [f"# HELP {name} From taking a message in to its confirmation", f"# TYPE {name} histogram"]
    sums = [sum(column) for column in zip(*waits, strict=True)] or [0] * (len(BOUNDS) + 1)
    seen = 0
    for bound, number in zip((*map(str, BOUNDS), "+Inf"), sums, strict=True):
        seen += number
        lines.append(f'{name}_bucket{{le="{bound}"}} {seen}')
    return [*lines, f"{name}_count {seen}"]


def _gauge(name: str, what: str, value: int) -> list[str]:
    return [f"# HELP {name} {what}", f"# TYPE {name} gauge", f"{name} {value}"]


def _rows(model: type[System] | type[Agency]) -> sa.Select[int]:
    return sa.select(sa.func.count()).select_from(model)


def _number(session: Session, query: sa.Select[int]) -> int:
    return session.scalar(query) or 0


def _quoted(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", " ")
