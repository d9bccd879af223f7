"""Real keys, pictures and trust for an agency of the test province."""

import shutil
from functools import cache
from pathlib import Path

from sqlalchemy.orm import Session

from eoffice.core.config import INSTANCE, settings
from eoffice.core.permissions import system_actor
from eoffice.directory.models import Role
from eoffice.signatures import queries, service
from eoffice.signatures.models import ImageKind, KeyKind, KeyPurpose
from signing import keys as signing_keys
from signing.keys import Pkcs12Key
from signing.testing import DemoPki, seal_png, signature_png
from tests.factories import PIN, House

#: tests open keys hundreds of times; the strength of the real protection is another test's affair
signing_keys.KDF_ROUNDS = 2_000
#: drawn once: the pictures are large
_hand, _seal = cache(signature_png), cache(seal_png)

#: nobody listens there: these tests check offline
NOWHERE = "http://127.0.0.1:9"


def pki() -> DemoPki:
    """The PKI of this worker's instance, trusted by it, with its lists of revoked certificates at hand."""
    folder = settings().get(INSTANCE)
    made = DemoPki.create(folder / "pki", NOWHERE)
    if not (folder / "trust").is_dir():
        shutil.copytree(made.trust_folder, folder / "trust")
        lists = folder / "trust" / "crls"
        lists.mkdir(exist_ok=True)
        (lists / "people.crl").write_bytes(made.crl())
        (lists / "root.crl").write_bytes(made.root_crl())
    return made


@cache
def person_key(folder: Path, name: str, title: str, agency: str) -> bytes:
    """One key per person and run: making one takes longer than most tests."""
    return DemoPki(folder).issue_person(name, title, agency, passphrase=PIN)


@cache
def agency_key(folder: Path, name: str, code: str) -> bytes:
    """As `person_key`."""
    return DemoPki(folder).issue_organisation(name, code=code, passphrase=PIN)


def equip(session: Session, house: House) -> None:
    """Give the leader his key and signature, the agency its key and seal."""
    made, system, agency = pki(), system_actor(), house.agency
    post = house.posts[Role.LEADER]
    person = post.person
    own = person_key(made.folder, person.full_name, post.title, agency.name)
    service.add_key(session, system, own, KeyPurpose.PERSON, agency, person, PIN)
    service.add_key(
        session,
        system,
        agency_key(made.folder, agency.name, agency.code),
        KeyPurpose.AGENCY,
        agency,
        None,
        PIN,
    )
    service.set_image(session, system, ImageKind.SIGNATURE, agency, person, _hand(person.full_name), 45)
    service.set_image(session, system, ImageKind.SEAL, agency, None, _seal(agency.name), 36)


def to_token(session: Session, house: House, purpose: KeyPurpose) -> Pkcs12Key:
    """Say that the leader's or the agency's key lies in a token from now on; the key itself, as the token has it."""
    post = house.posts[Role.LEADER]
    person = post.person if purpose is KeyPurpose.PERSON else None
    row = queries.key(session, purpose, house.agency.id, person.id if person else None)
    assert row is not None
    assert row.pkcs12 is not None
    there = Pkcs12Key.unlock(row.pkcs12, PIN)
    owner = service.Owner(purpose, house.agency, person)
    service.enter(session, system_actor(), KeyKind.TOKEN, owner, service.Brought(there.certificate))
    return there
