"""Renews the archive time stamp of a file at level B-LTA before its algorithm or its authority's certificate grows old
(ETSI EN 319 142-1 §5.5)."""

import asyncio
from typing import Any, BinaryIO

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.signers import PdfTimeStamper

from signing import revocation
from signing.errors import SigningForbidden
from signing.sign import own_errors
from signing.timestamps import HttpTimestamper
from signing.trust import TrustStore


def renew_archive_stamp(
    source: BinaryIO,
    target: BinaryIO,
    timestamper: HttpTimestamper,
    trust: TrustStore,
    *,
    allow_private_fetch: bool = False,
) -> None:
    """Append the last stamp's revocation data and a new time stamp over the whole file; `source` stays a prefix.

    `target`: opened with mode `wb+`; empty on error. `allow_private_fetch`: as for `sign_pdf`. Raises
    SigningForbidden for a file without an archive time stamp, TimestampUnavailable, UntrustedCertificate,
    UnreadablePdf.
    """
    try:
        with own_errors(timestamper):
            reader: Any = PdfFileReader(source)
            if not reader.embedded_timestamp_signatures:
                raise SigningForbidden("it has no archive time stamp to renew")
            asyncio.run(timestamper.async_dummy_response("sha256"))
            known = {
                *(certificate.dump() for certificate in timestamper.cert_registry),
                *(one.dump() for one in reader.embedded_timestamp_signatures[-1].other_embedded_certs),
                reader.embedded_timestamp_signatures[-1].signer_cert.dump(),
                *trust.intermediates,
                *trust.roots,
            }
            data = revocation.fetch(known, allow_private=allow_private_fetch)
            context = trust.with_revocation(crls=data.crls, ocsps=data.ocsps).context(
                None, require_revocation=True
            )
            PdfTimeStamper(timestamper).update_archival_timestamp_chain(
                reader, context, in_place=False, output=target
            )
    except BaseException:
        target.seek(0)
        target.truncate()
        raise
