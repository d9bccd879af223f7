"""Accounts and sign-in."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.accounts import permissions
from eoffice.accounts.models import Token, User
from eoffice.accounts.settings import IDLE_DAYS, LOCK_HOURS, MAX_TRIES
from eoffice.core import access, audit, clock, visits
from eoffice.core.config import TESTING, settings
from eoffice.core.db import transaction
from eoffice.core.errors import AppError, Invalid, NotFound
from eoffice.core.permissions import DECLARED, Actor, Permission
from eoffice.core.visits import Visited
from eoffice.directory import queries as directory
from eoffice.directory.models import Assignment, Person, Role

USER_ADDED = audit.action("accounts.user_added", _l("Account opened"))
SIGNED_IN = audit.action("accounts.signed_in", _l("Signed in"))
SIGN_IN_FAILED = audit.action("accounts.sign_in_failed", _l("Sign-in failed"))
LOCKED = audit.action("accounts.locked", _l("Account locked after wrong passwords"))
SIGNED_OUT = audit.action("accounts.signed_out", _l("Signed out"))
PASSWORD_CHANGED = audit.action("accounts.password_changed", _l("Password changed"))
PASSWORD_RESET = audit.action("accounts.password_reset", _l("One-time password given"))
OPERATOR_RESET = audit.action("accounts.operator_reset", _l("One-time password given by an operator"))
CLOSED = audit.action("accounts.closed", _l("Account closed"))
TOKEN_MADE = audit.action("accounts.token_made", _l("Token for a program made"))
TOKEN_REVOKED = audit.action("accounts.token_revoked", _l("Token for a program revoked"))


#: who leads a unit
LEADING = frozenset({Role.UNIT_HEAD, Role.CHIEF_OF_OFFICE})


class WrongPassword(AppError):
    """The answer never tells whether the name or the password was wrong."""

    status = 422
    message = _l("User name or password is wrong. Check both; after %(tries)s wrong tries the account locks.")


class AccountLocked(AppError):
    """Locked by wrong tries."""

    status = 422
    message = _l("This account is locked after too many wrong passwords. Call your agency's administrator.")


class NoPost(AppError):
    """A person without a post today has nothing to do here."""

    status = 403
    message = _l("You hold no post in any agency today. Call your agency's administrator.")


class NoSuchAccount(Invalid):
    """Asked for by a user name."""

    message = _l("Nobody has the user name “%(username)s”. Check how it is spelled.")


class UnknownScope(Invalid):
    """A scope that no part of the program declares would narrow the token to nothing."""

    message = _l("There is no permission called “%(scope)s”.")


class WeakPassword(Invalid):
    """Without a second factor: 14 characters of four classes (TCVN 14423:2026)."""

    message = _l("A password needs at least 14 characters with lower and upper case, a digit and a sign.")


class SamePassword(Invalid):
    """A change that changes nothing."""

    message = _l("Choose a password that differs from the present one.")


class WrongPresentPassword(Invalid):
    """Who sits at an open session is not always its owner."""

    message = _l("This is not your present password.")


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    # Tests sign in hundreds of times; the real cost is the library's default (RFC 9106, low memory).
    return (
        PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        if settings().get(TESTING)
        else PasswordHasher()
    )


def password_hash(password: str) -> str:
    """What is kept of a password (argon2id, RFC 9106)."""
    return _hasher().hash(password)


def add_user(session: Session, actor: Actor, person: Person, username: str, password: str) -> User:
    """Open an account; the caller's use case commits. Raises WeakPassword."""
    _refuse_weak(password)
    session.flush()
    user = User(
        username=username, password_hash=password_hash(password), person_id=person.id,
        session_stamp=secrets.token_hex(16),
    )  # fmt: skip
    session.add(user)
    audit.record(session, actor, USER_ADDED, user, username=username)
    return user


def _refuse_weak(password: str) -> None:
    classes = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    if len(password) < 14 or not all(any(kind(c) for c in password) for kind in classes):
        raise WeakPassword(field="password")


#: without letters and digits that look alike on paper
_ALPHABET = ("abcdefghjkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789")


def one_time_password() -> str:
    """A password that is read off paper once: four groups of four, all classes in it, 66 random bits."""
    while True:
        groups = ["".join(secrets.choice("".join(_ALPHABET)) for _ in range(4)) for _ in range(4)]
        made = "-".join(groups)
        if all(any(char in kind for char in made) for kind in _ALPHABET):
            return made


def give_one_time_password(session: Session, actor: Actor, user: User) -> str:
    """Give an account a password to be changed at the first sign-in; open sessions end,
    a lock is lifted, a closed account opens again.

    The caller's use case commits. The password is returned once and kept nowhere.
    """
    password = one_time_password()
    user.password_hash, user.must_change, user.active = password_hash(password), True, True
    user.session_stamp, user.failed_tries, user.locked_until = secrets.token_hex(16), 0, None
    user.last_sign_in_at = None  # or it would be closed as idle again before it is used
    audit.record(session, actor, PASSWORD_RESET, user, username=user.username)
    return password


def change_password(session: Session, actor: Actor, present: str, new: str) -> User:
    """Choose another password; sessions elsewhere end. Raises WrongPresentPassword, SamePassword, WeakPassword."""
    with transaction(session):
        user = session.get_one(User, actor.user_id, with_for_update={"of": User})
        try:
            _hasher().verify(user.password_hash, present)
        except VerificationError:
            raise WrongPresentPassword(field="present") from None
        if present == new:
            raise SamePassword(field="password")
        _refuse_weak(new)
        user.password_hash, user.must_change = password_hash(new), False
        user.session_stamp = secrets.token_hex(16)
        audit.record(session, actor, PASSWORD_CHANGED, user)
    return user


def account(session: Session, username: str) -> tuple[User, Sequence[Assignment]]:
    """An account by its user name, and the present posts of its owner. Raises NoSuchAccount."""
    user = by_names(session, [username]).get(username)
    if user is None:
        raise NoSuchAccount(username=username, field="username")
    return user, directory.assignments_of(session, user.person_id)


def renew_password(session: Session, actor: Actor, username: str) -> str:
    """What an operator does: a one-time password, returned once; the agencies of its owner see it.

    Raises NoSuchAccount.
    """
    with transaction(session):
        user, posts = account(session, username)
        password = give_one_time_password(session, actor, user)
        for agency_id in sorted({post.agency_id for post in posts}):
            entry = audit.record(session, actor, OPERATOR_RESET, user, user=username)
            access.warn(session, actor, entry, agency_id)
    return password


def close_unused(session: Session, actor: Actor) -> int:
    """Close accounts whose people hold no post today or later, and idle ones; returns how many."""
    to_come = sa.or_(Assignment.valid_to.is_(None), Assignment.valid_to >= clock.today())
    holds = sa.exists().where(Assignment.person_id == User.person_id, to_come)
    idle = User.last_sign_in_at < clock.now() - timedelta(days=settings().get(IDLE_DAYS))
    with transaction(session):
        query = sa.select(User, holds).where(User.active, sa.or_(~holds, idle)).with_for_update(of=User)
        found = session.execute(query).all()
        for user, has_post in found:
            user.active, user.session_stamp = False, secrets.token_hex(16)
            audit.record(
                session, actor, CLOSED, user, username=user.username, why="idle" if has_post else "no post"
            )
    return len(found)


def of_people(session: Session, person_ids: Iterable[int]) -> dict[int, User]:
    """The accounts of these people, by person."""
    found = session.scalars(sa.select(User).where(User.person_id.in_(list(person_ids))))
    return {user.person_id: user for user in found}


def by_names(session: Session, names: Iterable[str]) -> dict[str, User]:
    """The accounts with these user names."""
    found = session.scalars(sa.select(User).where(User.username.in_(list(names))))
    return {user.username: user for user in found}


def sign_in(session: Session, username: str, password: str) -> User:
    """Check name and password. Raises WrongPassword, AccountLocked, NoPost; failed tries are counted."""
    with transaction(session):
        query = sa.select(User).where(User.username == username.strip().lower()).with_for_update(of=User)
        user = session.scalar(query)
        failure = _check(session, user, password)
    if failure is not None:
        raise failure
    assert user is not None
    return user


def _check(session: Session, user: User | None, password: str) -> AppError | None:
    wrong = WrongPassword(tries=settings().get(MAX_TRIES))
    if user is None or not user.active:
        _hasher().hash(password)  # takes as long as a real check: the answer's time tells nothing
        return wrong
    if user.locked_until is not None and user.locked_until > clock.now():
        return AccountLocked()
    actor = Actor(user.id, user.person_id, user.person.full_name, "", None)
    try:
        _hasher().verify(user.password_hash, password)
    except VerificationError:
        return _count_failure(session, actor, user) or wrong
    user.failed_tries, user.locked_until, user.last_sign_in_at = 0, None, clock.now()
    posts = directory.assignments_of(session, user.person_id)
    if not posts:
        return NoPost()
    audit.record(session, actor, SIGNED_IN, user)
    visits.note(session, actor, Visited.SYSTEM, posts[0].agency_id)
    return None


def _count_failure(session: Session, actor: Actor, user: User) -> AppError | None:
    user.failed_tries += 1
    audit.record(session, actor, SIGN_IN_FAILED, user, tries=user.failed_tries)
    if user.failed_tries < settings().get(MAX_TRIES):
        return None
    user.locked_until = clock.now() + timedelta(hours=settings().get(LOCK_HOURS))
    user.failed_tries = 0
    audit.record(session, actor, LOCKED, user, until=user.locked_until)
    return AccountLocked()


def sign_out(session: Session, actor: Actor) -> None:
    """End every session of the account: old cookies stop working."""
    with transaction(session):
        user = session.get_one(User, actor.user_id)
        user.session_stamp = secrets.token_hex(16)
        audit.record(session, actor, SIGNED_OUT, user)


def actor_of(session: Session, user: User, assignment_id: int | None = None) -> Actor:
    """The person acting under one of the present posts, the first one by default. Raises NoPost."""
    posts = directory.assignments_of(session, user.person_id)
    if not posts:
        raise NoPost
    # a session forgets what nobody holds: so the frame of the page finds the agency without asking again
    session.info["own_posts"] = posts
    post = next((p for p in posts if p.id == assignment_id), posts[0])
    own = [p for p in posts if p.agency_id == post.agency_id]
    here = standing_in(session, actor_in(user, post, own), own)
    return replace(here, several_posts=len(posts) > 1)


def standing_in(session: Session, actor: Actor, posts: Sequence[Assignment]) -> Actor:
    """The actor with the work of those who are away today; nothing is read when nobody is."""
    absent_ids = {one for post in posts for one in post.stands_in_for}
    if not absent_ids:
        return actor
    absences = directory.absences_today(session, absent_ids)
    absent = [one.post for one in absences]
    headed = frozenset(p.unit_id for p in absent if p.unit_id is not None and p.role in LEADING)
    return replace(
        actor,
        stands_in_for=frozenset(p.id for p in absent),
        stands_in_people=frozenset(p.person_id for p in absent),
        acting_for=tuple(one.sentence for one in absences),
        headed_unit_ids=actor.headed_unit_ids | headed,
        permissions=actor.permissions.union(*(permissions.lent(p) for p in absent)),
    )


def posts_of(session: Session, actor: Actor) -> Sequence[Assignment]:
    """The present posts of the person who acts, in every agency."""
    return directory.assignments_of(session, actor.person_id) if actor.person_id is not None else []


def actor_in(user: User | None, post: Assignment, posts: list[Assignment]) -> Actor:
    """The actor of a post; units and rights of other posts in the same agency count too."""
    return Actor(
        user_id=user.id if user else None,
        person_id=post.person_id,
        name=post.person.full_name,
        title=post.title,
        agency_id=post.agency_id,
        assignment_id=post.id,
        unit_ids=frozenset(p.unit_id for p in posts if p.unit_id is not None),
        keeps_for=frozenset(post.agency.keeps_for),
        headed_unit_ids=frozenset(p.unit_id for p in posts if p.unit_id is not None and p.role in LEADING),
        permissions=frozenset[Permission]().union(*(permissions.of_post(p) for p in posts)),
    )


def make_token(
    session: Session, actor: Actor, username: str, label: str, scopes: list[str], days: int | None = 365
) -> str:
    """Make a bearer token for a program that acts as this person; it is shown once.

    `scopes`: permissions it may use, ["*"] for all of the person's. Raises NoPost, Invalid, UnknownScope.
    """
    unknown = sorted(set(scopes) - {"*"} - set(DECLARED))
    if unknown:
        raise UnknownScope(scope=unknown[0], field="scopes")
    with transaction(session):
        user = session.scalar(sa.select(User).where(User.username == username))
        if user is None:
            raise Invalid(reason=username, field="user")
        who = actor_of(session, user)
        assert who.agency_id is not None
        plain = f"eo_{secrets.token_urlsafe(32)}"
        token = Token(
            user_id=user.id, agency_id=who.agency_id, label=label, scopes=scopes, sha256=_digest(plain),
            created_at=clock.now(), expires_at=clock.now() + timedelta(days=days) if days else None,
        )  # fmt: skip
        session.add(token)
        access.record(
            session, actor, TOKEN_MADE, token, [user.person_id], user=username, label=label, scopes=scopes
        )
    return plain


def revoke_token(session: Session, actor: Actor, token_id: int) -> Token:
    """End a token at once; one that has ended already stays as it is. Raises NotFound."""
    with transaction(session):
        token = session.get(Token, token_id)
        if token is None:
            raise NotFound
        if token.revoked_at is None:
            token.revoked_at = clock.now()
            access.record(session, actor, TOKEN_REVOKED, token, user=token.user.username, label=token.label)
    return token


def tokens(session: Session) -> Sequence[Token]:
    """Every token that still opens something, oldest first."""
    alive = sa.or_(Token.expires_at.is_(None), Token.expires_at >= clock.now())
    return session.scalars(sa.select(Token).where(Token.revoked_at.is_(None), alive).order_by(Token.id)).all()


def actor_of_token(session: Session, plain: str) -> Actor | None:
    """The actor behind a bearer token, with no more rights than its scopes; None when it does not hold."""
    token = session.scalar(sa.select(Token).where(Token.sha256 == _digest(plain), Token.revoked_at.is_(None)))
    if (
        token is None
        or not token.user.active
        or (token.expires_at is not None and token.expires_at < clock.now())
    ):
        return None
    posts = [
        p for p in directory.assignments_of(session, token.user.person_id) if p.agency_id == token.agency_id
    ]
    if not posts:
        return None
    actor = standing_in(session, actor_in(token.user, posts[0], posts), posts)
    if token.scopes == ["*"]:
        return actor
    kept = frozenset(p for p in actor.permissions if p in token.scopes)
    return Actor(**{**actor.__dict__, "permissions": kept})


def _digest(plain: str) -> str:
    return hashlib.sha256(plain.encode()).hexdigest()
