"""At which level an agency signs: its own choice, else the installation's."""

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Session

from eoffice.core import audit
from eoffice.core.config import settings
from eoffice.core.db import new_session, transaction
from eoffice.core.errors import Conflict
from eoffice.core.permissions import Actor, require
from eoffice.directory.models import Agency
from eoffice.signatures.models import SigningLevel
from eoffice.signatures.permissions import SIGNATURE_KEYS
from eoffice.signatures.settings import SIGNATURE_LEVEL, TSA_URL
from signing.sign import Level

LEVEL_CHOSEN = audit.action("signatures.level_chosen", _l("Level of signatures chosen"))


class NeedsTimestamps(Conflict):
    """Every level but the first rests on a time stamp."""

    message = _l(
        "This level needs a time stamp service. Whoever runs this installation sets EOFFICE_TSA_URL."
    )


#: what each level is good for, and how long
MEANINGS: dict[Level, LazyString] = {
    Level.B_B: _l(
        "Signature alone. It can be confirmed while the certificate is valid; the time is our own clock's."
    ),
    Level.B_T: _l(
        "With a time stamp. It can be confirmed until the certificate of the time stamp service ends, where the "
        "issuers' lists of revoked certificates are at hand."
    ),
    Level.B_LT: _l(
        "With a time stamp and the lists of revoked certificates in the file: confirmed without a network."
    ),
    Level.B_LTA: _l(
        "Signed with a time stamp; after the issue an archive copy with the lists and a time stamp over all, which is "
        "stamped again before it ends. Confirmed for as long as it is kept."
    ),
}


def of(session: Session, agency_id: int) -> Level:
    """The level that counts for an agency."""
    chosen = session.get(SigningLevel, agency_id)
    if chosen is not None:
        return chosen.level
    return settings().get(SIGNATURE_LEVEL) or (Level.B_T if settings().get(TSA_URL) else Level.B_B)


def to_sign_at(agency_id: int) -> Level:
    """The level of each signature: the archive copy, not the signature, brings a document to B-LTA."""
    with new_session() as session:
        level = of(session, agency_id)
    return Level.B_T if level is Level.B_LTA else level


def choose(session: Session, actor: Actor, agency: Agency, level: Level) -> None:
    """Sign at this level from now on; what is signed stays as it is. Raises Forbidden, NeedsTimestamps."""
    require(actor, SIGNATURE_KEYS, agency)
    if level is not Level.B_B and not settings().get(TSA_URL):
        raise NeedsTimestamps(field="level")
    with transaction(session):
        before = of(session, agency.id)
        session.merge(SigningLevel(agency_id=agency.id, level=level))
        audit.record(session, actor, LEVEL_CHOSEN, agency, before=before, after=level)
