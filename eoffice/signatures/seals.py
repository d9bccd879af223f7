"""The agency's seal where nobody's signature stands beside it: books and certificates made here."""

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core.errors import Conflict
from eoffice.directory.models import Agency
from eoffice.documents.geometry import MM
from eoffice.signatures import queries
from eoffice.signatures.marks import Mark, Place, seal_in
from eoffice.signatures.models import ImageKind


class NoPicture(Conflict):
    """Appendix I-II.7.d and II.8 want a picture."""

    message = _l("No picture of the signature or seal of %(owner)s is entered. Ask the administrator.")


def in_block(session: Session, agency: Agency, block: Place) -> Mark:
    """The seal in its real size, in the middle of a block. Raises NoPicture."""
    image = queries.image(session, ImageKind.SEAL, agency.id, None)
    if image is None:
        raise NoPicture(owner=agency.name)
    return seal_in(image.png, image.width_mm * MM, block)
