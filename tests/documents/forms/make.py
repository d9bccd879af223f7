"""Set the corpus anew: `python -m tests.documents.forms.make`.

Wants LibreOffice and the fonts Tinos, Arimo, Cousine and DejaVu, which have the Vietnamese letters.
"""

import io
import json
import logging
import shutil
import subprocess
import tempfile
from pathlib import Path

import pikepdf
import pikepdf.settings
import typst
from fontTools.ttLib import TTFont

from eoffice.documents.layout.typesetting import FONTS
from tests.documents.forms.cases import Case, cases
from tests.documents.forms.office import flat

HERE = Path(__file__).parent
logging.getLogger("fontTools").setLevel(logging.ERROR)  # subsets say 1904 where a date should be
FILES, EXPECTED = HERE / "files", HERE / "expected.json"
#: converted in one go
_TOGETHER = 60


def write_expected() -> None:
    """What the form check has to say of each file: rules broken, in the order of their names."""
    told = {case.name: {"breaks": list(case.breaks), "office": case.office} for case in cases()}
    EXPECTED.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def set_by_typst(case: Case) -> None:
    """One sheet by our free template."""
    inputs = {"sheet": json.dumps(case.sheet.data())}
    pdf = typst.compile(HERE / "sheet.typ", sys_inputs=inputs, font_paths=[FONTS])
    (FILES / f"{case.name}.pdf").write_bytes(pdf)


def set_by_office(chosen: list[Case]) -> None:
    """Sheets by LibreOffice, together: it takes seconds to start."""
    with tempfile.TemporaryDirectory() as folder:
        for case in chosen:
            (Path(folder) / f"{case.name}.fodt").write_text(flat(case.sheet), encoding="utf-8")
        sources = sorted(map(str, Path(folder).glob("*.fodt")))
        profile = f"-env:UserInstallation=file://{folder}/profile"
        command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", folder, *sources]
        subprocess.run(command, check=True, capture_output=True, timeout=600)
        for case in chosen:
            shutil.copy(Path(folder) / f"{case.name}.pdf", FILES / f"{case.name}.pdf")


def unhinted(data: bytes) -> bytes:
    """A TrueType font without the programs that fit its outlines to a screen: half of its size."""
    font, out = TTFont(io.BytesIO(data)), io.BytesIO()
    for table in ("fpgm", "prep", "cvt ", "hdmx", "VDMX", "gasp"):
        if table in font:
            del font[table]
    for name in font.getGlyphOrder():
        font["glyf"][name].removeHinting()
    font.save(out)
    return out.getvalue()


def shrink(path: Path) -> None:
    """Take out of the fonts what no check looks at, and pack objects; the same each time."""
    pikepdf.settings.set_flate_compression_level(9)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        for found in pdf.objects:
            if isinstance(found, pikepdf.Dictionary) and "/FontFile2" in found:
                found.FontFile2 = pdf.make_stream(unhinted(found.FontFile2.read_bytes()))
        pdf.save(
            path,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            deterministic_id=True,
            recompress_flate=True,
        )


def main() -> None:
    """Write the expected results, then the files."""
    write_expected()
    FILES.mkdir(exist_ok=True)
    every = list(cases())
    for case in every:
        if not case.office:
            set_by_typst(case)
    office = [case for case in every if case.office]
    for start in range(0, len(office), _TOGETHER):
        set_by_office(office[start : start + _TOGETHER])
    for case in every:
        shrink(FILES / f"{case.name}.pdf")


if __name__ == "__main__":
    main()
