"""Whom the installation believes is decided by its keeper's administrators, looked at first, and kept in the log."""

import base64
import html
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import Encoding
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from eoffice.accounts.settings import KEEPER
from eoffice.core import clock
from eoffice.core.audit import AuditEntry
from eoffice.core.config import override
from eoffice.core.errors import Forbidden
from eoffice.core.permissions import system_actor
from eoffice.signatures import authorities, trust
from eoffice.signatures.models import Believed, TrustEntry
from eoffice.signatures.settings import TRUST_DIR
from signing.testing import DemoPki
from tests.factories import Province, province
from tests.signatures.keys import pki
from tests.web import client_for


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


@pytest.fixture
def kept(app: Flask, place: Province, tmp_path: Path) -> Iterator[DemoPki]:
    """Agency A keeps the installation, whose folder of roots is empty."""
    assert app  # made first: it reads the settings anew
    made = pki()
    with override(**{KEEPER.name: place.a.agency.code, TRUST_DIR.name: str(tmp_path)}):
        yield made


def _looked_at(client: FlaskClient, purpose: str, data: bytes) -> tuple[int, str]:
    sent = client.post("/admin/trust/look", data={"purpose": purpose, "file": (io.BytesIO(data), "a.pem")})
    return sent.status_code, sent.get_data(as_text=True)


@pytest.mark.slow
def test_the_keepers_administrator_looks_confirms_and_retires(
    session: Session, app: Flask, kept: DemoPki
) -> None:
    admin = client_for(app, "a_administrator")
    with pytest.raises(trust.NoTrust):
        trust.store()
    code, page = _looked_at(admin, "root", kept.root.certificate.public_bytes(Encoding.PEM))
    assert code == 200
    fingerprint = authorities.describe(Believed.ROOT, kept.root.der).fingerprint
    assert fingerprint in page
    with pytest.raises(trust.NoTrust):
        trust.store()  # looked at is not believed
    shown = re.search(r'name="content" value="([^"]+)"', page)
    assert shown is not None
    sent = {"purpose": "root", "content": shown[1]}
    assert admin.post("/admin/trust", data=sent).status_code == 303
    assert trust.store().roots == (kept.root.der,)
    assert admin.post("/admin/trust", data=sent).status_code == 409
    entry = session.scalars(sa.select(TrustEntry)).one()
    retire = {"entry": str(entry.id), "retired_on": f"{clock.today():%d/%m/%Y}", "reason": "Khóa bị lộ"}
    assert admin.post("/admin/trust/retire", data=retire | {"reason": " "}).status_code == 422
    assert admin.post("/admin/trust/retire", data=retire | {"retired_on": "01/01/2020"}).status_code == 422
    assert admin.post("/admin/trust/retire", data=retire).status_code == 303
    with pytest.raises(trust.NoTrust):
        trust.store()
    assert "Khóa bị lộ" in admin.get("/admin/trust").get_data(as_text=True)
    assert admin.post("/admin/trust/retire", data=retire).status_code == 409
    logged = session.scalars(
        sa.select(AuditEntry).where(AuditEntry.object_type == "TrustEntry").order_by(AuditEntry.id)
    ).all()
    assert [one.action for one in logged] == [authorities.ADDED, authorities.RETIRED]
    assert {one.details["fingerprint"] for one in logged} == {fingerprint}
    assert logged[1].details["reason"] == "Khóa bị lộ"


def test_an_administrator_of_another_agency_may_not_even_look(
    session: Session, app: Flask, place: Province, kept: DemoPki
) -> None:
    other = client_for(app, "b_administrator")
    content = base64.b64encode(kept.root.der).decode()
    assert other.get("/admin/trust").status_code == 403
    assert _looked_at(other, "root", kept.root.der)[0] == 403
    assert other.post("/admin/trust", data={"purpose": "root", "content": content}).status_code == 403
    assert other.post("/admin/trust/retire", data={"entry": "1"}).status_code == 403
    assert "/admin/trust" not in other.get("/admin/health").get_data(as_text=True)
    assert "/admin/trust" in client_for(app, "a_administrator").get("/admin/health").get_data(as_text=True)
    for actor in (place.b.admin, place.a.clerk):
        with pytest.raises(Forbidden):
            authorities.add(session, actor, Believed.ROOT, kept.root.der)
        with pytest.raises(Forbidden):
            authorities.retire(session, actor, 1, clock.today(), "x")
    assert session.scalars(sa.select(TrustEntry)).all() == []


def test_without_a_keeper_no_administrator_decides(app: Flask, place: Province) -> None:
    assert place.a.agency.code
    assert client_for(app, "a_administrator").get("/admin/trust").status_code == 403


def test_what_is_retired_later_is_believed_until_then(session: Session, kept: DemoPki) -> None:
    row = authorities.add(session, system_actor(), Believed.ROOT, kept.root.der)
    authorities.retire(session, system_actor(), row.id, clock.today() + timedelta(days=1), "Hết hợp đồng")
    assert trust.store().roots == (kept.root.der,)


def test_intermediates_and_lists_are_believed_as_such(session: Session, kept: DemoPki) -> None:
    for purpose, data in (
        (Believed.ROOT, kept.root.der),
        (Believed.INTERMEDIATE, kept.intermediate.der),
        (Believed.REVOCATION_LIST, kept.crl()),
    ):
        authorities.add(session, system_actor(), purpose, data)
    found = trust.store()
    assert found.intermediates == (kept.intermediate.der,)
    assert len(found.crls) == 1


@pytest.mark.parametrize(
    ("purpose", "what", "said"),
    [("root", "intermediate", "mà là “Chứng thư trung gian” của"), ("root", "nothing", "không đúng loại đã chọn"),
     ("root", "two", "không đúng loại đã chọn"), ("intermediate", "tsa", "tổ chức đã cấp"),
     ("revocation_list", "root", "mà là “Chứng thư gốc” của"),
     ("root", "crl", "mà là “Danh sách chứng thư bị thu hồi” của"),
     ("root", "large", "lớn hơn")],
)  # fmt: skip
def test_what_is_not_what_was_chosen_is_refused_and_named(
    app: Flask, kept: DemoPki, session: Session, purpose: str, what: str, said: str
) -> None:
    files = {
        "intermediate": kept.intermediate.der, "nothing": b"", "tsa": kept.tsa.der, "root": kept.root.der,
        "two": kept.root.certificate.public_bytes(Encoding.PEM) * 2, "crl": kept.crl(),
        "large": b"0" * (authorities.LIMIT + 1),
    }  # fmt: skip
    code, page = _looked_at(client_for(app, "a_administrator"), purpose, files[what])
    assert code == 422
    assert said in html.unescape(page)
    assert 'name="content"' not in page
    assert session.scalars(sa.select(TrustEntry)).all() == []


def test_the_page_says_what_comes_from_the_folder_which_goes_on_counting(
    session: Session, app: Flask, place: Province
) -> None:
    made = pki()
    with override(**{KEEPER.name: place.a.agency.code}):
        before = trust.store()
        authorities.add(session, system_actor(), Believed.INTERMEDIATE, made.root.der)
        assert trust.store().roots == before.roots
        page = client_for(app, "a_administrator").get("/admin/trust").get_data(as_text=True)
    assert page.count("Từ thư mục trên máy chủ") == sum(
        map(len, (before.roots, before.intermediates, before.crls))
    )
