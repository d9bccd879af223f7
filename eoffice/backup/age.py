"""The age format (age-encryption.org/v1), so that what is kept opens without this program too."""

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyrage

_age: Any = pyrage  # it comes without types


class BadKey(ValueError):
    """No key, or not one of the kind that is wanted."""


class CannotOpen(Exception):
    """Encrypted for somebody else, or damaged."""


@dataclass(frozen=True)
class Recipient:
    """For whom something is encrypted: the public half, which opens nothing."""

    text: str

    def __post_init__(self) -> None:
        self._key()

    def encrypt(self, source: IO[bytes], target: IO[bytes]) -> None:
        """In constant memory."""
        _age.encrypt_io(source, target, [self._key()])

    def _key(self) -> Any:
        try:
            return _age.x25519.Recipient.from_str(self.text)
        except _age.RecipientError as error:
            raise BadKey("no age recipient; make one with: flask --app wsgi backup key FILE") from error


@dataclass(frozen=True)
class Identity:
    """The private half."""

    text: str

    @classmethod
    def generate(cls) -> "Identity":
        """A new one."""
        return cls(str(_age.x25519.Identity.generate()))

    @classmethod
    def read(cls, path: Path) -> "Identity":
        """From a file of `backup key`, or of age itself. Raises OSError, BadKey."""
        lines = [line.strip() for line in path.read_text().splitlines()]
        found = [line for line in lines if line.startswith("AGE-SECRET-KEY-1")]
        if len(found) != 1:
            raise BadKey(f"{path} holds no identity, or several")
        identity = cls(found[0])
        identity._key()
        return identity

    @property
    def recipient(self) -> Recipient:
        """The public half."""
        return Recipient(str(self._key().to_public()))

    def decrypt(self, source: IO[bytes], target: IO[bytes]) -> None:
        """In constant memory. Raises CannotOpen; what was written by then is worth nothing."""
        try:
            _age.decrypt_io(source, target, [self._key()])
        except _age.DecryptError as error:
            raise CannotOpen("it is damaged, or was encrypted for another key") from error

    def _key(self) -> Any:
        try:
            return _age.x25519.Identity.from_str(self.text)
        except _age.IdentityError as error:
            raise BadKey("this is no age identity") from error
