"""Word drafts become PDF by LibreOffice, where it is installed."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from flask_babel import lazy_gettext as _l

from eoffice.core.errors import Invalid, Unavailable
from eoffice.documents.intake import DOC, DOCX, ODT, sniff, word_for

#: what is taken as a draft, with the ending LibreOffice goes by
WORD_TYPES = {DOC: ".doc", DOCX: ".docx", ODT: ".odt", "application/rtf": ".rtf"}
#: PDF/A-2b with tags, like the documents of our own templates
_FILTER = (
    'pdf:writer_pdf_Export:{"SelectPdfVersion":{"type":"long","value":"2"},'
    '"UseTaggedPDF":{"type":"boolean","value":"true"}}'
)
#: turns macros, and links to other files and hosts, off in the profile made for each call
_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop>
<prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop>
<prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update">
<prop oor:name="Link" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""


class OfficeMissing(Unavailable):
    """The program is an extra; the message says how to add it."""

    message = _l(
        "LibreOffice is not installed on this machine, so a Word file cannot become a PDF here. Save it as "
        "PDF in Word, or ask the administrator to install it: apt-get install libreoffice-writer-nogui"
    )


class NotWord(Invalid):
    """Neither .doc, .docx nor .odt."""

    message = _l("This is no Word file (%(found)s). Choose a file that ends in .docx, .doc or .odt.")


class CannotConvert(Invalid):
    """LibreOffice gave up, crashed or took too long."""

    message = _l(
        "The Word file could not be turned into a PDF. Open it in Word, save it as PDF and choose that file."
    )


def available() -> bool:
    """Tell whether LibreOffice is found on this machine."""
    return _program() is not None


def word_to_pdf(path: Path, *, seconds: float = 60.0) -> bytes:
    """Return the PDF of a Word file. Raises OfficeMissing, NotWord, CannotConvert.

    LibreOffice runs with a fresh profile and home, macros and links off, in a network of its own where
    the system allows one (`unshare`); its output is a foreign file and goes through the gate like any.
    """
    program = _program()
    if program is None:
        raise OfficeMissing
    found = sniff(path)
    if found not in WORD_TYPES:
        raise NotWord(found=str(word_for(found)))
    with tempfile.TemporaryDirectory(prefix="eoffice-word-") as folder:
        home = Path(folder)
        draft = home / f"draft{WORD_TYPES[found]}"
        shutil.copyfile(path, draft)
        profile = home / "profile" / "user"
        profile.mkdir(parents=True)
        (profile / "registrymodifications.xcu").write_text(_SETTINGS, encoding="utf-8")
        options = ["--headless", "--norestore", "--nolockcheck"]
        options += [f"-env:UserInstallation={profile.parent.as_uri()}", "--convert-to", _FILTER]
        _run([*_own_network(), program, *options, "--outdir", folder, str(draft)], home, seconds)
        result = draft.with_suffix(".pdf")
        if not result.is_file():
            raise CannotConvert
        return result.read_bytes()


def _program() -> str | None:
    return shutil.which("soffice") or shutil.which("libreoffice")


def _own_network() -> list[str]:
    """Return the words that start a program without network; none where the system refuses that."""
    unshare = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-current-user"]), "--"]
    if shutil.which("unshare") is None:
        return []
    tried = subprocess.run([*unshare, "true"], capture_output=True, check=False)
    return [] if tried.returncode else unshare


def _run(command: list[str], home: Path, seconds: float) -> None:
    """Run to the end or kill the whole group: `soffice` is a script that starts the program."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LC_ALL": "C.UTF-8"}
    with subprocess.Popen(
        command,
        env=environment,
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise CannotConvert from None
