"""Rights on directions."""

from flask_babel import lazy_gettext as _l

from eoffice.core.permissions import permission

DIRECTION_GIVE = permission("direction:give", _l("Direct incoming documents"))
DIRECTION_ASSIGN = permission("direction:assign", _l("Name who works on a document inside one's unit"))
DIRECTION_WORK = permission("direction:work", _l("Work on documents one was named for, report and finish"))
