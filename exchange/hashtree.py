"""Merkle tree over SHA-256 as RFC 6962 section 2.1 has it: one signature covers any number of leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\0" + data).digest()


def root_and_paths(leaves: Sequence[bytes]) -> tuple[bytes, list[list[bytes]]]:
    """Root over leaf hashes, and for each leaf the hashes that lead from it to the root.

    `leaves` must not be empty.
    """
    if len(leaves) == 1:
        return leaves[0], [[]]
    middle = _largest_power_below(len(leaves))
    left, left_paths = root_and_paths(leaves[:middle])
    right, right_paths = root_and_paths(leaves[middle:])
    paths = [[*path, right] for path in left_paths] + [[*path, left] for path in right_paths]
    return _node(left, right), paths


def climb(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Root that follows from a leaf, its place among `size` leaves and its path.

    Raises ValueError when the path cannot belong to that place.
    """
    if not 0 <= index < size:
        raise ValueError("no such leaf")
    if size == 1:
        if path:
            raise ValueError("path too long")
        return leaf
    if not path:
        raise ValueError("path too short")
    middle = _largest_power_below(size)
    if index < middle:
        return _node(climb(leaf, index, middle, path[:-1]), path[-1])
    return _node(path[-1], climb(leaf, index - middle, size - middle, path[:-1]))


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _largest_power_below(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1
