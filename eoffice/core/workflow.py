"""States as tables of transitions: the table feeds the check, the buttons and the test of all pairs."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from eoffice.core.errors import Forbidden, InvalidTransition
from eoffice.core.permissions import Actor, Permission, allowed, require

S = TypeVar("S", bound=StrEnum)
M = TypeVar("M", bound=StrEnum)


@dataclass(frozen=True)
class Rule(Generic[S]):
    """What one move leads to and who may make it."""

    target: S
    permission: Permission
    #: the move is refused without a reason in words
    needs_note: bool = False


class Machine(Generic[S, M]):
    """The moves of one kind of document. Refuses, when built, states that nothing leads to."""

    def __init__(
        self,
        initial: tuple[S, ...],
        rules: Mapping[tuple[S, M], Rule[S]],
        refusal: type[InvalidTransition] = InvalidTransition,
    ) -> None:
        self.initial = initial
        #: says what it is that is elsewhere, where that is no document
        self.refusal = refusal
        self.rules = dict(rules)
        reached = set(initial) | {rule.target for rule in self.rules.values()}
        lost = set(type(initial[0])) - reached
        if lost:
            raise ValueError(f"no move leads to {sorted(lost)}")

    def step(self, state: S, move: M) -> Rule[S]:
        """The rule of this move now. Raises InvalidTransition: the step exists, but not now."""
        rule = self.rules.get((state, move))
        if rule is None:
            raise self.refusal(state=word_of(state))
        return rule

    def step_of(self, actor: Actor, state: S, move: M, obj: object) -> Rule[S]:
        """The rule of this move, when it is the actor's on `obj` now. Whose it is in another state is told that the
        state has changed, for the page he sends it from may have offered it.

        Raises InvalidTransition, NotFound, Forbidden.
        """
        rule = self.step(state, move)
        try:
            require(actor, rule.permission, obj)
        except Forbidden:
            if any(
                allowed(actor, one.permission, obj) for (_at, its), one in self.rules.items() if its == move
            ):
                raise self.refusal(state=word_of(state)) from None
            raise
        return rule

    def moves(self, state: S) -> dict[M, Rule[S]]:
        """Every move out of a state."""
        return {move: rule for (start, move), rule in self.rules.items() if start == state}


def word_of(state: StrEnum) -> str:
    """The word people read for a state: its `word` when the enum has one."""
    return str(getattr(state, "word", state.value))
