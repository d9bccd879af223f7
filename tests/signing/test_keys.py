import pytest

from signing import errors
from signing.certificates import Kind
from signing.keys import Pkcs12Key, change_passphrase
from signing.testing import DemoPki
from tests.signing.conftest import AGENCY, LEADER


def test_a_key_names_its_holder(leader: Pkcs12Key, agency: Pkcs12Key) -> None:
    assert (leader.info.name, leader.info.title, leader.info.organisation) == (LEADER, "Phó Giám đốc", AGENCY)
    assert leader.info.kind is Kind.PERSON
    assert agency.info.kind is Kind.ORGANISATION


def test_a_wrong_passphrase_is_said(leader_p12: bytes) -> None:
    with pytest.raises(errors.WrongPassphrase):
        Pkcs12Key.unlock(leader_p12, "wrong")


@pytest.mark.parametrize("data", [b"", b"hello", b"\x30\x03\x02\x01\x05"])
def test_what_is_no_key_file_is_said(data: bytes) -> None:
    with pytest.raises(errors.UnusableKey):
        Pkcs12Key.unlock(data, "pin")


def test_a_changed_pin_opens_the_same_key(leader_p12: bytes, leader: Pkcs12Key) -> None:
    changed = change_passphrase(leader_p12, "pin", "mới-456")
    assert Pkcs12Key.unlock(changed, "mới-456").info == leader.info
    with pytest.raises(errors.WrongPassphrase):
        Pkcs12Key.unlock(changed, "pin")


def test_a_system_certificate_is_told_from_a_person(pki: DemoPki) -> None:
    key = Pkcs12Key.unlock(pki.issue_system("Trục liên thông", "Tỉnh An Giang", passphrase="x"), "x")
    assert key.info.kind is Kind.SYSTEM


def test_the_pki_keeps_its_keys_over_a_restart(pki: DemoPki) -> None:
    again = DemoPki.create(pki.folder, "http://127.0.0.1:9")
    assert again.root.der == pki.root.der
    assert again.tsa.certificate.serial_number == pki.tsa.certificate.serial_number


def test_the_pki_folder_is_private(pki: DemoPki) -> None:
    assert pki.folder.stat().st_mode & 0o777 == 0o700
    files = [path for path in pki.folder.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
