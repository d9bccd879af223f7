"""What the demonstration's authorities answer: time stamps (RFC 3161) and OCSP (RFC 6960)."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from signing.testing.pki import DemoPki

#: ISO's arc for examples
_POLICY = "2.999.1"
_OCSP_LIFE = timedelta(hours=12)
_DIGESTS = {"sha256": 32, "sha384": 48, "sha512": 64}


def time_stamp(pki: DemoPki, request: bytes, *, at: datetime | None = None) -> bytes:
    """DER reply to a DER request; a refusal when the request is not understood."""
    try:
        asked = tsp.TimeStampReq.load(request, strict=True)
        imprint = asked["message_imprint"]
        algorithm = imprint["hash_algorithm"]["algorithm"].native
        fits = len(imprint["hashed_message"].native) == _DIGESTS.get(algorithm)
    except (ValueError, TypeError):
        return _refusal("bad_data_format")
    if not fits:
        return _refusal("bad_alg")
    info = {
        "version": "v1",
        "policy": _POLICY,
        "message_imprint": imprint,
        "serial_number": secrets.randbits(63),
        "gen_time": (at or datetime.now(UTC)).replace(microsecond=0),
    }
    if asked["nonce"].native is not None:
        info["nonce"] = asked["nonce"]
    token = _token(pki, tsp.TSTInfo(info).dump())
    return bytes(tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump())


def _refusal(failure: str) -> bytes:
    status = {"status": "rejection", "fail_info": {failure}}
    return bytes(tsp.TimeStampResp({"status": status}).dump())


def _token(pki: DemoPki, info: bytes) -> cms.ContentInfo:
    """SignedData over a TSTInfo, RFC 3161 §2.4.2, RFC 5816."""
    certificate = asn1.Certificate.load(pki.tsa.der)
    identifier = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(pki.tsa.der).digest()})
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["tst_info"]},
            {"type": "message_digest", "values": [hashlib.sha256(info).digest()]},
            {"type": "signing_certificate_v2", "values": [tsp.SigningCertificateV2({"certs": [identifier]})]},
        ]
    )
    digest = algos.DigestAlgorithm({"algorithm": "sha256"})
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": {
                "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                    {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
                )
            },
            "digest_algorithm": digest,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}),
            "signed_attrs": attributes,
            "signature": pki.tsa.key.sign(attributes.dump(), padding.PKCS1v15(), hashes.SHA256()),
        }
    )
    data = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [digest],
            "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(info)},
            "certificates": [certificate, asn1.Certificate.load(pki.intermediate.der)],
            "signer_infos": [signer],
        }
    )
    return cms.ContentInfo({"content_type": "signed_data", "content": data})


def ocsp_response(pki: DemoPki, request: bytes, *, at: datetime | None = None) -> bytes:
    """DER response to a DER request about one certificate of this PKI."""
    try:
        asked = ocsp.load_der_ocsp_request(request)
    except ValueError:
        return _unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
    certificate = pki.issued(asked.serial_number)
    issuer = pki.intermediate.certificate
    if certificate is None or certificate.issuer != issuer.subject:
        return _unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
    moment = (at or datetime.now(UTC)).replace(microsecond=0)
    revoked = pki.revoked_at(asked.serial_number)
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=certificate,
            issuer=issuer,
            algorithm=asked.hash_algorithm,
            cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
            this_update=moment,
            next_update=moment + _OCSP_LIFE,
            revocation_time=revoked,
            revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, pki.ocsp.certificate)
        .certificates([pki.ocsp.certificate])
    )
    for extension in asked.extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            builder = builder.add_extension(extension.value, critical=False)
    return builder.sign(pki.ocsp.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _unsuccessful(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
