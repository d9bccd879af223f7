"""The tokens of this machine."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from signing import tokens
from signing.errors import KeyUnavailable, UnusableKey
from signing.keys import Key

#: seconds to wait for a token that another batch is using: its person is told instead
_PATIENCE = 1.0


@dataclass(frozen=True)
class Tokens:
    """Whatever tokens the makers' libraries see at this moment."""

    modules: Sequence[str]

    def held(self) -> list[tokens.Held]:
        """Every certificate in them. Raises KeyUnavailable when no library answers."""
        found, failed = [], None
        for module in self.modules:
            try:
                found += tokens.certificates(module, wait=_PATIENCE)
            except KeyUnavailable as error:
                failed = error
        if failed is not None and not found:
            raise failed
        return found

    def owner(self, fingerprint: str) -> str:
        """Whose certificate it is. Raises UnusableKey, KeyUnavailable."""
        return self._find(fingerprint).info.name

    def _find(self, fingerprint: str) -> tokens.Held:
        found = next((one for one in self.held() if one.info.fingerprint == fingerprint), None)
        if found is None:
            raise UnusableKey("no token here holds this certificate")
        return found

    @contextmanager
    def open(self, fingerprint: str, pin: str, pss: bool) -> Iterator[Key]:
        """The key to a certificate. Raises as `open_token`."""
        with tokens.open_token(self._find(fingerprint).uri, pin, pss=pss, wait=_PATIENCE) as key:
            yield key

    def export(self, folder: Path) -> int:
        """Write each certificate as `OWNER-FINGERPRINT.cer`, for whoever enters keys on the site."""
        folder.mkdir(parents=True, exist_ok=True)
        for one in self.held():
            path = folder / f"{one.info.name.replace('/', '-')}-{one.info.fingerprint[:8]}.cer"
            path.write_bytes(one.certificate)
            print(f"{path}: {one.info.name}, {one.info.organisation}, until {one.info.not_after:%Y-%m-%d}")
        return 0
