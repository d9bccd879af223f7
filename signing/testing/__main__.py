"""`python -m signing.testing serve --pki DIR --port N`: the demonstration's trust services."""

import argparse
import sys
from pathlib import Path

from signing.testing.pki import DemoPki
from signing.testing.server import serve


def main(arguments: list[str] | None = None) -> int:
    """Exit 0 after a clean stop, 2 for a wrong use or a port in use."""
    parser = argparse.ArgumentParser(prog="python -m signing.testing")
    command = parser.add_subparsers(required=True).add_parser("serve", help="answer /tsa, /ocsp and /crl")
    command.add_argument("--pki", type=Path, required=True, help="folder of the PKI; made when missing")
    command.add_argument("--port", type=int, required=True)
    chosen = parser.parse_args(arguments)
    pki = DemoPki.create(chosen.pki, f"http://127.0.0.1:{chosen.port}")
    try:
        serve(pki, chosen.port)
    except OSError as error:
        print(f"port {chosen.port}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
