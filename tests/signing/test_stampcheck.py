"""A detached time stamp is judged as strictly as a signature's own."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from signing.report import Revocation, Verdict
from signing.sentences import stamp_sentence
from signing.stampcheck import verify_timestamp
from signing.stamping import Trouble
from signing.testing import DemoPki, LocalTimestamper
from signing.timestamps import stamp
from signing.trust import TrustStore


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"hello")
    return path


@pytest.fixture
def token(file: Path, pki: DemoPki) -> bytes:
    with file.open("rb") as stream:
        return stamp(stream, LocalTimestamper(pki))


def test_it_says_who_when_and_whether_revocation_was_checked(
    file: Path, token: bytes, pki: DemoPki, trust: TrustStore
) -> None:
    found = verify_timestamp(file, token, trust)
    assert (found.verdict, found.revocation, found.algorithm) == (Verdict.VALID, Revocation.GOOD, "sha256")
    assert "đã có lúc" in stamp_sentence(found)
    unchecked = verify_timestamp(file, token, pki.trust)
    assert (unchecked.verdict, unchecked.revocation) == (Verdict.VALID, Revocation.UNCHECKED)
    assert stamp_sentence(unchecked, "en").endswith("could not be checked.")
    assert verify_timestamp(file, token, pki.trust, require_revocation=True).trouble is Trouble.UNCHECKED


@pytest.mark.slow
def test_another_file_a_changed_token_and_a_stranger_are_told_apart(
    file: Path, token: bytes, trust: TrustStore, tmp_path: Path
) -> None:
    (tmp_path / "other").write_bytes(b"hullo")
    assert verify_timestamp(tmp_path / "other", token, trust).trouble is Trouble.OTHER_FILE
    assert verify_timestamp(file, token[:-1] + bytes([token[-1] ^ 1]), trust).trouble is Trouble.ALTERED
    assert verify_timestamp(file, b"nonsense", trust).trouble is Trouble.UNREADABLE
    stranger = DemoPki.create(tmp_path / "stranger", "http://127.0.0.1:9")
    assert verify_timestamp(file, token, stranger.trust).trouble is Trouble.UNTRUSTED


def test_a_token_of_the_future_proves_nothing_yet(file: Path, pki: DemoPki, trust: TrustStore) -> None:
    later = datetime.now(UTC) + timedelta(days=2)
    with file.open("rb") as stream:
        token = stamp(stream, LocalTimestamper(pki, lambda: later))
    assert verify_timestamp(file, token, trust).trouble is Trouble.FUTURE
    assert verify_timestamp(file, token, trust, at=later).verdict is Verdict.VALID


@pytest.mark.slow
def test_a_revoked_authority_is_not_believed(file: Path, tmp_path: Path) -> None:
    own = DemoPki.create(tmp_path / "own", "http://127.0.0.1:9")
    with file.open("rb") as stream:
        token = stamp(stream, LocalTimestamper(own))
    own.revoke(f"{own.tsa.certificate.serial_number:x}")
    trust = own.trust.with_revocation(crls=[own.crl(), own.root_crl()])
    found = verify_timestamp(file, token, trust)
    assert (found.trouble, found.verdict) == (Trouble.REVOKED, Verdict.INVALID)
