"""Commands for files and for a system on the axis. Results go to stdout, everything else to stderr."""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from exchange import evidence
from exchange.build import build as write
from exchange.client import AxisClient
from exchange.errors import Unbuildable, Unreadable
from exchange.jsonform import from_json, to_json
from exchange.keys import certificate_from_pem
from exchange.model import DocumentMessage
from exchange.notices import Notice
from exchange.parse import Parsed, parse_file, read_header
from exchange.validate import validate as check

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


def _connection(command: Any) -> Any:
    for option in (
        click.option(
            "--secret-env", required=True, help="Environment variable that holds the shared secret."
        ),
        click.option("--system", "system_id", required=True, help="Code of the calling system."),
        click.option("--url", required=True, help="Address of the axis."),
    ):
        command = option(command)
    return command


def _client(url: str, system_id: str, secret_env: str) -> AxisClient:
    secret = os.environ.get(secret_env)
    if not secret:
        raise click.UsageError(f"environment variable {secret_env} is not set")
    return AxisClient(url, system_id, secret)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for the attachments.")
@_as_json
def parse(file: Path, out: Path | None, as_json: bool) -> None:
    """Read a message and show what it says."""
    with tempfile.TemporaryDirectory() as folder:
        parsed = parse_file(file, Path(folder))
        content = to_json(parsed)
        if isinstance(parsed.message, DocumentMessage):
            _keep(parsed, content["attachments"], out)
    click.echo(_pretty(content) if as_json else _summary(content))


def _keep(parsed: Parsed, entries: list[dict[str, Any]], out: Path | None) -> None:
    """Move the attachments to `out` under their own names, made different where two are the same."""
    assert isinstance(parsed.message, DocumentMessage)
    for attachment, entry in zip(parsed.message.attachments, entries, strict=True):
        entry["path"] = None
        if out is None or attachment.content is None:
            continue
        out.mkdir(parents=True, exist_ok=True)
        entry["path"] = str(place(attachment.content, out, attachment.name))


def place(source: Path, folder: Path, name: str) -> Path:
    """Move a file into a folder without replacing another; returns where it is now."""
    target, number = folder / name, 1
    while target.exists():
        number += 1
        target = folder / f"{Path(name).stem} ({number}){Path(name).suffix}"
    shutil.move(source, target)
    return target


def _summary(content: dict[str, Any]) -> str:
    lines = [f"{content['message']}: {content['document_id']}"]
    shown = ("business", "subject", "promulgated_on", "priority", "status_code")
    lines += [f"{name}: {content[name]}" for name in shown if content.get(name) is not None]
    lines.append(f"from: {content['from']['organ_id']} {content['from']['name']}")
    lines += [f"to: {item['organ_id']} {item['name']}" for item in content["to"]]
    lines += [f"file: {item['name']} ({item['size']} bytes)" for item in content["attachments"]]
    return "\n".join([*lines, *(f"warning: {item['path']}: {item['en']}" for item in content["warnings"])])


@click.command()
@click.argument("file", type=_FILE)
@_as_json
def validate(file: Path, as_json: bool) -> None:
    """Check a message against what may be sent; exit 1 when something is wrong."""
    errors: Sequence[Notice]
    warnings: Sequence[Notice] = ()
    with tempfile.TemporaryDirectory() as folder:
        try:
            parsed = parse_file(file, Path(folder))
        except Unreadable as error:
            errors = [Notice(error.path or "/", error.vi, error.en)]
        else:
            errors = check(parsed.message, read=parsed.warnings)
            warnings = [notice for notice in parsed.warnings if not notice.wrong]
    content = {
        "valid": not errors,
        "errors": [_notice(item) for item in errors],
        "warnings": [_notice(item) for item in warnings],
    }
    if as_json:
        click.echo(_pretty(content))
    else:
        click.echo("\n".join(f"{item.path}: {item.vi} / {item.en}" for item in errors) or "valid")
    raise SystemExit(bool(errors))


def _notice(item: Notice) -> dict[str, str]:
    return {"path": item.path, "message": item.en, "message_vi": item.vi}


@click.command()
@click.argument("spec", type=_FILE)
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@_as_json
def build(spec: Path, out: Path, as_json: bool) -> None:
    """Write the message that SPEC describes: the JSON of `parse`, attachments by path."""
    try:
        content = json.loads(spec.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Unreadable(f"{spec} không phải JSON", f"{spec} is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise Unbuildable("SPEC phải là một đối tượng JSON", "SPEC must be a JSON object")
    message = from_json(content, spec.parent)
    part = out.with_name(out.name + ".part")
    try:
        with part.open("wb") as file:
            digest = write(message, file)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    result = {"file": str(out), "sha256": digest.sha256, "size": digest.size}
    click.echo(_pretty(result) if as_json else f"{out}: {digest.size} bytes, sha256 {digest.sha256}")


@click.command()
@click.argument("file", type=_FILE)
@_connection
@click.option("--from", "sender", help="Agency that sends; default: the one the message names.")
@click.option("--to", "recipients", multiple=True, help="Recipient; default: those the message names.")
@_as_json
def send(
    file: Path,
    url: str,
    system_id: str,
    secret_env: str,
    sender: str | None,
    recipients: tuple[str, ...],
    as_json: bool,
) -> None:
    """Hand a message to the axis; sending the same file again is harmless."""
    with file.open("rb") as source:
        message = read_header(source).message
    with _client(url, system_id, secret_env) as client:
        sent = client.send_file(
            file, kind=message.kind, sender=sender or message.sender.organ_id, recipients=recipients
        )
    receipt = sent.receipt.to_json() if sent.receipt else None
    click.echo(_pretty({"doc_id": sent.doc_id, "receipt": receipt}) if as_json else sent.doc_id)


@click.command()
@_connection
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for packets."
)
@click.option("--auto-status", is_flag=True, help="Answer as a foreign system would: 01, then 03 to 06.")
@click.option(
    "--delay", type=click.FloatRange(0), default=3.0, show_default=True, help="Seconds between answers."
)
@click.option("--once", is_flag=True, help="Fetch what waits, then stop.")
@_as_json
def receive(
    url: str,
    system_id: str,
    secret_env: str,
    out: Path,
    auto_status: bool,
    delay: float,
    once: bool,
    as_json: bool,
) -> None:
    """Fetch messages until Ctrl-C, one line for each; may be killed and started again at any moment."""
    from exchange.foreign import ForeignSystem, run

    def tell(line: dict[str, Any]) -> None:
        text = (
            json.dumps(line, ensure_ascii=False) if as_json else " ".join(str(v) for v in line.values() if v)
        )
        click.echo(text)

    with _client(url, system_id, secret_env) as client:
        run(ForeignSystem(client, out, delay if auto_status else None, tell), once=once)


@click.command("verify-evidence")
@click.argument("file", type=_FILE)
@click.option(
    "--trust", type=_FILE, multiple=True, help="PEM with certificates of the axis, or of its issuers."
)
@_as_json
def verify_evidence(file: Path, trust: tuple[Path, ...], as_json: bool) -> None:
    """Check an evidence bundle without a network; exit 1 names the part that is not good."""
    trusted = [item for path in trust for item in certificate_from_pem(path.read_bytes())] if trust else None
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # whom it does not trust is said in the verdicts
    verdicts = evidence.verify_evidence(file, trusted)
    good = all(item.good for item in verdicts)
    if as_json:
        click.echo(
            _pretty({"valid": good, "trust_checked": bool(trust), "parts": [asdict(i) for i in verdicts]})
        )
    else:
        click.echo("\n".join(f"{'ok ' if i.good else 'BAD'} {i.part}: {i.vi} / {i.en}" for i in verdicts))
        if not trust:
            click.echo("note: signers were not checked against certificates you trust (--trust)", err=True)
    raise SystemExit(not good)


def _pretty(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1)
