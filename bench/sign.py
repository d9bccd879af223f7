"""Visible PAdES B-B signatures: `signing.sign_pdf` against pyHanko's own signer, default and tuned."""

import asyncio
import gc
import io
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

import pikepdf
from asn1crypto import x509
from asn1crypto.keys import PrivateKeyInfo
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from pyhanko.pdf_utils.content import ImportedPdfPage
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from bench import material
from bench.figures import Row, median
from signing.appearance import Appearance, issue_date, number_line
from signing.geometry import Box, Placement
from signing.keys import Pkcs12Key
from signing.sign import sign_pdf
from signing.testing import DemoPki

T = TypeVar("T")
PIN, PAGES = "123456", 10
#: the box in points from the lower left corner of the page
BOX = (85, 60, 545, 85)
RESERVED = 16_384


class CachedKeySigner(SimpleSigner):
    """pyHanko's signer with the private key loaded once; loading it checks it, which takes longer than signing."""

    cached: rsa.RSAPrivateKey

    def sign_raw(self, data: bytes, digest_algorithm: str) -> bytes:
        """PKCS#1 v1.5 with SHA-256."""
        assert digest_algorithm == "sha256"
        return self.cached.sign(data, padding.PKCS1v15(), hashes.SHA256())


@dataclass(frozen=True)
class Desk:
    """One key in every form the signers want, and the stamp as a page."""

    pki: DemoPki
    private: rsa.RSAPrivateKey
    key: Pkcs12Key
    stamp: Path

    @classmethod
    def lay(cls, folder: Path) -> "Desk":
        """Make keys and stamp in `folder`."""
        pki = DemoPki.create(folder / "pki", "http://127.0.0.1:9")
        bundle = pki.issue_organisation("Sở Nội vụ tỉnh An Giang", code="H01.05", passphrase=PIN)
        private = pkcs12.load_pkcs12(bundle, PIN.encode()).key
        assert isinstance(private, rsa.RSAPrivateKey)
        desk = cls(pki, private, Pkcs12Key.unlock(bundle, PIN), folder / "stamp.pdf")
        desk.stamp.write_bytes(_stamp_page(desk.key))
        return desk

    def pyhanko(self, kind: type[SimpleSigner]) -> SimpleSigner:
        """A signer of pyHanko's with this key."""
        plain = self.private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        registry = SimpleCertificateStore()
        registry.register_multiple(x509.Certificate.load(one) for one in self.key.chain)
        return kind(x509.Certificate.load(self.key.certificate), PrivateKeyInfo.load(plain), registry)


def appearance(number: int) -> Appearance:
    """Words that differ in every signature."""
    return number_line(f"Số: {number}/SNV-VP", issue_date("An Giang", date(2026, 11, 20)))


def _stamp_page(key: Pkcs12Key) -> bytes:
    """Our own drawing of one line as a page of its own: what pyHanko stamps, statically."""
    with pikepdf.new() as blank:
        blank.add_blank_page(page_size=(595, 842))
        empty = io.BytesIO()
        blank.save(empty)
    signed = io.BytesIO()
    placement = Placement(1, _box())
    sign_pdf(empty, signed, key, field="S", placement=placement, appearance=appearance(1))
    with pikepdf.open(signed) as source, pikepdf.new() as target:
        drawing = target.copy_foreign(source.Root.AcroForm.Fields[0].AP.N)
        target.add_blank_page(page_size=(BOX[2] - BOX[0], BOX[3] - BOX[1]))
        page = target.pages[0]
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(A=drawing))
        page.Contents = target.make_stream(b"/A Do")
        made = io.BytesIO()
        target.save(made)
    return made.getvalue()


def _box() -> Box:
    """BOX as seen on an A4 page."""
    left, bottom, right, top = BOX
    return Box(left, bottom, right, top)


def ours(desk: Desk, source: bytes, number: int) -> bytes:
    """One signature with text of its own."""
    target = io.BytesIO()
    sign_pdf(
        io.BytesIO(source), target, desk.key,
        field="Number", placement=Placement(PAGES, _box()), appearance=appearance(number),
    )  # fmt: skip
    return target.getvalue()


def theirs(desk: Desk, source: bytes, signer: SimpleSigner, reserved: int | None) -> bytes:
    """One signature by pyHanko with the static stamp."""
    writer = IncrementalPdfFileWriter(io.BytesIO(source))
    metadata = PdfSignatureMetadata(
        field_name="Number", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
    )
    pdf_signer = PdfSigner(
        metadata,
        signer,
        stamp_style=StaticStampStyle(background=ImportedPdfPage(str(desk.stamp)), border_width=0),
        new_field_spec=SigFieldSpec("Number", on_page=PAGES - 1, box=BOX),
    )
    target = io.BytesIO()
    pdf_signer.sign_pdf(writer, output=target, bytes_reserved=reserved)
    return target.getvalue()


def accepted(desk: Desk, signed: bytes, source: bytes) -> bool:
    """Whether pyHanko, and qpdf and pdfsig where installed, find the signature good."""
    if not signed.startswith(source):
        return False
    trust = [x509.Certificate.load(desk.pki.root.der)]
    known = [x509.Certificate.load(desk.pki.intermediate.der)]
    context = ValidationContext(trust_roots=trust, other_certs=known, allow_fetching=False)
    (embedded,) = PdfFileReader(io.BytesIO(signed)).embedded_signatures
    status = asyncio.run(async_validate_pdf_signature(embedded, context))
    return bool(status.bottom_line) and _others_accept(signed)


def _others_accept(signed: bytes) -> bool:
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(signed)
        file.flush()
        checks = (
            (("qpdf", "--check", file.name), b""),
            (("pdfsig", "-nocert", file.name), b"Signature is Valid"),
        )
        for command, said in checks:
            if shutil.which(command[0]) is None:
                continue
            done = subprocess.run(command, capture_output=True, check=False)
            if done.returncode or said not in done.stdout:
                return False
    return True


def cpu_ms(work: Callable[[], T]) -> tuple[float, T]:
    """Processor time of this process for one call, and what it gave; what others left behind is cleared away first."""
    gc.collect()
    begun = time.process_time()
    made = work()
    return (time.process_time() - begun) * 1000, made


def bare(private: rsa.RSAPrivateKey, times: int = 50) -> float:
    """CPU ms of one RSA operation."""
    begun = time.process_time()
    for _ in range(times):
        private.sign(b"x" * 64, padding.PKCS1v15(), hashes.SHA256())
    return (time.process_time() - begun) * 1000 / times


def run(rounds: int = 15) -> list[Row]:
    """Measure `rounds` interleaved rounds; every output is verified."""
    source = material.document(PAGES)
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk.lay(Path(folder))
        default, tuned = desk.pyhanko(SimpleSigner), desk.pyhanko(CachedKeySigner)
        assert isinstance(tuned, CachedKeySigner)
        tuned.cached = desk.private
        ways: dict[str, Callable[[int], bytes]] = {
            "ours": lambda number: ours(desk, source, number),
            "default": lambda _number: theirs(desk, source, default, None),
            "tuned": lambda _number: theirs(desk, source, tuned, RESERVED),
        }
        for way in ways.values():  # imports, fonts and templates are made once in a process's life
            way(0)
        times: dict[str, list[float]] = {name: [] for name in (*ways, "bare")}
        good = True
        for number in range(1, rounds + 1):
            for name, way in ways.items():
                spent, signed = cpu_ms(lambda: way(number))  # noqa: B023 - called at once
                times[name].append(spent)
                good = good and accepted(desk, signed, source)
            times["bare"].append(bare(desk.private))
    return _rows({name: median(values) for name, values in times.items()}, rounds, good)


def _rows(found: dict[str, float], rounds: int, good: bool) -> list[Row]:
    what = "visible PAdES B-B, RSA-2048, 10 pages"
    multiple = found["ours"] / found["bare"]
    return [
        Row(
            "sign", what, "ms CPU", found["ours"], rounds, good, "lower",
            "pyHanko default, static stamp", found["default"], 15, 40,
            f"{1000 / found['ours']:.0f} signatures a CPU second; {multiple:.0f} times the bare RSA operation",
        ),
        Row(
            "sign", what, "ms CPU", found["ours"], rounds, good, "lower",
            "pyHanko, cached key and reserved bytes", found["tuned"], 4, 10,
        ),
    ]  # fmt: skip
