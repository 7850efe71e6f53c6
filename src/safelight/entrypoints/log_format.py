"""Structured logs on stderr: one JSON object a line, or coloured text for a person.

What is logged is chosen where it is logged: events, ids, counts and durations, never values, statements or secrets.
``uvicorn`` and other libraries that use the standard library's logging come out in the same form.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_NEVER = ("password", "secret", "token", "authorization")
"""A field named like this is a mistake at the place that logs; its value is dropped here all the same."""

_TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
"""Without local variables: they hold statements, rows and secrets."""


def configure(*, json: bool, level: str) -> None:
    """Set up logging for the whole process. ``level`` is debug, info, warning or error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        drop_secrets,
    ]
    last: list[Any] = (
        [_TRACEBACKS, structlog.processors.JSONRenderer()]
        if json
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(threshold, logging.WARNING))


def drop_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor: fields that are named like a secret lose their value."""
    for name in event:
        if any(word in name.lower() for word in _NEVER):
            event[name] = "…"
    return event
