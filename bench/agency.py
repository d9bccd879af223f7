"""An agency with a clerk and a specialist, as small as the measured pages need it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.core.permissions import Actor, system_actor
from eoffice.directory import operations as directory
from eoffice.directory.models import Role
from eoffice.documents import registers
from eoffice.documents.models import Direction

PASSWORD = "Mat-khau-de-do-2026"


@dataclass(frozen=True)
class House:
    """What figures and rows refer to."""

    agency_id: int
    unit_id: int
    clerk: Actor
    #: who signs in
    specialist: str


def house(session: Session, mark: str, code: str, name: str) -> House:
    """Make one; user names begin with `mark`."""
    system = system_actor()
    with transaction(session):
        agency = directory.save_agency(
            session, system, code, name, abbreviation=mark.upper(), hosted=True, place="An Giang"
        )
        unit = directory.add_unit(session, system, agency, "Phòng Kế hoạch - Tài chính", "KHTC")
        users = {}
        for role in (Role.CLERK, Role.SPECIALIST):
            person = directory.add_person(session, system, f"Nguyễn Thị {mark.upper()}")
            directory.assign(session, system, person, agency, role, str(role.value), unit=unit)
            users[role] = accounts.add_user(session, system, person, f"{mark}_{role.value}", PASSWORD)
        year = clock.today().year
        registers.open_register(session, system, agency.id, year, Direction.IN, "DEN", f"Văn bản đến {year}")
        session.flush()
        clerk = accounts.actor_of(session, users[Role.CLERK])
        return House(agency.id, unit.id, clerk, f"{mark}_{Role.SPECIALIST.value}")
