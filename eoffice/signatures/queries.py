"""Reads of keys, pictures and verdicts."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session, undefer

from eoffice.core.permissions import Actor
from eoffice.directory.models import Assignment, Person
from eoffice.documents.models import DocumentFile
from eoffice.signatures.models import (
    Believed,
    FetchedList,
    FileCheck,
    ImageKind,
    KeyPurpose,
    SignatureImage,
    SigningKey,
    TrustEntry,
)


def key(
    session: Session,
    purpose: KeyPurpose,
    agency_id: int | None,
    person_id: int | None,
    *,
    certificates: bool = False,
) -> SigningKey | None:
    """The active key of an owner with its container, and with its certificates where asked."""
    query = sa.select(SigningKey).where(
        SigningKey.active,
        SigningKey.purpose == purpose,
        SigningKey.agency_id.is_not_distinct_from(agency_id),
        SigningKey.person_id.is_not_distinct_from(person_id),
    )
    query = query.options(undefer(SigningKey.pkcs12))
    if certificates:
        query = query.options(undefer(SigningKey.certificate), undefer(SigningKey.chain))
        query = query.execution_options(populate_existing=True)
    return session.scalars(query).one_or_none()


def key_of(
    session: Session, actor: Actor, purpose: KeyPurpose, *, certificates: bool = False
) -> SigningKey | None:
    """The key the actor signs with: his own, or his agency's."""
    person_id = actor.person_id if purpose == KeyPurpose.PERSON else None
    return key(session, purpose, actor.agency_id, person_id, certificates=certificates)


def keys(session: Session, agency_id: int) -> Sequence[SigningKey]:
    """All keys of an agency with their certificates, active ones first."""
    query = (
        sa.select(SigningKey)
        .where(SigningKey.agency_id == agency_id)
        .options(undefer(SigningKey.certificate), undefer(SigningKey.chain))
    )
    return session.scalars(query.order_by(SigningKey.active.desc(), SigningKey.id.desc())).all()


def image(
    session: Session, kind: ImageKind, agency_id: int | None, person_id: int | None
) -> SignatureImage | None:
    """The picture of a signature or seal."""
    query = sa.select(SignatureImage).where(
        SignatureImage.kind == kind,
        SignatureImage.agency_id == agency_id,
        SignatureImage.person_id.is_not_distinct_from(person_id),
    )
    return session.scalars(query.options(undefer(SignatureImage.png))).one_or_none()


def image_by_id(session: Session, agency_id: int, image_id: int) -> SignatureImage | None:
    """One picture of an agency, to be shown."""
    query = sa.select(SignatureImage).where(
        SignatureImage.agency_id == agency_id, SignatureImage.id == image_id
    )
    return session.scalars(query.options(undefer(SignatureImage.png))).one_or_none()


def has_image(session: Session, kind: ImageKind, agency_id: int, person_id: int | None) -> bool:
    """Whether there is one."""
    query = sa.select(SignatureImage.id).where(
        SignatureImage.kind == kind,
        SignatureImage.agency_id == agency_id,
        SignatureImage.person_id.is_not_distinct_from(person_id),
    )
    return session.scalar(query) is not None


def images(session: Session, agency_id: int) -> list[tuple[SignatureImage, str | None]]:
    """The pictures of an agency, without their bytes, and the names of their people, its seal first."""
    query = (
        sa.select(SignatureImage, Person.full_name)
        .outerjoin(Person, Person.id == SignatureImage.person_id)
        .where(SignatureImage.agency_id == agency_id)
        .order_by(Person.sort_key.asc().nulls_first())
    )
    return [(image, name) for image, name in session.execute(query)]


def without_image(session: Session, posts: Sequence[Assignment]) -> list[Assignment]:
    """Those of these posts whose people have no picture of their signature there."""
    query = sa.select(SignatureImage.agency_id, SignatureImage.person_id).where(
        SignatureImage.kind == ImageKind.SIGNATURE,
        SignatureImage.person_id.in_([post.person_id for post in posts]),
    )
    have = {(row.agency_id, row.person_id) for row in session.execute(query)}
    return [post for post in posts if (post.agency_id, post.person_id) not in have]


def checks(session: Session, files: Sequence[DocumentFile]) -> dict[int, FileCheck]:
    """What checking found, by file."""
    if not files:
        return {}
    query = sa.select(FileCheck).where(FileCheck.file_id.in_([file.id for file in files]))
    return {check.file_id: check for check in session.scalars(query)}


def believed(session: Session, today: date) -> Mapping[Believed, list[bytes]]:
    """DER of what the administrator entered and what is not retired on this day."""
    query = sa.select(TrustEntry.purpose, TrustEntry.der).where(_in_force(today)).order_by(TrustEntry.id)
    found: dict[Believed, list[bytes]] = {purpose: [] for purpose in Believed}
    for purpose, der in session.execute(query):
        found[purpose].append(der)
    return found


def fetched_fingerprints(session: Session) -> Sequence[str]:
    """Which lists of revoked certificates were fetched, in the order of their addresses."""
    return session.scalars(sa.select(FetchedList.fingerprint).order_by(FetchedList.url)).all()


def fetched_lists(session: Session, fingerprints: Collection[str]) -> dict[str, bytes]:
    """DER of fetched lists by fingerprint."""
    query = sa.select(FetchedList.fingerprint, FetchedList.der)
    found = session.execute(query.where(FetchedList.fingerprint.in_(fingerprints)))
    return {fingerprint: der for fingerprint, der in found}  # noqa: C416 - rows, which dict() takes for no pairs


def every_fetched_list(session: Session) -> dict[str, bytes]:
    """DER of all of them by fingerprint."""
    return fetched_lists(session, fetched_fingerprints(session))


def trust_entries(session: Session) -> Sequence[TrustEntry]:
    """All of them, retired ones last."""
    query = sa.select(TrustEntry).order_by(TrustEntry.retired_on.is_not(None), TrustEntry.id)
    return session.scalars(query).all()


def trust_entry(session: Session, fingerprint: str, today: date) -> TrustEntry | None:
    """The one in force with this fingerprint."""
    query = sa.select(TrustEntry).where(TrustEntry.fingerprint == fingerprint, _in_force(today))
    return session.scalars(query).first()


def _in_force(today: date) -> sa.ColumnElement[bool]:
    return sa.or_(TrustEntry.retired_on.is_(None), TrustEntry.retired_on > today)
