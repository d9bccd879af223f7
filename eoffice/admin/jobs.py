"""Housekeeping."""

from sqlalchemy.orm import Session

from eoffice.core import audit
from eoffice.core.db import transaction
from eoffice.core.jobs import periodic


@periodic("admin.seal_audit", seconds=60)
def seal_audit(session: Session) -> None:
    """Seal finished entries of the log into the hash chain."""
    with transaction(session):
        audit.seal(session)
