"""Keys with a remote signing service: the dummy service of the Cloud Signature Consortium's API."""

import io
from collections.abc import Iterator

import pytest
from asn1crypto import x509 as asn1

from signing import errors
from signing.keys import Algorithm, holds
from signing.remote import RemoteAddress, open_remote
from signing.report import Verdict
from signing.sign import sign_pdf
from signing.trust import TrustStore
from signing.verify import verify_pdf
from tests.csc import signing_service

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A signing service over three keys."""
    with signing_service(tmp_path_factory.mktemp("csc")) as url:
        yield url


@pytest.mark.parametrize(
    ("name", "pss", "algorithm"),
    [("rsa", False, Algorithm.RSA), ("rsa", True, Algorithm.RSA_PSS), ("ec", False, Algorithm.ECDSA)],
)
def test_a_remote_key_signs(
    name: str, pss: bool, algorithm: Algorithm, service: str, document: bytes
) -> None:
    address = RemoteAddress.parse(f"csc:{service}?credential=gov/{name}")
    target = io.BytesIO()
    with open_remote(address, "1234", pss=pss) as key:
        assert key.algorithm is algorithm
        believed = TrustStore(roots=tuple(der for der in key.chain if _is_root(der)))
        sign_pdf(io.BytesIO(document), target, key, field="S", trust=believed)
    assert verify_pdf(target, believed).verdict is Verdict.VALID


def _is_root(der: bytes) -> bool:
    return bool(asn1.Certificate.load(der).self_issued)


def test_one_authorisation_covers_many_digests(service: str) -> None:
    parts = [f"văn bản {number}".encode() for number in range(25)]
    with open_remote(RemoteAddress(service, "gov/rsa"), "1234") as key:
        assert key.batch == 10
        calls: list[str] = []
        key._service.client.event_hooks["request"].append(lambda request: calls.append(request.url.path))
        made = key.sign_all(parts)
        assert calls.count("/csc/v1/credentials/authorize") == 3
        assert all(
            holds(key.certificate, key.algorithm, *pair, "sha256") for pair in zip(parts, made, strict=True)
        )


def test_a_service_that_is_away_or_knows_no_such_key_is_said(service: str) -> None:
    with pytest.raises(errors.KeyUnavailable), open_remote(RemoteAddress(service, "gov/nobody"), "1234"):
        pass
    with pytest.raises(errors.KeyUnavailable), open_remote(RemoteAddress("http://127.0.0.1:9", "x"), "1"):
        pass
    with (
        pytest.raises(errors.UnusableKey, match="name the credential"),
        open_remote(RemoteAddress(service), "1"),
    ):
        pass


@pytest.mark.parametrize("text", ["csc:", "csc:ftp://a/b", "csc:http://ky.example.vn/"])
def test_an_address_without_tls_is_refused(text: str) -> None:
    with pytest.raises(errors.KeyAddressError):
        RemoteAddress.parse(text)
