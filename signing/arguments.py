"""Arguments that commands of `python -m signing` share."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from signing.geometry import Box
from signing.placement import Role
from signing.sign import Level

#: names the PKCS#11 library where the address does not
MODULE = "PKCS11_MODULE"


class WrongUse(Exception):
    """The arguments do not go together."""


def box(text: str) -> Box:
    """`X0,Y0,X1,Y1` in points. Raises ValueError, ArgumentTypeError."""
    edges = [float(edge) for edge in text.split(",")]
    if len(edges) != 4:
        raise argparse.ArgumentTypeError("four numbers X0,Y0,X1,Y1 are needed")
    return Box(*edges)


def moment(text: str) -> datetime:
    """ISO 8601; without an offset it is UTC."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def command(commands: Any, name: str, run: Callable[[argparse.Namespace], int], about: str) -> Any:
    """A command `name` on one file, carried out by `run`."""
    made = commands.add_parser(name, help=about)
    made.add_argument("input", type=Path, metavar="FILE")
    made.add_argument("--json", action="store_true")
    made.set_defaults(run=run)
    return made


def trust_arguments(command: Any, *, required: bool) -> None:
    """Whom to believe."""
    command.add_argument("--trust", type=Path, required=required, metavar="DIR", help="roots, PEM or DER")
    command.add_argument("--intermediates", type=Path, metavar="DIR")
    command.add_argument("--crl", type=Path, metavar="DIR")
    command.add_argument(
        "--allow-private", action="store_true", help="fetch revocation data from private addresses"
    )


def moment_argument(command: Any) -> None:
    """For when."""
    command.add_argument(
        "--at", type=moment, metavar="TIME", help="judge for this moment, ISO 8601; without an offset UTC"
    )


def verify_arguments(command: Any) -> None:
    """Whom to believe, how strictly, and in which language to say so."""
    trust_arguments(command, required=True)
    moment_argument(command)
    command.add_argument("--offline", action="store_true", help="ask no OCSP service and fetch no CRL")
    command.add_argument(
        "--require-revocation", action="store_true", help="unchecked revocation is no longer valid"
    )
    command.add_argument("--lang", choices=("vi", "en"), default="vi")


def sign_arguments(command: Any) -> None:
    """Key, level, looks and place of a signature."""
    command.add_argument("output", type=Path, metavar="OUT.pdf")
    command.add_argument(
        "--detached", action="store_true", help="CAdES over FILE of any kind, written to OUT.p7s"
    )
    command.add_argument(
        "--key", required=True, metavar="KEY", help=f"FILE.p12, pkcs11:URI (library in {MODULE}) or csc:URL"
    )
    command.add_argument("--passphrase-env", required=True, metavar="VAR", help="holds passphrase or PIN")
    command.add_argument("--access-token-env", metavar="VAR", help="holds the remote service's access token")
    command.add_argument("--pss", action="store_true", help="an RSA key signs by RSASSA-PSS")
    command.add_argument("--digest", choices=("sha256", "sha384", "sha512"), default="sha256")
    command.add_argument("--level", choices=[level.value for level in Level], default="b-b")
    command.add_argument("--tsa", metavar="URL")
    trust_arguments(command, required=False)
    command.add_argument(
        "--offline", action="store_true", help="do not ask whether the certificate is revoked"
    )
    command.add_argument("--role", choices=[role.value for role in Role])
    command.add_argument("--image", type=Path, metavar="PNG")
    command.add_argument("--page", type=int, metavar="N", help="from 1")
    place = command.add_mutually_exclusive_group()
    place.add_argument(
        "--box", type=box, metavar="X0,Y0,X1,Y1", help="points from the lower left of the page"
    )
    place.add_argument("--anchor", metavar="TEXT")
    command.add_argument("--text", help="for the role number: 'Số: 123/SNV-VP | An Giang, ngày …'")
    command.add_argument("--field", help="name of the field")
