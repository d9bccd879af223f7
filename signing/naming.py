"""Finds the certificate that a signature means although it writes its issuer wrongly, as some programs write names that
are not ASCII."""

from functools import lru_cache

from asn1crypto import cms, x509
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from signing.trust import certificate


def names_wrongly(embedded: EmbeddedPdfSignature) -> bool:
    """Whether no certificate it brings is the one it names (RFC 5652 §5.3), as the bytes of the file have it."""
    return _names_wrongly(embedded.pkcs7_content)


@lru_cache(maxsize=4)
def _names_wrongly(content: bytes) -> bool:
    """Asked before a signature is mended and when it is reported."""
    return _named(cms.ContentInfo.load(content)["content"]) is None


def mend(embedded: EmbeddedPdfSignature) -> None:
    """Let it name the certificate with the serial number it states, where it names none and there is just one.

    The name is not signed, and the key of that certificate has yet to prove itself.
    """
    if not names_wrongly(embedded):
        return
    signed = embedded.signed_data
    signer = signed["signer_infos"][0]["sid"]
    if signer.name != "issuer_and_serial_number":
        return
    serial = signer.chosen["serial_number"].native
    meant = [one for one in _certificates(signed) if one.serial_number == serial]
    if len(meant) == 1:
        signer.chosen["issuer"] = meant[0].issuer


def _named(signed: cms.SignedData) -> x509.Certificate | None:
    signer = signed["signer_infos"][0]["sid"]
    for one in _certificates(signed):
        if signer.name == "subject_key_identifier":
            if one.key_identifier == signer.chosen.native:
                return one
        elif (one.serial_number, one.issuer) == (
            signer.chosen["serial_number"].native, signer.chosen["issuer"],
        ):  # fmt: skip
            return one
    return None


def _certificates(signed: cms.SignedData) -> list[x509.Certificate]:
    return [
        certificate(choice.chosen.dump())
        for choice in signed["certificates"] or ()
        if choice.name == "certificate"
    ]
