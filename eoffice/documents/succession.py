"""What becomes of open documents when their agency is merged; the caller's use case commits."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.permissions import Actor
from eoffice.core.text import search_text
from eoffice.directory.models import Agency
from eoffice.directory.takers import Takers
from eoffice.documents import operations
from eoffice.documents.models import (
    Document,
    DocumentAccess,
    DocumentFile,
    DocumentLink,
    DocumentMove,
    PageText,
    Recipient,
    RecipientGroup,
    RecipientGroupMember,
)

MOVED = audit.action("documents.moved", _l("Moved to the agency that follows"))


def move(session: Session, actor: Actor, ids: Sequence[int], to: Agency, units: Mapping[int, int]) -> None:
    """Put documents and all that hangs on them under another agency; numbers, names and bytes stay as they are.

    `units`: by unit of theirs the one of the other agency that sees what it saw.
    """
    if not ids:
        return
    session.flush()
    moved = {"agency_id": to.id}
    files = sa.select(DocumentFile.id).where(DocumentFile.document_id.in_(ids)).scalar_subquery()
    session.execute(sa.update(PageText).where(PageText.file_id.in_(files)).values(moved))
    for table, column in (
        (DocumentFile, DocumentFile.document_id), (Recipient, Recipient.document_id),
        (DocumentLink, DocumentLink.source_id), (DocumentAccess, DocumentAccess.document_id),
    ):  # fmt: skip
        session.execute(sa.update(table).where(column.in_(ids)).values(moved))
    _note(session, ids)
    # past the version counter: nobody edited anything
    row = Document.__table__
    session.execute(sa.update(row).where(row.c.id.in_(ids)).values(moved))  # type: ignore[arg-type]  # a table
    session.expire_all()
    for document in session.scalars(sa.select(Document).where(Document.id.in_(ids)).order_by(Document.id)):
        seen = sa.select(DocumentAccess.unit_id).where(DocumentAccess.document_id == document.id)
        followers = [units[one] for one in session.scalars(seen) if one is not None and one in units]
        operations.give_access(session, actor, document, unit_ids=followers, warned=False)
        audit.record(session, actor, MOVED, document, agency=to.name)


def _note(session: Session, ids: Sequence[int]) -> None:
    """Keep where documents lay until now, and whose register their numbers stand in."""
    before = sa.select(Document.agency_id, Document.id, sa.literal(clock.now())).where(Document.id.in_(ids))
    columns = [DocumentMove.agency_id, DocumentMove.document_id, DocumentMove.at]
    session.execute(sa.insert(DocumentMove).from_select(columns, before.order_by(Document.id)))
    row = Document.__table__
    stands = row.c.id.in_(ids) & row.c.register_number.is_not(None) & (row.c.register_of == "")
    named = sa.update(row).where(stands, Agency.id == row.c.agency_id).values(register_of=Agency.name)  # type: ignore[arg-type]  # a table
    session.execute(named)


def move_groups(
    session: Session, actor: Actor, agency: Agency, follow: Sequence[Agency], takers: Takers
) -> None:
    """Put groups of recipients under who follows: a shared one under each, one's own where its keeper goes on."""
    homes = {post.person_id: post.agency for post in reversed(takers.new_posts)}
    query = sa.select(RecipientGroup).where(RecipientGroup.agency_id == agency.id).order_by(RecipientGroup.id)
    for group in session.scalars(query).all():
        home = follow[0] if group.shared else homes.get(group.person_id or 0)
        for other in follow[1:] if group.shared else ():
            _copy_group(session, group, other)
        if home is not None:
            _place_group(session, group, home, agency)
            members = sa.update(RecipientGroupMember).where(RecipientGroupMember.group_id == group.id)
            session.execute(members.values(agency_id=home.id))
            audit.record(session, actor, MOVED, group, agency=home.name)


def _copy_group(session: Session, group: RecipientGroup, to: Agency) -> None:
    plain = ("agency_id", "person_id", "shared", "name", "line", "under", "beginnings", "folded")
    made = RecipientGroup(**{name: getattr(group, name) for name in (*plain, "changed_at", "changed_by")})
    _place_group(session, made, to, session.get_one(Agency, group.agency_id))
    session.add(made)
    session.flush()
    rows = sa.select(RecipientGroupMember).where(RecipientGroupMember.group_id == group.id)
    session.add_all(
        RecipientGroupMember(
            agency_id=to.id, group_id=made.id, member_id=row.member_id, position=row.position
        )
        for row in session.scalars(rows)
    )


def _place_group(session: Session, group: RecipientGroup, to: Agency, before: Agency) -> None:
    """A name that is given there already gets the code of the agency it comes from; the page says what it said."""
    twin = sa.select(RecipientGroup.id).where(
        RecipientGroup.agency_id == to.id, RecipientGroup.folded == group.folded,
        RecipientGroup.shared == group.shared,
        sa.or_(RecipientGroup.shared, RecipientGroup.person_id == group.person_id),
    )  # fmt: skip
    if session.scalar(twin.limit(1)) is not None:
        mark = f" ({before.code})"
        group.line, group.name = group.printed, group.name[: 100 - len(mark)] + mark
        group.folded = search_text(group.name)
    group.agency_id = to.id
