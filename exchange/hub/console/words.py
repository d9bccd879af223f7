"""Marks texts that are translated where they are shown."""


class NotPossible(Exception):
    """What an operator asked for cannot be done; the text is a message id."""


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it
    """A message id that is looked up later."""
    return text
