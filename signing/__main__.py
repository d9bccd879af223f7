"""`python -m signing sign | verify | timestamp | archive | verify-timestamp | inspect | agent`.

Exit 0 done or valid, 1 not valid or refused, 2 wrong use, 3 unreadable.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from signing import revocation
from signing.agent import command as agent
from signing.archive import archive_pdf
from signing.arguments import (
    MODULE,
    WrongUse,
    command,
    moment_argument,
    sign_arguments,
    trust_arguments,
    verify_arguments,
)
from signing.child import inspect_in_child, quiet, verify_in_child
from signing.detached import sign_detached
from signing.errors import EncryptedPdf, KeyAddressError, SigningError, TrustStoreError, UnreadablePdf
from signing.keys import Key
from signing.opening import open_key
from signing.report import Verdict
from signing.sentences import about, as_json, headline, sentence, stamp_sentence, verdict_word
from signing.sign import Level, SignatureInfo, sign_pdf
from signing.stampcheck import verify_timestamp
from signing.timestamps import HttpTimestamper, stamp
from signing.trust import TrustStore
from signing.visible import placed, visible

DONE, REFUSED, USAGE, UNREADABLE = 0, 1, 2, 3


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code is returned."""
    quiet()
    chosen = _parser().parse_args(arguments)
    try:
        code = _run(chosen)
        sys.stdout.flush()
    except BrokenPipeError:
        # whoever reads has read enough; what is left must not be written at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return USAGE
    return code


def _run(chosen: argparse.Namespace) -> int:
    run: Callable[[argparse.Namespace], int] = chosen.run
    try:
        return run(chosen)
    except (UnreadablePdf, EncryptedPdf) as error:
        code = UNREADABLE
        reason: Exception = error
    except BrokenPipeError:
        raise
    except OSError as error:
        code, reason = USAGE, _plain(error)
    except (WrongUse, KeyAddressError, TrustStoreError) as error:
        code, reason = USAGE, error
    except SigningError as error:
        code, reason = REFUSED, error
    _say(chosen, {"error": type(reason).__name__, "reason": str(reason)}, f"signing: {reason}", error=True)
    return code


def _plain(error: OSError) -> Exception:
    """Without the number that the system gives it."""
    if error.filename is None or error.strerror is None:
        return error
    plain = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
    return type(error)(f"{error.filename}: {plain}")


def _say(chosen: argparse.Namespace, data: dict[str, Any], text: str, *, error: bool = False) -> None:
    if chosen.json:
        print(json.dumps(data, ensure_ascii=False))
    else:
        print(text, file=sys.stderr if error else sys.stdout)


def _sign(chosen: argparse.Namespace) -> int:
    level = Level(chosen.level)
    if level is not Level.B_B and not chosen.tsa:
        raise WrongUse(f"the level {level} needs --tsa")
    if chosen.detached:
        return _sign_detached(chosen, level)
    if level in (Level.B_LT, Level.B_LTA) and not chosen.trust:
        raise WrongUse(f"the level {level} needs --trust")
    with _key(chosen) as key, chosen.input.open("rb") as source:
        trust = _asked(chosen, key)
        where, look = visible(chosen)
        part = chosen.output.with_name(f".{chosen.output.name}.part")
        try:
            with part.open("wb+") as target:
                info = sign_pdf(
                    source,
                    target,
                    key,
                    field=chosen.field or f"Signature-{datetime.now(UTC):%Y%m%d%H%M%S%f}",
                    placement=where,
                    appearance=look,
                    level=level,
                    timestamper=HttpTimestamper(chosen.tsa) if chosen.tsa else None,
                    trust=trust,
                    digest=chosen.digest,
                    allow_private_fetch=chosen.allow_private,
                )
            part.replace(chosen.output)
        finally:
            _drop(part)
    facts = {
        "field": info.field,
        "signer": info.signer.name,
        "level": info.level.value,
        "signed_at": info.signed_at.isoformat(),
        "sha256": info.sha256,
        "size": info.size,
        "normalised": info.normalised,
        "revocation": "good" if info.revocation_checked else "unchecked",
    }
    _warn(chosen, info)
    _say(chosen, facts, f"signed by {info.signer.name} at level {info.level}: {chosen.output}")
    return DONE


def _warn(chosen: argparse.Namespace, info: SignatureInfo) -> None:
    """What the signer must know although it was signed; in JSON the facts say it."""
    if chosen.json:
        return
    if info.normalised:
        print("signing: the file was damaged or hybrid and was written anew before signing", file=sys.stderr)
    if not info.revocation_checked:
        print("signing: whether the certificate is revoked could not be checked", file=sys.stderr)


def _drop(part: Path) -> None:
    """What is left of an output that was not finished, wherever it was to be."""
    with suppress(OSError):
        part.unlink()


def _beside(chosen: argparse.Namespace) -> None:
    """The output is another file than the input, which stays."""
    if chosen.output.resolve() == chosen.input.resolve():
        raise WrongUse("the output would take the place of the file")


def _sign_detached(chosen: argparse.Namespace, level: Level) -> int:
    if placed(chosen) or any((chosen.role, chosen.image, chosen.text, chosen.field)):
        raise WrongUse("a detached signature shows nothing and has no place")
    if level not in (Level.B_B, Level.B_T):
        raise WrongUse(f"a detached signature is made at {Level.B_B} or {Level.B_T}")
    _beside(chosen)
    stamper = HttpTimestamper(chosen.tsa) if level is Level.B_T else None
    with _key(chosen) as key, chosen.input.open("rb") as source:
        trust = _asked(chosen, key)
        made = sign_detached(source, key, timestamper=stamper, trust=trust, digest=chosen.digest)
        signer = key.info.name
    chosen.output.write_bytes(made)
    facts = {"signer": signer, "level": level.value, "size": len(made)}
    _say(chosen, facts, f"signed by {signer} at level {level}, detached: {chosen.output}")
    return DONE


def _key(chosen: argparse.Namespace) -> AbstractContextManager[Key]:
    secret = os.environ.get(chosen.passphrase_env)
    if secret is None:
        raise WrongUse(f"the environment variable {chosen.passphrase_env} is not set")
    token = os.environ.get(chosen.access_token_env) if chosen.access_token_env else None
    return open_key(chosen.key, secret, pss=chosen.pss, module=os.environ.get(MODULE), token=token)


def _trust(chosen: argparse.Namespace) -> TrustStore:
    return TrustStore.from_folder(
        chosen.trust, intermediates=chosen.intermediates, crls=getattr(chosen, "crl", None)
    )


def _asked(chosen: argparse.Namespace, key: Key) -> TrustStore | None:
    """Whom to believe, with what the issuers of the key's certificate say of it today; None where nobody is."""
    if not chosen.trust:
        return None
    trust = _trust(chosen)
    if chosen.offline:
        return trust
    known = {key.certificate, *key.chain, *trust.intermediates, *trust.roots}
    found = revocation.fetch(known, about=(key.certificate, *key.chain), allow_private=chosen.allow_private)
    return trust.with_revocation(crls=found.crls, ocsps=found.ocsps)


def _verify(chosen: argparse.Namespace) -> int:
    report = verify_in_child(
        chosen.input,
        _trust(chosen),
        signature=chosen.signature.read_bytes() if chosen.signature else None,
        at=chosen.at,
        offline=chosen.offline,
        require_revocation=chosen.require_revocation,
        allow_private_fetch=chosen.allow_private,
    )
    if chosen.json:
        print(json.dumps(as_json(report, chosen.lang), ensure_ascii=False))
    else:
        print(f"{verdict_word(report, chosen.lang)}. {headline(report, chosen.lang)}")
        for signature in report.signatures:
            name = signature.field or (signature.signer.name if signature.signer else chosen.input.name)
            print(f"  {name}: {verdict_word(signature, chosen.lang)}")
            for said in about(report, signature, chosen.lang).values():
                print(f"    {said}")
        for finding in report.all_findings:
            print(f"  - {sentence(finding, chosen.lang)}")
    return {Verdict.VALID: DONE, Verdict.UNREADABLE: UNREADABLE}.get(report.verdict, REFUSED)


def _timestamp(chosen: argparse.Namespace) -> int:
    _beside(chosen)
    with chosen.input.open("rb") as source:
        reply = stamp(source, HttpTimestamper(chosen.tsa))
    chosen.output.write_bytes(reply)
    _say(chosen, {"output": str(chosen.output), "size": len(reply)}, f"time stamp in {chosen.output}")
    return DONE


def _archive(chosen: argparse.Namespace) -> int:
    part = chosen.output.with_name(f".{chosen.output.name}.part")
    try:
        with chosen.input.open("rb") as source, part.open("wb+") as target:
            made = archive_pdf(
                source,
                target,
                HttpTimestamper(chosen.tsa),
                _trust(chosen),
                at=chosen.at,
                allow_private_fetch=chosen.allow_private,
            )
        part.replace(chosen.output)
    finally:
        _drop(part)
    facts = {
        "output": str(chosen.output),
        "stamped_at": made.stamped_at.isoformat(),
        "authority": made.authority.name,
        "good_until": made.good_until.isoformat(),
    }
    _say(chosen, facts, f"archive time stamp by {made.authority.name}, renew before {made.good_until}")
    return DONE


def _verify_timestamp(chosen: argparse.Namespace) -> int:
    found = verify_timestamp(
        chosen.input,
        chosen.token.read_bytes(),
        _trust(chosen),
        at=chosen.at,
        offline=chosen.offline,
        require_revocation=chosen.require_revocation,
        allow_private_fetch=chosen.allow_private,
    )
    facts = {
        "verdict": found.verdict.value,
        "at": found.at.isoformat() if found.at else None,
        "authority": found.authority.name if found.authority else None,
        "issuer": found.authority.issuer if found.authority else None,
        "not_after": found.authority.not_after.isoformat() if found.authority else None,
        "revocation": found.revocation.value,
        "digest": found.algorithm,
        "policy": found.policy,
        "serial": found.serial,
        "reason": found.reason,
        "sentence": stamp_sentence(found, chosen.lang),
    }
    _say(chosen, facts, stamp_sentence(found, chosen.lang))
    return {Verdict.VALID: DONE, Verdict.UNREADABLE: UNREADABLE}.get(found.verdict, REFUSED)


def _inspect(chosen: argparse.Namespace) -> int:
    facts = inspect_in_child(chosen.input)
    _say(chosen, facts, json.dumps(facts, ensure_ascii=False, indent=2))
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m signing", description="Sign and check official PDF documents."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    sign_arguments(command(commands, "sign", _sign, "append a signature"))
    verify = command(commands, "verify", _verify, "give a verdict")
    verify_arguments(verify)
    verify.add_argument("--signature", type=Path, metavar="OUT.p7s", help="detached signature over the file")
    timestamp = command(commands, "timestamp", _timestamp, "get a time stamp over a file")
    timestamp.add_argument("--tsa", required=True, metavar="URL")
    timestamp.add_argument("output", type=Path, metavar="OUT.tsr")
    archive = command(commands, "archive", _archive, "make signatures last: level b-lta, or its renewal")
    archive.add_argument("output", type=Path, metavar="OUT.pdf")
    archive.add_argument("--tsa", required=True, metavar="URL")
    trust_arguments(archive, required=True)
    moment_argument(archive)
    check = command(commands, "verify-timestamp", _verify_timestamp, "check a time stamp over a file")
    check.add_argument("token", type=Path, metavar="OUT.tsr")
    verify_arguments(check)
    command(commands, "inspect", _inspect, "structure and fields, no verdict")
    agent.arguments(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
