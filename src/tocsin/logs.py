"""Structured logs without secrets: text for people, JSON for collectors."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

# Secrets that travel in URLs: intake's /in/SECRET, page links /p/TOKEN, sign-in links, and bearer tokens.
_PATHS = r"/(?:in(?:/[a-z-]+)?|integrations/v1/[a-z0-9_]+|p|sign-in|calendar|heartbeat)/"
_SECRETS = re.compile(rf"(?P<keep>{_PATHS}|[?&]token=|Bearer |GenieKey |toc_)[A-Za-z0-9_\-.~]{{12,}}")


def mask(line: str) -> str:
    """The text with URL secrets and tokens replaced by `***`."""
    return _SECRETS.sub(lambda found: f"{found['keep']}***", line)


def _mask_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {key: mask(value) if isinstance(value, str) else value for key, value in event.items()}


def set_up_logs(log_format: str, level: str) -> None:
    """Send all logs, also the libraries', through one masked format to standard error."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    last: list[Any] = (
        [structlog.processors.JSONRenderer()]
        if log_format == "json"
        else [structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _mask_event, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
