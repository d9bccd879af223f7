"""What the program declares is described, and what one part asks of another exists."""

import ast
import inspect
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from eoffice.app import load
from eoffice.core import audit, config, permissions
from eoffice.core.events import SUBSCRIBERS, Event
from eoffice.core.jobs import JOBS
from eoffice.core.permissions import Permission
from eoffice.core.web import Need
from tests.architecture.messages import FEATURES, ROOT

load()


def _calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    """Every call of a function of this name in the application, as `name(…)` or `module.name(…)`."""
    for path in sorted(FEATURES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func
                if (isinstance(called, ast.Name) and called.id == name) or (
                    isinstance(called, ast.Attribute) and called.attr == name
                ):
                    yield path, node


def test_every_route_states_what_it_needs(app: Flask) -> None:
    silent = []
    for endpoint, view in app.view_functions.items():
        need = getattr(view, "needs", None)
        known = isinstance(need, Need) or (isinstance(need, Permission) and need in permissions.DECLARED)
        if not known and endpoint != "static":
            silent.append(endpoint)
    assert not silent


def test_every_changing_route_of_the_pages_is_post(app: Flask) -> None:
    verbs = ("delete", "remove", "sign_out", "register", "resend", "void", "issue", "seal")
    careless = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.rpartition(".")[2] in verbs and "POST" not in (rule.methods or set())
    ]
    assert not careless


def test_every_setting_stands_on_the_settings_page_as_it_is() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = {
        m[1]: (m[2], m[3])
        for m in re.finditer(r"^\| `(EOFFICE_\w+)` \| (.*?) \| (.*) \|$", page, re.MULTILINE)
    }
    wrong = [
        f"| `{name}` | … | {one.description} |"
        for name, one in sorted(config.DECLARED.items())
        if rows.get(name, ("", ""))[1] != one.description
    ]
    assert not wrong, "docs/settings.md lacks:\n" + "\n".join(wrong)
    unknown = [name for name in rows if name not in config.DECLARED and not name.startswith("EOFFICE_HUB_")]
    assert not unknown


@pytest.mark.parametrize("name", ["EOFFICE_DATABASE_URL", "EOFFICE_MIGRATION_URL", "EOFFICE_AXIS_SECRET"])
def test_what_holds_a_password_is_a_secret(name: str) -> None:
    assert config.DECLARED[name].secret


def test_every_permission_and_audit_action_is_described() -> None:
    for name, description in (*permissions.DECLARED.items(), *audit.DECLARED.items()):
        text = str(description)
        assert len(text) > 3, name
        assert text[0].isupper(), name
        assert not text.endswith("."), name


def test_every_permission_is_asked_for_somewhere_and_held_by_a_role() -> None:
    from eoffice.accounts.permissions import standard
    from eoffice.directory.models import Role

    held = set[Permission]().union(*(standard(role) for role in Role))
    assert set(permissions.DECLARED) - held == set()


@pytest.mark.slow
def test_jobs_are_enqueued_under_known_names_with_right_arguments() -> None:
    found = 0
    for path, call in _calls("enqueue"):
        name = call.args[1] if len(call.args) > 1 else None
        if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
            continue  # a feature's own helper of that name; what it calls is found by itself
        found += 1
        place = f"{path.relative_to(ROOT)}:{call.lineno}"
        assert name.value in JOBS, f"{place}: no job is called {name.value}"
        given = {k.arg for k in call.keywords if k.arg is not None and not k.arg.startswith("_")}
        taken = list(inspect.signature(JOBS[name.value].function).parameters.values())[1:]
        needed = {p.name for p in taken if p.default is p.empty}
        assert needed <= given <= {p.name for p in taken}, (
            f"{place}: {name.value} takes {needed}, is given {given}"
        )
    assert found


def test_a_job_is_named_after_its_feature() -> None:
    for name, job in JOBS.items():
        assert job.function.__module__.split(".")[1] == name.partition(".")[0], name


def _listed() -> dict[str, tuple[set[str], set[str]]]:
    """Events of the architecture page: publishers and subscribers by feature."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition("| event | published by | handled by |")[2].partition("\n\n")[0]
    rows = {}
    for line in table.splitlines()[2:]:
        events, publishers, subscribers = (cell.strip() for cell in line.strip("|").split("|"))
        pair = _features(publishers), _features(subscribers)
        rows |= dict.fromkeys(re.findall(r"`(\w+)`", events), pair)
    return rows


def _features(cell: str) -> set[str]:
    names = {path.name for path in FEATURES.iterdir() if path.is_dir()}
    return {word for word in re.findall(r"[a-z]+", re.sub(r"\(.*?\)", "", cell)) if word in names}


@pytest.mark.slow
def test_publishers_and_subscribers_are_those_of_the_architecture_page() -> None:
    publishers: dict[str, set[str]] = defaultdict(set)
    for path, call in _calls("publish"):
        made = call.args[1]
        if isinstance(made, ast.Call) and isinstance(made.func, ast.Name):
            publishers[made.func.id].add(path.relative_to(FEATURES).parts[0])
    subscribers: dict[str, set[str]] = defaultdict(set)
    for kind, handlers in SUBSCRIBERS.items():
        subscribers[kind.__name__] = {handler.__module__.split(".")[1] for handler in handlers}
    known = {kind.__name__ for kind in Event.__subclasses__() if kind.__module__.startswith("eoffice.")}
    assert {name: (publishers[name], subscribers[name]) for name in known} == _listed()
