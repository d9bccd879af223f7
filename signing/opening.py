"""Opens a key wherever it lies: in a file, a token, or with a remote service."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signing.keys import Key, Pkcs12Key


@contextmanager
def open_key(
    where: str, secret: str, *, pss: bool = False, module: str | None = None, token: str | None = None
) -> Iterator[Key]:
    """The key at `where`, until the block ends: a path, `pkcs11:URI` (RFC 7512) or `csc:URL`.

    `secret`: passphrase or PIN. `module`: PKCS#11 library where the URI names none. `token`: the remote service's
    access token (OAuth 2.0 bearer). Raises WrongPassphrase, KeyBlocked, KeyUnavailable,
    UnusableKey, KeyAddressError.
    """
    # each kind's library is loaded by those who use it
    if where.startswith("pkcs11:"):
        from signing.tokens import TokenUri, open_token

        with open_token(TokenUri.parse(where, module=module), secret, pss=pss) as held:
            yield held
    elif where.startswith("csc:"):
        from signing.remote import RemoteAddress, open_remote

        with open_remote(RemoteAddress.parse(where), secret, access_token=token, pss=pss) as remote:
            yield remote
    else:
        yield Pkcs12Key.unlock(Path(where).read_bytes(), secret, pss=pss)
