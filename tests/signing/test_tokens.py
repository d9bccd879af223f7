"""Keys in a token: SoftHSM2, which behaves as a hardware module does."""

import io
from pathlib import Path

import pytest

from signing import errors
from signing.keys import Algorithm
from signing.report import Verdict
from signing.sign import Level, sign_pdf
from signing.testing import DemoPki
from signing.tokens import TokenUri, certificates, open_token
from signing.trust import TrustStore
from signing.verify import verify_pdf
from tests.signing.conftest import AGENCY, LEADER
from tests.signing.test_main import call
from tests.softhsm import LABEL, MODULE, PIN, make_token

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> str:
    """Address of a token with an RSA key `seal` and an ECDSA key `leader`, each with its certificate."""
    seal = pki.issue_organisation(AGENCY, code="H01.05", passphrase="x")
    leader = pki.issue_person(LEADER, "Phó Giám đốc", AGENCY, passphrase="x", ecdsa=True)
    make_token(tmp_path_factory.mktemp("hsm"), {"seal": seal, "leader": leader})
    return f"pkcs11:token={LABEL}?module-path={MODULE}"


@pytest.mark.parametrize(
    ("label", "pss", "algorithm"),
    [("seal", False, Algorithm.RSA), ("seal", True, Algorithm.RSA_PSS), ("leader", False, Algorithm.ECDSA)],
)
@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_a_key_in_a_token_signs(
    label: str, pss: bool, algorithm: Algorithm, digest: str, token: str, document: bytes, trust: TrustStore
) -> None:
    target = io.BytesIO()
    uri = TokenUri.parse(token.replace("eoffice?", f"eoffice;object={label}?"))
    with open_token(uri, PIN, pss=pss) as key:
        assert key.algorithm is algorithm
        info = sign_pdf(io.BytesIO(document), target, key, field="S", trust=trust, digest=digest)
    assert info.level is Level.B_B
    found = verify_pdf(target, trust)
    assert found.verdict is Verdict.VALID, found
    assert found.signatures[0].signer == info.signer


def test_certificates_are_listed_without_a_pin_and_lead_to_their_keys(token: str) -> None:
    held = certificates(str(MODULE))
    assert {one.info.name for one in held} >= {AGENCY, LEADER}
    leaders = next(one for one in held if one.info.name == LEADER)
    with open_token(leaders.uri, PIN) as key:
        assert key.certificate == leaders.certificate


def test_a_wrong_pin_is_refused_although_another_is_logged_in(token: str) -> None:
    uri = TokenUri.parse(token.replace("eoffice?", "eoffice;id=%01?"))
    with open_token(uri, PIN) as key:
        assert key.info.name == AGENCY
        with pytest.raises(errors.KeyUnavailable), open_token(uri, "wrong!", wait=0.01):
            pass
    with pytest.raises(errors.WrongPassphrase), open_token(uri, "wrong!"):
        pass
    with open_token(uri, PIN) as key:
        assert len(key.sign(b"again")) == 256


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("token=another;object=seal", "no token"),
        ("token=eoffice;object=nobody", "no such key"),
        ("token=eoffice", "several"),
    ],
)
def test_a_key_that_is_not_there_is_said(path: str, reason: str, token: str) -> None:
    with (
        pytest.raises(errors.UnusableKey, match=reason),
        open_token(TokenUri.parse(f"pkcs11:{path}?module-path={MODULE}"), PIN),
    ):
        pass


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("pkcs11:token=eoffice?pin-value=1234&module-path=/x.so", "PIN"),
        ("pkcs11:token=eoffice;slot-id=3?module-path=/x.so", "slot-id"),
        ("pkcs11:token=eoffice", "module-path"),
    ],
)
def test_an_address_that_names_no_key_is_refused(uri: str, reason: str) -> None:
    with pytest.raises(errors.KeyAddressError, match=reason):
        TokenUri.parse(uri)


def test_a_library_that_is_not_there_is_said() -> None:
    with pytest.raises(errors.KeyUnavailable), open_token(TokenUri("/nowhere.so"), PIN):
        pass


def test_the_command_line_signs_with_a_token(
    token: str, document: bytes, pki: DemoPki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.pdf").write_bytes(document)
    monkeypatch.setenv("PIN", PIN)
    monkeypatch.setenv("PKCS11_MODULE", str(MODULE))
    key = (
        "--key",
        "pkcs11:token=eoffice;object=seal",
        "--passphrase-env",
        "PIN",
        "--pss",
        "--digest",
        "sha384",
    )
    code, out = call("sign", tmp_path / "in.pdf", tmp_path / "out.pdf", *key, "--trust", pki.trust_folder)
    assert code == 0, out
    code, out = call("verify", tmp_path / "out.pdf", "--trust", pki.trust_folder, "--offline")
    assert code == 0, out
    monkeypatch.setenv("PIN", "wrong!")
    code, out = call("sign", tmp_path / "in.pdf", tmp_path / "no.pdf", *key)
    assert code == 1
    assert not (tmp_path / "no.pdf").exists()
