"""Searches that people keep."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from eoffice.core.db import Base


class SavedSearch(Base):
    """A question somebody asks again and again, under a name; it finds what he may see on the day."""

    __tablename__ = "saved_search"
    __table_args__ = (sa.UniqueConstraint("agency_id", "person_id", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    #: as the address of the search says it, see `forms.write`
    fields: Mapped[dict[str, str]] = mapped_column(sa.JSON)
