"""A file's document security store: what it brings along to be checked by (ETSI EN 319 142-1 §5.4.2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import crl, x509
from asn1crypto.ocsp import OCSPResponse
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError

from signing.trust import answers, ocsp_serials, speaks


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

    def answers(self, path: Iterable[x509.Certificate], at: datetime) -> bool:
        """Whether it says of every certificate of a path but its root if that was revoked at the moment `at`: what was
        out of date by then says nothing."""
        lists = [crl.CertificateList.load(der) for der in self.crls if speaks(der, at)]
        responses = [found for der in self.ocsps if answers(found := OCSPResponse.load(der), at)]
        issuers = {one.issuer.dump() for one in lists}
        serials = {serial for one in responses for serial in ocsp_serials(one)}
        return all(
            one.issuer.dump() in issuers or one.serial_number in serials
            for one in path
            if one.self_signed == "no"
        )
