"""Books: a closed register, set as PDF/A and signed by the agency."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eoffice.core.db import Base
from eoffice.documents.models import Register


class BookLines(Base):
    """What the lines of a register said when it was closed, kept until its book is set from them."""

    __tablename__ = "book_lines"
    register_id: Mapped[int] = mapped_column(sa.ForeignKey("register.id"), primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    #: of each volume its lines, each a list of cells
    volumes: Mapped[list[Any]] = mapped_column(sa.JSON)


class RegisterBook(Base):
    """One volume of a closed register; a binder takes about sixty pages."""

    __tablename__ = "register_book"
    __table_args__ = (sa.UniqueConstraint("agency_id", "register_id", "volume"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    register_id: Mapped[int] = mapped_column(sa.ForeignKey("register.id"))
    #: 1, 2, …
    volume: Mapped[int]
    first_number: Mapped[int]
    last_number: Mapped[int]
    #: the book as it was set, before the signature
    sha256: Mapped[str] = mapped_column(sa.String(64))
    page_count: Mapped[int]
    #: page (from 1) and box in points where the seal goes: page, x0, y0, x1, y1
    seal_place: Mapped[list[Any]] = mapped_column(sa.JSON)
    made_at: Mapped[datetime]
    signed_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    signed_at: Mapped[datetime | None]
    signed_by: Mapped[str] = mapped_column(default="")

    register: Mapped[Register] = relationship(lazy="joined", innerjoin=True)
