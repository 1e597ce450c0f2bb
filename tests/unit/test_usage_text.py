"""What `attimo usage` says about usage that is not known by the minute, or was late."""

from typing import Any

import pytest

from attimo.cli.shapes import View
from attimo.cli.usage import COUNTS, _Usage

ZERO = dict.fromkeys(COUNTS, 0)


def said(capsys: pytest.CaptureFixture[str], by: str, **more: Any) -> list[str]:
    """The lines beside the table, for an answer of the server with these fields."""
    answer = {"by": [by], "csv": None, "items": [], "totals": ZERO, "since": 0, "until": 60}
    _Usage().text(answer | more, View())
    return capsys.readouterr().err.splitlines()


def test_lines_that_are_longer_than_asked_for_are_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = {"hours_before": 1_800_000_000, "days_before": 1_799_971_200}
    hours = "Before 2027-01-15T08:00:00Z, usage is kept by the hour only."
    days = "Before 2027-01-15T00:00:00Z, usage is kept by the day only."

    assert said(capsys, "minute", **kept) == [hours, days]
    assert said(capsys, "hour", **kept) == [days]
    assert said(capsys, "day", **kept) == said(capsys, "minute") == []


def test_late_usage_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    late = ZERO | {"month": "2026-11", "requests": 1_234, "bytes_in": 1_000, "bytes_out": 500}

    assert said(capsys, "cache", late=[late]) == [
        "Includes usage of 2026-11 that arrived when that month was closed: "
        "1,234 requests, 1,500 bytes."
    ]


def test_json_has_the_moments_or_null() -> None:
    answer = {"by": ["cache"], "items": [], "totals": ZERO, "since": 0, "until": 60}

    assert _Usage().json(answer)["hours_before"] is None
    assert _Usage().json(answer | {"days_before": 0})["days_before"] == "1970-01-01T00:00:00Z"
