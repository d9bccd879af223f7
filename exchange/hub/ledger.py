"""The way of a message through the tables, in as few statements as it can be: each is one round trip, one commit.

What is done for one call is done for all that came at the same time (`combining`). Rare ways, such as a repeat
without a message id, use the models and take longer.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

#: what wakes list calls and calls that wait for news of what they sent
CHANNEL = "axis_delivery"

_TAKE: LiteralString = """
WITH taken AS (
    INSERT INTO packet SELECT * FROM json_populate_recordset(NULL::packet, %(packets)s) ORDER BY system_id, key
    ON CONFLICT DO NOTHING RETURNING id
), sent AS (
    INSERT INTO delivery (doc_id, packet_id, recipient, addressed, addressed_name, system_id, sender_id, kind,
                          priority, leads, status, description, created_at, updated_at, forwards, due_at)
    SELECT doc_id, packet_id, recipient, addressed, addressed_name, system_id, sender_id, kind,
           priority, leads, 'initial', '', created_at, created_at, forwards, due_at
    FROM json_populate_recordset(NULL::delivery, %(deliveries)s) JOIN taken ON taken.id = packet_id
    RETURNING kind || ':' || system_id AS topic
), sealed AS (
    INSERT INTO seal (leaf) SELECT %(leaf)s WHERE EXISTS (SELECT FROM taken) ON CONFLICT DO NOTHING
), told AS (
    SELECT pg_notify(%(channel)s, topic) FROM (SELECT DISTINCT topic FROM sent) AS topics
)
SELECT id, (SELECT count(*) FROM told) FROM taken
"""

_WAITING: LiteralString = """
SELECT d.doc_id, d.status, d.description, d.created_at, d.updated_at, p.kind, p.sender_code, p.message_id,
       p.priority, p.sha256, p.size, r.recipients, r.addressed
FROM delivery d JOIN packet p ON p.id = d.packet_id
CROSS JOIN LATERAL (
    SELECT array_agg(recipient ORDER BY id) AS recipients,
           json_object_agg(recipient, json_build_array(addressed, addressed_name))
               FILTER (WHERE addressed <> recipient) AS addressed
    FROM delivery WHERE doc_id = d.doc_id
) r
WHERE d.leads AND d.system_id = %(system)s AND d.kind = %(kind)s AND d.status IN ('initial', 'processing')
  AND (%(since)s::timestamptz IS NULL OR d.created_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR d.created_at <= %(until)s)
ORDER BY d.priority DESC, d.id LIMIT %(limit)s OFFSET %(offset)s
"""
_WITH_STATUS: LiteralString = _WAITING.replace(
    "d.status IN ('initial', 'processing')", "d.status = %(status)s"
)

_BEHIND: LiteralString = """
SELECT d.id, d.doc_id, d.system_id, d.recipient, d.status, d.created_at, d.sender_id,
       p.id AS packet_id, p.message_id, p.kind, p.system_id AS sender, p.sha256, p.size
FROM delivery d JOIN packet p ON p.id = d.packet_id WHERE d.doc_id = ANY(%(doc_ids)s) ORDER BY d.id
"""

#: nobody waits to hear that a status came: its sender has the receipt for it, and is told of one that failed
_END: LiteralString = """
WITH said AS (SELECT * FROM json_populate_recordset(NULL::delivery, %(rows)s)),
ended AS (
    UPDATE delivery d SET status = said.status, description = said.description, updated_at = said.updated_at,
        receipt = said.receipt, told = d.told OR (d.kind = 'status' AND said.status = 'done'),
        fetched_at = CASE WHEN said.status = 'done'
                     THEN coalesce(d.fetched_at, said.fetched_at, said.updated_at) ELSE d.fetched_at END
    FROM said WHERE d.id = said.id AND d.status NOT IN ('done', said.status) RETURNING d.sender_id, d.status, d.told
), sealed AS (
    INSERT INTO seal (leaf) SELECT %(leaf)s WHERE %(leaf)s::bytea IS NOT NULL AND EXISTS (SELECT FROM ended)
    ON CONFLICT DO NOTHING
), news AS (
    SELECT pg_notify(%(channel)s, 'sent:' || sender_id)
    FROM (SELECT DISTINCT sender_id FROM ended WHERE NOT told AND status IN ('done', 'fail')) AS senders
)
SELECT count(*), (SELECT count(*) FROM news) FROM ended
"""

_COUNTED: LiteralString = """
INSERT INTO traffic AS t SELECT * FROM json_populate_recordset(NULL::traffic, %s) ORDER BY minute, system_id
ON CONFLICT (minute, system_id) DO UPDATE SET
    calls = t.calls + excluded.calls, refused = t.refused + excluded.refused,
    packets = t.packets + excluded.packets, bytes = t.bytes + excluded.bytes,
    waits = ARRAY(SELECT a + b FROM unnest(t.waits, excluded.waits) WITH ORDINALITY AS u(a, b, i) ORDER BY i)
"""

_UNTOLD: LiteralString = """
SELECT d.id, d.packet_id, d.recipient, d.addressed, d.status, d.description, d.fetched_at, d.updated_at, d.receipt,
       p.message_id, p.kind
FROM delivery d JOIN packet p ON p.id = d.packet_id
WHERE d.sender_id = %(system)s AND NOT d.told AND d.status IN ('done', 'fail') ORDER BY d.id LIMIT %(most)s
"""

#: The claim is a lease: who dies over a message leaves it to the others a minute later.
_CLAIM: LiteralString = """
UPDATE delivery SET due_at = %(now)s + interval '1 minute', attempts = attempts + 1 FROM packet p
WHERE p.id = packet_id AND delivery.id IN (
    SELECT id FROM delivery WHERE forwards AND leads AND status IN ('initial', 'processing')
      AND system_id = %(system)s AND due_at <= %(now)s
    ORDER BY priority DESC, id LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
RETURNING delivery.doc_id, delivery.status, forwarded_as, attempts, p.id AS packet_id, p.sha256, p.sender_code,
          p.kind, p.trace,
          ARRAY(SELECT addressed FROM delivery d WHERE d.doc_id = delivery.doc_id ORDER BY d.id) AS recipients
"""
_HANDED_ON: LiteralString = """
UPDATE delivery SET status = 'processing', forwarded_as = %(id)s, attempts = 0, due_at = %(now)s, updated_at = %(now)s,
    description = %(description)s WHERE doc_id = %(doc_id)s AND status IN ('initial', 'processing')
"""

#: name under which the listening connection of each process shows
LISTENER = "axis listener"
_PROCESSES: LiteralString = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s
"""

_FETCHED: LiteralString = """
UPDATE delivery SET fetched_at = at FROM unnest(%s::text[], %s::timestamptz[]) AS f(doc_id, at)
WHERE delivery.doc_id = f.doc_id AND fetched_at IS NULL
"""


_AGENCIES: LiteralString = """
SELECT asked, a.code, a.name, a.system_id, s.url <> '' AS forwards, s.active AND NOT a.deleted AS active, a.locked,
       a.closed_on, a.legal_basis,
       ARRAY(SELECT successor_code FROM succession WHERE agency_id = a.id ORDER BY place) AS successors
FROM (
    SELECT code AS asked, id, 0 AS rank FROM agency WHERE code = ANY(%(codes)s)
    UNION ALL SELECT old_code, id, 1 FROM agency WHERE old_code = ANY(%(codes)s)
) AS named JOIN agency a USING (id) JOIN system s ON s.id = a.system_id
UNION ALL
SELECT id, id, name, id, url <> '', active, FALSE, NULL, '', ARRAY[]::text[] FROM system WHERE id = ANY(%(codes)s)
"""

_SECRETS: LiteralString = """
SELECT id, sealed_secret, sealed_former, former_until, quota FROM system WHERE id = ANY(%s) AND active
"""


def open_pool(url: str, size: int) -> ConnectionPool[Connection[dict[str, Any]]]:
    """Connections that commit each statement. Prepared on second use: planning costs more than these statements."""
    settings = {"autocommit": True, "row_factory": dict_row, "prepare_threshold": 1}
    return ConnectionPool(
        url, kwargs=settings, min_size=1, max_size=size, timeout=10, open=True, name="ledger"
    )


class Ledger:
    """The statements, over a pool of connections. All raise psycopg.Error, psycopg_pool.PoolTimeout."""

    def __init__(self, pool: ConnectionPool[Connection[dict[str, Any]]]) -> None:
        self._pool = pool

    def close(self) -> None:
        """Close its connections."""
        self._pool.close()

    def take(self, packets: Sequence[Any], deliveries: Sequence[Any], leaf: bytes) -> set[str]:
        """Write new packets with their deliveries; the ids of those that were not there yet."""
        given = {"packets": _json(packets), "deliveries": _json(deliveries), "leaf": leaf, "channel": CHANNEL}
        return {row["id"] for row in self._rows(_TAKE, given)}

    def waiting(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Messages for a system, most urgent first, then oldest first; with `status`, those in that state."""
        return self._rows(_WITH_STATUS if asked["status"] else _WAITING, asked)

    def behind(self, doc_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Deliveries under these ids, with what their packets are."""
        return self._rows(_BEHIND, {"doc_ids": list(doc_ids)})

    def end(self, rows: Sequence[Any], leaf: bytes | None) -> None:
        """Write what became of deliveries; nothing undoes `done`."""
        self._rows(_END, {"rows": _json(rows), "leaf": leaf, "channel": CHANNEL})

    def agencies(self, codes: Collection[str]) -> list[dict[str, Any]]:
        """Agencies by code and by old code, and systems by id; `asked` is the code that found them."""
        return self._rows(_AGENCIES, {"codes": list(codes)})

    def systems(self, ids: Collection[str]) -> list[dict[str, Any]]:
        """Secrets and quotas of active systems."""
        return self._rows(_SECRETS, (list(ids),))

    def untold(self, system_id: str, most: int) -> list[dict[str, Any]]:
        """How messages of a system ended that it has not been told."""
        return self._rows(_UNTOLD, {"system": system_id, "most": most})

    def told(self, system_id: str, ids: Sequence[int]) -> None:
        """It took notice of these."""
        with self._pool.connection() as connection:
            connection.execute(
                "UPDATE delivery SET told = TRUE WHERE id = ANY(%s) AND sender_id = %s AND status IN ('done', 'fail')",
                (list(ids), system_id),
            )

    def claim(self, system_id: str, now: datetime, most: int) -> list[dict[str, Any]]:
        """Messages to be handed on to another axis, or to be asked about there; nobody else gets them now."""
        return self._rows(_CLAIM, {"system": system_id, "now": now, "most": most})

    def postpone(self, doc_id: str, until: datetime) -> None:
        """Claim it again then."""
        with self._pool.connection() as connection:
            connection.execute("UPDATE delivery SET due_at = %s WHERE doc_id = %s", (until, doc_id))

    def handed_on(self, doc_id: str, id_there: str, now: datetime, description: str) -> None:
        """The other axis has it, under an id of its own."""
        given = {"doc_id": doc_id, "id": id_there, "now": now, "description": description}
        with self._pool.connection() as connection:
            connection.execute(_HANDED_ON, given)

    def counted(self, rows: Sequence[Any]) -> None:
        """Add to the figures of systems."""
        with self._pool.connection() as connection:
            connection.execute(_COUNTED, (_json(rows),))

    def processes(self) -> int:
        """How many processes of the axis listen for news now."""
        return int(self._rows(_PROCESSES, (LISTENER,))[0]["count"])

    def fetched(self, moments: Mapping[str, datetime]) -> None:
        """Note first downloads."""
        with self._pool.connection() as connection:
            connection.execute(_FETCHED, (list(moments), list(moments.values())))

    def _rows(
        self, statement: LiteralString, given: Mapping[str, Any] | tuple[Any, ...]
    ) -> list[dict[str, Any]]:
        with self._pool.connection() as connection:
            return connection.execute(statement, given).fetchall()


def _json(rows: Sequence[Any]) -> str:
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"), default=datetime.isoformat)
