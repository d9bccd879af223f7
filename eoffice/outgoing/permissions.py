"""Rights on outgoing documents (Decree 30/2020, Articles 10 to 18 and 32)."""

from flask_babel import lazy_gettext as _l

from eoffice.core.permissions import permission

OUTGOING_DRAFT = permission("outgoing:draft", _l("Draft outgoing documents"))
OUTGOING_APPROVE = permission("outgoing:approve", _l("Approve the content of one's unit's drafts"))
OUTGOING_CHECK = permission("outgoing:check", _l("Record the form check"))
OUTGOING_SIGN = permission("outgoing:sign", _l("Sign documents"))
OUTGOING_NUMBER = permission("outgoing:number", _l("Give number and date, or make a number void"))
OUTGOING_SEAL = permission("outgoing:seal", _l("Sign with the agency's key"))
OUTGOING_ISSUE = permission("outgoing:issue", _l("Issue documents to their recipients"))
