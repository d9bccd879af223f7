"""Makes the files of this folder anew: `python -m tests.signing.corpus.make`, with node and `npm i @signpdf/signpdf
@signpdf/signer-p12 @signpdf/placeholder-plain` in the folder that NODE_PATH names.

They are kept so that what other programs once made is checked for ever, on machines without them too.
"""

import io
import os
import subprocess
import tempfile
from datetime import date
from pathlib import Path

import pikepdf
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner

from signing import appearance
from signing.archive import archive_pdf
from signing.geometry import Box, Placement
from signing.keys import Pkcs12Key
from signing.sign import Level, sign_pdf
from signing.testing import DemoPki, LocalTimestamper, signature_png

HERE = Path(__file__).parent
NODE = """
const fs = require('fs');
const { SignPdf } = require('@signpdf/signpdf');
const { P12Signer } = require('@signpdf/signer-p12');
const { plainAddPlaceholder } = require('@signpdf/placeholder-plain');
const [source, key, target] = process.argv.slice(2);
const [reason, contactInfo, name, location] = ['x', 'x', 'x', 'x'];
const room = plainAddPlaceholder({ pdfBuffer: fs.readFileSync(source), reason, contactInfo, name, location });
const signer = new P12Signer(fs.readFileSync(key), { passphrase: 'pin' });
new SignPdf().sign(room, signer).then((made) => fs.writeFileSync(target, made));
"""


def plain() -> bytes:
    """One page with a line on it."""
    made = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
        )
        pdf.pages[0].Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
        pdf.pages[0].Contents = pdf.make_stream(b"BT /F 12 Tf 72 770 Td (Cong van so 1) Tj ET")
        pdf.save(made, static_id=True, compress_streams=False)
    return made.getvalue()


def signed(source: bytes, key: Pkcs12Key, **options: object) -> bytes:
    """One signature more."""
    target = io.BytesIO()
    sign_pdf(io.BytesIO(source), target, key, **options)  # type: ignore[arg-type]
    return target.getvalue()


def chain(source: bytes, leader: Pkcs12Key, agency: Pkcs12Key) -> bytes:
    """Leader with a picture, number line, seal without a picture."""
    hand = Placement(1, Box(350, 100, 480, 152))
    line = appearance.number_line("Số: 1/SNV-VP", appearance.issue_date("An Giang", date(2026, 11, 20)))
    first = signed(
        source, leader, field="A", placement=hand, appearance=appearance.leader(signature_png("Thiện"))
    )
    second = signed(first, agency, field="B", placement=Placement(1, Box(85, 700, 553, 720)), appearance=line)
    return signed(second, agency, field="C")


def by_pyhanko(source: bytes, p12: bytes) -> bytes:
    """pyHanko's own defaults: ISO 32000-1, not PAdES."""
    signer, made = SimpleSigner.load_pkcs12_data(p12, other_certs=[], passphrase=b"pin"), io.BytesIO()
    PdfSigner(PdfSignatureMetadata(field_name="S"), signer).sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(source)), output=made
    )
    return made.getvalue()


def by_node(source: bytes, p12: bytes) -> bytes:
    """@signpdf, which places its signature as a plain incremental update."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("in.pdf", "key.p12", "out.pdf", "sign.js")]
        for path, data in zip(files, (source, p12, b"", NODE.encode()), strict=True):
            path.write_bytes(data)
        subprocess.run(["node", files[3], *files[:3]], check=True, env=os.environ)
        return files[2].read_bytes()


def main() -> None:
    """Write them all."""
    with tempfile.TemporaryDirectory() as folder:
        pki = DemoPki.create(Path(folder) / "pki", "http://127.0.0.1:9")
        trust = pki.trust.with_revocation(crls=[pki.crl(), pki.root_crl()])
        p12 = pki.issue_person("Nguyễn Văn Thiện", "Phó Giám đốc", "Sở Nội vụ", passphrase="pin")
        leader, pss = Pkcs12Key.unlock(p12, "pin"), Pkcs12Key.unlock(p12, "pin", pss=True)
        agency = Pkcs12Key.unlock(pki.issue_organisation("Sở Nội vụ", passphrase="pin", ecdsa=True), "pin")
        base, stamper, archived = plain(), LocalTimestamper(pki), io.BytesIO()
        whole = chain(base, leader, agency)
        archive_pdf(io.BytesIO(whole), archived, stamper, trust)
        files = {
            "chain.pdf": whole,
            "archived.pdf": archived.getvalue(),
            "b-t.pdf": signed(base, leader, field="S", level=Level.B_T, timestamper=stamper),
            "b-lt.pdf": signed(base, leader, field="S", level=Level.B_LT, timestamper=stamper, trust=trust),
            "b-lta.pdf": signed(base, leader, field="S", level=Level.B_LTA, timestamper=stamper, trust=trust),
            "pss.pdf": signed(base, pss, field="S", digest="sha512"),
            "pyhanko.pdf": by_pyhanko(base, p12),
            "signpdf.pdf": by_node(base, p12),
            "altered.pdf": whole.replace(b"Cong van so 1", b"Cong van so 2"),
            "root.pem": pki.trust_folder.joinpath("root.pem").read_bytes(),
            "intermediate.pem": pki.trust_folder.joinpath("intermediates/intermediate.pem").read_bytes(),
            "people.crl": pki.crl(),
            "root.crl": pki.root_crl(),
        }
        for name, data in files.items():
            (HERE / name).write_bytes(data)


if __name__ == "__main__":
    main()
