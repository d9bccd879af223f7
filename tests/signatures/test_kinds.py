"""Keys in the installation's hardware module and with a remote signing service, used by the application."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import config
from eoffice.core.audit import AuditEntry
from eoffice.core.config import INSTANCE, settings
from eoffice.core.permissions import system_actor
from eoffice.core.text import fold
from eoffice.directory.models import Role
from eoffice.documents.models import FileRole
from eoffice.outgoing import issuing, queries
from eoffice.outgoing.workflow import State
from eoffice.signatures import checking, errors, places, service, unlocking
from eoffice.signatures.models import AwaitedSigning, KeyKind, KeyPurpose, SigningKey
from eoffice.signatures.service import Brought, Owner
from eoffice.signatures.settings import CSC_URL, PKCS11_MODULE
from signing.report import Verdict
from tests import factories
from tests.csc import signing_service
from tests.factories import Province, province
from tests.outgoing.drafts import bring, draft, newest, path
from tests.signatures.keys import equip, pki
from tests.softhsm import MODULE, PIN, make_token
from tests.web import client_for

pytestmark = pytest.mark.peer


@pytest.fixture
def place(session: Session) -> Province:
    made = province(session)
    equip(session, made.a)
    return made


@pytest.fixture
def module(place: Province, tmp_path: Path) -> Iterator[Owner]:
    """The seal of A lies in a module, beside that of B."""
    houses = {house.agency.abbreviation: house.agency for house in (place.a, place.b)}
    keys = {
        mark: pki().issue_organisation(agency.name, code=agency.code, passphrase="x")
        for mark, agency in houses.items()
    }
    make_token(tmp_path / "hsm", keys)
    with config.override(**{PKCS11_MODULE.name: str(MODULE)}):
        yield Owner(KeyPurpose.AGENCY, place.a.agency, None)


def test_the_seal_lies_in_the_hardware_module(session: Session, place: Province, module: Owner) -> None:
    assert (places.in_module(str(MODULE), wait=1).certificates or 0) >= 2
    entered = service.enter(session, place.a.admin, KeyKind.MODULE, module, Brought())
    assert entered.subject == place.a.agency.name
    assert PIN not in entered.address
    document = bring(session, place.a, draft(session, place), State.SIGNATURE)
    bring_on = issuing.sign(session, place.a.leader, document.id, "123456")
    assert bring_on.state is State.NUMBERING
    issuing.give_number(session, place.a.clerk, document.id)
    for left in (4, 3):
        with pytest.raises(errors.WrongPin) as told:
            issuing.seal(session, place.a.clerk, document.id, "000000")
        assert told.value.params["left"] == left
    with config.override(**{PKCS11_MODULE.name: "/nowhere.so"}), pytest.raises(errors.KeyAway):
        issuing.seal(session, place.a.clerk, document.id, PIN)
    issuing.seal(session, place.a.clerk, document.id, PIN)
    report = checking.check(path(newest(session, document, FileRole.ISSUED)))
    assert (report.verdict, len(report.signatures)) == (Verdict.VALID, 3)
    session.refresh(entered)
    assert entered.failed_tries == 0
    told_all = " ".join(str(one) for one in session.scalars(sa.select(AuditEntry.details)))
    assert PIN not in told_all
    assert "000000" not in told_all


def test_a_key_that_is_not_in_the_module_or_was_taken_out_of_it_is_said(
    session: Session, place: Province, module: Owner, tmp_path: Path
) -> None:
    person = place.a.posts[Role.LEADER].person
    with pytest.raises(errors.NotInModule):
        service.enter(
            session,
            system_actor(),
            KeyKind.MODULE,
            Owner(KeyPurpose.PERSON, place.a.agency, person),
            Brought(),
        )
    entered = service.enter(session, system_actor(), KeyKind.MODULE, module, Brought())
    make_token(tmp_path / "emptied", {})
    with pytest.raises(errors.KeyAway), unlocking.with_pin(session, place.a.clerk, KeyPurpose.AGENCY, PIN):
        pass
    session.refresh(entered)
    assert entered.failed_tries == 0


def test_a_namesakes_key_in_the_module_is_never_taken_for_the_owners(
    session: Session, place: Province, tmp_path: Path
) -> None:
    post, agency = place.a.posts[Role.LEADER], place.a.agency
    name, title, owner = post.person.full_name, post.title, Owner(KeyPurpose.PERSON, agency, post.person)

    def entered(*held: tuple[str, str]) -> SigningKey:
        """The module holds certificates of this name and organisation, the newest last."""
        made = [pki().issue_person(who, title, where, passphrase="x") for who, where in held]
        make_token(tmp_path / str(len(list(tmp_path.iterdir()))), {str(n): p12 for n, p12 in enumerate(made)})
        with config.override(**{PKCS11_MODULE.name: str(MODULE)}):
            return service.enter(session, system_actor(), KeyKind.MODULE, owner, Brought())

    with pytest.raises(errors.NotInModule):
        entered((fold(name), agency.name))
    assert entered((name, agency.name), (name, "Sở Tài chính")).subject == name
    with pytest.raises(errors.SeveralInModule) as told:
        entered((name, "Sở Y tế"), (name, "Sở Tài chính"))
    assert "Sở Tài chính, " in str(told.value)


@pytest.fixture
def remote(place: Province, session: Session, tmp_path: Path) -> Iterator[SigningKey]:
    """The leader's key lies with a service, whose root is trusted here."""
    person = place.a.posts[Role.LEADER].person
    with signing_service(tmp_path / "csc", person.full_name) as url, config.override(**{CSC_URL.name: url}):
        owner = Owner(KeyPurpose.PERSON, place.a.agency, person)
        made = service.enter(session, place.a.admin, KeyKind.REMOTE, owner, Brought(credential="gov/rsa"))
        root = settings().get(INSTANCE) / "trust" / "csc-root.pem"
        with unlocking.open_service("gov/rsa", "") as key:
            root.write_bytes(key.chain[-1])
        try:
            yield made
        finally:
            root.unlink()


def test_one_document_and_many_are_signed_by_the_remote_service(
    app: Flask, session: Session, place: Province, remote: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = [bring(session, place.a, draft(session, place), State.SIGNATURE) for _ in range(3)]
    asked, wrong = [], [httpx.Response(400, json={"error": "invalid_pin"})]
    send = httpx.Client.send

    def heard(client: httpx.Client, request: httpx.Request, **more: Any) -> httpx.Response:
        """The dummy takes every PIN, so its first refusal is made here."""
        asked.append(request.url.path)
        return wrong.pop() if asked[-1].endswith("authorize") and wrong else send(client, request, **more)

    monkeypatch.setattr(httpx.Client, "send", heard)
    with pytest.raises(errors.WrongPin) as told:
        issuing.sign(session, place.a.leader, waiting[0].id, "0000")
    assert told.value.params["left"] == 4
    assert issuing.sign(session, place.a.leader, waiting[0].id, "1234").state is State.NUMBERING
    session.refresh(remote)
    assert remote.failed_tries == 0
    asked.clear()
    client = client_for(app, "a_leader")
    seen = queries.newest_drafts(session, waiting[1:])
    data = {"pin": "1234", "document": [one.id for one in waiting[1:]]}
    data |= {f"seen_{one.id}": seen[one.id].id for one in waiting[1:]}
    answer = client.post("/outgoing/to-sign/many", data=data)
    assert answer.get_data(as_text=True).count("Đã ký ") == 2
    assert sum(url.endswith("credentials/authorize") for url in asked) == 1
    session.expire_all()
    assert {one.state for one in waiting} == {State.NUMBERING}
    for one in waiting:
        assert checking.check(path(newest(session, one, FileRole.SIGNED))).verdict is Verdict.VALID


def test_many_by_script_are_prepared_authorised_once_and_finished(
    app: Flask, session: Session, place: Province, remote: SigningKey
) -> None:
    one = bring(session, place.a, draft(session, place), State.SIGNATURE)
    client, many = client_for(app, "a_leader"), "/outgoing/to-sign/many"
    fields = {"two_step": "1", "seen": queries.newest_drafts(session, [one])[one.id].id}

    def prepared() -> str:
        batch = fields["batch"] = client.post(f"{many}/open", data={}).get_json()["batch"]
        assert client.post(f"{many}/{one.id}", data=fields).status_code == 202
        return str(batch)

    refused = client.post(f"{many}/authorise", data={"batch": prepared(), "pin": ""})
    assert refused.status_code == 422
    assert session.scalars(sa.select(AwaitedSigning)).all() == []
    batch = prepared()
    assert client.post(f"{many}/authorise", data={"batch": "another", "pin": "1234"}).status_code == 409
    assert client.post(f"{many}/authorise", data={"batch": batch, "pin": "1234"}).status_code == 204
    assert client.post(f"{many}/{one.id}", data=fields).headers["X-Result"] == "signed"


def test_a_key_replaced_meanwhile_authorises_nothing(
    app: Flask, session: Session, place: Province, remote: SigningKey
) -> None:
    one = bring(session, place.a, draft(session, place), State.SIGNATURE)
    client, many = client_for(app, "a_leader"), "/outgoing/to-sign/many"
    seen = queries.newest_drafts(session, [one])[one.id].id
    fields = {"two_step": "1", "batch": "b", "seen": seen}
    assert client.post(f"{many}/{one.id}", data=fields).status_code == 202
    equip(session, place.a)
    answer = client.post(f"{many}/authorise", data={"batch": "b", "pin": factories.PIN})
    assert answer.status_code == 409
    assert issuing.sign(session, place.a.leader, one.id, factories.PIN).state is State.NUMBERING
