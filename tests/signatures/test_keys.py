"""Keys: whose they are, what opens them, and the pages and commands around them."""

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from eoffice.app import create_app
from eoffice.core import clock, config, sandbox
from eoffice.core.audit import AuditEntry
from eoffice.core.config import INSTANCE, settings
from eoffice.core.errors import Forbidden
from eoffice.core.permissions import system_actor
from eoffice.directory.models import Role
from eoffice.signatures import checking, condition, errors, opened, queries, service, trust, unlocking
from eoffice.signatures.models import ImageKind, KeyKind, KeyPurpose, SigningKey
from eoffice.signatures.settings import RSA_PSS, TRUST_DIR
from signing.errors import UnusableImage, WrongPassphrase
from signing.keys import Pkcs12Key
from signing.report import Report, Verdict
from signing.testing import signature_png
from tests.factories import PIN, Province, province
from tests.signatures.keys import _seal, agency_key, equip, pki
from tests.web import client_for, counted


@pytest.fixture
def place(session: Session) -> Province:
    """Agency A has keys, B has none."""
    made = province(session)
    equip(session, made.a)
    return made


def test_a_pin_can_be_changed_and_the_old_one_stops_working(session: Session, place: Province) -> None:
    service.change_pin(session, place.a.leader, KeyPurpose.PERSON, PIN, "987654")
    with pytest.raises(errors.WrongPin):
        unlocking.unlock(session, place.a.leader, KeyPurpose.PERSON, PIN)
    assert unlocking.unlock(session, place.a.leader, KeyPurpose.PERSON, "987654")


def test_with_the_pin_changed_a_key_left_open_is_closed(session: Session, place: Province) -> None:
    secret = opened.open_for_many(session, place.a.leader, PIN)
    service.change_pin(session, place.a.leader, KeyPurpose.PERSON, PIN, "987654")
    with pytest.raises(errors.KeyClosed), opened.taken(session, place.a.leader, secret):
        pass


@pytest.mark.slow
def test_rsa_keys_sign_by_pss_where_the_installation_says_so(session: Session, place: Province) -> None:
    leader = place.a.leader
    assert unlocking.unlock(session, leader, KeyPurpose.PERSON, PIN).algorithm == "rsa"
    with config.override(**{RSA_PSS.name: "yes"}):
        assert unlocking.unlock(session, leader, KeyPurpose.PERSON, PIN).algorithm == "rsa-pss"
        secret = opened.open_for_many(session, leader, PIN)
        with opened.taken(session, leader, secret) as held:
            assert held.key.algorithm == "rsa-pss"


def test_a_key_of_somebody_else_is_refused(session: Session, place: Province) -> None:
    found = queries.key_of(session, place.a.leader, KeyPurpose.PERSON)
    assert found is not None
    with pytest.raises(errors.WrongOwner):
        service.add_key(
            session, system_actor(), found.pkcs12, KeyPurpose.PERSON, place.a.agency,
            place.a.posts[Role.CLERK].person, PIN,
        )  # fmt: skip


@pytest.mark.slow
def test_an_administrator_enters_keys_and_pictures_of_his_own_agency_only(
    session: Session, place: Province
) -> None:
    administrator = place.a.actors[Role.ADMINISTRATOR]
    agency = place.b.agency
    data = agency_key(pki().folder, agency.name, agency.code)
    with pytest.raises(Forbidden):
        service.add_key(session, administrator, data, KeyPurpose.AGENCY, agency, None, PIN)
    system = pki().issue_system("Văn phòng điện tử", "Tỉnh An Giang", passphrase=PIN)
    with pytest.raises(Forbidden):
        service.add_key(session, administrator, system, KeyPurpose.SYSTEM, None, None, PIN)
    with pytest.raises(Forbidden):
        service.set_image(session, administrator, ImageKind.SEAL, agency, None, _seal(agency.name), 36)
    assert not queries.keys(session, agency.id)


def test_an_agencys_key_opens_for_its_own_people_only(session: Session, place: Province) -> None:
    assert unlocking.unlock(session, place.a.clerk, KeyPurpose.AGENCY, PIN).info.name == place.a.agency.name
    with pytest.raises(errors.NoKey):
        unlocking.unlock(session, place.b.clerk, KeyPurpose.AGENCY, PIN)
    with pytest.raises(errors.NoKey):
        unlocking.unlock(session, place.a.head, KeyPurpose.PERSON, PIN)


def test_a_person_key_is_no_agency_key(session: Session, place: Province) -> None:
    data = agency_key(pki().folder, place.a.agency.name, place.a.agency.code)
    with pytest.raises(errors.WrongOwner):
        service.add_key(session, system_actor(), data, KeyPurpose.PERSON, place.a.agency, None, PIN)


def test_what_is_no_key_or_has_another_pin_is_refused(session: Session, place: Province) -> None:
    agency = place.b.agency
    with pytest.raises(errors.KeyUnusable):
        service.add_key(session, system_actor(), b"no key", KeyPurpose.AGENCY, agency, None, PIN)
    data = agency_key(pki().folder, agency.name, agency.code)
    with pytest.raises(errors.WrongPin):
        service.add_key(session, system_actor(), data, KeyPurpose.AGENCY, agency, None, "other")


def test_a_new_key_takes_the_place_of_the_old_one(session: Session, place: Province) -> None:
    agency = place.a.agency
    data = pki().issue_organisation(agency.name, code=agency.code, passphrase="222222")
    service.add_key(session, system_actor(), data, KeyPurpose.AGENCY, agency, None, "222222")
    assert unlocking.unlock(session, place.a.clerk, KeyPurpose.AGENCY, "222222")
    assert [key.active for key in queries.keys(session, agency.id) if key.purpose == KeyPurpose.AGENCY] == [
        True,
        False,
    ]


def test_every_wrong_pin_and_the_lock_stand_in_the_log(session: Session, place: Province) -> None:
    for _ in range(5):
        with pytest.raises((errors.WrongPin, errors.KeyLocked)):
            unlocking.unlock(session, place.a.leader, KeyPurpose.PERSON, "000000")
    actions = session.scalars(
        sa.select(AuditEntry.action).where(AuditEntry.action.startswith("signatures."))
    ).all()
    assert actions.count("signatures.pin_wrong") == 5
    assert actions.count("signatures.key_locked") == 1
    with clock.freeze(clock.now() + timedelta(minutes=31)):
        assert unlocking.unlock(session, place.a.leader, KeyPurpose.PERSON, PIN)


def test_tries_under_way_together_are_no_more_than_one_by_one(
    session: Session, place: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    @contextmanager
    def slow(_row: SigningKey, pin: str) -> Iterator[Pkcs12Key]:
        """Before one is answered, the next comes."""
        tried.append(pin)
        with suppress(errors.WrongPin, errors.KeyLocked):
            unlocking.unlock(session, place.a.leader, KeyPurpose.PERSON, "000000")
        raise WrongPassphrase
        yield

    with monkeypatch.context() as busy:
        busy.setattr(unlocking, "open_row", slow)
        with pytest.raises(errors.KeyLocked):
            unlocking.unlock(session, place.a.leader, KeyPurpose.PERSON, "000000")
    assert len(tried) == 5
    with pytest.raises(errors.KeyLocked):
        unlocking.unlock(session, place.a.leader, KeyPurpose.PERSON, PIN)
    with clock.freeze(clock.now() + timedelta(minutes=31)):
        assert unlocking.unlock(session, place.a.leader, KeyPurpose.PERSON, PIN)


@pytest.mark.slow
def test_many_may_seal_at_once(session: Session, place: Province) -> None:
    with ExitStack() as all_at_once:
        for _ in range(7):
            all_at_once.enter_context(unlocking.with_pin(session, place.a.clerk, KeyPurpose.AGENCY, PIN))


def test_a_right_pin_starts_the_count_anew(session: Session, place: Province) -> None:
    for _ in range(3):
        with pytest.raises(errors.WrongPin):
            unlocking.unlock(session, place.a.leader, KeyPurpose.PERSON, "000000")
        unlocking.unlock(session, place.a.leader, KeyPurpose.PERSON, PIN)
    with pytest.raises(errors.WrongPin) as told:
        unlocking.unlock(session, place.a.leader, KeyPurpose.PERSON, "000000")
    assert told.value.params["left"] == 4


def test_a_picture_that_is_none_is_refused(session: Session, place: Province) -> None:
    with pytest.raises(errors.WrongPicture) as told:
        service.set_image(session, system_actor(), ImageKind.SEAL, place.a.agency, None, b"no picture", 36)
    assert isinstance(told.value.__cause__, UnusableImage)


def test_a_picture_somebody_brought_is_decoded_where_it_can_do_no_harm(
    session: Session, place: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(function: str, *_given: object) -> None:
        raise sandbox.SandboxDied("memory", function)

    monkeypatch.setattr(sandbox, "call", die)
    png = signature_png("Lê Văn A")
    with pytest.raises(errors.WrongPicture):
        service.set_image(session, system_actor(), ImageKind.SEAL, place.a.agency, None, png, 36)


def test_without_a_root_nothing_is_believed(session: Session, place: Province, tmp_path: Path) -> None:
    with config.override(**{TRUST_DIR.name: str(tmp_path)}), pytest.raises(trust.NoTrust):
        trust.store()


def test_a_report_survives_being_stored(session: Session, place: Province, tmp_path: Path) -> None:
    (tmp_path / "x.pdf").write_bytes(b"%PDF-1.7 cut")
    report = checking.check(tmp_path / "x.pdf")
    assert report.verdict is Verdict.UNREADABLE
    assert checking.read(checking.write(report)) == report
    assert checking.read(checking.write(Report(Verdict.VALID))) == Report(Verdict.VALID)


@pytest.mark.slow
def test_the_owner_changes_his_pin_on_his_page(session: Session, place: Province) -> None:
    client = client_for(create_app(), "a_leader")
    assert place.a.posts[Role.LEADER].person.full_name in client.get("/key").get_data(as_text=True)
    slip = client.post("/key", data={"pin": PIN, "new_pin": "555555", "again": "555556"})
    assert slip.status_code == 422
    done = client.post("/key", data={"pin": PIN, "new_pin": "555555", "again": "555555"})
    assert done.status_code == 303
    assert unlocking.unlock(session, place.a.leader, KeyPurpose.PERSON, "555555")


@pytest.mark.slow
def test_an_operator_enters_a_key_by_command(session: Session, place: Province, tmp_path: Path) -> None:
    file = tmp_path / "b.p12"
    file.write_bytes(agency_key(pki().folder, place.b.agency.name, place.b.agency.code))
    runner = create_app().test_cli_runner()
    add = ["key", "add", "--agency", place.b.agency.code, str(file)]
    assert runner.invoke(args=[*add, "--pin", PIN]).exit_code == 2
    for given in ({"input": f"{PIN}\n"}, {"env": {"EOFFICE_KEY_PIN": PIN}}):
        done = runner.invoke(args=add, **given)
        assert done.exit_code == 0, done.output
    assert place.b.agency.name in runner.invoke(args=["key", "list", "--agency", place.b.agency.code]).output
    assert runner.invoke(args=["key", "list", "--agency", "X99"]).exit_code == 1


@pytest.mark.slow
def test_the_administrator_enters_a_key_of_each_kind_on_a_page(session: Session, place: Province) -> None:
    client = client_for(create_app(), "b_administrator")
    agency, person = place.b.agency, place.b.posts[Role.LEADER]
    p12 = agency_key(pki().folder, agency.name, agency.code)
    # of its own, since it is revoked in the end
    token = pki().issue_person(person.person.full_name, person.title, agency.name, passphrase=PIN)
    certificate = Pkcs12Key.unlock(token, PIN).certificate
    assert _entered(client, "", "file", p12, "wrong").status_code == 422
    assert _entered(client, "", "file", p12, PIN).status_code == 303
    assert _entered(client, str(person.id), "token", b"no certificate").status_code == 422
    assert _entered(client, "", "token", certificate).status_code == 422
    assert _entered(client, str(person.id), "token", certificate).status_code == 303
    assert _entered(client, "", "module").status_code == 503
    assert _entered(client, "", "remote").status_code == 422
    assert _entered(client, str(place.a.posts[Role.LEADER].id), "token", certificate).status_code == 404
    page = client.get("/admin/keys").get_data(as_text=True)
    assert page.count("Ký được, nơi cấp không thu hồi.") == 2
    assert {key.kind for key in queries.keys(session, agency.id)} == {KeyKind.FILE, KeyKind.TOKEN}
    pki().revoke(Pkcs12Key.unlock(token, PIN).info.serial)
    (settings().get(INSTANCE) / "trust" / "crls" / "people.crl").write_bytes(pki().crl())
    assert "đã bị nơi cấp thu hồi" in client.get("/admin/keys").get_data(as_text=True)
    assert client_for(create_app(), "b_clerk").get("/admin/keys").status_code == 403


def _entered(client: FlaskClient, owner: str, kind: str, file: bytes = b"", pin: str = "") -> TestResponse:
    data = {"owner": owner, "kind": kind, "pin": pin, "key": (io.BytesIO(file), "key")}
    return client.post("/admin/keys", data=data, content_type="multipart/form-data")


def opaque() -> bytes:
    """A picture with its paper: what a screenshot gives."""
    out = io.BytesIO()
    Image.new("RGB", (400, 200), "white").save(out, "PNG")
    return out.getvalue()


def test_the_administrator_enters_pictures_of_signatures_on_the_same_page(
    app: Flask, session: Session, place: Province
) -> None:
    client, head = client_for(app, "b_administrator"), place.b.posts[Role.UNIT_HEAD]

    def enter(whose: str, png: bytes, width: str = "40") -> TestResponse:
        data = {"whose": whose, "width": width, "picture": (io.BytesIO(png), "ky.png")}
        return client.post("/admin/keys/picture", data=data, content_type="multipart/form-data")

    name, png = head.person.full_name, signature_png(head.person.full_name)
    assert f'<option value="{head.id}"' in client.get("/admin/keys").text, "heads sign by authority"
    for wrong in ((str(head.id), b"no picture", "40"), (str(head.id), png, "x"), (str(head.id), png, "900"),
                  (str(head.id), b"", "40"), (str(head.id), opaque(), "40")):  # fmt: skip
        assert enter(*wrong).status_code == 422, wrong
    assert enter(str(place.a.posts[Role.UNIT_HEAD].id), png).status_code == 404
    large = png + b"\0" * (300 << 10)  # a scan of handwriting is larger than a certificate
    assert enter(str(head.id), large, "42,5").status_code == 303
    assert enter(str(head.id), png + bytes(4 << 20), "42,5").status_code == 422
    assert enter(str(head.id), png, "42,5").status_code == 303
    assert enter("", png, "36").status_code == 303
    with counted() as asked:
        page = client.get("/admin/keys").text
    assert not any("signature_image.png" in one for one in asked), "each picture is loaded where it is shown"
    assert f"Ảnh của {name}" in page
    assert "42.5 mm" in page
    image, _ = next(one for one in queries.images(session, place.b.agency.id) if one[1] == name)
    shown = client.get(f"/admin/keys/picture/{image.id}")
    assert shown.data == png
    again = {"If-None-Match": shown.headers["ETag"]}
    assert client.get(f"/admin/keys/picture/{image.id}", headers=again).status_code == 304
    assert enter(str(head.id), large, "42,5").status_code == 303
    assert client.get(f"/admin/keys/picture/{image.id}", headers=again).data == large
    assert client_for(app, "a_administrator").get(f"/admin/keys/picture/{image.id}").status_code == 404
    assert client_for(app, "b_clerk").get(f"/admin/keys/picture/{image.id}").status_code == 403


def test_a_certificate_that_may_not_sign_is_told_before_the_pin(
    app: Flask, session: Session, place: Province
) -> None:
    key = queries.key_of(session, place.a.leader, KeyPurpose.PERSON, certificates=True)
    assert key is not None
    assert condition.by_itself(key) is None
    assert condition.of(key).tone == "ok"
    for days, tone, word in ((-2, "bad", "từ ngày"), (1800, "warn", "đến ngày"), (2000, "bad", "hết hạn")):
        with clock.freeze(clock.now() + timedelta(days=days)), app.test_request_context():
            found = condition.by_itself(key)
            assert found is not None
            assert (found.tone, word in found.sentence) == (tone, True)
