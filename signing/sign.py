"""Signs PDF files by incremental updates: PAdES B-B to B-LTA (ETSI EN 319 142-1 §6)."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, BinaryIO

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError, PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import general
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.timestamps.common_utils import TimestampRequestError

from signing import gate, longterm
from signing.appearance import Appearance
from signing.certificates import CertificateInfo
from signing.cms import KeySigner
from signing.errors import (
    FieldTaken,
    PlacementError,
    RevocationUnavailable,
    SigningError,
    SigningForbidden,
    TimestampUnavailable,
    UnreadablePdf,
)
from signing.geometry import Geometry, Placement, visible
from signing.keys import Key
from signing.precheck import check_certificate
from signing.quick import at_once, quicker
from signing.stamp import AppearanceStyle
from signing.stamping import CheckedTimestamper
from signing.timestamps import HttpTimestamper
from signing.trust import TrustStore
from signing.writer import RESERVED, RESERVED_STAMPED, open_writer

#: files below this stay in memory while they are normalised
_SPOOLED = 20_000_000


class Level(StrEnum):
    """PAdES baseline levels."""

    B_B = "b-b"
    B_T = "b-t"
    B_LT = "b-lt"
    B_LTA = "b-lta"


@dataclass(frozen=True)
class SignatureInfo:
    """What was made."""

    field: str
    signer: CertificateInfo
    level: Level
    #: this machine's clock, aware; the trusted time of B-T and above is in the token
    signed_at: datetime
    placement: Placement | None
    #: SHA-256 and size in bytes of the whole output
    sha256: str
    size: int
    #: the unsigned source was damaged or hybrid and was written anew before signing: it is no prefix of the output
    normalised: bool
    #: the certificate was known not to be revoked; else the signer must be warned (Circular 15/2025/TT-BKHCN)
    revocation_checked: bool


class _Signer(PdfSigner):
    """pyHanko's signer with a clock given from outside."""

    def __init__(self, moment: datetime, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._moment = moment

    def init_signing_session(self, pdf_out: Any, existing_fields_only: bool = False) -> Any:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self._moment
        return session


def sign_pdf(
    source: BinaryIO,
    target: BinaryIO,
    key: Key,
    *,
    field: str,
    placement: Placement | None = None,
    appearance: Appearance | None = None,
    level: Level = Level.B_B,
    timestamper: HttpTimestamper | None = None,
    trust: TrustStore | None = None,
    at: datetime | None = None,
    reason: str | None = None,
    digest: str = "sha256",
    allow_private_fetch: bool = False,
) -> SignatureInfo:
    """Append one signature to the PDF `source` and write the whole to `target`, opened with mode `wb+`.

    `source` stays a prefix of the output, unless it is unsigned and damaged: then it is written anew first and the
    result says so. `placement` and `appearance` go together; without them the signature is invisible.
    `at`: aware moment to state, default now. `timestamper`: needed from B-T up. `trust`: needed from B-LT up; where
    given, certificate path, known revocations and the time stamp are checked. `digest`: sha256, sha384 or sha512.
    `allow_private_fetch`: revocation data may come from private or loopback addresses.

    Raises SigningError's subclasses; `target` is then empty.
    """
    moment = (at or datetime.now(UTC)).replace(microsecond=0)
    if (placement is None) != (appearance is None):
        raise PlacementError("a visible signature needs both a placement and an appearance")
    if level is not Level.B_B and timestamper is None:
        raise TimestampUnavailable("", "this level needs a time-stamping authority")
    if level in (Level.B_LT, Level.B_LTA) and trust is None:
        raise RevocationUnavailable("this level needs trusted roots")
    unrevoked = check_certificate(key, moment, trust)
    with (
        whole_or_nothing(target),
        quicker(),
        sound_copy(source) as (sound, normalised),
        own_errors(timestamper),
    ):
        job = Job(key, field, placement, appearance, level, timestamper, trust, moment, reason, digest)
        job.sign(sound, target, allow_private_fetch)
    return SignatureInfo(field, key.info, level, moment, placement, *_digest(target), normalised, unrevoked)


@contextmanager
def whole_or_nothing(target: BinaryIO) -> Iterator[None]:
    """Empty `target` again when anything goes wrong."""
    try:
        yield
    except BaseException:
        target.seek(0)
        target.truncate()
        raise


def _digest(target: BinaryIO) -> tuple[str, int]:
    """SHA-256 in hexadecimal and size in bytes."""
    target.seek(0)
    digest = hashlib.sha256()
    while part := target.read(1 << 20):
        digest.update(part)
    return digest.hexdigest(), target.tell()


@dataclass(frozen=True)
class Job:
    """One signature to be made, as `sign_pdf` was asked for it."""

    key: Key
    field: str
    placement: Placement | None
    appearance: Appearance | None
    level: Level
    timestamper: HttpTimestamper | None
    trust: TrustStore | None
    moment: datetime
    reason: str | None
    digest: str

    def sign(self, source: BinaryIO, target: BinaryIO, allow_private: bool) -> None:
        """All of it at once."""
        writer, signer, _ = self.set_up(source)
        if self.level is Level.B_B:
            at_once(signer.async_sign_pdf(writer, output=target, bytes_reserved=self.reserved))
        else:
            signer.sign_pdf(writer, output=target, bytes_reserved=self.reserved)
        if self.level in (Level.B_LT, Level.B_LTA) and self.trust is not None:
            longterm.extend(
                target, self.trust, at=self.moment, field=self.field, allow_private=allow_private,
                timestamper=self.timestamper if self.level is Level.B_LTA else None,
            )  # fmt: skip

    @property
    def reserved(self) -> int:
        """Hexadecimal digits kept free for the signed data."""
        return RESERVED if self.level is Level.B_B else RESERVED_STAMPED

    def set_up(self, source: BinaryIO) -> tuple[IncrementalPdfFileWriter, PdfSigner, KeySigner]:
        """Writer and signer for one new field; the last is the one in it that knows the key. Raises FieldTaken."""
        writer = open_writer(source)
        if any(name == self.field for name, _, _ in enumerate_sig_fields(writer.prev)):
            raise FieldTaken(self.field)
        spec, style = self._visible(writer)
        signer = KeySigner(self.key, self.digest)
        metadata = PdfSignatureMetadata(
            field_name=self.field,
            md_algorithm=self.digest,
            subfilter=SigSeedSubFilter.PADES,
            reason=self.reason,
        )
        made = _Signer(
            self.moment,
            metadata,
            signer,
            timestamper=stamper(self.timestamper, self.level, self.trust, self.moment),
            stamp_style=style,
            new_field_spec=spec,
        )
        return writer, made, signer

    def _visible(self, writer: IncrementalPdfFileWriter) -> tuple[SigFieldSpec, AppearanceStyle | None]:
        if self.placement is None or self.appearance is None:
            return SigFieldSpec(self.field), None
        box, page = self.placement.box, self.placement.page
        shape = page_geometry(writer, page)
        shape.check(box)
        self.appearance.check(box.width)
        user: Any = tuple(round(edge, 3) for edge in shape.to_user(box))
        style = AppearanceStyle(
            border_width=0,
            appearance=self.appearance,
            width=box.width,
            height=box.height,
            rotation=shape.rotation,
        )
        return SigFieldSpec(self.field, on_page=page - 1, box=user), style


def stamper(
    authority: HttpTimestamper | None, level: Level, trust: TrustStore | None, at: datetime
) -> CheckedTimestamper | None:
    """What gives a signature of this level its time stamp; from B-LT up its path is looked at with the others."""
    if authority is None or level is Level.B_B:
        return None
    return CheckedTimestamper(authority, at, trust if level is Level.B_T else None)


@contextmanager
def sound_copy(source: BinaryIO) -> Iterator[tuple[BinaryIO, bool]]:
    """The source, or a clean copy of it when it is unsigned and damaged, hybrid, or not as the standard has it."""
    structure = gate.examine(source)
    if structure.sound and _begins_at_once(source) and (structure.signed or _by_the_letter(source)):
        yield source, False
        return
    if structure.signed:
        mixed = "mixed cross-reference sections" if structure.hybrid else "something stands before its header"
        raise UnreadablePdf(structure.problems[0] if structure.problems else mixed)
    with tempfile.SpooledTemporaryFile(max_size=_SPOOLED) as copy:
        gate.normalise(source, copy)  # type: ignore[arg-type]  # a spooled file reads and writes like any other
        yield copy, True  # type: ignore[misc]


def _by_the_letter(source: BinaryIO) -> bool:
    """Whether a reader that takes the standard to the letter can read it; qpdf and viewers are kinder to what scanners
    write, such as a free entry of generation 65536, but a verifier may not be (ISO 32000-2, 7.5.4)."""
    try:
        PdfFileReader(source, strict=True)
    except PdfReadError:
        return False
    finally:
        source.seek(0)
    return True


def _begins_at_once(source: BinaryIO) -> bool:
    """Nothing stands before the header: every offset counts from there, and pyHanko refuses what qpdf overlooks."""
    source.seek(0)
    begins = source.read(5) == b"%PDF-"
    source.seek(0)
    return begins


@contextmanager
def own_errors(timestamper: HttpTimestamper | None) -> Iterator[None]:
    """Turn pyHanko's errors into ours."""
    try:
        yield
    except SigningError:
        raise
    except TimestampRequestError as error:
        raise TimestampUnavailable(timestamper.url if timestamper else "", str(error)) from error
    except general.SigningError as error:
        raise SigningForbidden(str(error)) from error
    except PdfReadError as error:
        raise UnreadablePdf(str(error)) from error
    except (PdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        # pyHanko raises these for malformed files beside its own error
        raise UnreadablePdf(f"{type(error).__name__}: {error}") from error


def page_geometry(writer: IncrementalPdfFileWriter, number: int) -> Geometry:
    """Visible part and turn of page `number`, from 1. Raises PlacementError when there is no such page."""
    count = int(writer.root["/Pages"]["/Count"])
    if not 1 <= number <= count:
        raise PlacementError(f"there is no page {number}, the last is {count}")
    node: Any = writer.find_page_for_modification(number - 1)[0].get_object()
    inherited: dict[str, Any] = {}
    for _ in range(64):
        for name in ("/MediaBox", "/CropBox", "/Rotate"):
            if name in node:
                inherited.setdefault(name, node[name])
        if "/Parent" not in node:
            break
        node = node["/Parent"]
    # Appendix I: the official page is A4; a page without a size is damaged, yet readers show it
    media = inherited.get("/MediaBox", (0, 0, 595, 842))
    return visible(media, inherited.get("/CropBox"), inherited.get("/Rotate"))
