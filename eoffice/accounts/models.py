"""Accounts of people and tokens of other systems."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eoffice.core.db import Base
from eoffice.directory.models import Person


class User(Base):
    """An account: one person each."""

    __tablename__ = "user_account"
    id: Mapped[int] = mapped_column(primary_key=True)
    #: `unit_name`, lower case without accents, e.g. snnmt_bichngan
    username: Mapped[str] = mapped_column(sa.String(60), unique=True)
    password_hash: Mapped[str]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), unique=True)
    active: Mapped[bool] = mapped_column(default=True)
    #: somebody else knows the password: another one is chosen before anything else
    must_change: Mapped[bool] = mapped_column(default=False)
    failed_tries: Mapped[int] = mapped_column(default=0)
    #: no sign-in before this moment (TCVN 14423:2026, 5.5.2.2)
    locked_until: Mapped[datetime | None]
    last_sign_in_at: Mapped[datetime | None]
    #: changes with password and sign-out everywhere: older cookies stop working
    session_stamp: Mapped[str] = mapped_column(sa.String(32))

    person: Mapped[Person] = relationship(lazy="joined")


class Token(Base):
    """A bearer token of a program that acts as a person in one agency."""

    __tablename__ = "api_token"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    label: Mapped[str] = mapped_column(sa.String(100))
    #: SHA-256 of the token; the token itself is shown once and never stored
    sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    #: permissions it may use, a part of what the person may do; ["*"] for all of them
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="joined")
