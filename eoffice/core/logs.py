"""Logs: one line an event, with names of things and never their content, PINs or keys."""

import logging
import sys

import structlog

from eoffice.core.config import setting, settings

LEVEL = setting(
    "EOFFICE_LOG_LEVEL", str, "INFO", "Least level that is logged: DEBUG, INFO, WARNING or ERROR."
)


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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr, force=True)
