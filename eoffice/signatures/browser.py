"""What passes between a page's script and us when a signature is made in two steps.

The script posts the same form again and again, each time with the value that was wanted last, until the answer says
where to go on. What the agent is told bears this installation's signature: the script only carries it.
"""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Response, jsonify, make_response, request
from flask_babel import gettext as _

from eoffice.core.config import settings
from eoffice.core.secrets import secret
from eoffice.core.web import allow_connection, current_actor, db
from eoffice.signatures import queries
from eoffice.signatures.awaited import About, TwoStep, ValueWanted
from eoffice.signatures.keyring import Given
from eoffice.signatures.models import KeyKind, KeyPurpose, SigningKey
from eoffice.signatures.settings import AGENT_PORT, RSA_PSS
from signing.agent.messages import Batch, Item, Sealed, Wanted, public_text, seal

#: field by which a form says that its script goes on in two steps
TWO_STEP = "two_step"


def given() -> Given:
    """What the form of this request brings to open a key: a PIN, or how far the two steps have got."""
    form = request.form
    if TWO_STEP not in form:
        return form.get("pin", "")
    try:
        value = bytes.fromhex(form["value"]) if form.get("value") else None
    except ValueError:
        value = b""  # no key makes that: it is refused as any other wrong value
    return TwoStep(form.get("batch", "")[:40], value)


def wanted(want: ValueWanted) -> Response:
    """The answer to the script: what to show the person, what to have signed; for a service only that it waits."""
    answer: dict[str, object] = {"batch": want.batch}
    if want.key.kind is KeyKind.TOKEN:
        expires = int(want.expires_at.timestamp())
        answer["want"] = seal(
            _site_key(),
            Wanted(want.batch, want.about.name, b64encode(want.attributes).decode(), want.digest, expires),
        )
        if want.first:
            answer["ask"] = question(want.batch, want.key, [want.about], want.expires_at)
    return make_response(jsonify(answer), 202)


def question(batch: str, key: SigningKey, items: Sequence[About], expires_at: datetime) -> Sealed:
    """What the agent asks the person, once for all of it."""
    shown = tuple(Item(one.name, one.title, one.signatures) for one in items)
    pss = settings().get(RSA_PSS)
    return seal(
        _site_key(),
        Batch(
            batch, site_name(), current_actor().name, key.fingerprint, pss, shown, int(expires_at.timestamp())
        ),
    )


def go_on(response: Response) -> Response:
    """A redirect as data: followed by a script, it would eat what the next page is to say."""
    if response.status_code in (302, 303) and TWO_STEP in request.form:
        return make_response(jsonify(go=response.location), 200)
    return response


def site_name() -> str:
    """As the agent calls us."""
    return _("Electronic office")


def site_key() -> str:
    """Our public key, as the agent keeps it from pairing on."""
    return public_text(_site_key())


def agent_url() -> str:
    """Where the agent listens on the person's machine; the page that asks may reach it."""
    origin = f"http://127.0.0.1:{settings().get(AGENT_PORT)}"
    allow_connection(origin)
    return origin


def signing_key(purpose: str) -> SigningKey | None:
    """The key the person signs with, or that of the agency, with its certificates."""
    return queries.key_of(db(), current_actor(), KeyPurpose(purpose), certificates=True)


def _site_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(secret("agent").encode()).digest())
