"""Remake `eoffice/static/vendor` from the packages pinned in `tools/package-lock.json`.

Run `python tools/vendor.py` after changing a version or the list of icons. Only minified files, the drawn icons and
the licence texts are kept, with their SHA-256 in `manifest.json`; the integrity of every download is checked by npm.
"""

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

TOOLS = Path(__file__).resolve().parent
VENDOR = TOOLS.parent / "eoffice" / "static" / "vendor"

#: package → file inside it → name here
FILES = {
    "bootstrap": {"dist/css/bootstrap.min.css": "bootstrap.min.css", "LICENSE": "LICENSE.bootstrap.txt"},
    "htmx.org": {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "LICENSE.htmx.txt"},
    "uplot": {
        "dist/uPlot.iife.min.js": "uplot.min.js",
        "dist/uPlot.min.css": "uplot.min.css",
        "LICENSE": "LICENSE.uplot.txt",
    },
    "bootstrap-icons": {"LICENSE": "LICENSE.bootstrap-icons.txt"},
}
#: the icons in use, one a line; a name outside this list draws nothing, so a test looks for such names
ICONS = (TOOLS / "icons.txt").read_text("utf-8").split()


def install(folder: Path) -> Path:
    """Install the locked packages below `folder` and return its `node_modules`. Raises CalledProcessError."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(TOOLS / name, folder)
    command = [
        "npm",
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--legacy-peer-deps",
        "--loglevel=error",
    ]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "node_modules"


def sprite(icons: Path) -> str:
    """One SVG with a `<symbol>` for every name in `ICONS`, in the order of the list."""
    symbols = []
    for name in ICONS:
        root = ET.parse(icons / f"{name}.svg").getroot()  # noqa: S314 - our own locked package
        body = "".join(ET.tostring(child, encoding="unicode") for child in root)
        body = re.sub(r' xmlns:ns0="[^"]*"', "", body).replace("ns0:", "").replace(" />", "/>").strip()
        symbols.append(f'<symbol id="{name}" viewBox="{root.get("viewBox")}">{body}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def entry(package: Path, files: list[Path]) -> dict[str, object]:
    """What the manifest says of one package: version, licence and the SHA-256 of each file kept."""
    about = json.loads((package / "package.json").read_text("utf-8"))
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(files)}
    return {
        "name": about["name"],
        "version": about["version"],
        "licence": about["license"],
        "sha256": digests,
    }


def main() -> None:
    """Replace the vendor folder as a whole, so that nothing stale stays in it."""
    with tempfile.TemporaryDirectory() as scratch:
        modules = install(Path(scratch))
        shutil.rmtree(VENDOR, ignore_errors=True)
        VENDOR.mkdir(parents=True)
        manifest = []
        for package, files in FILES.items():
            kept = []
            for source, name in files.items():
                # The source maps are not shipped; a dangling reference would be asked for by every browser's tools.
                text = (modules / package / source).read_text("utf-8")
                text = re.sub(r"\n?/\*# sourceMappingURL=.*?\*/", "", text)
                (VENDOR / name).write_text(text, "utf-8")
                kept.append(VENDOR / name)
            if package == "bootstrap-icons":
                (VENDOR / "icons.svg").write_text(sprite(modules / package / "icons"), "utf-8")
                kept.append(VENDOR / "icons.svg")
            manifest.append(entry(modules / package, kept))
    (VENDOR / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
