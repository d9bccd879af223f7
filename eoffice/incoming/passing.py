"""A document that came in goes on: to units and people for information, to other agencies with its own bytes and
signatures; when its sender recalls it, so are those (Decree 30/2020, Articles 18.4, 23.3 and 25.1)."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Invalid
from eoffice.core.permissions import Actor, require
from eoffice.directions import operations as directions
from eoffice.directions.operations import Named
from eoffice.directory.models import Agency
from eoffice.documents import queries as reads
from eoffice.documents import recipients
from eoffice.gateway import changes
from eoffice.gateway import operations as gateway
from eoffice.gateway import queries as exchange
from eoffice.incoming import operations, queries
from eoffice.incoming.models import IncomingDocument, Source
from eoffice.incoming.workflow import MACHINE, Move

#: what the direction says when nobody writes anything; the office's words, never translated
_FOR_INFORMATION = "Chuyển để biết"


class ToNobody(Invalid):
    """A list without names."""

    message = _l("Choose whom it goes to: units, people or other agencies.")


class OnPaper(Conflict):
    """What travels is the document itself; of a paper, a certified copy."""

    message = _l(
        "This document came on paper. For another agency make a certified copy of it and issue that."
    )


class NothingLeft(Conflict):
    """Whoever gets it could read nothing."""

    message = _l("The files of this document were destroyed, so there is nothing to pass on.")


class NotOnAxis(Invalid):
    """There is no way to it for bytes."""

    message = _l("%(name)s is not reached over the axis. Make a certified copy on paper for it.")


class HasIt(Invalid):
    """It came from there, belongs there, or went there before."""

    message = _l("%(name)s has this document already. Take it off the list.")


@dataclass(frozen=True)
class Onward:
    """Whom it goes to, and with which words."""

    named: Sequence[Named] = ()
    #: codes or names of other agencies
    agencies: Sequence[str] = ()
    words: str = ""


def pass_on(session: Session, actor: Actor, document_id: int, to: Onward) -> IncomingDocument:
    """Pass a registered document on.

    Raises NotFound, Forbidden, InvalidTransition, NothingLeft, ToNobody, NotHere, NamedTwice, OnPaper, NotOnAxis,
    HasIt, WantedBack, and what `recipients` refuses with.
    """
    with transaction(session):
        document = operations.locked(session, actor, document_id)
        require(actor, MACHINE.step(document.state, Move.PASS_ON).permission, document)
        changes.refuse_wanted(session, document)
        if queries.is_gone(reads.files(session, document)):
            raise NothingLeft
        outside = recipients.find(session, to.agencies)
        if not to.named and not outside:
            raise ToNobody(field="recipients")
        if to.named:
            directions.inform(session, actor, document, to.named, to.words.strip() or _FOR_INFORMATION)
        if outside:
            reached = _reached(session, document, outside)
            gateway.forward(session, actor, document, reached)
            document.passed_on = True
            operations.move(session, actor, document, Move.PASS_ON, named=list(reached.values()))
    return document


def _reached(session: Session, document: IncomingDocument, agencies: Sequence[Agency]) -> dict[str, str]:
    """Codes and names. Raises OnPaper, NotOnAxis, HasIt."""
    if document.source is not Source.AXIS:
        raise OnPaper(field="recipients")
    arrival = exchange.arrival_of(session, document)
    known = {document.issuer_code, arrival.sender_code if arrival else ""}
    known |= {copy.recipient_code for copy in exchange.deliveries_of(session, document)}
    for agency in agencies:
        if agency.id == document.agency_id or not known.isdisjoint({agency.code, agency.old_code}):
            raise HasIt(name=agency.name, field="recipients")
        if not agency.on_axis:
            raise NotOnAxis(name=agency.name, field="recipients")
    return {agency.code: agency.name for agency in agencies}
