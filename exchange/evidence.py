"""Evidence of one delivery as one ZIP that anyone can check without a network.

It holds the message as it travelled, its files, the signed receipts and certificates; `manifest.json` lists
every part with its SHA-256 and is itself signed (`manifest.sig`) by the system that made the bundle.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import tempfile
import time
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from exchange.errors import BadReceipt, ExchangeError
from exchange.keys import SystemKey, verify_signature
from exchange.limits import LIMITS, MIB
from exchange.model import VIETNAM, DocumentMessage
from exchange.parse import parse_file
from exchange.receipts import Receipt, check_trust, verify
from exchange.stamps import Proof, verify_stamp

FORMAT = "edxml-evidence 1"
_CONTEXT = b"edxml-exchange evidence 1\0"
_MANIFEST, _SIGNATURE, _PACKET, _PAGE = "manifest.json", "manifest.sig", "packet.edxml", "evidence.html"
_STAMPS = "timestamps/"
#: what reading a part raises that is not as it was written
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError)
_PIECE = 1 << 18
#: characters of the comment at the end
_SEAL = 64
#: a manifest or receipt has no reason to be larger
_SMALL = 4 * MIB


@dataclass(frozen=True)
class Verdict:
    """What was found about one part of the bundle. `vi` and `en` say why it is not good, or what was checked."""

    part: str
    good: bool
    vi: str
    en: str


def write_evidence(
    out: Path,
    *,
    packet: Path,
    recipient: str,
    receipts: Sequence[Receipt],
    key: SystemKey,
    stamps: Sequence[Proof | None] = (),
    files: Mapping[str, Path] | None = None,
    page: str = "",
) -> None:
    """Write the bundle for one recipient. Raises OSError.

    `stamps`: the time stamp of each receipt, in their order, None where there is none yet. `files`: further parts
    by name, such as the original files, statuses as they came, revocation data. `page`: HTML to be read by people.
    """
    certificates = {item for receipt in receipts for item in receipt.certificates}
    names = [f"{i:02d}-{receipt.statement.event}.json" for i, receipt in enumerate(receipts, 1)]
    texts = {f"receipts/{name}": _json(r.to_json()) for name, r in zip(names, receipts, strict=True)}
    texts |= {
        f"{_STAMPS}{name}": _json(proof.to_json())
        for name, proof in zip(names, stamps or [None] * len(names), strict=True)
        if proof is not None
    }
    texts |= {_PAGE: page.encode()} if page else {}
    texts |= {f"certificates/{_name(der)}.pem": _pem(der) for der in sorted(certificates)}
    paths = {_PACKET: packet, **{f"files/{name}": path for name, path in (files or {}).items()}}
    parts = {name: _digest(path) for name, path in paths.items()}
    parts |= {name: hashlib.sha256(data).hexdigest() for name, data in texts.items()}
    made = datetime.now(VIETNAM).isoformat(timespec="seconds")
    manifest = _json({"format": FORMAT, "recipient": recipient, "made": made, "parts": parts})
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = b"0" * _SEAL
        archive.writestr(_MANIFEST, manifest)
        archive.writestr(_SIGNATURE, _sign(key, manifest))
        for name, path in paths.items():
            entry = zipfile.ZipInfo.from_file(path, name)
            # as the others: when a file came to this machine says nothing
            entry.date_time, entry.compress_type = time.localtime()[:6], zipfile.ZIP_DEFLATED
            with path.open("rb") as source, archive.open(entry, "w") as target:
                shutil.copyfileobj(source, target)
        for name, data in texts.items():
            archive.writestr(name, data)
    with out.open("r+b") as file:
        sealed = _container(file)
        file.seek(-_SEAL, os.SEEK_END)
        file.write(sealed)


def verify_evidence(path: Path, trusted: Collection[x509.Certificate] | None = None) -> list[Verdict]:
    """One verdict per part; the bundle holds when all are good.

    `trusted`: as for receipts; None trusts no one in particular and checks only that all fits together.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            found = list(_verdicts(archive, trusted))
            assert archive.fp is not None
            if all(one.good for one in found) and archive.comment != _container(archive.fp):
                vi = "Các phần đều nguyên vẹn, nhưng có byte ngoài các phần bị thêm, bớt hoặc sửa"
                found.append(_bad("ZIP", vi, "all parts are good, but bytes outside them were changed"))
            return found
    except (*_DAMAGED, NotImplementedError, OSError, RuntimeError) as error:
        return [_bad(path.name, "Không phải tệp ZIP đọc được", f"no readable ZIP: {error}")]


def _verdicts(archive: zipfile.ZipFile, trusted: Collection[x509.Certificate] | None) -> Iterator[Verdict]:
    names = archive.namelist()
    if len(set(names)) != len(names):
        yield _bad("ZIP", "Có phần trùng tên", "two parts have one name")
        return
    try:
        manifest = _manifest(archive, trusted)
    except (KeyError, ValueError, TypeError, InvalidSignature, ExchangeError, *_DAMAGED) as error:
        yield _bad(
            _MANIFEST, "Bảng kê bị sửa hoặc chữ ký sai", f"changed, or its signature is wrong: {error!r}"
        )
        return
    yield Verdict(_MANIFEST, True, "Chữ ký trên bảng kê đúng", "signature matches")
    parts: dict[str, str] = manifest["parts"]
    for name in sorted(set(names) - {_MANIFEST, _SIGNATURE, *parts}):
        yield _bad(name, "Phần không có trong bảng kê", "not in the manifest")
    for name, sha256 in parts.items():
        yield _part(archive, name, sha256, parts, trusted)


def _manifest(archive: zipfile.ZipFile, trusted: Collection[x509.Certificate] | None) -> dict[str, Any]:
    data = _small(archive, _MANIFEST)
    signed = json.loads(_small(archive, _SIGNATURE))
    chain = [x509.load_der_x509_certificate(base64.b64decode(item)) for item in signed["certificates"]]
    verify_signature(chain[0], base64.b64decode(signed["signature"], validate=True), _CONTEXT + data)
    manifest: dict[str, Any] = json.loads(data)
    if manifest["format"] != FORMAT:
        raise ValueError(f"format {manifest['format']}")
    if trusted is not None:
        check_trust(chain, trusted, datetime.fromisoformat(manifest["made"]))
    return manifest


def _part(
    archive: zipfile.ZipFile,
    name: str,
    sha256: str,
    parts: Mapping[str, str],
    trusted: Collection[x509.Certificate] | None,
) -> Verdict:
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "part"
            if _extract(archive, name, path) != sha256:
                return _bad(name, "Nội dung đã bị thay đổi", "its bytes were changed")
            if name == _PACKET:
                return _packet(path, Path(folder))
            if name.startswith("receipts/"):
                return _receipt(name, path, parts.get(_PACKET, ""), trusted)
            if name.startswith(_STAMPS):
                about = f"receipts/{name.removeprefix(_STAMPS)}"
                receipt = _small(archive, about)
                # what is wrong with the receipt is said there, and nothing of it is this part's fault
                if hashlib.sha256(receipt).hexdigest() == parts.get(about):
                    return _stamp(name, path, Receipt.from_json(json.loads(receipt)), trusted)
    except KeyError:
        return _bad(name, "Thiếu phần này", "missing")
    except (ValueError, ExchangeError, *_DAMAGED) as error:
        return _bad(name, "Phần này bị hỏng hoặc không hợp lệ", f"damaged or not valid: {error}")
    return Verdict(name, True, "Nguyên vẹn", "unchanged")


def _packet(path: Path, folder: Path) -> Verdict:
    message = parse_file(path, folder / "files").message
    files = message.attachments if isinstance(message, DocumentMessage) else ()
    listed = "; ".join(f"{item.name} sha256 {item.sha256}" for item in files)
    return Verdict(_PACKET, True, f"Gói tin nguyên vẹn: {listed}", f"unchanged: {listed}")


def _receipt(name: str, path: Path, packet: str, trusted: Collection[x509.Certificate] | None) -> Verdict:
    receipt = Receipt.from_json(json.loads(path.read_bytes()))
    signer = verify(receipt, trusted).subject.rfc4514_string()
    said = receipt.statement
    if said.sha256 != packet:
        raise BadReceipt("Biên nhận của gói tin khác", "the receipt is about another message")
    what = f"{said.event} {', '.join(said.recipients)} {said.at.isoformat()} ({signer})"
    return Verdict(name, True, f"Biên nhận hợp lệ: {what}", f"valid receipt: {what}")


def _stamp(name: str, path: Path, receipt: Receipt, trusted: Collection[x509.Certificate] | None) -> Verdict:
    """Without `trusted` the authority is believed; that the token is intact and covers the receipt never is."""
    from signing.trust import TrustStore  # a bundle without time stamps needs no pyHanko

    roots = tuple(item.public_bytes(Encoding.DER) for item in trusted or ())
    proof = Proof.from_json(json.loads(path.read_bytes()))
    at = verify_stamp(receipt, proof, TrustStore(roots or receipt.certificates), any_authority=not roots)
    return Verdict(
        name, True, f"Dấu thời gian hợp lệ: {at.isoformat()}", f"valid time stamp: {at.isoformat()}"
    )


def _extract(archive: zipfile.ZipFile, name: str, path: Path) -> str:
    digest, size = hashlib.sha256(), 0
    with archive.open(name) as source, path.open("wb") as target:
        for piece in iter(partial(source.read, _PIECE), b""):
            size += len(piece)
            if size > LIMITS.packet:
                raise ValueError("too large")
            digest.update(piece)
            target.write(piece)
    return digest.hexdigest()


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _SMALL:
        raise ValueError(f"{name} is too large")
    with archive.open(name) as file:
        return file.read(_SMALL)


def _sign(key: SystemKey, manifest: bytes) -> bytes:
    chain = [item.public_bytes(Encoding.DER) for item in (key.certificate, *key.chain)]
    signature = key.sign(_CONTEXT + manifest)
    return _json({"signature": _text(signature), "certificates": [_text(item) for item in chain]})


def _container(file: IO[bytes]) -> bytes:
    """What the comment, with which a ZIP ends, has to be: the hash of every byte before it, so that those which belong
    to no part (directory, times, flags) are held as well.
    """
    left = file.seek(0, os.SEEK_END) - _SEAL
    file.seek(0)
    digest = hashlib.sha256()
    while left > 0 and (piece := file.read(min(_PIECE, left))):
        digest.update(piece)
        left -= len(piece)
    return digest.hexdigest().encode()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _name(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()[:16]


def _pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True).encode()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bad(part: str, vi: str, en: str) -> Verdict:
    return Verdict(part, False, vi, en)
