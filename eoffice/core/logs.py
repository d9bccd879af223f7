"""Logs: one line an event, with names of things and never their content, PINs or keys."""

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog

from eoffice.core.config import setting, settings

LEVEL = setting(
    "EOFFICE_LOG_LEVEL", str, "INFO", "Least level that is logged: DEBUG, INFO, WARNING or ERROR."
)


class _Undisturbed:
    """A stream whose troubles are nobody's: work goes on although the disk of its log is full."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError):  # there is nowhere else to say it
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def start() -> None:
    """Send structlog and the standard library's logging to standard error, as key=value."""
    level = logging.getLevelNamesMapping().get(settings().get(LEVEL).upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(
                key_order=["timestamp", "level", "event"], bool_as_flag=False
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Undisturbed(sys.stderr))),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr, force=True)
