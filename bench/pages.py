"""Pages over HTTP as a specialist sees them, in a province loaded in bulk, and type-ahead over the whole directory.

Measured at two sizes and, at the larger one, again after a tenth of the rows was updated and nothing tidied up.
"""

import os
import random
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg

from bench.figures import Row, percentile
from bench.stage import Stage, ready, stage
from eoffice.app import load
from eoffice.core import config
from eoffice.core.db import new_session
from eoffice.demo.load.service import Amounts
from eoffice.demo.load.service import load as load_province
from eoffice.demo.province import PASSWORD
from exchange.testing import free_port

#: agencies of the national directory
AGENCIES = 111_000
#: documents with which the larger size is compared
SMALL = 10_000
#: a specialist of the agency with three tenths of all documents, and one of the commune
SPECIALISTS = {"large": "t0_chuyenvien10", "commune": "t1_chuyenvien10"}


def fill(where: Stage, database: str, amounts: Amounts) -> None:
    """Load the province; the statistics are those that the server would have made by itself."""
    with new_session() as session:
        load_province(session, amounts)
    with psycopg.connect(where.postgres(database), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def disturb(where: Stage, database: str) -> None:
    """Update a tenth of the documents, as a month of work would, and leave the dead rows where they are."""
    with psycopg.connect(where.postgres(database)) as connection:
        connection.execute(
            "UPDATE document SET version = version + 1, urgency = (urgency + 1) % 4 WHERE id % 10 = 3"
        )


@contextmanager
def signed_in(url: str, username: str) -> Iterator[httpx.Client]:
    """A browser of that person."""
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/sign-in").text)
        assert token
        answer = client.post(
            "/sign-in", data={"username": username, "password": PASSWORD, "csrf_token": token[1]}
        )
        if answer.status_code != 302:
            raise RuntimeError(f"sign-in answered {answer.status_code}")
        yield client


def run(
    documents: int = 2 * SMALL, requests: int = 60, agencies: int = AGENCIES, small: int = SMALL, hosted: int = 400
) -> list[Row]:  # fmt: skip
    """Fill, start the web application, and ask; first at the small size, which the larger one is held against."""
    with stage() as where:
        before = _measure(where, "small", Amounts(small, hosted, elsewhere=0), requests, {})
        at_small = {row.what.partition(",")[0] + row.what.rpartition(",")[2]: row.ours or 0 for row in before}
        return before + _measure(
            where, "pages", Amounts(documents, hosted, elsewhere=agencies), requests, at_small
        )


def _measure(
    where: Stage, name: str, amounts: Amounts, requests: int, at_small: dict[str, float]
) -> list[Row]:
    environment = where.installation(name) | {"EOFFICE_PORT": str(free_port())}
    os.environ |= environment
    load()
    config.install(config.Settings.read(os.environ))
    fill(where, name, amounts)
    web = where.program(f"web-{name}", [sys.executable, "-m", "flask", "--app", "wsgi", "serve"], environment)
    url = f"http://127.0.0.1:{environment['EOFFICE_PORT']}"
    ready(f"{url}/sign-in", web)
    size = f"{amounts.documents:,} documents"
    rows = [row for who in SPECIALISTS for row in _as(url, who, size, requests, at_small)]
    if amounts.elsewhere:
        with signed_in(url, SPECIALISTS["large"]) as client:
            rows.append(_suggestions(client, requests, amounts.elsewhere))
        disturb(where, name)
        rows += _as(url, "large", f"{size} with a tenth updated", requests, at_small)
    return rows


def _as(url: str, who: str, size: str, requests: int, at_small: dict[str, float]) -> list[Row]:
    with signed_in(url, SPECIALISTS[who]) as client:
        return _pages(client, f"{size}, {who}", requests, at_small)


def _pages(client: httpx.Client, label: str, requests: int, at_small: dict[str, float]) -> list[Row]:
    shown = re.findall(r'href="(/incoming/\d+)"', client.get("/incoming?tab=done").text)
    questions = {
        "list page": (["/incoming?tab=done"], "/incoming/"),
        "list of open work": (["/incoming"], "tab=overdue"),
        "search for a word in 90 %": (["/search?q=thuc+hien"], "/incoming/"),
        "search for a word in 0.01 %": (["/search?q=xa+lan"], "search"),
        "deep page": ([_deep(client)], "/incoming/"),
        "open a document": (list(dict.fromkeys(shown)), "pdf"),
        "desk with counts": (["/"], "tile"),
    }
    return [
        _row(client, f"{what}, {label}", addresses, expected, requests, 50, 20, at_small)
        for what, (addresses, expected) in questions.items()
    ]


def _deep(client: httpx.Client, steps: int = 20) -> str:
    """The address of the page reached by going on that often, or the last one."""
    address = "/incoming?tab=done"
    for _ in range(steps):
        found = re.findall(r'href="([^"]*[?&;]mark=a[^"]*)"', client.get(address).text)
        if not found:
            break
        address = found[0].replace("&amp;", "&")
        address = address if address.startswith("/") else f"/incoming{address}"
    return address


def _suggestions(client: httpx.Client, requests: int, agencies: int) -> Row:
    typed = [
        f"/directory/suggest?q={text}"
        for kind in ("uy ban", "truong tieu", "tram y te", "chi cuc")
        for text in (kind[:2], kind, f"{kind} tan", f"{kind} tan phu")
    ]
    what = f"type-ahead over {agencies:,} agencies"
    client.headers["HX-Request"] = "true"  # as the field asks: a part of a page, without the frame
    return _row(client, what, typed, "data-text", requests, 20, None, {})


def _row(
    client: httpx.Client, what: str, addresses: list[str], expected: str, requests: int, must: float, aim: float | None,
    at_small: dict[str, float],
) -> Row:  # fmt: skip
    """p95 of whole answers; `expected` must stand in each, and the note tells how many times the small size's it is."""
    order = random.Random(1)
    for address in addresses[:3]:
        client.get(address)
    times, good = [], True
    for _ in range(requests):
        address = order.choice(addresses)
        begun = time.perf_counter()
        answer = client.get(address)
        times.append((time.perf_counter() - begun) * 1000)
        good = good and answer.status_code == 200 and expected in answer.text
    note = f"median {percentile(times, 0.5):.1f} ms"
    if small := at_small.get(what.partition(",")[0] + what.rpartition(",")[2]):
        note += f", {percentile(times, 0.95) / small:.1f} times the small size"
    return Row(
        "pages",
        what,
        "ms p95",
        percentile(times, 0.95),
        requests,
        good,
        "lower",
        must=must,
        aim=aim,
        note=note,
    )
