"""Make a picture of every main page of a running demonstration, to be looked at.

`python -m tools.pictures --url http://127.0.0.1:8080 --out pictures` writes NAME-WIDTH-THEME.png for
1440 and 360 pixels, light and dark. `--inbox docs/inbox.png` makes the README's picture instead.
"""

import argparse
import io
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from eoffice.demo.province import PASSWORD, PLACES, username
from eoffice.directory.models import Role

#: what a browser needs inside a container without a screen, and must not do behind our back
LAUNCH = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SIZES = (ViewportSize(width=1440, height=900), ViewportSize(width=360, height=800))
ROW = "[data-row]"


@dataclass(frozen=True)
class Shot:
    """One page: who looks, from which address; `follow` opens the first thing this selector finds there."""

    name: str
    role: Role | None
    path: str
    follow: str = ""


SHOTS = (
    Shot("sign-in", None, "/sign-in"),
    Shot("desk-clerk", Role.CLERK, "/"),
    Shot("desk-leader", Role.LEADER, "/"),
    Shot("packets", Role.CLERK, "/packets"),
    Shot("incoming-list", Role.CLERK, "/incoming"),
    Shot("incoming-waiting", Role.CLERK, "/incoming?tab=register"),
    Shot("incoming", Role.CLERK, "/incoming", ROW),
    Shot("incoming-scan", Role.CLERK, "/incoming/new"),
    Shot("registration", Role.CLERK, "/incoming?tab=register", "#preview a[href$='/register']"),
    Shot("direct", Role.LEADER, "/work/direct"),
    Shot("work-assign", Role.UNIT_HEAD, "/work/assign"),
    Shot("work-tasks", Role.SPECIALIST, "/work/tasks"),
    Shot("outgoing-list", Role.CLERK, "/outgoing?tab=issued"),
    Shot("outgoing-issued", Role.CLERK, "/outgoing?tab=issued", ROW),
    Shot("outgoing-open", Role.SPECIALIST, "/outgoing", ROW),
    Shot("draft", Role.SPECIALIST, "/outgoing/new"),
    Shot("draft-upload", Role.SPECIALIST, "/outgoing/new?source=upload"),
    Shot("to-sign", Role.LEADER, "/outgoing/to-sign"),
    Shot("search", Role.CLERK, "/search?q=thủy+lợi"),
    Shot("verify", Role.CLERK, "/verify"),
    Shot("key", Role.LEADER, "/key"),
    Shot("posts", Role.CLERK, "/posts"),
    Shot("health", Role.ADMINISTRATOR, "/admin/health"),
    Shot("api", Role.CLERK, "/api/v1/"),
    Shot("not-found", Role.CLERK, "/incoming/999999"),
)


def account(role: Role, mark: str) -> str:
    """The user name of the first person with this role in a demonstration agency."""
    place = next(one for one in PLACES if one.mark == mark)
    return username(place, next(one for one in place.people if one.role == role))


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium. Raises SystemExit when there is none."""
    path = shutil.which("chromium")
    if path is None:
        raise SystemExit("chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=LAUNCH)
        yield browser
        browser.close()


def sign_in(page: Page, url: str, user: str) -> None:
    """As a person does."""
    page.goto(urljoin(url, "/sign-in"))
    page.fill("[name=username]", user)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda now: "/sign-in" not in now)


class Album:
    """Pictures of one installation, one browser context for each person."""

    def __init__(self, browser: Browser, url: str, mark: str) -> None:
        self.browser, self.url, self.mark = browser, url, mark
        self._contexts: dict[Role | None, BrowserContext] = {}

    def open(self, shot: Shot) -> Page:
        """The page as this person sees it, at rest."""
        page = self._context(shot.role).new_page()
        page.goto(urljoin(self.url, shot.path), wait_until="networkidle")
        if shot.follow:
            found = page.locator(shot.follow).first
            target = found.get_attribute("data-row") or found.get_attribute("href") or ""
            page.goto(urljoin(self.url, target), wait_until="networkidle")
        return page

    def take(self, shot: Shot, folder: Path) -> None:
        """Both widths, both themes."""
        page = self.open(shot)
        for size in SIZES:
            page.set_viewport_size(size)
            for theme in ("light", "dark"):
                page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme }", theme)
                name = f"{shot.name}-{size['width']}-{theme}.png"
                page.screenshot(path=folder / name, full_page=True)
        page.close()

    def _context(self, role: Role | None) -> BrowserContext:
        if role not in self._contexts:
            made = self.browser.new_context(viewport=SIZES[0], locale="vi-VN", reduced_motion="reduce")
            if role is not None:
                page = made.new_page()
                sign_in(page, self.url, account(role, self.mark))
                page.close()
            self._contexts[role] = made
        return self._contexts[role]


def inbox(album: Album, target: Path) -> None:
    """The README's picture: few colours, so that it is small."""
    page = album.open(Shot("inbox", Role.CLERK, "/incoming"))
    with page.expect_response("**/preview"):
        page.locator(ROW).filter(has=page.locator(".urgency")).first.click()
    page.mouse.move(0, 0)
    page.locator("#preview img").first.evaluate("image => image.decode()")
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(target, optimize=True)


def main(words: list[str]) -> int:
    """Take what was asked for; exit 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--out", type=Path, default=Path("pictures"))
    parser.add_argument("--agency", default="snnmt", help="beginning of its user names")
    parser.add_argument("--only", default="", help="part of the names wanted")
    parser.add_argument("--inbox", type=Path, help="make the README's picture there")
    asked = parser.parse_args(words)
    with chromium() as browser:
        album = Album(browser, asked.url, asked.agency)
        if asked.inbox:
            inbox(album, asked.inbox)
            return 0
        asked.out.mkdir(parents=True, exist_ok=True)
        for shot in SHOTS:
            if asked.only in shot.name:
                album.take(shot, asked.out)
                print(shot.name, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
