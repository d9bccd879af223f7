"""Time-stamps the signatures under receipts, all that wait at once: a chore of every process, done by one."""

from __future__ import annotations

import logging
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from exchange.hashtree import root_and_paths
from exchange.hub.axis import Axis
from exchange.hub.models import Seal, Stamp
from exchange.stamps import Proof
from signing.errors import TimestampUnavailable

Authority = Callable[[bytes], bytes]
_log = logging.getLogger(__name__)
#: signatures under one token; a proof then has at most 13 hashes
_MOST = 8192
#: held by the process that stamps: the authority is waited for outside every transaction
_TURN = 0x5E41


class Stamper:
    """`authority`: makes a token over a SHA-256 digest, raises TimestampUnavailable."""

    def __init__(self, axis: Axis, authority: Authority) -> None:
        self._axis = axis
        self._authority = authority

    def work(self) -> int:
        """Stamp what waits; how many signatures. Nothing is lost when the authority is away."""
        with self._axis.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as turn:
            if not turn.scalar(sa.select(sa.func.pg_try_advisory_lock(_TURN))):
                return 0  # another process is at it
            try:
                return self._stamp()
            except TimestampUnavailable as error:
                _log.warning("receipts wait for their time stamp: %s", error)
                return 0
            finally:
                turn.execute(sa.select(sa.func.pg_advisory_unlock(_TURN)))

    def _stamp(self) -> int:
        with self._axis.sessions() as session:
            waiting = sa.select(Seal.leaf).where(Seal.stamp_id.is_(None)).order_by(Seal.made_at).limit(_MOST)
            leaves = list(session.scalars(waiting))
        if not leaves:
            return 0
        root, _ = root_and_paths(leaves)
        token = self._authority(root)
        with self._axis.sessions.begin() as session:
            made = Stamp(token=token)
            session.add(made)
            session.flush()
            placed = (
                sa.func.unnest(
                    sa.cast(leaves, sa.ARRAY(sa.LargeBinary)),
                    sa.cast(list(range(len(leaves))), sa.ARRAY(sa.Integer)),
                )
                .table_valued("leaf", "place", name="placed")
                .render_derived()
            )
            session.execute(
                sa.update(Seal)
                .where(Seal.leaf == placed.c.leaf)
                .values(stamp_id=made.id, place=placed.c.place)
                .execution_options(synchronize_session=False)
            )
        return len(leaves)


def authority(url: str) -> Authority:
    """The time-stamping authority at an address."""
    from signing.timestamps import HttpTimestamper, stamp_digest  # an axis without one needs no pyHanko

    timestamper = HttpTimestamper(url)
    return lambda digest: stamp_digest(digest, timestamper)


def proof(session: Session, leaf: bytes) -> Proof | None:
    """The time stamp of a signature; None while it has none."""
    held = session.get(Seal, leaf)
    if held is None or held.stamp_id is None or held.place is None:
        return None
    token = session.get_one(Stamp, held.stamp_id).token
    same = sa.select(Seal.leaf).where(Seal.stamp_id == held.stamp_id).order_by(Seal.place)
    leaves = list(session.scalars(same))
    _, paths = root_and_paths(leaves)
    return Proof(held.place, len(leaves), tuple(paths[held.place]), token)
