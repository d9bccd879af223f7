"""pyHanko's signer on top of our keys: the signed data is built once per certificate and filled in per signature.

asn1crypto needs about 20 ms to build a SignedData; between two PAdES signatures of one certificate only the message
digest, the signature and the time stamp differ (ETSI EN 319 142-1 §6.3 leaves the signing time to the PDF's /M).
"""

import asyncio
import threading
from dataclasses import dataclass
from typing import Any

from asn1crypto import cms
from asn1crypto.algos import RSASSAPSSParams, SignedDigestAlgorithm
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes, Signer
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signing.keys import Algorithm, Key
from signing.trust import certificate as parsed


def tlv(tag: int, *parts: bytes) -> bytes:
    """One DER element: tag, shortest length, content (ITU-T X.690 §8.1, §10.1)."""
    size = sum(map(len, parts))
    if size < 0x80:
        head = bytes((tag, size))
    else:
        length = size.to_bytes((size.bit_length() + 7) // 8, "big")
        head = bytes((tag, 0x80 | len(length))) + length
    return b"".join((head, *parts))


@dataclass(frozen=True)
class _Template:
    """SignedData around the message digest and the signature, as DER fragments."""

    before_digest: bytes
    after_digest: bytes
    #: version, digest algorithms, encapsulated content and certificates
    head: bytes
    #: version, issuer and serial, digest algorithm of the SignerInfo
    signer_head: bytes
    signature_algorithm: bytes

    def attributes(self, digest: bytes) -> bytes:
        """Content of the SET of signed attributes."""
        return self.before_digest + digest + self.after_digest

    def content_info(self, attributes: bytes, signature: bytes, unsigned: bytes = b"") -> bytes:
        """ContentInfo (RFC 5652 §3); every length is computed anew, since ECDSA signatures vary in size."""
        signer_info = tlv(
            0x30,
            self.signer_head,
            tlv(0xA0, attributes),
            self.signature_algorithm,
            tlv(0x04, signature),
            unsigned,
        )
        signed_data = tlv(0x30, self.head, tlv(0x31, signer_info))
        return tlv(0x30, _SIGNED_DATA_OID, tlv(0xA0, signed_data))


#: templates by certificate, algorithm and digest; they hold nothing secret, unlike the keys, which nobody keeps here
_templates: dict[tuple[bytes, Algorithm, str], _Template] = {}
_TEMPLATES_KEPT = 256
_SIGNED_DATA_OID = cms.ContentType("signed_data").dump()


def _cut(content_info: cms.ContentInfo, probe: bytes) -> _Template:
    """Take pyHanko's own SignedData over the digest `probe` apart."""
    data: Any = content_info["content"]
    (signer_info,) = data["signer_infos"]
    attributes = signer_info["signed_attrs"].contents
    before, found, after = attributes.partition(probe)
    if not found or probe in after:
        raise ValueError("the message digest does not stand exactly once among the signed attributes")
    fields = ("version", "digest_algorithms", "encap_content_info", "certificates")
    return _Template(
        before_digest=before,
        after_digest=after,
        head=b"".join(data[field].dump() for field in fields),
        signer_head=b"".join(signer_info[field].dump() for field in ("version", "sid", "digest_algorithm")),
        signature_algorithm=signer_info["signature_algorithm"].dump(),
    )


class _Registries(threading.local):
    """Certificates of a chain, ready to be embedded; asn1crypto's objects stay within one thread."""

    def __init__(self) -> None:
        self.known: dict[tuple[bytes, ...], SimpleCertificateStore] = {}


_registries = _Registries()


def _registry(chain: tuple[bytes, ...]) -> SimpleCertificateStore:
    known = _registries.known
    if chain not in known:
        if len(known) >= _TEMPLATES_KEPT:
            known.clear()
        known[chain] = registry = SimpleCertificateStore()
        registry.register_multiple(map(parsed, chain))
    return known[chain]


#: bytes of each digest
_SIZES = {"sha256": 32, "sha384": 48, "sha512": 64}


def mechanism(algorithm: Algorithm, digest: str) -> SignedDigestAlgorithm:
    """AlgorithmIdentifier of a signature (RFC 5754; RFC 4056 for RSASSA-PSS)."""
    if algorithm is not Algorithm.RSA_PSS:
        return SignedDigestAlgorithm({"algorithm": f"{digest}_{algorithm}"})
    used = {"algorithm": digest}
    masked = {"algorithm": "mgf1", "parameters": used}
    parameters = {"hash_algorithm": used, "mask_gen_algorithm": masked, "salt_length": _SIZES[digest]}
    return SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": RSASSAPSSParams(parameters)})


class KeySigner(Signer):
    """Signs with a `Key`. Anything but a plain PAdES signature is left to pyHanko's own code."""

    def __init__(self, key: Key, digest: str = "sha256") -> None:
        super().__init__(
            signing_cert=parsed(key.certificate),
            cert_registry=_registry(key.chain),
            signature_mechanism=mechanism(key.algorithm, digest),
        )
        self._key, self._digest = key, digest
        known = _templates.get((key.certificate, key.algorithm, digest))
        self._template = known if known is not None else self._remember(self._build_template())

    def _remember(self, template: _Template) -> _Template:
        if len(_templates) >= _TEMPLATES_KEPT:
            _templates.clear()
        return _templates.setdefault((self._key.certificate, self._key.algorithm, self._digest), template)

    def _build_template(self) -> _Template:
        probe = bytes(range(0x40, 0x40 + _SIZES[self._digest]))
        # a signature of zeros: a token or a service is not asked for a probe
        whole = asyncio.run(super().async_sign(probe, self._digest, dry_run=True, use_pades=True))
        template = _cut(whole, probe)
        signature = whole["content"]["signer_infos"][0]["signature"].native
        if template.content_info(template.attributes(probe), signature) != whole.dump():
            raise ValueError("the template does not give pyHanko's bytes")
        return template

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """Signature over `data`; zeros of the same size when only the size is asked for."""
        if dry_run:
            return bytes(self._key.signature_size)
        return self._key.sign(data, digest_algorithm)

    async def async_sign(
        self,
        data_digest: bytes,
        digest_algorithm: str,
        dry_run: bool = False,
        use_pades: bool = False,
        timestamper: TimeStamper | None = None,
        signed_attr_settings: PdfCMSSignedAttributes | None = None,
        is_pdf_sig: bool = True,
        encap_content_info: Any = None,
    ) -> Any:
        """Signed data over `data_digest`: DER bytes from the template, or pyHanko's object."""
        extra = signed_attr_settings and (
            signed_attr_settings.adobe_revinfo_attr or signed_attr_settings.cades_signed_attrs
        )
        plain = use_pades and is_pdf_sig and not dry_run and digest_algorithm == self._digest and not extra
        # an AES-GCM file installs a provider for its message authentication code
        if not plain or encap_content_info or self.signed_attr_prov_spec or self.unsigned_attr_prov_spec:
            return await super().async_sign(
                data_digest,
                digest_algorithm,
                dry_run,
                use_pades,
                timestamper,
                signed_attr_settings,
                is_pdf_sig,
                encap_content_info,
            )
        attributes = self.attributes(data_digest)
        signature = await self.async_sign_raw(attributes, digest_algorithm)
        return await self.assemble(data_digest, signature, timestamper)

    def attributes(self, data_digest: bytes) -> bytes:
        """DER of the SET of signed attributes over a document's digest: what the key signs (RFC 5652 §5.4)."""
        return tlv(0x31, self._template.attributes(data_digest))

    async def assemble(
        self, data_digest: bytes, signature: bytes, timestamper: TimeStamper | None = None
    ) -> bytes:
        """DER of the signed data around the signature over `attributes`, time-stamped where asked."""
        unsigned = b"" if timestamper is None else await self._time_stamp(signature, timestamper)
        return self._template.content_info(self._template.attributes(data_digest), signature, unsigned)

    async def _time_stamp(self, signature: bytes, timestamper: TimeStamper) -> bytes:
        """Unsigned attributes with the signature time stamp (RFC 3161 appendix A)."""
        found: Any = await self.unsigned_attrs(self._digest, signature, cms.CMSAttributes(), timestamper)
        return tlv(0xA1, found.contents)
