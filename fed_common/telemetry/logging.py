"""Structured logs: one JSON object a line (or coloured text on a terminal), secrets masked."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from fed_common.telemetry.redact import redact_value

CHATTY = (
    "oslo_messaging",
    "oslo.messaging",
    "oslo_service",
    "amqp",
    "kombu",
    "urllib3",
    "asyncio",
    "uvicorn",
    "keystoneauth",  # writes the bodies of tokens
)


def setup_logging(level: str = "INFO", *, as_json: bool | None = None) -> None:
    """Send structlog's and the standard library's records to stderr. Calling twice is safe."""
    renderer = _renderer(as_json=not sys.stderr.isatty() if as_json is None else as_json)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.root.handlers[:] = [stream]
    logging.root.setLevel(level)
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel("WARNING")
    logging.getLogger("apscheduler").setLevel("ERROR")  # that a slow cloud's look is still under way is no news
    logging.getLogger("kafka").setLevel("CRITICAL")  # an outage is an ERROR a second; ours says it once a try


def _renderer(*, as_json: bool) -> Any:
    if as_json:
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


def get_logger(name: str) -> Any:
    """A logger whose keyword arguments become fields."""
    return structlog.stdlib.get_logger(name)


def _mask(_logger: Any, _method: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in record.items():
        if name not in ("level", "logger", "timestamp", "exc_info"):
            record[name] = redact_value(name if name != "event" else "", value)
    return record
