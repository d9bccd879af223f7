"""Checking three signatures offline: `signing.verify_pdf`, gate included, against pyHanko's validation alone."""

import asyncio
import io
import tempfile
from pathlib import Path

from asn1crypto import crl, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from bench import material
from bench.figures import Row, median
from bench.sign import PAGES, Desk, appearance, cpu_ms
from signing.geometry import Box, Placement
from signing.report import Verdict
from signing.sign import sign_pdf
from signing.trust import TrustStore
from signing.verify import verify_pdf


def signed_thrice(desk: Desk, pages: int = PAGES) -> bytes:
    """A document with three visible signatures, one above the other."""
    data = material.document(pages)
    for number in range(3):
        target = io.BytesIO()
        box = Box(85, 60 + 30 * number, 545, 85 + 30 * number)
        sign_pdf(
            io.BytesIO(data), target, desk.key,
            field=f"S{number}", placement=Placement(pages, box), appearance=appearance(number),
        )  # fmt: skip
        data = target.getvalue()
    return data


def theirs(data: bytes, trust: TrustStore) -> bool:
    """pyHanko alone: strict parsing, path, revocation by the same lists, difference analysis."""
    reader = PdfFileReader(io.BytesIO(data), strict=True)
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(one) for one in trust.roots],
        other_certs=[x509.Certificate.load(one) for one in trust.intermediates],
        crls=[crl.CertificateList.load(one) for one in trust.crls],
        allow_fetching=False,
        revocation_mode="soft-fail",
    )

    async def every() -> bool:
        found = [await async_validate_pdf_signature(one, context) for one in reader.embedded_signatures]
        return len(found) == 3 and all(status.bottom_line for status in found)

    return asyncio.run(every())


def run(rounds: int = 15) -> list[Row]:
    """Measure interleaved rounds; a verdict other than valid ends it as not verified."""
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk.lay(Path(folder))
        data = signed_thrice(desk)
        trust = desk.pki.trust.with_revocation(crls=[desk.pki.crl(), desk.pki.root_crl()])
        spent: dict[str, list[float]] = {"ours": [], "theirs": []}
        good = True
        for _ in range(rounds + 1):
            for name, way in (
                ("ours", lambda: verify_pdf(io.BytesIO(data), trust).verdict is Verdict.VALID),
                ("theirs", lambda: theirs(data, trust)),
            ):
                took, valid = cpu_ms(way)
                spent[name].append(took)
                good = good and valid
    # the first round loads what is loaded once in a process's life
    mine, others = (median(values[1:]) for values in spent.values())
    return [
        Row(
            "verify", "three signatures offline, gate included", "ms CPU", mine, rounds, good, "lower",
            "pyHanko strict offline validation alone", others, 1, 2,
        )
    ]  # fmt: skip
