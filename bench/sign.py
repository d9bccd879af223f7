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
from typing import Any, TypeVar

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
from signing.sign import Level, sign_pdf
from signing.testing import DemoPki
from signing.testing.responders import time_stamp
from signing.timestamps import HttpTimestamper
from signing.trust import TrustStore
from signing.writer import RESERVED, RESERVED_STAMPED

T = TypeVar("T")
PIN, PAGES = "123456", 10
#: signatures in a row for one figure, as in a batch
_CALLS = 10
#: the box in points from the lower left corner of the page
BOX = (85, 60, 545, 85)


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


@dataclass(frozen=True)
class Case:
    """What is signed, on which page, at which level; from B-T up there is an authority."""

    name: str
    source: bytes
    page: int
    authority: "_Authority | None" = None
    level: Level = Level.B_B
    #: roots and fresh revocation lists, for B-LTA
    trust: TrustStore | None = None
    #: demanded and aimed at, in times
    must: int | None = None
    aim: int | None = None

    @property
    def elsewhere(self) -> float:
        """CPU seconds spent for others than the signer so far."""
        return self.authority.spent if self.authority else 0.0


def ours(desk: Desk, case: Case, number: int) -> bytes:
    """One signature with text of its own."""
    target = io.BytesIO()
    sign_pdf(
        io.BytesIO(case.source), target, desk.key,
        field="Number", placement=Placement(case.page, _box()), appearance=appearance(number),
        level=case.level, timestamper=case.authority, trust=case.trust,
    )  # fmt: skip
    return target.getvalue()


def theirs(desk: Desk, case: Case, signer: SimpleSigner, reserved: int | None) -> bytes:
    """One signature by pyHanko with the static stamp."""
    writer = IncrementalPdfFileWriter(io.BytesIO(case.source))
    metadata = PdfSignatureMetadata(
        field_name="Number", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, **_long_term(case)
    )
    pdf_signer = PdfSigner(
        metadata,
        signer,
        timestamper=case.authority,
        stamp_style=StaticStampStyle(background=ImportedPdfPage(str(desk.stamp)), border_width=0),
        new_field_spec=SigFieldSpec("Number", on_page=case.page - 1, box=BOX),
    )
    target = io.BytesIO()
    pdf_signer.sign_pdf(writer, output=target, bytes_reserved=reserved)
    return target.getvalue()


def _long_term(case: Case) -> dict[str, Any]:
    """What pyHanko needs for B-LTA."""
    if case.trust is None:
        return {}
    context = case.trust.context(None, require_revocation=True)
    return {"embed_validation_info": True, "use_pades_lta": True, "validation_context": context}


class _Authority(HttpTimestamper):
    """The demonstration's time-stamping authority without the network between; its own work is not the signer's."""

    def __init__(self, pki: DemoPki) -> None:
        super().__init__("in process")
        self._pki = pki
        #: CPU seconds of the authority
        self.spent = 0.0

    def reply(self, request: bytes) -> bytes:
        """A granted reply."""
        begun = time.process_time()
        made = time_stamp(self._pki, request)
        self.spent += time.process_time() - begun
        return made


def _cases(desk: Desk) -> list[Case]:
    """The demanded case first; the others stand beside it."""
    ten = material.document(PAGES)
    return [
        Case("10 pages", ten, PAGES),
        Case("200 pages", material.document(200), 200),
        Case("20 MB", material.scan(1, 20_000_000), 1),
        Case("10 pages in object streams", material.in_object_streams(ten), PAGES),
        Case("10 pages, B-T without network", ten, PAGES, _Authority(desk.pki), Level.B_T, must=8, aim=20),
        Case(
            "10 pages, B-LTA without network",
            ten,
            PAGES,
            _Authority(desk.pki),
            Level.B_LTA,
            desk.pki.trust.with_revocation(crls=[desk.pki.crl(), desk.pki.root_crl()]),
            must=6,
            aim=9,
        ),
    ]


def accepted(desk: Desk, signed: bytes, source: bytes) -> bool:
    """Whether pyHanko, and qpdf and pdfsig where installed, find the signature good."""
    if not signed.startswith(source):
        return False
    trust = [x509.Certificate.load(desk.pki.root.der)]
    known = [x509.Certificate.load(desk.pki.intermediate.der)]
    context = ValidationContext(trust_roots=trust, other_certs=known, allow_fetching=False)
    (embedded,) = PdfFileReader(io.BytesIO(signed)).embedded_regular_signatures
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


def cpu_ms(work: Callable[[], T], times: int = 1) -> tuple[float, T]:
    """Processor time of this process for one of `times` calls, and what it gave; what others left is cleared first."""
    gc.collect()
    begun = time.process_time()
    for _ in range(times):
        made = work()
    return (time.process_time() - begun) * 1000 / times, made


def bare(private: rsa.RSAPrivateKey, times: int = 50) -> float:
    """CPU ms of one RSA operation."""
    begun = time.process_time()
    for _ in range(times):
        private.sign(b"x" * 64, padding.PKCS1v15(), hashes.SHA256())
    return (time.process_time() - begun) * 1000 / times


def run(rounds: int = 15) -> list[Row]:
    """Measure interleaved rounds, `rounds` of the first case; every output is verified."""
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk.lay(Path(folder))
        first, *others = _cases(desk)
        rows = _demanded(*_measure(desk, first, rounds), rounds)
        for case in others:
            few = max(1, rounds // 3)
            rows.append(_beside(case, *_measure(desk, case, few), few))
    return rows


def _measure(desk: Desk, case: Case, rounds: int) -> tuple[dict[str, float], bool]:
    """CPU ms by way, and whether every output was accepted."""
    default, tuned = desk.pyhanko(SimpleSigner), desk.pyhanko(CachedKeySigner)
    assert isinstance(tuned, CachedKeySigner)
    tuned.cached = desk.private
    reserved = RESERVED_STAMPED if case.authority else RESERVED
    ways: dict[str, Callable[[int], bytes]] = {
        "ours": lambda number: ours(desk, case, number),
        "default": lambda _number: theirs(desk, case, default, None),
        "tuned": lambda _number: theirs(desk, case, tuned, reserved),
    }
    for way in ways.values():  # imports, fonts and templates are made once in a process's life
        way(0)
    times: dict[str, list[float]] = {name: [] for name in (*ways, "bare")}
    good = True
    for number in range(1, rounds + 1):
        for name, way in ways.items():
            before = case.elsewhere
            spent, signed = cpu_ms(lambda: way(number), times=_CALLS)  # noqa: B023 - called at once
            times[name].append(spent - (case.elsewhere - before) * 1000 / _CALLS)
            good = good and accepted(desk, signed, case.source)
        times["bare"].append(bare(desk.private))
    return {name: median(values) for name, values in times.items()}, good


_WHAT = "visible PAdES B-B, RSA-2048, "


def _demanded(found: dict[str, float], good: bool, rounds: int) -> list[Row]:
    multiple = found["ours"] / found["bare"]
    return [
        Row(
            "sign", f"{_WHAT}10 pages", "ms CPU", found["ours"], rounds, good, "lower",
            "pyHanko default, static stamp", found["default"], 15, 40,
            f"{1000 / found['ours']:.0f} signatures a CPU second; {multiple:.0f} times the bare RSA operation",
        ),
        Row(
            "sign", f"{_WHAT}10 pages", "ms CPU", found["ours"], rounds, good, "lower",
            "pyHanko, cached key and reserved bytes", found["tuned"], 4, 10,
        ),
    ]  # fmt: skip


def _beside(case: Case, found: dict[str, float], good: bool, rounds: int) -> Row:
    return Row(
        "sign", f"{_WHAT}{case.name}", "ms CPU", found["ours"], rounds, good, "lower",
        "pyHanko default, static stamp", found["default"], case.must, case.aim,
        f"pyHanko, cached key and reserved bytes: {found['tuned']:.1f} ms",
    )  # fmt: skip
