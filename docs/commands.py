"""The reference of commands, from the commands themselves."""

from collections.abc import Iterator
from typing import Any

import click

from attimo.cli import exits
from attimo.cli.command import Command, Group, walk
from attimo.cli.commands import app
from attimo.cli.target import PANEL, asks_server

SERVER_ANCHOR = "which-server"
CONVENTIONS = """\
On a terminal, lists are tables with relative times (`3 h ago`); ids and numbers are never cut.
`--wide` shows all columns, uncut, with times in ISO 8601. On a pipe, each record is a line of
fields separated by tabs, with times in ISO 8601 and without headings. What a command did is one
sentence on standard error; commands about items print it on a terminal only. `NO_COLOR` turns bold
headings off.

With `--json`, a list is `{"items": [...], "next": ...}`, and everything else one object, with times
in ISO 8601. `next` is null, or continues a list that was cut. Bytes that are not UTF-8 are in a
field whose name ends in `_base64`.

A duration is in seconds (`60`), or has the unit `s`, `m`, `h`, `d` or `w` (`15m`, `7d`)."""


def lines(note: str) -> Iterator[str]:
    """The lines of the page."""
    yield from ("# Commands", "", note, "")
    yield "`attimo COMMAND --help`, `-h` and `attimo help COMMAND` print the same. Nouns can be in"
    yield "the singular or the plural: `attimo caches list`, `attimo list show`."
    yield from _conventions()
    yield from _statuses()
    yield from _server()
    yield from ("## The commands", "")
    for path, command in walk(app):
        anchor = f"[`attimo {' '.join(path)}`](#attimo-{'-'.join(path)})"
        yield f"* {anchor}: {command.get_short_help_str(200)}"
    yield ""
    for path, command in walk(app):
        yield from _command(command, f"attimo {' '.join(path)}")


def _conventions() -> Iterator[str]:
    yield from ("", "## Output", "", CONVENTIONS, "")


def _statuses() -> Iterator[str]:
    yield from ("## Exit statuses", "", "| status | meaning |", "|---|---|")
    yield from (f"| {status} | {meaning} |" for status, meaning in exits.MEANINGS.items())
    yield from ("", "An error is one line on standard error.", "")


def _server() -> Iterator[str]:
    yield from (f"## {PANEL}", "")
    yield "Commands that ask a server have these options. Without any, they ask the server that the"
    yield "environment names, and else the one on this machine."
    yield ""
    probe = asks_server(lambda client: None)
    params = list(reversed(getattr(probe, "__click_params__", [])))
    yield from _table(params)


def _command(command: click.Command, name: str) -> Iterator[str]:
    ctx = click.Context(command, info_name=name)
    pieces = " ".join(command.collect_usage_pieces(ctx))
    yield from (f"## {name}", "", (command.help or "").replace("\b", "").strip(), "")
    yield from ("```", f"{name} {pieces}".rstrip(), "```", "")
    own = [each for each in command.params if getattr(each, "panel", None) is None]
    yield from _table([each for each in own if not getattr(each, "hidden", False)])
    if len(own) < len(command.params):
        yield from (f"[Which server](#{SERVER_ANCHOR}): " + _names(command), "")
    if isinstance(command, Command | Group) and command.examples:
        yield from ("```sh", *command.examples, "```", "")


def _names(command: click.Command) -> str:
    panel = [each for each in command.params if getattr(each, "panel", None)]
    return ", ".join(f"`{each.opts[0]}`" for each in panel) + "."


def _table(params: list[Any]) -> Iterator[str]:
    if not params:
        return
    yield from ("| argument or option | description |", "|---|---|")
    for each in params:
        yield f"| `{_declared(each)}` | {_described(each)} |"
    yield ""


def _declared(param: Any) -> str:
    if isinstance(param, click.Argument):
        return param.make_metavar(click.Context(click.Command("x")))
    return ", ".join([*param.opts, *param.secondary_opts])


def _described(param: Any) -> str:
    text = (param.help or "").replace("|", "\\|")
    default = param.default
    shown = isinstance(param, click.Option) and param.show_default and default is not None
    return f"{text} Default: {default}." if shown else text
