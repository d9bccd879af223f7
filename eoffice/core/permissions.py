"""Rights: declared permissions, one rule per kind of object, two different refusals.

"Not yours to know" is NotFound, "not yours to do" is Forbidden. The same rule serves page, list, file,
API and search; each feature's `visible_to` says it as SQL, and a test compares the two.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask_babel.speaklater import LazyString

from eoffice.core.errors import Forbidden, NotFound


class Permission(str):
    """`resource:action`. Declared once, by the feature that owns it."""

    __slots__ = ()


DECLARED: dict[Permission, LazyString] = {}


def permission(name: str, description: LazyString) -> Permission:
    """Declare a permission. Raises ValueError when the name is taken or not `resource:action`."""
    value = Permission(name)
    if value in DECLARED or name.count(":") != 1:
        raise ValueError(f"permission {name} is declared twice or is not resource:action")
    DECLARED[value] = description
    return value


def described(name: str) -> str:
    """A permission in words; what was one once stands by its name."""
    words = DECLARED.get(Permission(name))
    return str(words) if words is not None else name


@dataclass(frozen=True)
class Actor:
    """Who acts: always an argument, never a global."""

    user_id: int | None
    person_id: int | None
    name: str
    #: title as printed, e.g. "Phó Giám đốc"
    title: str
    agency_id: int | None
    #: the assignment this person acts under now
    assignment_id: int | None = None
    unit_ids: frozenset[int] = field(default_factory=frozenset)
    #: units this person leads
    headed_unit_ids: frozenset[int] = field(default_factory=frozenset)
    permissions: frozenset[Permission] = field(default_factory=frozenset)
    #: posts of those who are away and for whom this person stands in today, and who they are
    stands_in_for: frozenset[int] = field(default_factory=frozenset)
    stands_in_people: frozenset[int] = field(default_factory=frozenset)
    #: the same in words, for the banner of every page
    acting_for: tuple[str, ...] = ()
    #: merged agencies whose documents and registers the actor's agency keeps
    keeps_for: frozenset[int] = field(default_factory=frozenset)
    is_system: bool = False
    #: holds posts in more than one place, so that he may change between them
    several_posts: bool = False

    @property
    def houses(self) -> tuple[int | None, ...]:
        """The agencies whose documents are the actor's agency's to read: its own, and those merged into it."""
        return (self.agency_id, *sorted(self.keeps_for))

    def can(self, wanted: Permission) -> bool:
        """Has the permission by role; says nothing about any object."""
        return self.is_system or wanted in self.permissions


def system_actor(agency_id: int | None = None) -> Actor:
    """The program itself, for jobs and commands; bound to one agency when one is named."""
    return Actor(None, None, "Hệ thống", "", agency_id, is_system=True)


ObjectRule = Callable[[Actor, Permission, Any], bool]
R = TypeVar("R", bound=ObjectRule)
_rules: dict[type, ObjectRule] = {}
_knows: dict[type, ObjectRule] = {}


def object_rule(model: type) -> Callable[[R], R]:
    """Register the one rule that decides whether an actor may use a permission on such an object."""

    def register(rule: R) -> R:
        _rules[model] = rule
        return rule

    return register


def knowledge_rule(model: type) -> Callable[[R], R]:
    """Register who may know that the object exists at all; anybody else gets NotFound."""

    def register(rule: R) -> R:
        _knows[model] = rule
        return rule

    return register


def allowed(actor: Actor, wanted: Permission, obj: object | None = None) -> bool:
    """Whether the actor has the permission, and on this object when one is given."""
    if not actor.can(wanted):
        return False
    return obj is None or (_may_know(actor, wanted, obj) and _rule(obj)(actor, wanted, obj))


def require(actor: Actor, wanted: Permission, obj: object | None = None) -> None:
    """Raise NotFound when the actor may not know of `obj`, Forbidden when the step is not his."""
    if obj is not None and not _may_know(actor, wanted, obj):
        raise NotFound
    if not actor.can(wanted) or (obj is not None and not _rule(obj)(actor, wanted, obj)):
        raise Forbidden


def _may_know(actor: Actor, wanted: Permission, obj: object) -> bool:
    rule = _find(_knows, obj)
    if rule is not None:
        return rule(actor, wanted, obj)
    owner = getattr(obj, "agency_id", None)
    return owner is None or owner == actor.agency_id or (actor.is_system and actor.agency_id is None)


def _rule(obj: object) -> ObjectRule:
    rule = _find(_rules, obj)
    if rule is None:
        raise LookupError(f"no object rule for {type(obj).__name__}: deny by default")
    return rule


def _find(table: dict[type, ObjectRule], obj: object) -> ObjectRule | None:
    return next((table[kind] for kind in type(obj).__mro__ if kind in table), None)
