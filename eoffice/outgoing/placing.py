"""Where the signature and the number line stand, when a person puts them elsewhere than they were found."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit
from eoffice.core.db import transaction
from eoffice.core.errors import Invalid
from eoffice.core.permissions import Actor
from eoffice.documents.geometry import MM
from eoffice.documents.models import FileRole
from eoffice.outgoing import operations
from eoffice.outgoing.issuing import allowed, newest
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.workflow import Move

SIGNATURE_MOVED = audit.action("outgoing.signature_moved", _l("Place of the signature chosen"))

#: height of the number line in points
LINE_HEIGHT = 8 * MM
#: least size of the space for a signature, millimetres
LEAST_WIDTH, LEAST_HEIGHT = 20.0, 8.0


class BoxOutside(Invalid):
    """The number line must lie on page 1."""

    message = _l(
        "The number line must lie on page 1. Give its place in millimetres from the left and from the top."
    )


class SignatureOutside(Invalid):
    """It must be seen, whole and on a page that is there."""

    message = _l(
        "The signature must lie on one of the %(pages)s pages and be at least 20 mm wide and 8 mm high. Give its place "
        "in millimetres from the left and from the top."
    )


@dataclass(frozen=True)
class Spot:
    """A place as with a ruler on the page as shown: millimetres from its left and top edge."""

    left: float
    top: float
    width: float
    height: float
    #: from 1
    page: int = 1

    def box(self, page_height: float) -> list[float]:
        """Points from the lower left corner: x0, y0, x1, y1."""
        y1 = page_height - self.top * MM
        sides = self.left * MM, y1 - self.height * MM, (self.left + self.width) * MM, y1
        return [round(side, 2) for side in sides]


def place_number_line(
    session: Session, actor: Actor, document_id: int, left: float, top: float, width: float
) -> OutgoingDocument:
    """Move the number line of page 1: millimetres from the left and the top edge, and its width. Raises BoxOutside."""
    with transaction(session):
        document = allowed(session, actor, document_id, Move.PLACE)
        page_width, page_height = newest(session, document, FileRole.SIGNED).page_sizes[0]
        box = Spot(left, top, width, LINE_HEIGHT / MM).box(page_height)
        if left < 0 or top < 0 or width < 60 or box[2] > page_width or box[1] < 0:
            raise BoxOutside(field="left")
        document.number_box = box
        audit.record(session, actor, operations.BOX_MOVED, document, box=document.number_box)
    return document


def place_signature(session: Session, actor: Actor, document_id: int, spot: Spot) -> OutgoingDocument:
    """Put the signature where its signer wants it, the seal beside it. Raises SignatureOutside, Forbidden,
    InvalidTransition."""
    with transaction(session):
        document = allowed(session, actor, document_id, Move.PLACE_SIGNATURE)
        sizes = newest(session, document, FileRole.DRAFT).page_sizes
        if not 1 <= spot.page <= len(sizes) or not _fits(spot, *sizes[spot.page - 1]):
            raise SignatureOutside(pages=len(sizes), field="signature")
        box = spot.box(sizes[spot.page - 1][1])
        document.signature_place = [spot.page, *box]
        audit.record(session, actor, SIGNATURE_MOVED, document, page=spot.page, box=box)
    return document


def _fits(spot: Spot, page_width: float, page_height: float) -> bool:
    inside = spot.left >= 0 and spot.top >= 0
    across = (spot.left + spot.width) * MM <= page_width and (spot.top + spot.height) * MM <= page_height
    return inside and across and spot.width >= LEAST_WIDTH and spot.height >= LEAST_HEIGHT
