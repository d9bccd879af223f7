"""The system's Chromium on one installation; whatever a page complains about fails the test that opened it."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.flows.installation import Installation
from tests.flows.steps import Office
from tools.pictures import LAUNCH, sign_in

#: a refused form is answered with its page and a status that Chromium logs as an error
REFUSED = re.compile(r"Failed to load resource: .* status of (400|401|403|404|409|422)")
expect.set_options(timeout=15_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs a browser."""
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium; where it is missing the tests are skipped, and say so."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    return browser_type_launch_args | {"executable_path": path, "args": LAUNCH}


@dataclass
class Desks:
    """Each person at a browser of his own; signed in once a run."""

    browser: Browser
    where: Installation
    signed_in: dict[str, Any]
    #: what pages complained about
    faults: list[str] = field(default_factory=list)
    _open: list[BrowserContext] = field(default_factory=list)

    def of(self, user: str, **options: Any) -> Page:
        """A new window of this person; `options` of the browser's context."""
        if user and user not in self.signed_in:
            context = self.browser.new_context(base_url=self.where.url)
            sign_in(context.new_page(), self.where.url, user)
            self.signed_in[user] = context.storage_state()
            context.close()
        kept = {"storage_state": self.signed_in[user]} if user else {}
        wanted = {"viewport": {"width": 1440, "height": 900}, "locale": "vi-VN", "base_url": self.where.url}
        context = self.browser.new_context(**(wanted | kept | options))
        context.set_default_timeout(15_000)
        context.on("console", self._heard)
        context.on(
            "weberror", lambda error: self.faults.append(f"{error.page and error.page.url}: {error.error}")
        )
        self._open.append(context)
        return context.new_page()

    def close(self) -> None:
        """All windows."""
        for context in self._open:
            context.close()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not REFUSED.match(message.text):
            self.faults.append(f"{message.page and message.page.url}: {message.text}")


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Everything `make run` starts, with the demonstration province."""
    made = Installation(tmp_path_factory.mktemp("instance") / "eoffice")
    made.start_filled()
    yield made
    assert made.stop() == 0


@pytest.fixture(scope="session")
def signed_in() -> dict[str, Any]:
    """Cookies of everyone who signed in, by user name."""
    return {}


@pytest.fixture
def desks(browser: Browser, installation: Installation, signed_in: dict[str, Any]) -> Iterator[Desks]:
    """Windows for whoever is needed; no page may have complained."""
    made = Desks(browser, installation, signed_in)
    yield made
    made.close()
    assert made.faults == []


@pytest.fixture(scope="session")
def office(installation: Installation) -> Office:
    """The same people as programs, to bring documents into the state a test begins with."""
    return Office(installation)
