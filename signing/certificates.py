"""What a certificate says, as plain values."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import NameOID


class Kind(StrEnum):
    """Whom a certificate names; public service certificates know these three."""

    PERSON = "person"
    ORGANISATION = "organisation"
    SYSTEM = "system"


#: organisational unit that marks the certificate of a device, service or program
SYSTEM_UNIT = "Hệ thống thông tin"


@dataclass(frozen=True)
class CertificateInfo:
    """One certificate, as shown to people; times are aware UTC."""

    #: subject common name: a person's or an agency's
    name: str
    #: subject organisation; empty when the certificate states none
    organisation: str
    #: subject title (chức vụ); empty when the certificate states none
    title: str
    kind: Kind
    #: serial number as lower-case hexadecimal
    serial: str
    #: issuer common name
    issuer: str
    not_before: datetime
    not_after: datetime
    #: SHA-256 of the DER encoding, lower-case hexadecimal
    fingerprint: str


def _one(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    values = name.get_attributes_for_oid(oid)
    return str(values[0].value) if values else ""


def common_name(name: x509.Name) -> str:
    """As people call it; the whole name where it has no common one."""
    return _one(name, NameOID.COMMON_NAME) or name.rfc4514_string()


def _kind(subject: x509.Name) -> Kind:
    units = {str(unit.value) for unit in subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)}
    if SYSTEM_UNIT in units:
        return Kind.SYSTEM
    if _one(subject, NameOID.TITLE) or _one(subject, NameOID.GIVEN_NAME):
        return Kind.PERSON
    organisation = _one(subject, NameOID.ORGANIZATION_NAME)
    if organisation and organisation.casefold() == _one(subject, NameOID.COMMON_NAME).casefold():
        return Kind.ORGANISATION
    if _one(subject, NameOID.ORGANIZATION_IDENTIFIER):
        return Kind.ORGANISATION
    return Kind.PERSON


@lru_cache(maxsize=512)
def certificate_info(der: bytes) -> CertificateInfo:
    """Read a DER certificate. Raises ValueError when it is none."""
    certificate = x509.load_der_x509_certificate(der)
    subject = certificate.subject
    return CertificateInfo(
        name=common_name(subject),
        organisation=_one(subject, NameOID.ORGANIZATION_NAME),
        title=_one(subject, NameOID.TITLE),
        kind=_kind(subject),
        serial=f"{certificate.serial_number:x}",
        issuer=common_name(certificate.issuer),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        fingerprint=hashlib.sha256(der).hexdigest(),
    )
