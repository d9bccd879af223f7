"""A file's document security store: what it brings along to be checked by (ETSI EN 319 142-1 §5.4.2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from asn1crypto import crl, x509
from asn1crypto.ocsp import OCSPResponse
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError

from signing.trust import ocsp_serials


@dataclass(frozen=True)
class Stored:
    """Certificates, and DER of CRLs and OCSP responses."""

    certificates: tuple[x509.Certificate, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()

    @classmethod
    def read(cls, reader: PdfFileReader) -> "Stored":
        """Of a file; empty where it has none. Raises what pyHanko raises for a damaged one."""
        try:
            store: Any = DocumentSecurityStore.read_dss(reader)
        except NoDSSFoundError:
            return cls()
        return cls(
            tuple(store.load_certs()),
            tuple(one.get_object().read_data(DecodePurpose.CRL) for one in store.crls),
            tuple(one.get_object().read_data(DecodePurpose.OCSP_RESPONSE) for one in store.ocsps),
        )

    @cached_property
    def _answered(self) -> tuple[frozenset[bytes], frozenset[int]]:
        """Issuers whose lists are here, and serial numbers that responses speak of."""
        issuers = (crl.CertificateList.load(der).issuer.dump() for der in self.crls)
        serials = (ocsp_serials(OCSPResponse.load(der)) for der in self.ocsps)
        return frozenset(issuers), frozenset().union(*serials)

    def answers(self, path: Iterable[x509.Certificate]) -> bool:
        """Whether it says of every certificate of a path but its root if that was revoked."""
        if not (self.crls or self.ocsps):
            return False
        issuers, serials = self._answered
        return all(
            one.issuer.dump() in issuers or one.serial_number in serials
            for one in path
            if one.self_signed == "no"
        )
