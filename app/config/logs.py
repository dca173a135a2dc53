"""One line for each thing that happened, with secrets taken out and control characters escaped."""

from __future__ import annotations

import logging.config
import re
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

SECRET_NAMES = re.compile(r"passw|secret|token|authorization|cookie|signature|api_?key|session", re.IGNORECASE)
# What gives a secret away wherever it stands: our tokens, model keys, credentials in headers and addresses.
SECRET_TEXTS = [
    (re.compile(r"(parley_[a-z0-9]{8,16}_)[A-Za-z0-9_-]{8,}"), r"\1***"),
    (re.compile(r"\b(sk-)[A-Za-z0-9_-]{8,}"), r"\1***"),
    (re.compile(r"(?i)\b((?:bearer|token|basic) )[A-Za-z0-9._~+/=-]{8,}"), r"\1***"),
    (re.compile(r"(?i)\b((?:passw\w*|secret\w*|token|api_?key|signature)\\*[\"']?\s*[=:]\s*\\*[\"']?)[^\s\"'&,;}\\]{3,}"), r"\1***"),
    (re.compile(r"(\w+://[^\s/:@]*:)[^\s/@]+@"), r"\1***@"),
]
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
SHORTEST_SECRET = 8


def configure(options: dict[str, Any]) -> None:
    """Django calls this with settings.LOGGING. Everything, also uvicorn's own lines, goes through one formatter to stderr."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        without_secrets,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    through_root: dict[str, Any] = {"handlers": [], "propagate": True}
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"()": formatter, "shared": shared, "form": options["format"], "secrets": options["secrets"]}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": options["level"]},
            "loggers": {
                **dict.fromkeys(("django", "django.server", "uvicorn", "uvicorn.error"), through_root),
                # Its lines hold queries, and queries may hold anything.
                "uvicorn.access": {"handlers": [], "propagate": False},
                # The line of the request says the same, with its address made safe.
                "django.request": {"handlers": [], "propagate": True, "level": "ERROR"},
                # One line for each request that goes out or each cache key would drown the rest.
                **dict.fromkeys(("httpcore", "asyncio", "markdown_it"), through_root | {"level": "WARNING"}),
            },
        }
    )


def formatter(shared: Sequence[Processor], form: str, secrets: Sequence[str]) -> logging.Formatter:
    render = as_json if form == "json" else as_line
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, render, cleaner(secrets)]
    return structlog.stdlib.ProcessorFormatter(processors=last, foreign_pre_chain=list(shared))


def without_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Values whose name says that they are secret."""
    for name in event:
        if SECRET_NAMES.search(name):
            event[name] = "***"
    return event


def as_json(logger: WrappedLogger, method: str, event: EventDict) -> str:
    rendered = structlog.processors.JSONRenderer(default=repr, ensure_ascii=False)(logger, method, event)
    return str(rendered)


def as_line(logger: WrappedLogger, method: str, event: EventDict) -> str:
    """For a terminal: time, level, what, and the rest as name=value. Further lines are indented, so that no text can pose as a line."""
    exception = event.pop("exception", None)
    head = f"{event.pop('timestamp', '')} {event.pop('level', ''):<8} {_one_line(str(event.pop('event', '')))}"
    rest = " ".join(f"{name}={_value(value)}" for name, value in event.items() if name != "logger")
    lines = [f"{head} {rest}".rstrip(), *(f"    {_one_line(line)}" for line in str(exception or "").splitlines())]
    return "\n".join(lines)


def cleaner(secrets: Sequence[str]) -> Callable[[WrappedLogger, str, Any], str]:
    """Takes out what looks like a secret, and the very values of ours, from the finished line: nothing comes after it."""
    known = sorted({secret for secret in secrets if len(secret) >= SHORTEST_SECRET}, key=len, reverse=True)

    def clean(logger: WrappedLogger, method: str, line: Any) -> str:
        text = str(line)
        for secret in known:
            text = text.replace(secret, "***")
        for pattern, harmless in SECRET_TEXTS:
            text = pattern.sub(harmless, text)
        return CONTROLS.sub(_escaped, text)

    return clean


def _one_line(text: str) -> str:
    return CONTROLS.sub(_escaped, text.replace("\n", "\\n"))


def _value(value: Any) -> str:
    text = _one_line(str(value))
    return repr(text) if " " in text or not text else text


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
