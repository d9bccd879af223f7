"""Pages over HTTP as a specialist sees them, in registers filled by bulk, and type-ahead over the whole directory."""

import itertools
import os
import random
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg

from bench import material
from bench.agency import PASSWORD, House, house
from bench.figures import Row, percentile
from bench.stage import Stage, ready, stage
from eoffice.app import load
from eoffice.core import clock, config
from eoffice.core.blobs import blobs
from eoffice.core.db import new_session
from eoffice.core.text import search_text, sort_key
from exchange.testing import free_port

#: agencies of the national directory
AGENCIES = 111_000
_KINDS = (
    "Ủy ban nhân dân xã", "Trường Trung học cơ sở", "Trường Tiểu học", "Trạm Y tế xã", "Phòng Kinh tế huyện",
    "Đảng ủy xã", "Công an xã", "Chi cục Thủy lợi", "Trung tâm Văn hóa", "Hạt Kiểm lâm",
)  # fmt: skip
_SYLLABLES = (
    "Tân", "Phú", "Long", "Bình", "Vĩnh", "Hòa", "Mỹ", "An", "Thạnh", "Châu", "Thới", "Đông", "Tây", "Nam", "Bắc",
    "Sơn", "Thủy", "Hưng", "Thịnh", "Phước", "Lộc", "Thọ", "Khánh", "Hậu", "Quới", "Thuận", "Đức", "Trung", "Lập",
)  # fmt: skip
_FILL = """
INSERT INTO document (agency_id, direction, kind_code, code_number, code_notation, issued_on, issuer_name,
  issuer_code, subject, urgency, signer_name, signer_title, page_count, document_uid, register_number, created_at,
  listed_at, words, version)
SELECT %(agency)s, 'in', 'CV', n::text, 'SNV-VP', date '2026-11-01', 'Sở Nội vụ', '',
  'Về việc triển khai thực hiện nhiệm vụ đợt ' || n, 0, 'Nguyễn Văn Thiện', 'Giám đốc', 3,
  %(agency)s || ',' || n, n, %(now)s - n * interval '7 minutes', %(now)s - n * interval '7 minutes',
  to_tsvector('simple', CASE WHEN n %% 10 > 0 THEN 'thuc hien nhiem vu ' ELSE '' END
    || CASE WHEN n %% 10000 = 37 THEN 'xa lan ' ELSE '' END
    || (SELECT string_agg('tu' || (power(random(), 3) * 20000)::int, ' ') FROM generate_series(1, 60) WHERE n > 0)), 1
FROM generate_series(1, %(count)s) AS n
"""
_AFTER = (
    """
INSERT INTO incoming_document (id, source, state, arrived_at, registered_at, reason)
SELECT id, 'scan', CASE WHEN register_number %% 6 = 0 THEN 'in_progress' ELSE 'done' END, listed_at, listed_at, ''
FROM document WHERE agency_id = %(agency)s""",
    """
INSERT INTO document_file (agency_id, document_id, role, version_no, name, media_type, size, sha256, page_count,
  page_sizes, created_at, created_by)
SELECT agency_id, id, 'original', 0, 'van-ban.pdf', 'application/pdf', %(size)s, %(sha256)s, 1, '[[595, 842]]',
  listed_at, '' FROM document WHERE agency_id = %(agency)s""",
    """
INSERT INTO document_access (agency_id, document_id, unit_id)
SELECT agency_id, id, %(unit)s FROM document WHERE agency_id = %(agency)s AND register_number %% 5 <> 0""",
)


def fill(where: Stage, made: House, count: int) -> None:
    """Give an agency `count` incoming documents; its unit was brought into four of five."""
    blob = blobs().put_bytes(material.document(1))
    values = {
        "agency": made.agency_id, "unit": made.unit_id, "count": count, "now": clock.now(),
        "size": blob.size, "sha256": blob.sha256,
    }  # fmt: skip
    with psycopg.connect(where.postgres("pages")) as connection:
        for statement in (_FILL, *_AFTER):
            connection.execute(statement, values)


def fill_directory(where: Stage, count: int) -> None:
    """Enter `count` agencies elsewhere."""
    names = itertools.product(_KINDS, _SYLLABLES, _SYLLABLES, _SYLLABLES)
    chosen = list(itertools.islice(names, 0, None, max(1, 10 * len(_SYLLABLES) ** 3 // count)))[:count]
    columns = (
        "code, name, short_name, abbreviation, parent_name, place, address, email, telephone, hosted, on_axis,"
        " collective, sort_key, folded"
    )
    with (
        psycopg.connect(where.postgres("pages")) as connection,
        connection.cursor().copy(f"COPY agency ({columns}) FROM STDIN") as copy,
    ):
        for number, words in enumerate(chosen):
            name, code = " ".join(words), f"K{number // 1000:02}.{number % 1000}"
            folded, key = search_text(name, code), sort_key(name)
            copy.write_row((code, name, name, "", "", "", "", "", "", False, True, False, key, folded))
    with psycopg.connect(where.postgres("pages"), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


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


def run(documents: int = 10_000, requests: int = 60, agencies: int = AGENCIES) -> list[Row]:
    """Fill, start the web application, and ask."""
    with stage() as where:
        environment = where.installation("pages") | {"EOFFICE_PORT": str(free_port())}
        os.environ |= environment
        load()
        config.install(config.Settings.read(os.environ))
        with new_session() as session:
            small = house(session, "b", "H01.05", "Sở Tài chính")
            large = house(session, "a", "H01.12", "Sở Nông nghiệp và Môi trường")
            other = house(session, "c", "H01.07", "Sở Xây dựng")
        counts = {"a": _share(documents), "b": 500, "c": max(0, documents - _share(documents) - 500)}
        for made, count in zip((large, small, other), counts.values(), strict=True):
            fill(where, made, count)
        fill_directory(where, agencies)
        web = where.program("web", [sys.executable, "-m", "flask", "--app", "wsgi", "serve"], environment)
        url = f"http://127.0.0.1:{environment['EOFFICE_PORT']}"
        ready(f"{url}/sign-in", web)
        rows = []
        for made, count in ((large, counts["a"]), (small, counts["b"])):
            with signed_in(url, made.specialist) as client:
                rows += _pages(client, f"{count:,} of {documents:,}", requests)
        with signed_in(url, large.specialist) as client:
            rows.append(_suggestions(client, requests, agencies))
        return rows


def _share(documents: int) -> int:
    """The large agency's: 7,000 of 10,000, 300,000 of a million."""
    return 300_000 if documents >= 1_000_000 else documents * 7 // 10


def _pages(client: httpx.Client, label: str, requests: int) -> list[Row]:
    shown = re.findall(r'href="(/incoming/\d+)"', client.get("/incoming?tab=done").text)
    questions = {
        "list page": (["/incoming?tab=done"], "/incoming/"),
        "search, word in 90 %": (["/search?q=thuc+hien"], "/incoming/"),
        "search, word in 0.01 %": (["/search?q=xa+lan"], "/incoming/"),
        "deep page": ([_deep(client)], "/incoming/"),
        "open a document": (list(dict.fromkeys(shown)), "SNV-VP"),
    }
    return [
        _row(client, f"{what}, {label} documents", addresses, expected, requests, 50, 20)
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
    return _row(client, what, typed, "K", requests, 20, None)


def _row(
    client: httpx.Client, what: str, addresses: list[str], expected: str, requests: int, must: float, aim: float | None
) -> Row:  # fmt: skip
    """p95 of whole answers; `expected` must stand in each."""
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
