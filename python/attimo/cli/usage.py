"""attimo usage: usage by cache, API key, method or time."""

import contextlib
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click

from attimo.cli import account_option, ask, complete, durations, tables, times
from attimo.cli.command import command
from attimo.cli.http_client import HttpClient
from attimo.cli.options import option, span
from attimo.cli.shapes import Column, Report, View, closed, object_schema, record
from attimo.cli.target import asks_server
from attimo.errors import AttimoError

COUNTS = (
    "requests",
    "errors",
    "hits",
    "misses",
    "bytes_in",
    "bytes_out",
    "kib_in",
    "kib_out",
    "commands",
    "operations",
    "ecpu_thousandths",
    "evicted",
    "stored_byte_minutes",
    "stored_byte_minutes_with_overhead",
)
_OF_CARDS = ("kib", "commands", "operations", "ecpu", "stored")


COLUMNS = {
    "cache": (Column("cache", none="-"),),
    "key": (Column("key", none="-"), Column("key_name", "prose", "Key name", none="")),
    "account": (Column("account", none="-"), Column("account_id", "number", "Id", none="-")),
    "api": (Column("api", none="-"),),
    "minute": (Column("minute", "instant"),),
    "hour": (Column("hour", "instant"),),
    "day": (Column("day", "day"),),
}
"""What lines are told apart by, with names beside ids."""

_COUNTS = [Column(name, "number", wide=name.startswith(_OF_CARDS)) for name in COUNTS]
_WIDE_BY_KEY = {"bytes_in", "bytes_out", "evicted"}
"""What a line has no room for beside the id of a key; no key evicts."""
MOST_MADE = 1_000
"""Of how many keys, the newest first, the audit log is asked for the names."""


_LATE = (Column("month", "text", "Month"), *_COUNTS)
LATE = {"type": "array", "items": object_schema(_LATE)}
"""The JSON schema of what arrived when its month was closed."""


class _Usage(Report):
    """Lines, and totals apart from them."""

    def text(self, answer: Any, view: View) -> None:
        """Print a table; on a terminal, with the totals below."""
        columns = [*_apart(answer["by"]), *_COUNTS]
        rows = answer["items"]
        for line in (*_coarser(answer), *late(answer)):
            click.echo(line, err=True)
        if not sys.stdout.isatty():
            tables.show(columns, rows, exact=True)
            return
        # A pipe has all of them, since scripts count fields.
        hidden = _WIDE_BY_KEY if "key" in answer["by"] else set()
        shown = [each for each in columns if not (each.wide or each.name in hidden)]
        columns = columns if view.wide else shown
        tables.show(columns, rows, view.wide, total={columns[0].name: "Total"} | answer["totals"])

    def json(self, answer: Any) -> Any:
        """Lines in `items`, and `totals`."""
        columns = [*_apart(answer["by"]), *_COUNTS]
        return {
            "since": times.iso(answer["since"]),
            "until": times.iso(answer["until"]),
            "hours_before": _moment(answer.get("hours_before")),
            "days_before": _moment(answer.get("days_before")),
            "items": [record(columns, each) for each in answer["items"]],
            "totals": answer["totals"],
            "late": late_json(answer),
            "next": None,
        }

    def schema(self) -> dict[str, Any]:
        """The JSON schema; the fields that lines are told apart by are those of --by."""
        every = object_schema([*_apart(COLUMNS), *_COUNTS])
        moment = {"type": "string", "format": "date-time"}
        return closed(
            {
                "since": moment,
                "until": moment,
                "hours_before": moment | {"type": ["string", "null"]},
                "days_before": moment | {"type": ["string", "null"]},
                "items": {"type": "array", "items": every | {"required": list(COUNTS)}},
                "totals": object_schema(_COUNTS),
                "late": LATE,
                "next": {"type": "null"},
            }
        )


def _moment(seconds: int | None) -> str | None:
    return None if seconds is None else times.iso(seconds)


def _coarser(answer: Any) -> Iterator[str]:
    """Which lines are about a longer time than --by says."""
    for name, length, coarser in (
        ("hours_before", {"minute"}, "hour"),
        ("days_before", {"minute", "hour"}, "day"),
    ):
        if name in answer and length & set(answer["by"]):
            yield f"Before {times.iso(answer[name])}, usage is kept by the {coarser} only."


def late(answer: Any) -> Iterator[str]:
    """What usage or a bill contains of months that were closed when it arrived."""
    for each in answer.get("late", ()):
        moved = each["bytes_in"] + each["bytes_out"]
        yield (
            f"Includes usage of {each['month']} that arrived when that month was closed: "
            f"{each['requests']:,} requests, {moved:,} bytes."
        )


def late_json(answer: Any) -> list[dict[str, Any]]:
    """The same, for JSON."""
    return [record(_LATE, each) for each in answer.get("late", ())]


def _by(ctx: click.Context, param: click.Parameter, value: str) -> list[str]:
    """The groups of --by."""
    groups = [each.strip() for each in value.split(",")]
    if wrong := [each for each in groups if each not in COLUMNS]:
        raise click.BadParameter(f"{wrong[0]!r} is not one of {', '.join(COLUMNS)}")
    return list(dict.fromkeys(groups))


@command(
    shape=_Usage(),
    examples=["attimo usage --by key --since 7d", "attimo usage --by cache,day --csv"],
    watch=True,
)
@option(
    "--by",
    "-b",
    default="cache",
    show_default=True,
    callback=_by,
    metavar="GROUPS",
    help=f"Group by one or more of: {', '.join(COLUMNS)}.",
)
@span("--since", "Start this long ago (30m, 7d). Default: the start of the month.")
@span("--until", "End this long ago (1d). Default: now.")
@option("--cache", "-c", help="Show only caches with this name.", shell_complete=complete.caches)
@account_option.several("Show the usage of this account.")
@option("--csv", "as_csv", is_flag=True, help="Print CSV, for spreadsheets.")
@asks_server
def usage(
    client: HttpClient,
    by: list[str],
    since: int | None,
    until: int | None,
    cache: str | None,
    accounts: tuple[str, ...],
    as_csv: bool,
) -> dict[str, Any]:
    """Show usage by cache, API key, method or time, with totals."""
    chosen = account_option.chosen(client, accounts or _every(by))
    asked = {
        "group_by": ",".join(by),
        "since": durations.moment_before(since),
        "until": durations.moment_before(until),
        "cache": cache,
        "accounts": chosen,
    }
    if as_csv:
        return {"csv": client.usage_csv(asked)}
    found = client.usage(asked)
    keys = {each.get("key") for each in found["usage"]} - ask.OWNERLESS
    names = key_names(client, keys, chosen) if keys else {}
    lines = [each | {"key_name": names.get(each.get("key"))} for each in found["usage"]]
    return found | {"items": lines, "by": by, "csv": None}


def _every(by: list[str]) -> tuple[str, ...]:
    """Who tells accounts apart means every account, unless --account says which."""
    return (account_option.EVERY,) if "account" in by else ()


def key_names(client: HttpClient, keys: set[str], accounts: str | None) -> dict[str, str]:
    """The descriptions of keys, also of revoked ones, as far as the caller may read them."""
    found: dict[str, str] = {}
    with contextlib.suppress(AttimoError):
        found |= {key["key_id"]: key.get("description", "") for key in client.api_keys()}
    if keys - found.keys():
        # Only the audit log tells of keys that are revoked, or of other accounts.
        with contextlib.suppress(AttimoError):
            entries, _ = client.audit("key.create", None, MOST_MADE, accounts=accounts)
            found |= {each["subject"]: each["details"].get("description", "") for each in entries}
    return found


def _apart(by: Iterable[str]) -> list[Column]:
    return [column for name in by for column in COLUMNS[name]]
