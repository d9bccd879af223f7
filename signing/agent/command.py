"""`python -m signing agent`: runs the agent, or shows what tokens hold and which sites are paired."""

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import Any

from signing.agent import PORT
from signing.agent.batches import Batches
from signing.agent.pairs import Pairs
from signing.agent.server import Agent, serve
from signing.arguments import MODULE
from signing.errors import SigningError, UnusableKey


class PortTaken(SigningError):
    """Somebody listens there already, most often this program itself."""

    def __init__(self, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on port {port}, perhaps the agent is running already: {reason}")
        self.port = port


def arguments(commands: Any) -> None:
    """Declare the command and what it takes."""
    made = commands.add_parser("agent", help="sign with the token of this machine for paired sites")
    made.add_argument(
        "--module", action="append", default=[], metavar="LIB",
        help=f"the token maker's PKCS#11 library, may be repeated; else {MODULE}",
    )  # fmt: skip
    made.add_argument(
        "--port", type=int, default=PORT, help="on this machine's loopback (default %(default)s)"
    )
    made.add_argument(
        "--site", action="append", default=[], metavar="ORIGIN",
        help="the only site that may be paired, as https://HOST; may be repeated",
    )  # fmt: skip
    made.add_argument(
        "--state", type=Path, default=_folder(), metavar="DIR", help="where paired sites are kept"
    )
    made.add_argument("--forget", metavar="ORIGIN", help="pair a site no more, and end")
    made.add_argument(
        "--certificates", type=Path, metavar="DIR", help="write the tokens' certificates there, and end"
    )
    made.add_argument("--json", action="store_true")
    made.set_defaults(run=run)


def _folder() -> Path:
    base = os.environ.get("APPDATA") or os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "signing-agent"


def run(chosen: argparse.Namespace) -> int:
    """Serve until interrupted, or do the one thing asked for. Raises SigningError."""
    modules = chosen.module or [one for one in [os.environ.get(MODULE)] if one]
    pairs = Pairs(chosen.state / "sites.json")
    if chosen.forget:
        pairs.forget(chosen.forget)
        return 0
    if not modules:
        raise UnusableKey(f"name the token maker's library: --module, or {MODULE}")
    # PKCS#11 is loaded by those who use it
    from signing.agent.held import Tokens

    held = Tokens(tuple(modules))
    if chosen.certificates:
        return held.export(chosen.certificates)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    batches = Batches(held.open)
    try:
        server = serve(Agent(pairs, batches, held.owner, tuple(chosen.site)), chosen.port)
    except OSError as error:
        raise PortTaken(chosen.port, str(error)) from error
    print(f"signing: listening on http://127.0.0.1:{server.server_address[1]}, Ctrl-C ends", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    finally:
        batches.close_all()
        server.server_close()
    return 0
