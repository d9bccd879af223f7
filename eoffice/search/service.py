"""Taking out what was found."""

from collections.abc import Mapping, Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit
from eoffice.core.db import transaction
from eoffice.core.permissions import Actor, require
from eoffice.directory import queries as directory
from eoffice.documents.models import Document
from eoffice.search import queries
from eoffice.search.permissions import SEARCH_USE
from eoffice.search.query import Question

TAKEN_OUT = audit.action("search.taken_out", _l("Documents found taken out as a table"))

#: rows of one table; who wants more narrows the question
TABLE_LIMIT = 5_000
#: lines of one PDF
PRINT_LIMIT = 2_000


def take_out(
    session: Session, actor: Actor, question: Question, asked: Mapping[str, str], limit: int = TABLE_LIMIT
) -> Sequence[Document]:
    """The documents found, newest first, at most `limit`; that they left is in the log with
    what was `asked`, as an address says it. Raises Forbidden.
    """
    with transaction(session):
        require(actor, SEARCH_USE)
        found = [] if question.is_empty else queries.every(session, actor, question, limit)
        agency = directory.agency(session, actor.agency_id or 0)
        audit.record(session, actor, TAKEN_OUT, agency, question=dict(asked), documents=len(found))
    return found
