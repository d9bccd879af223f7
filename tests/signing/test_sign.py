import hashlib
import io
import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pikepdf
import pytest
from PIL import Image

from signing import appearance, errors, placement
from signing.cms import KeySigner
from signing.geometry import Box, Placement
from signing.keys import Pkcs12Key
from signing.report import Verdict
from signing.sign import sign_pdf
from signing.testing import DemoPki
from signing.trust import TrustStore
from signing.verify import verify_pdf
from tests.signing.conftest import LEADER, sign


def verdict(data: bytes, trust: TrustStore) -> Verdict:
    return verify_pdf(io.BytesIO(data), trust).verdict


def test_the_source_is_a_prefix_of_the_signed_file(document: bytes, leader: Pkcs12Key) -> None:
    signed, info = sign(document, leader, field="Leader")
    assert signed.startswith(document)
    assert info.sha256 == hashlib.sha256(signed).hexdigest()
    assert info.size == len(signed)
    assert not info.normalised


@pytest.mark.slow
def test_leader_number_and_seal_stay_valid_together(chain: list[bytes], trust: TrustStore) -> None:
    assert [verdict(step, trust) for step in chain] == [Verdict.VALID] * 3
    assert chain[2].startswith(chain[1])
    assert chain[1].startswith(chain[0])


def test_an_ecdsa_signature_is_valid(document: bytes, stranger: Pkcs12Key, trust: TrustStore) -> None:
    assert verdict(sign(document, stranger, field="S")[0], trust) is Verdict.VALID


@pytest.mark.parametrize("kind", ["leader", "stranger"])
def test_the_template_gives_the_bytes_of_pyhanko(kind: str, request: pytest.FixtureRequest) -> None:
    signer = KeySigner(request.getfixturevalue(kind))
    template = signer._build_template()
    probe = b"\x11" * 32
    assert template.attributes(probe).count(probe) == 1


def test_an_expired_key_does_not_sign(document: bytes, leader: Pkcs12Key) -> None:
    with pytest.raises(errors.KeyExpired) as caught:
        sign(document, leader, field="L", at=leader.info.not_after + timedelta(days=1))
    assert caught.value.subject == LEADER


def test_a_key_not_yet_valid_does_not_sign(document: bytes, leader: Pkcs12Key) -> None:
    with pytest.raises(errors.KeyNotYetValid):
        sign(document, leader, field="L", at=leader.info.not_before - timedelta(days=1))


def test_a_revoked_key_does_not_sign_and_leaves_nothing(document: bytes, pki: DemoPki, now: datetime) -> None:
    key = Pkcs12Key.unlock(pki.issue_person("Đã Thu Hồi", "Chuyên viên", "Sở", passphrase="x"), "x")
    pki.revoke(key.info.serial, at=now - timedelta(hours=1))
    known = pki.trust.with_revocation(crls=[pki.crl(), pki.root_crl()])
    target = io.BytesIO(b"before")
    with pytest.raises(errors.CertificateRevoked):
        sign_pdf(io.BytesIO(document), target, key, field="L", trust=known)


def test_a_signer_is_told_when_revocation_could_not_be_checked(
    document: bytes, leader: Pkcs12Key, pki: DemoPki, trust: TrustStore
) -> None:
    assert sign(document, leader, field="L", trust=trust)[1].revocation_checked
    assert not sign(document, leader, field="L", trust=pki.trust)[1].revocation_checked
    assert not sign(document, leader, field="L")[1].revocation_checked


def test_a_revoked_key_is_refused_although_its_issuer_cannot_be_checked(
    document: bytes, pki: DemoPki, now: datetime
) -> None:
    key = Pkcs12Key.unlock(pki.issue_person("Cũng Thu Hồi", "Chuyên viên", "Sở", passphrase="x"), "x")
    pki.revoke(key.info.serial, at=now - timedelta(hours=1))
    with pytest.raises(errors.CertificateRevoked):
        sign(document, key, field="L", trust=pki.trust.with_revocation(crls=[pki.crl()]))


@pytest.mark.slow
def test_an_unknown_issuer_is_refused_when_roots_are_given(
    document: bytes, leader: Pkcs12Key, tmp_path
) -> None:
    other = DemoPki.create(tmp_path / "other", "http://127.0.0.1:9")
    with pytest.raises(errors.UntrustedCertificate):
        sign(document, leader, field="L", trust=other.trust)


def test_a_field_is_signed_once(document: bytes, leader: Pkcs12Key) -> None:
    once, _ = sign(document, leader, field="Leader")
    with pytest.raises(errors.FieldTaken):
        sign(once, leader, field="Leader")


@pytest.mark.parametrize("data", [b"", b"no pdf at all", b"%PDF-1.7\n1 0 obj\n<<"])
def test_what_is_no_pdf_is_refused(data: bytes, leader: Pkcs12Key) -> None:
    target = io.BytesIO()
    with pytest.raises(errors.UnreadablePdf):
        sign_pdf(io.BytesIO(data), target, leader, field="L")
    assert target.getvalue() == b""


def protected(document: bytes, user: str) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(document)) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="owner", user=user, R=6))
    return out.getvalue()


def test_a_password_protected_file_is_refused(document: bytes, leader: Pkcs12Key) -> None:
    with pytest.raises(errors.EncryptedPdf):
        sign(protected(document, "secret"), leader, field="L")


def test_a_file_with_an_owner_password_only_is_signed(
    document: bytes, leader: Pkcs12Key, handwriting: bytes, block: Placement, trust: TrustStore
) -> None:
    look = appearance.leader(handwriting)
    signed, _ = sign(protected(document, ""), leader, field="L", placement=block, appearance=look)
    assert verdict(signed, trust) is Verdict.VALID


def test_a_damaged_unsigned_file_is_written_anew_and_says_so(
    document: bytes, leader: Pkcs12Key, trust: TrustStore
) -> None:
    damaged = document.replace(b"startxref", b"startxxxx")
    signed, info = sign(damaged, leader, field="L")
    assert info.normalised
    assert verdict(signed, trust) is Verdict.VALID


def test_a_scan_that_only_kind_readers_can_read_is_written_anew_and_signed(
    leader: Pkcs12Key, trust: TrustStore
) -> None:
    scan = io.BytesIO()
    Image.new("RGB", (400, 600), "white").save(scan, "PDF")
    assert re.search(rb"\b0000000000 65536 f", scan.getvalue()), "as scanner programs write the first entry"
    signed, info = sign(scan.getvalue(), leader, field="L")
    assert info.normalised
    assert verdict(signed, trust) is Verdict.VALID


def test_a_damaged_signed_file_is_not_signed_again(chain: list[bytes], agency: Pkcs12Key) -> None:
    with pytest.raises(errors.UnreadablePdf):
        sign(chain[0][:-30], agency, field="X")


@pytest.mark.parametrize("mode", ["linear", "object streams"])
def test_honest_files_of_all_builds_are_signed(
    mode: str, document: bytes, leader: Pkcs12Key, trust: TrustStore
) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(document)) as pdf:
        pdf.save(out, linearize=mode == "linear", object_stream_mode=pikepdf.ObjectStreamMode.generate)
    signed, info = sign(out.getvalue(), leader, field="L")
    assert not info.normalised
    assert verdict(signed, trust) is Verdict.VALID


@pytest.mark.parametrize("box", [Box(10, 10, 10, 40), Box(-50, 10, 100, 40), Box(500, 10, 700, 40)])
def test_a_box_off_the_page_is_refused(
    box: Box, document: bytes, leader: Pkcs12Key, handwriting: bytes
) -> None:
    with pytest.raises(errors.PlacementError):
        sign(
            document,
            leader,
            field="L",
            placement=Placement(1, box),
            appearance=appearance.leader(handwriting),
        )


def test_a_page_that_is_not_there_is_refused(document: bytes, leader: Pkcs12Key, handwriting: bytes) -> None:
    where = Placement(99, Box(10, 10, 100, 40))
    with pytest.raises(errors.PlacementError):
        sign(document, leader, field="L", placement=where, appearance=appearance.leader(handwriting))


def test_a_missing_glyph_is_named(document: bytes, leader: Pkcs12Key) -> None:
    look = appearance.Appearance(rows=((appearance.Text("Số: 漢"),),))
    with pytest.raises(errors.MissingGlyph) as caught:
        sign(document, leader, field="L", placement=Placement(1, Box(50, 50, 250, 80)), appearance=look)
    assert caught.value.character == "漢"


def test_a_text_too_long_for_its_line_is_refused(document: bytes, leader: Pkcs12Key) -> None:
    look = appearance.number_line("Số: 123/" + "X" * 60, "An Giang")
    with pytest.raises(errors.TextTooLong):
        sign(document, leader, field="L", placement=placement.number_line(document), appearance=look)


def test_two_hundred_pages_are_signed_on_the_last(
    make_document: Callable[[int], bytes], leader: Pkcs12Key, handwriting: bytes, trust: TrustStore
) -> None:
    long = make_document(400)
    found = placement.signature_block(long, LEADER)
    with pikepdf.open(io.BytesIO(long)) as pdf:
        assert found.page == len(pdf.pages) > 10
    look = appearance.leader(handwriting)
    signed, _ = sign(long, leader, field="L", placement=found, appearance=look)
    assert verdict(signed, trust) is Verdict.VALID
