"""attimo usage: usage by cache, API key, method or time."""

import contextlib
import sys
from collections.abc import Iterable
from typing import Any

import click

from attimo.cli import account_option, complete, durations, tables, times
from attimo.cli.command import command
from attimo.cli.http_client import HttpClient
from attimo.cli.options import option, span
from attimo.cli.shapes import Column, Shape, View, closed, object_schema, record
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
    "evicted",
)


COLUMNS = {
    "cache": (Column("cache", none="-"),),
    "key": (Column("key", none="-"), Column("key_name", none="", title="Key name")),
    "account": (Column("account", none="-"), Column("account_id", "number", "Id", none="-")),
    "api": (Column("api", none="-"),),
    "minute": (Column("minute", "instant"),),
    "hour": (Column("hour", "instant"),),
    "day": (Column("day", "day"),),
}
"""What lines are told apart by, with names beside ids."""

_COUNTS = [Column(name, "number", wide=name.startswith("kib")) for name in COUNTS]


class _Usage(Shape):
    """Lines, and totals apart from them."""

    has_wide = True

    def show(self, answer: Any, view: View) -> None:
        """Print an answer, or the CSV of the server."""
        if answer["csv"] is None:
            super().show(answer, view)
        elif view.as_json:
            raise click.UsageError("pass --json or --csv, not both")
        else:
            sys.stdout.write(answer["csv"])

    def text(self, answer: Any, view: View) -> None:
        """Print a table; on a terminal, with the totals below."""
        columns = [*_apart(answer["by"]), *_COUNTS]
        rows = answer["items"]
        if not sys.stdout.isatty():
            tables.show(columns, rows, exact=True)
            return
        # A pipe has all of them, since scripts count fields.
        columns = [each for each in columns if view.wide or not each.wide]
        tables.show(columns, rows, view.wide, total={columns[0].name: "Total"} | answer["totals"])

    def json(self, answer: Any) -> Any:
        """Lines in `items`, and `totals`."""
        columns = [*_apart(answer["by"]), *_COUNTS]
        return {
            "since": times.iso(answer["since"]),
            "until": times.iso(answer["until"]),
            "items": [record(columns, each) for each in answer["items"]],
            "totals": answer["totals"],
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
                "items": {"type": "array", "items": every | {"required": list(COUNTS)}},
                "totals": object_schema(_COUNTS),
                "next": {"type": "null"},
            }
        )


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
    asked = {
        "group_by": ",".join(by),
        "since": durations.moment_before(since),
        "until": durations.moment_before(until),
        "cache": cache,
        "accounts": account_option.chosen(client, accounts or _every(by)),
    }
    if as_csv:
        return {"csv": client.usage_csv(asked)}
    found = client.usage(asked)
    names = _names(client) if "key" in by else {}
    lines = [each | {"key_name": names.get(each.get("key"))} for each in found["usage"]]
    return found | {"items": lines, "by": by, "csv": None}


def _every(by: list[str]) -> tuple[str, ...]:
    """Who tells accounts apart means every account, unless --account says which."""
    return (account_option.EVERY,) if "account" in by else ()


def _names(client: HttpClient) -> dict[str, str]:
    """The descriptions of keys, as far as the caller may list them."""
    with contextlib.suppress(AttimoError):
        return {key["key_id"]: key.get("description", "") for key in client.api_keys()}
    return {}


def _apart(by: Iterable[str]) -> list[Column]:
    return [column for name in by for column in COLUMNS[name]]
