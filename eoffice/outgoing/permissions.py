"""Rights on outgoing documents (Decree 30/2020, Articles 10 to 18 and 32)."""

from flask_babel import lazy_gettext as _l

from eoffice.core.permissions import Actor, Permission, knowledge_rule, object_rule, permission
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.outgoing.models import OutgoingDocument, Posting

OUTGOING_DRAFT = permission("outgoing:draft", _l("Draft outgoing documents"))
OUTGOING_APPROVE = permission("outgoing:approve", _l("Approve the content of one's unit's drafts"))
OUTGOING_CHECK = permission("outgoing:check", _l("Record the form check"))
OUTGOING_SIGN = permission("outgoing:sign", _l("Sign documents"))
OUTGOING_NUMBER = permission("outgoing:number", _l("Give number and date, or make a number void"))
OUTGOING_SEAL = permission("outgoing:seal", _l("Sign with the agency's key"))
OUTGOING_COPY = permission("outgoing:copy", _l("Ask for certified copies of what one may read"))
OUTGOING_ISSUE = permission("outgoing:issue", _l("Issue documents to their recipients"))
OUTGOING_POST = permission(
    "outgoing:post", _l("Keep the dispatch book: what was sent on paper, and who signed for it")
)

#: steps of whoever holds the duty in the agency, whichever document it is
_OF_THE_OFFICE = frozenset({OUTGOING_CHECK, OUTGOING_NUMBER, OUTGOING_SEAL, OUTGOING_ISSUE, DOCUMENT_READ})


@object_rule(OutgoingDocument)
def may(actor: Actor, wanted: Permission, document: OutgoingDocument) -> bool:
    """Drafting is the drafter's and his unit head's, a copy that of who asked for it, approval the unit head's, the
    signature the signer's alone.
    """
    if document.agency_id != actor.agency_id:
        return False
    if wanted == OUTGOING_COPY:
        return document.drafter.person_id == actor.person_id
    if wanted == OUTGOING_DRAFT:
        if document.copied_to is not None:  # it is asked for anew, never written
            return False
        return document.drafter.person_id == actor.person_id or document.unit_id in actor.headed_unit_ids
    if wanted == OUTGOING_APPROVE:
        return document.unit_id in actor.headed_unit_ids
    if wanted == OUTGOING_SIGN:
        return document.signer.person_id == actor.person_id
    return wanted in _OF_THE_OFFICE


@knowledge_rule(Posting)
@object_rule(Posting)
def may_post(actor: Actor, _wanted: Permission, posting: Posting) -> bool:
    """The book is the agency's, and that of an agency merged into it."""
    return posting.agency_id in actor.houses
