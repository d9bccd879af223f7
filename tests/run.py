"""`make test` and `make test-fast`: every stage in order, each with what it took; the first failure ends it."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
#: Debian's packages for tests with real peers and a real browser; the program itself needs none of them
PACKAGES = {
    "chromium": "chromium",
    "pdfsig": "poppler-utils",
    "qpdf": "qpdf",
    "openssl": "openssl",
    "softhsm2-util": "softhsm2",
    "fc-match": "fontconfig",
    "tesseract": "tesseract-ocr",  # only recommended by its languages, so asked for by name
    "dovecot": "dovecot-imapd",
}
#: what comes with no program of its own name
FILES = {
    Path("/usr/share/tesseract-ocr/5/tessdata/vie.traineddata"): "tesseract-ocr-vie",
    Path("/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf"): "fonts-noto-core",
}
#: the oldest server we promise to work with (design: nothing newer than 15 is relied on)
POSTGRES = Path("/usr/lib/postgresql/15/bin")

#: two at a time where the tests are independent, one file's tests together
TWO = ["-n", "2", "--dist", "loadfile"]
QUICK = "not peer and not flow and not fault and not browser"
OLDEST = "Debian's PostgreSQL 15"


def asking(folder: str) -> list[str]:
    """The test files of a folder that talk to a database."""
    found = sorted((Path(__file__).parent / folder).glob("test_*.py"))
    return [f"{folder}/{one.name}" for one in found if "Session" in one.read_text()]


#: what talks to the database most; of it what is quick, since the rest asks the same at a larger size
ON_OLDEST = (
    *asking("core"),
    "directory",
    *asking("documents"),
    "search",
    "gateway",
    "incoming/test_service.py",
    "exchange/hub",
)
#: name, pytest's arguments
STAGES = {
    "architecture, units, features": [*TWO, "-m", QUICK, "tests"],
    "real peers": [*TWO, "-m", "peer and not flow and not fault and not browser", "tests"],
    OLDEST: [*TWO, "-m", f"not slow and {QUICK}", *(f"tests/{part}" for part in ON_OLDEST)],
    "flows and faults": [*TWO, "-m", "flow or fault", "tests"],
    "browser": ["-m", "browser", "tests"],
}

FAST = {"architecture, units, features": [*TWO, "-m", f"not slow and {QUICK}", "tests"]}


def main(which: str) -> int:
    """Run the stages; exit 0 when all passed."""
    wanted = FAST if which == "fast" else STAGES
    if which == "all":
        timed("system packages", install_packages)
    with tempfile.TemporaryDirectory(prefix="eoffice-shared-") as shared:
        os.environ["TEST_SHARED"] = shared  # what is made once for all stages
        return _stages(wanted)


def _stages(wanted: dict[str, list[str]]) -> int:
    for name in wanted:
        if name == OLDEST and not POSTGRES.is_dir():
            print(f"\n== {name}: skipped, {POSTGRES} is missing (apt-get install postgresql-15)", flush=True)
            continue
        environment = {"TEST_POSTGRES": str(POSTGRES)} if name == OLDEST else {}
        code = timed(name, lambda: run(wanted[name], environment))  # noqa: B023 - called at once
        if code not in (0, 5):  # 5: nothing carries this mark
            print(f"\nFAILED: {name}", flush=True)
            return code
    return 0


def run(arguments: list[str], environment: dict[str, str]) -> int:
    """One pytest run; without a path among the arguments, of everything."""
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, check=False).returncode


def install_packages() -> int:
    """Get what is missing where that may be done; say what stays missing otherwise."""
    missing = sorted({package for program, package in PACKAGES.items() if shutil.which(program) is None})
    missing += [package for path, package in FILES.items() if not path.exists()]
    if not POSTGRES.is_dir():
        missing.append("postgresql-15")
    if not missing:
        return 0
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(
            f"missing, so some tests are skipped: {' '.join(missing)} (apt-get install them as root)",
            flush=True,
        )
        return 0
    apt = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "-qq"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
        done = subprocess.run(
            [*apt, *arguments], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(f"apt-get {arguments[0]} failed: {done.stderr.strip()[-500:]}", flush=True)
    return 0


def timed(name: str, work: object) -> int:
    """Do it, and print what it took."""
    print(f"\n== {name}", flush=True)
    begun = time.monotonic()
    code: int = work()  # type: ignore[operator]  # a callable without arguments
    print(f"== {name}: {time.monotonic() - begun:.0f} s", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "all"))
