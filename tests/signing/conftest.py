"""One PKI, one document and unlocked keys for all tests of a worker process."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import typst

from signing import appearance, placement
from signing.geometry import Placement
from signing.keys import Pkcs12Key
from signing.sign import SignatureInfo, sign_pdf
from signing.testing import DemoPki, seal_png, signature_png
from signing.trust import TrustStore

AGENCY = "Sở Nội vụ tỉnh An Giang"
LEADER = "Nguyễn Văn Thiện"
SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
FONTS = Path(__file__).parents[2] / "signing" / "fonts"

LAYOUT = """
#set page(paper: "a4", margin: (top: 20mm, bottom: 20mm, left: 30mm, right: 15mm))
#set text(font: "Tinos", size: 13pt, lang: "vi", fallback: false)
#grid(columns: (44%, 56%), align: center,
  [ỦY BAN NHÂN DÂN TỈNH\\ SỞ NỘI VỤ], [CỘNG HÒA XÃ HỘI CHỦ NGHĨA\\ Độc lập - Tự do - Hạnh phúc])
#v(32pt)
#for i in range({paragraphs}) [Về việc triển khai thực hiện nhiệm vụ được giao, kính gửi các đơn vị. #parbreak()]
#grid(columns: (50%, 50%), [Nơi nhận:\\ - Như trên;\\ - Lưu: VT.],
  align(center)[KT. GIÁM ĐỐC\\ PHÓ GIÁM ĐỐC #v(40mm) Nguyễn Văn Thiện])
"""


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> DemoPki:
    return DemoPki.create(tmp_path_factory.mktemp("pki") / "pki", "http://127.0.0.1:9")


@pytest.fixture(scope="session")
def trust(pki: DemoPki) -> TrustStore:
    """Root, intermediate and fresh revocation lists."""
    return pki.trust.with_revocation(crls=[pki.crl(), pki.root_crl()])


@pytest.fixture(scope="session")
def leader_p12(pki: DemoPki) -> bytes:
    return pki.issue_person(LEADER, "Phó Giám đốc", AGENCY, passphrase="pin")


@pytest.fixture(scope="session")
def leader(leader_p12: bytes) -> Pkcs12Key:
    return Pkcs12Key.unlock(leader_p12, "pin")


@pytest.fixture(scope="session")
def agency(pki: DemoPki) -> Pkcs12Key:
    return Pkcs12Key.unlock(pki.issue_organisation(AGENCY, code="H01.05", passphrase="pin"), "pin")


@pytest.fixture(scope="session")
def stranger(pki: DemoPki) -> Pkcs12Key:
    """A trusted certificate of another agency, ECDSA."""
    return Pkcs12Key.unlock(
        pki.issue_organisation("Sở Tài chính tỉnh An Giang", passphrase="pin", ecdsa=True), "pin"
    )


@pytest.fixture(scope="session")
def make_document(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], bytes]:
    folder = tmp_path_factory.mktemp("typst")

    def make(paragraphs: int = 6) -> bytes:
        source = folder / f"{paragraphs}.typ"
        source.write_text(LAYOUT.replace("{paragraphs}", str(paragraphs)))
        return typst.compile(str(source), font_paths=[str(FONTS)], ignore_system_fonts=True)

    return make


@pytest.fixture(scope="session")
def document(make_document: Callable[[int], bytes]) -> bytes:
    return make_document(6)


@pytest.fixture(scope="session")
def handwriting() -> bytes:
    return signature_png(LEADER)


@pytest.fixture(scope="session")
def red_seal() -> bytes:
    return seal_png("Sở Nội vụ", over="Tỉnh An Giang", pixels=300)


def sign(source: bytes, key: Pkcs12Key, **options: object) -> tuple[bytes, SignatureInfo]:
    target = io.BytesIO()
    info = sign_pdf(io.BytesIO(source), target, key, **options)  # type: ignore[arg-type]
    return target.getvalue(), info


@pytest.fixture(scope="session")
def block(document: bytes, handwriting: bytes) -> Placement:
    found = placement.signature_block(document, LEADER)
    return Placement(found.page, placement.picture_in(found.box, 540 / 216))


@pytest.fixture(scope="session")
def chain(
    document: bytes,
    leader: Pkcs12Key,
    agency: Pkcs12Key,
    block: Placement,
    handwriting: bytes,
    red_seal: bytes,
) -> list[bytes]:
    """The document after leader, number and seal."""
    first, _ = sign(
        document, leader, field="Leader", placement=block, appearance=appearance.leader(handwriting)
    )
    line = appearance.number_line("Số: 123/SNV-VP", appearance.issue_date("An Giang", date(2026, 11, 20)))
    second, _ = sign(first, agency, field="Number", placement=placement.number_line(first), appearance=line)
    beside = placement.seal_beside(block)
    third, _ = sign(second, agency, field="Seal", placement=beside, appearance=appearance.seal(red_seal))
    return [first, second, third]


@pytest.fixture
def attack() -> Callable[[str], Path]:
    def find(name: str) -> Path:
        path = SAMPLES / "pdf-attacks" / name
        if not path.exists():
            pytest.skip(f"the sample {name} is not on this machine")
        return path

    return find


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)
