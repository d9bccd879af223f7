"""Rights on keys and on the page that checks signatures."""

from flask_babel import lazy_gettext as _l

from eoffice.core.permissions import Actor, Permission, object_rule, permission
from eoffice.signatures.models import KeyPurpose, SignatureImage, SigningKey

SIGNATURE_VERIFY = permission("signature:verify", _l("Check the signatures of a file"))
SIGNATURE_KEYS = permission("signature:keys", _l("Enter keys and pictures of signatures and seals"))

TRUST_MANAGE = permission(
    "trust:manage", _l("Manage the authorities whose signatures this installation believes")
)


@object_rule(SigningKey)
def may_key(actor: Actor, _wanted: Permission, key: SigningKey) -> bool:
    """A personal key is its owner's; keys of an agency belong to those who work in it; the system's to itself."""
    if key.purpose == KeyPurpose.PERSON:
        return key.person_id == actor.person_id
    return actor.is_system or (key.agency_id is not None and key.agency_id == actor.agency_id)


@object_rule(SignatureImage)
def may_image(actor: Actor, _wanted: Permission, image: SignatureImage) -> bool:
    """Pictures belong to their agency."""
    return actor.is_system or image.agency_id == actor.agency_id
