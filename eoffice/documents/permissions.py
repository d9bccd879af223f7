"""Who may see a document: whole-agency roles, or those whom the access list brought in.

The rule and `visible_to` say the same thing twice, for one object and as SQL; a test compares them.
"""

from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import object_session

from eoffice.core.permissions import Actor, Permission, knowledge_rule, object_rule, permission
from eoffice.directory.models import AdvisoryBody
from eoffice.documents.models import Document, DocumentAccess, DocumentFile, RecipientGroup, Register

DOCUMENT_READ = permission("document:read", _l("Read documents one was brought into"))
DOCUMENT_READ_ALL = permission("document:read-all", _l("Read every document of one's agency"))
ACCESS_CONFIRM = permission("access:confirm", _l("Confirm changes of who may read what"))

RECIPIENTS_SHARE = permission("recipients:share", _l("Keep groups of recipients for the whole agency"))

REGISTER_OPEN = permission("register:open", _l("Open registers by the head's decision"))
REGISTER_CLOSE = permission("register:close", _l("Close registers and sign their books"))


def visible_to(
    actor: Actor, model: type[Document] = Document, among: sa.Select[int] | None = None
) -> sa.ColumnElement[bool]:
    """The documents an actor may know of, as a condition.

    `model`: where the server meets them first. A list by day walks through `Document`; one by state begins in the
    table that extends it, and is several times faster when it need not look up those that nobody shows the actor.
    `among`: ids of all that are asked about, where these are thousands at most and each of them is wanted.
    """
    if actor.is_system and actor.agency_id is None:
        return sa.true()
    own = of_houses(actor)
    if actor.is_system or actor.can(DOCUMENT_READ_ALL):
        return own
    if not actor.can(DOCUMENT_READ):
        return sa.false()
    if among is not None:
        return sa.and_(own, model.id == sa.any_(_granted_among(actor, among)))
    # A subquery for each row, not a join: lists and searches look at few rows, in their own order, while a unit
    # may have been brought into half of all documents.
    # The document's own id, which stands in the index: the row itself is not looked at.
    granted = sa.select(DocumentAccess.document_id).where(
        DocumentAccess.document_id == model.id, _brought_in(actor)
    )
    return sa.and_(own, granted.limit(1).scalar_subquery().is_not(None))


def of_houses(actor: Actor) -> sa.ColumnElement[bool]:
    """Documents of the actor's agency, and of those merged into it."""
    if not actor.keeps_for:
        return Document.agency_id == actor.agency_id
    return Document.agency_id.in_(actor.houses)


def of_agency(actor: Actor, model: type[Document]) -> sa.ColumnElement[bool]:
    """Rows of the actor's agency in a table that extends the document's: for the index of that table."""
    if actor.is_system and actor.agency_id is None:
        return sa.true()
    return model.agency_id == actor.agency_id


def _granted_among(actor: Actor, among: sa.Select[int]) -> sa.ColumnElement[Any]:
    """Ids the access list shows the actor, as an array. The server goes once through a unit's part of the list, from
    one wanted id to the next, instead of into the list anew for each of them: a third of the time for 3,500.
    """
    few = (
        sa.select(sa.func.array(among.scalar_subquery(), type_=ARRAY(sa.Integer)).label("ids"))
        .cte()
        .prefix_with("MATERIALIZED")
    )
    # without the cast the server takes it for a list of rows
    wanted = sa.cast(sa.select(few.c.ids).scalar_subquery(), ARRAY(sa.Integer))
    parts = [_people(actor), *([DocumentAccess.unit_id.in_(actor.unit_ids)] if actor.unit_ids else [])]
    found = [
        sa.select(DocumentAccess.document_id).where(part, DocumentAccess.document_id == sa.any_(wanted))
        for part in parts
    ]
    return sa.func.array(sa.union(*found).scalar_subquery(), type_=ARRAY(sa.Integer))


def _people(actor: Actor) -> sa.ColumnElement[bool]:
    return DocumentAccess.person_id.in_((actor.person_id, *actor.stands_in_people))


def _brought_in(actor: Actor) -> sa.ColumnElement[bool]:
    return sa.or_(
        _people(actor),
        DocumentAccess.unit_id.in_(actor.unit_ids) if actor.unit_ids else sa.false(),
    )


@knowledge_rule(Document)
def may_know(actor: Actor, _wanted: Permission, document: Document) -> bool:
    """Whether the actor may know that this document exists."""
    if actor.is_system:
        return actor.agency_id in (None, document.agency_id)
    if document.agency_id not in actor.houses:
        return False
    if actor.can(DOCUMENT_READ_ALL):
        return True
    session = object_session(document)
    assert session is not None
    granted = sa.select(DocumentAccess.id).where(
        DocumentAccess.document_id == document.id, _brought_in(actor)
    )
    return actor.can(DOCUMENT_READ) and session.scalar(granted.limit(1)) is not None


@knowledge_rule(DocumentFile)
def may_know_file(actor: Actor, wanted: Permission, file: DocumentFile) -> bool:
    """A file is known to those who know its document; a sealed one to nobody."""
    return file.sealed_at is None and may_know(actor, wanted, file.document)


@knowledge_rule(RecipientGroup)
def may_know_group(actor: Actor, _wanted: Permission, group: RecipientGroup) -> bool:
    """One's own groups, and those shared in one's agency."""
    own = group.person_id == actor.person_id
    return group.agency_id == actor.agency_id and (own or group.shared or actor.is_system)


@object_rule(RecipientGroup)
def may_group(actor: Actor, _wanted: Permission, group: RecipientGroup) -> bool:
    """One's own alone; what is shared belongs to whoever keeps the agency's groups."""
    return actor.can(RECIPIENTS_SHARE) if group.shared else group.person_id == actor.person_id


@object_rule(Register)
def may_register(actor: Actor, _wanted: Permission, register: Register) -> bool:
    """A register is its agency's alone, or theirs who keep it."""
    if actor.is_system:
        return actor.agency_id in (None, register.agency_id)
    return register.agency_id in actor.houses


@object_rule(AdvisoryBody)
def may_body(actor: Actor, _wanted: Permission, body: AdvisoryBody) -> bool:
    """A body is its agency's alone."""
    return body.agency_id == actor.agency_id


@knowledge_rule(Register)
def may_know_register(actor: Actor, wanted: Permission, register: Register) -> bool:
    """Whoever may work with it."""
    return may_register(actor, wanted, register)
