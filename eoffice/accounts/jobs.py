"""Accounts are closed when their people have left, or have not come for long."""

from sqlalchemy.orm import Session

from eoffice.accounts import service
from eoffice.core.jobs import periodic
from eoffice.core.permissions import system_actor


@periodic("accounts.close_unused", seconds=3600)
def close_unused(session: Session) -> None:
    """Close accounts without a post, and idle ones (TCVN 14423:2026, 5.6.2.3)."""
    service.close_unused(session, system_actor())
