"""attimo usage: usage by cache, API key, method or time."""

import sys
from typing import Annotated, Any

import typer

from attimo.cli import spans
from attimo.cli.http_client import HttpClient
from attimo.cli.output import Json, moment, print_json, print_table
from attimo.cli.target import asks_server

TIMES = ("minute", "hour", "day")


@asks_server
def usage(
    client: HttpClient,
    by: Annotated[
        str,
        typer.Option("--by", "-b", help="Group by one or more of: cache,key,api,minute,hour,day."),
    ] = "cache",
    since: Annotated[
        str | None,
        typer.Option(help="Start this long ago (30m, 7d). Default: the start of the month."),
    ] = None,
    until: Annotated[str | None, typer.Option(help="End this long ago (1d). Default: now.")] = None,
    cache: Annotated[
        str | None, typer.Option("--cache", "-c", help="Show only caches with this name.")
    ] = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for spreadsheets.")] = False,
) -> None:
    """Show usage by cache, API key, method or time, with totals."""
    if as_json and as_csv:
        raise typer.BadParameter("pass --json or --csv, not both")
    asked = {
        "group_by": by,
        "since": _moment(since, "--since"),
        "until": _moment(until, "--until"),
        "cache": cache,
    }
    if as_csv:
        sys.stdout.write(client.usage_csv(asked))
        return
    found = client.usage(asked)
    if as_json:
        print_json(found)
    else:
        _print(by.split(","), found)


def _print(apart: list[str], found: dict[str, Any]) -> None:
    counts = list(found["totals"])
    rows = [
        [_cell(each, line[each]) for each in apart] + [str(line[each]) for each in counts]
        for line in found["usage"]
    ]
    total = ["total", *("" for _ in apart[1:]), *(str(each) for each in found["totals"].values())]
    columns = [*apart, *counts]
    print_table([column.replace("_", " ").capitalize() for column in columns], [*rows, total])


def _cell(column: str, value: Any) -> str:
    if column in TIMES:
        return moment(value)
    return "-" if value is None else str(value)


def _moment(span: str | None, option: str) -> int | None:
    return None if span is None else spans.moment_before(span, option)
