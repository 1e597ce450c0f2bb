"""The log: one line for each event on standard error, as text or as JSON.

A line has a message and fields. It uses the standard library: packages for structured logs need
more memory and code than this page.
"""

import json
import logging
import sys
import time
from collections.abc import Mapping
from typing import Literal

OURS = "attimo"
"""Below warnings, only this program's lines are shown: those of libraries may contain secrets."""

Fields = Mapping[str, str | int | float | None]


def begin(format: Literal["text", "json"], level: str) -> None:
    """Log to standard error from now on.

    Args:
        format: text or json.
        level: The minimum level of this program's lines: debug, info, warning or error.
    """
    logging.captureWarnings(True)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if format == "json" else _Text())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(OURS).setLevel(level.upper())


def with_fields(fields: Fields) -> dict[str, Fields]:
    """Return `extra` for a log call, for a line with these fields; None is left out."""
    return {"fields": {name: value for name, value in fields.items() if value is not None}}


def _fields(record: logging.LogRecord) -> Fields:
    found: Fields = getattr(record, "fields", {})
    return found


def _moment(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03}Z"


class _Text(logging.Formatter):
    """`2026-01-31T12:00:00.123Z INFO message name=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one line, and below it the trace of an exception."""
        fields = [f"{name}={_word(value)}" for name, value in _fields(record).items()]
        line = " ".join([_moment(record), record.levelname, record.getMessage(), *fields])
        return "\n".join([line, *_traces(self, record)])


class _Json(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one line, whatever it contains."""
        entry: dict[str, object] = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        traces = _traces(self, record)
        if traces:
            entry["exception"] = "\n".join(traces)
        return json.dumps(entry | dict(_fields(record)), ensure_ascii=False)


def _traces(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    return [formatter.formatException(record.exc_info)] if record.exc_info else []


def _word(value: object) -> str:
    """Return a value, in quotes if it is not a single word."""
    text = str(value)
    plain = text.isprintable() and text.isascii() and not set(' "=') & set(text)
    return text if text and plain else json.dumps(text)
