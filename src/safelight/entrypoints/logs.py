"""Structured logs on standard error, without values: who, what, where, never what was in it."""

import logging
import sys

import structlog

from safelight.entrypoints.settings import LogFormat, LoggingSettings


def configure_logging(settings: LoggingSettings) -> None:
    """One line for each event; the standard library's loggers (uvicorn) go the same way from WARNING on."""
    level = logging.getLevelNamesMapping()[settings.level.value.upper()]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.format is LogFormat.JSON
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if settings.format is LogFormat.JSON else _unchanged,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def _unchanged(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return event
