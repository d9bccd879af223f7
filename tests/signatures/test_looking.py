"""One visit to the sandbox tells what an arrival is made of, whether page 1 bears a mark, and what is signed."""

import io
from pathlib import Path

import pikepdf
import pytest

from eoffice.documents.intake import IN_EVERY_MARK, find_secret_mark
from eoffice.signatures import checking
from signing.appearance import number_line
from signing.geometry import Box, Placement
from signing.keys import Pkcs12Key
from signing.report import Verdict
from signing.sign import sign_pdf
from signing.testing import DemoPki
from tests.factories import PIN
from tests.incoming.letters import letter_pdf, secret_pdf
from tests.signatures.keys import NOWHERE

pytestmark = pytest.mark.usefixtures("worker_database")

#: in the head of the page, where a mark stands
HEAD = Placement(1, Box(85, 760, 300, 785))


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> DemoPki:
    return DemoPki.create(tmp_path_factory.mktemp("pki"), NOWHERE)


def _signed(
    pki: DemoPki, folder: Path, page: bytes, words: str = "Số: 12/SNV-VP", at: Placement = HEAD
) -> Path:
    key = Pkcs12Key.unlock(pki.issue_organisation("Sở Nội vụ", code="H01.05", passphrase=PIN), PIN)
    path = folder / "signed.pdf"
    with path.open("wb+") as target:
        sign_pdf(io.BytesIO(page), target, key, field="Seal", placement=at, appearance=number_line(words, ""))
    return path


def _mark(pki: DemoPki, path: Path) -> tuple[str | None, Verdict | None]:
    structure, report = checking.with_structure(path, lambda: pki.trust)
    assert structure is not None
    first = structure.first_page
    return find_secret_mark([first]) if first is not None else None, report.verdict if report else None


def _over(page: bytes, words: str) -> bytes:
    """The page with a stamp of another program over it."""
    with pikepdf.open(io.BytesIO(page)) as pdf, pikepdf.open(io.BytesIO(secret_pdf())) as other:
        form = pdf.copy_foreign(other.pages[0].as_form_xobject())
        stamp = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Stamp, Rect=[0, 0, 595, 842], F=4, Contents=words,
            AP=pikepdf.Dictionary(N=form),
        )  # fmt: skip
        pdf.pages[0].obj.Annots = pdf.make_indirect([pdf.make_indirect(stamp)])
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


def test_a_signed_page_without_a_mark_passes_with_its_verdict(pki: DemoPki, tmp_path: Path) -> None:
    mark, verdict = _mark(pki, _signed(pki, tmp_path, letter_pdf()))
    assert mark is None
    assert verdict not in {None, Verdict.UNSIGNED, Verdict.UNREADABLE}


def test_a_mark_on_a_signed_page_is_found(pki: DemoPki, tmp_path: Path) -> None:
    assert _mark(pki, _signed(pki, tmp_path, secret_pdf()))[0] == "MẬT"


def test_a_mark_in_a_stamp_over_a_signed_page_is_found(pki: DemoPki, tmp_path: Path) -> None:
    below = Placement(1, Box(85, 60, 300, 85))
    assert _mark(pki, _signed(pki, tmp_path, _over(letter_pdf(), IN_EVERY_MARK), at=below))[0] == "MẬT"


def test_a_mark_that_a_signature_field_shows_is_found(pki: DemoPki, tmp_path: Path) -> None:
    assert _mark(pki, _signed(pki, tmp_path, letter_pdf(), "MẬT"))[0] == "MẬT"
