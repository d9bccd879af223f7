"""Calls that come at the same time share one piece of work: one transaction, one signature, one wait for the disk."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass
class _Waiting(Generic[Item, Answer]):
    item: Item
    answer: Answer | None = None
    error: Exception | None = None
    done: bool = False


class Combiner(Generic[Item, Answer]):
    """Whoever has the turn works for all who came meanwhile; alone, a call waits for nobody.

    `work`: answers for the items in their order; what it raises is raised for each of them. `apart`: errors
    that may be the fault of one item, so that the others are tried without it.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Sequence[Answer]],
        *,
        apart: tuple[type[Exception], ...] = (),
        most: int = 64,
    ) -> None:
        self._work = work
        self._apart = apart
        self._most = most
        self._queue: deque[_Waiting[Item, Answer]] = deque()
        self._turn = threading.Lock()

    def __call__(self, item: Item) -> Answer:
        [answer] = self.all([item])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def all(self, items: Sequence[Item]) -> list[Answer | Exception]:
        """Several of one caller, in their order; instead of an answer the error of one."""
        mine: list[_Waiting[Item, Answer]] = [_Waiting(item) for item in items]
        self._queue.extend(mine)
        while not all(one.done for one in mine):
            with self._turn:
                if not all(one.done for one in mine):
                    self._serve([self._queue.popleft() for _ in range(min(len(self._queue), self._most))])
        return [one.error or one.answer for one in mine]  # type: ignore[misc]  # one of them is set when it is done

    def _serve(self, batch: Sequence[_Waiting[Item, Answer]]) -> None:
        try:
            answers = self._work([one.item for one in batch])
        except Exception as error:  # noqa: BLE001 - raised again in the thread of each call
            alone = len(batch) == 1 or not isinstance(error, self._apart)
            for one in batch:
                if alone:
                    one.error, one.done = error, True
                else:
                    self._serve([one])
        else:
            for one, answer in zip(batch, answers, strict=True):
                one.answer, one.done = answer, True
