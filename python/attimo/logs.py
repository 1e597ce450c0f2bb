"""The log: one line for each event on standard error, as text or as JSON.

A line has a sentence and fields. The standard library does it: the usual packages for structured
logs bring a machinery of their own for what is a page of code here.
"""

import json
import logging
import sys
import time
from collections.abc import Mapping
from typing import Literal

OURS = "attimo"
"""Only what this program itself says is shown below a warning: the details of libraries may hold
what nobody should read."""

Fields = Mapping[str, str | int | float | None]


def begin(format: Literal["text", "json"], level: str) -> None:
    """Let everything that is logged from now on go to standard error.

    Args:
        format: How a line looks.
        level: Of what this program says, the least that is shown: debug, info, warning or error.
    """
    logging.captureWarnings(True)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if format == "json" else _Text())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(OURS).setLevel(level.upper())


def with_fields(fields: Fields) -> dict[str, Fields]:
    """What `extra` of a log call must be for a line that bears these fields; None is left out."""
    return {"fields": {name: value for name, value in fields.items() if value is not None}}


def _fields(record: logging.LogRecord) -> Fields:
    found: Fields = getattr(record, "fields", {})
    return found


def _moment(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03}Z"


class _Text(logging.Formatter):
    """`2026-01-31T12:00:00.123Z INFO a sentence name=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and below it the trace of an exception."""
        fields = [f"{name}={_word(value)}" for name, value in _fields(record).items()]
        line = " ".join([_moment(record), record.levelname, record.getMessage(), *fields])
        return "\n".join([line, *_traces(self, record)])


class _Json(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever it holds."""
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
    """A value as it is, or in quotes if it would not be one word."""
    text = str(value)
    plain = text.isprintable() and text.isascii() and not set(' "=') & set(text)
    return text if text and plain else json.dumps(text)
