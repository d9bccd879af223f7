"""Advisory bodies of an agency that issue documents under their own name: set up and ended by the head's decision
(Decree 30/2020, Appendix I, II.3.a).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Forbidden, Invalid, NotFound, Overtaken
from eoffice.core.permissions import Actor, require
from eoffice.core.text import fold, nfc, whole
from eoffice.directory import queries as directory
from eoffice.directory.models import AdvisoryBody
from eoffice.directory.names import WrongAbbreviation, check_abbreviation
from eoffice.documents.permissions import REGISTER_OPEN

ADDED = audit.action("documents.body_added", _l("Advisory body entered"))
ENDED = audit.action("documents.body_ended", _l("Advisory body ended"))


class NeedsName(Invalid):
    """It stands above every document of the body."""

    message = _l("Write the body's whole name, as it stands in the decision.")


class AbbreviationTaken(Conflict):
    """Two series of one notation would give the same number twice."""

    message = _l("“%(abbreviation)s” is the abbreviation of %(name)s. Choose another one.")


class NeedsDecision(Invalid):
    """Only the head sets one up."""

    message = _l("Give number and date of the decision that set the body up.")


class WrongBody(Invalid):
    """Not of this agency, or no more."""

    message = _l("Choose a body of your agency that still exists.")


class EndedAlready(Overtaken):
    """Somebody was faster."""

    message = _l("This body has been ended already. Reload the page.")


@dataclass(frozen=True)
class NewBody:
    """What the decision says."""

    name: str
    abbreviation: str
    decision: str


def add(session: Session, actor: Actor, new: NewBody) -> AdvisoryBody:
    """Enter a body; its first number opens its series. Raises Forbidden, NeedsName, WrongAbbreviation, NeedsDecision,
    AbbreviationTaken, TooLong.
    """
    name, decision = whole(new.name, 200, "name"), whole(new.decision, 300, "decision")
    abbreviation = nfc(new.abbreviation)
    with transaction(session):
        require(actor, REGISTER_OPEN)
        if actor.agency_id is None:
            raise Forbidden
        if not name:
            raise NeedsName(field="name")
        code = _plain(abbreviation)
        if not code:
            raise WrongAbbreviation(field="abbreviation")
        check_abbreviation(abbreviation)
        if not decision:
            raise NeedsDecision(field="decision")
        # held, so that of two who enter the same abbreviation the second reads who has it
        agency = directory.agency(session, actor.agency_id)
        session.refresh(agency, with_for_update=True)
        taken = {_plain(agency.abbreviation): agency.name}
        taken |= {one.code: one.name for one in every(session, agency.id)}
        if code in taken:
            raise AbbreviationTaken(abbreviation=abbreviation, name=taken[code], field="abbreviation")
        made = AdvisoryBody(
            agency_id=agency.id, name=name, abbreviation=abbreviation, code=code, decision=decision
        )
        session.add(made)
        audit.record(session, actor, ADDED, made, name=name, abbreviation=abbreviation, decision=decision)
    return made


def _plain(abbreviation: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", fold(abbreviation).upper())


def end(session: Session, actor: Actor, body_id: int) -> AdvisoryBody:
    """Let nothing more be drafted in its name; what is under way is finished.

    Raises NotFound, Forbidden, EndedAlready.
    """
    with transaction(session):
        body = session.get(AdvisoryBody, body_id, with_for_update=True)
        if body is None:
            raise NotFound
        require(actor, REGISTER_OPEN, body)
        if body.ended_at is not None:
            raise EndedAlready
        body.ended_at = clock.now()
        audit.record(session, actor, ENDED, body, name=body.name)
    return body


def every(session: Session, agency_id: int) -> Sequence[AdvisoryBody]:
    """The bodies of an agency, those that exist no more at the end."""
    query = sa.select(AdvisoryBody).where(AdvisoryBody.agency_id == agency_id)
    return session.scalars(query.order_by(AdvisoryBody.ended_at.is_not(None), AdvisoryBody.id)).all()


def present(session: Session, agency_id: int, body_id: int | None) -> AdvisoryBody | None:
    """The body that is named, None where none is. Raises WrongBody."""
    if body_id is None:
        return None
    body = session.get(AdvisoryBody, body_id)
    if body is None or body.agency_id != agency_id or body.ended_at is not None:
        raise WrongBody(field="body_id")
    return body
