"""Reads of keys, pictures and verdicts."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session, undefer

from eoffice.core.permissions import Actor
from eoffice.documents.models import DocumentFile
from eoffice.signatures.models import FileCheck, ImageKind, KeyPurpose, SignatureImage, SigningKey


def key(
    session: Session, purpose: KeyPurpose, agency_id: int | None, person_id: int | None
) -> SigningKey | None:
    """The active key of an owner, its container included."""
    query = sa.select(SigningKey).where(
        SigningKey.active,
        SigningKey.purpose == purpose,
        SigningKey.agency_id.is_not_distinct_from(agency_id),
        SigningKey.person_id.is_not_distinct_from(person_id),
    )
    return session.scalars(query.options(undefer(SigningKey.pkcs12))).one_or_none()


def key_of(session: Session, actor: Actor, purpose: KeyPurpose) -> SigningKey | None:
    """The key the actor signs with: his own, or his agency's."""
    person_id = actor.person_id if purpose == KeyPurpose.PERSON else None
    return key(session, purpose, actor.agency_id, person_id)


def keys(session: Session, agency_id: int) -> Sequence[SigningKey]:
    """All keys of an agency, active ones first."""
    query = sa.select(SigningKey).where(SigningKey.agency_id == agency_id)
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


def checks(session: Session, files: Sequence[DocumentFile]) -> dict[int, FileCheck]:
    """What checking found, by file."""
    if not files:
        return {}
    query = sa.select(FileCheck).where(FileCheck.file_id.in_([file.id for file in files]))
    return {check.file_id: check for check in session.scalars(query)}
