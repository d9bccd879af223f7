"""Figures in the text format of Prometheus; counts only, no agency and no document."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from exchange.hub.models import Agency, Delivery, Packet, System


def text(session: Session) -> str:
    lines: list[str] = []
    for name, what, model in (
        ("axis_systems", "Registered systems", System),
        ("axis_agencies", "Agencies in the directory", Agency),
    ):
        number = session.scalar(sa.select(sa.func.count()).select_from(model))
        lines += [f"# HELP {name} {what}", f"# TYPE {name} gauge", f"{name} {number}"]
    lines += ["# HELP axis_packets_total Messages accepted", "# TYPE axis_packets_total counter"]
    packets = sa.select(Packet.kind, sa.func.count()).group_by(Packet.kind)
    for kind, number in session.execute(packets).tuples():
        lines.append(f'axis_packets_total{{kind="{kind.value}"}} {number}')
    lines += ["# HELP axis_deliveries Messages per recipient and state", "# TYPE axis_deliveries gauge"]
    deliveries = sa.select(Delivery.status, sa.func.count()).group_by(Delivery.status)
    for status, number in session.execute(deliveries).tuples():
        lines.append(f'axis_deliveries{{status="{status.value}"}} {number}')
    return "\n".join(lines) + "\n"
