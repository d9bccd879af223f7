"""Words of scanned pages, recognised by Tesseract where it is installed with Vietnamese.

The program sees pictures that we have drawn, never the foreign file itself.
"""

import csv
import io
import os
import shutil
import subprocess
from collections import defaultdict
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import structlog

from eoffice.documents.geometry import Box, around
from eoffice.documents.pages import Line, PageText, Word, render_page

log = structlog.get_logger(__name__)

LANGUAGE = "vie"
#: dots an inch for recognition, and seconds one page may take
_DOTS, _PATIENCE = 300, 120
#: words wider apart than so many times their height belong to two columns
_GAP = 2.5


class NotRecognised(Exception):
    """The program failed or took too long."""


@lru_cache(maxsize=1)
def available() -> bool:
    """Whether pages can be recognised on this machine."""
    program = shutil.which("tesseract")
    if program is None:
        return False
    listed = subprocess.run(
        [program, "--list-langs"], capture_output=True, text=True, timeout=30, check=False
    )
    return LANGUAGE in listed.stdout.split()


def recognise(path: Path, page: PageText) -> PageText:
    """The page with the words on its picture. Raises NotRecognised, and what `render_page` raises."""
    width = round(page.width / 72 * _DOTS)
    table = _run(render_page(path, page.number, width))
    return replace(page, lines=tuple(_lines(table, page, page.width / width)))


def _run(picture: bytes) -> str:
    program = shutil.which("tesseract") or "tesseract"
    command = [program, "stdin", "stdout", "-l", LANGUAGE, "--dpi", str(_DOTS), "--psm", "3", "tsv"]
    # one thread: the queue decides how many pages are read at once
    environment = {"PATH": os.environ.get("PATH", ""), "OMP_THREAD_LIMIT": "1"}
    try:
        done = subprocess.run(
            command, input=picture, capture_output=True, timeout=_PATIENCE, check=True, env=environment
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise NotRecognised(str(error)) from error
    return done.stdout.decode("utf-8", "replace")


def _lines(table: str, page: PageText, scale: float) -> list[Line]:
    """Words in reading order from Tesseract's table; `scale`: points for a dot of the picture."""
    found: dict[tuple[str, ...], list[Word]] = defaultdict(list)
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        text = (row.get("text") or "").strip()
        if row["level"] != "5" or not text or float(row["conf"]) < 0:
            continue
        left, top, width, height = (scale * int(row[key]) for key in ("left", "top", "width", "height"))
        box = Box(left, page.height - top - height, left + width, page.height - top)
        found[row["block_num"], row["par_num"], row["line_num"]].append(Word(text, box))
    return [line for words in found.values() for line in _columns(words)]


def _columns(words: list[Word]) -> list[Line]:
    """One line, or one for each column where words lie far apart."""
    parts, height = [[words[0]]], around(word.box for word in words).height
    for before, word in pairwise(words):
        if word.box.x0 - before.box.x1 > _GAP * height:
            parts.append([])
        parts[-1].append(word)
    return [Line(tuple(part), around(word.box for word in part)) for part in parts]
