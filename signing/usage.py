"""What a certificate must have been issued for to sign documents."""

from asn1crypto import x509
from pyhanko.sign.validation.settings import KeyUsageConstraints

#: either of the two is used for signing documents (Circular 15/2025: KeyUsage is optional)
_USAGES = {"non_repudiation", "digital_signature"}
#: for pyHanko, which does not see that extended usages need not be stated
USAGE = KeyUsageConstraints(key_usage=_USAGES, match_all_key_usages=False)
#: extended usages bind where they are stated (RFC 5280 §4.2.1.12); one of these will do
_PURPOSES = {
    "2.5.29.37.0",  # anyExtendedKeyUsage
    # what issuers state in the certificates of people who sign
    "1.3.6.1.5.5.7.3.2",  # clientAuth
    "1.3.6.1.5.5.7.3.4",  # emailProtection
    "1.3.6.1.5.5.7.3.36",  # documentSigning, RFC 9336
    "1.3.6.1.4.1.311.10.3.12",  # document signing, Microsoft
    "1.2.840.113583.1.1.5",  # authentic documents, Adobe
}


def may_sign(certificate: x509.Certificate) -> bool:
    """Whether its usages and extended usages, where it states any, allow signing documents."""
    usages, purposes = certificate.key_usage_value, certificate.extended_key_usage_value
    if usages is not None and not _USAGES & usages.native:
        return False
    return purposes is None or any(purpose.dotted in _PURPOSES for purpose in purposes)
