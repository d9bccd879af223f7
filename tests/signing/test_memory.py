"""Large files are signed in little memory."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest

MEGABYTES, ALLOWED = 200, 150
CHILD = """
import re, sys
from pathlib import Path
from signing.__main__ import main
code = main(sys.argv[1:])
print(code, re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An honest file of 200 MB, most of it in streams that do not shrink."""
    path = tmp_path_factory.mktemp("large") / "large.pdf"
    noise = os.urandom(10_000_000)
    with pikepdf.new() as pdf:
        for _ in range(MEGABYTES * 1_000_000 // len(noise)):
            page = pdf.add_blank_page(page_size=(595, 842))
            page.obj["/PieceInfo"] = pikepdf.Dictionary(X=pdf.make_stream(noise))
        pdf.save(path, compress_streams=False)
    yield path
    path.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("detached", [False, True])
def test_two_hundred_megabytes_are_signed_within_150(
    detached: bool, large: Path, leader_p12: bytes, tmp_path: Path
) -> None:
    (tmp_path / "key.p12").write_bytes(leader_p12)
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-c", CHILD, "sign", large, out, "--key", tmp_path / "key.p12", "--passphrase-env", "PIN",
         *(["--detached"] if detached else [])],
        capture_output=True, text=True, timeout=120, check=False, env=os.environ | {"PIN": "pin"},
    )  # fmt: skip
    code, peak = map(int, done.stdout.splitlines()[-1].split())
    assert code == 0, done.stderr
    assert peak < ALLOWED * 1024, f"{peak / 1024:.0f} MB"
    assert detached or out.stat().st_size > large.stat().st_size
    out.unlink()
