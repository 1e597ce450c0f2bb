"""The mechanism of every command: how it is declared, described, run and printed.

A command is a function with `click` options that returns data; its shape prints the data. Each has
`--json` for this, `-h`, and two examples that a test runs.
"""

import importlib
import inspect
import itertools
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from attimo.cli.durations import Duration
from attimo.cli.shapes import Answer, Listing, Shape, View

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_NUMBER = re.compile(r"-(\d|\.\d|inf|nan|$)")
HELP_NAMES = ["-h", "--help"]
SYNONYMS = {
    "ls": ("list",),
    "rm": ("delete", "remove", "revoke"),
    "del": ("delete", "remove"),
    "delete": ("remove", "revoke"),
    "remove": ("delete", "revoke"),
    "add": ("create", "put", "push", "invite"),
    "new": ("create", "add"),
    "create": ("add", "invite"),
    "get": ("show",),
    "view": ("show",),
    "len": ("length",),
    "incr": ("increment",),
}
"""Verbs that people try, and what a group may call them."""


class Option(click.Option):
    """An option; those with a `panel` stand below its heading in the help."""

    def __init__(self, *declared: Any, panel: str | None = None, **attrs: Any) -> None:
        super().__init__(*declared, **attrs)
        self.panel = panel


class Command(click.Command):
    """A command that returns data.

    Attributes:
        shape: How it prints what it returns; None if it prints by itself and has no --json.
        examples: Command lines that do what it is for.
    """

    def __init__(
        self,
        name: str | None,
        *,
        shape: Shape | None = None,
        examples: Sequence[str] = (),
        watch: bool = False,
        **attrs: Any,
    ) -> None:
        settings = {"help_option_names": HELP_NAMES} | (attrs.pop("context_settings", None) or {})
        super().__init__(name, context_settings=settings, **attrs)
        self.shape = shape
        self.examples = examples
        self.params += list(_of_shape(shape, watch))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words; what looks like an option and is none is no argument, unless a number."""
        if ctx.ignore_unknown_options:
            known = {name for each in self.get_params(ctx) for name in each.opts}
            for word in itertools.takewhile(lambda word: word != "--", args):
                name = word.partition("=")[0] if word.startswith("--") else word[:2]
                if word.startswith("-") and name not in known and not _NUMBER.match(word):
                    raise click.NoSuchOption(word, ctx=ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> int:
        """Run the command and print what it returns; return the exit status."""
        view = View(ctx.params.pop("as_json", False), ctx.params.pop("wide", False))
        interval = ctx.params.pop("watch", None)
        if interval is None:
            return self._show(super().invoke(ctx), view)
        while True:
            self._again(ctx, view)
            time.sleep(interval)

    def _again(self, ctx: click.Context, view: View) -> None:
        answer = super().invoke(ctx)
        if sys.stdout.isatty() and not view.as_json:
            click.clear()
        self._show(answer, view)
        sys.stdout.flush()

    def _show(self, answer: Any, view: View) -> int:
        if self.shape is None:
            return answer if isinstance(answer, int) else 0
        if isinstance(answer, Iterator):
            return self._follow(answer, view)
        told = answer if isinstance(answer, Answer) else Answer(answer)
        if told.data is not None:
            self.shape.show(told if isinstance(self.shape, Listing) else told.data, view)
        return told.status

    def _follow(self, answers: Iterator[Any], view: View) -> int:
        """Print each record as it comes."""
        for each in answers:
            if self.shape is not None:
                self.shape.show_one(each, view)
            sys.stdout.flush()
        return 0

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, those of a panel below its heading."""
        panels: dict[str, list[tuple[str, str]]] = {"Options": []}
        for each in self.get_params(ctx):
            found = each.get_help_record(ctx)
            if found and not isinstance(each, click.Argument):
                panels.setdefault(getattr(each, "panel", None) or "Options", []).append(found)
        for title, records in panels.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        write_examples(self.examples, formatter)


class Entry(NamedTuple):
    """A command that is loaded when it is needed: its module, and what the list says of it."""

    module: str
    help: str = ""
    section: str = "Commands"
    attribute: str = "group"

    def load(self) -> click.Command:
        """Import it."""
        found: click.Command = getattr(importlib.import_module(self.module), self.attribute)
        return found


class Old(NamedTuple):
    """A spelling of an earlier version, and what it is now; it works, with a hint."""

    now: str
    entry: Entry


class Group(click.Group):
    """Commands below a noun; those of a table are loaded when they are needed."""

    def __init__(
        self,
        name: str | None = None,
        *,
        table: dict[str, Entry] | None = None,
        aliases: dict[str, str] | None = None,
        old: dict[str, Old] | None = None,
        examples: Sequence[str] = (),
        **attrs: Any,
    ) -> None:
        super().__init__(
            name, context_settings={"help_option_names": HELP_NAMES}, no_args_is_help=True, **attrs
        )
        self.table = table or {}
        self.aliases = aliases or {}
        self.old = old or {}
        self.examples = examples

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of their declaration."""
        return [*self.table, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by its name, or by one that people guess."""
        if cmd_name in self.old:
            return self.old[cmd_name].entry.load()
        for name in (cmd_name, self.aliases.get(cmd_name, ""), *SYNONYMS.get(cmd_name, ())):
            if name in self.table:
                return self.table[name].load()
            if name in self.commands:
                return self.commands[name]
        return None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Offer commands, those of the table without loading them, and options."""
        from click.shell_completion import CompletionItem

        told = {name: entry.help for name, entry in self.table.items()}
        told |= {
            name: each.get_short_help_str()
            for name, each in self.commands.items()
            if not each.hidden
        }
        offered = [
            CompletionItem(name, help=help)
            for name, help in told.items()
            if name.startswith(incomplete)
        ]
        return offered + click.Command.shell_complete(self, ctx, incomplete)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, by the name that it is known by here."""
        if args[0] == "help" and self.get_command(ctx, "help") is None:
            found = self.get_command(ctx, args[1]) if args[1:] else None
            return (args[1], found, ["--help"]) if found else (None, _HelpOf(self), [])
        is_word = not args[0].startswith("-")
        if is_word and not self.get_command(ctx, args[0]) and not ctx.resilient_parsing:
            raise self._unknown(ctx, args[0])
        name, command, rest = super().resolve_command(ctx, args)
        if name in self.old and not ctx.resilient_parsing:
            print(
                f"attimo: `{ctx.command_path} {name}` is now `attimo {self.old[name].now}`",
                file=sys.stderr,
            )
        return (command.name or name) if command else name, command, rest

    def _unknown(self, ctx: click.Context, word: str) -> click.UsageError:
        from attimo.cli import habits
        from attimo.cli.sentences import joined

        said = habits.for_command(ctx.command_path, word, self.list_commands(ctx))
        return click.UsageError(joined(f"No such command {word!r}", said), ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands below the headings of the table, without loading them."""
        rows: dict[str, list[tuple[str, str]]] = {}
        for name, entry in self.table.items():
            rows.setdefault(entry.section, []).append((name, entry.help))
        for name, command in self.commands.items():
            if not command.hidden:
                rows.setdefault("Commands", []).append((name, command.get_short_help_str(100)))
        for section, lines in rows.items():
            with formatter.section(section):
                formatter.write_dl(lines)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        write_examples(self.examples, formatter)


class _HelpOf(click.Command):
    """`attimo cache help`: the help of a group."""

    def __init__(self, group: Group) -> None:
        super().__init__("help")
        self._group = group

    def invoke(self, ctx: click.Context) -> None:
        """Print it."""
        print(self._group.get_help(ctx.parent or ctx))


def command(
    group: click.Group | None = None,
    name: str | None = None,
    *,
    shape: Shape | None = None,
    examples: Sequence[str] = (),
    watch: bool = False,
    **attrs: Any,
) -> Callable[[Callable[..., Any]], Command]:
    """Declare a command: its shape, its examples, and whether --watch repeats it.

    Args:
        group: The noun that it belongs to.
        name: Its name; by default, that of the function.
        shape: How it prints what it returns.
        examples: Command lines, the program's name included.
        watch: Whether it has --watch.
        **attrs: More for `click.Command`.
    """

    def declared(function: Callable[..., Any]) -> Command:
        params = list(reversed(getattr(function, "__click_params__", [])))
        text = inspect.cleandoc(function.__doc__ or "")
        found = Command(
            name or function.__name__.strip("_").replace("_", "-"),
            shape=shape,
            examples=examples,
            watch=watch,
            callback=function,
            params=params,
            help=text,
            short_help=text.partition("\n\n")[0].replace("\n", " "),
            **attrs,
        )
        if group is not None:
            group.add_command(found)
        return found

    return declared


def write_examples(examples: Sequence[str], formatter: click.HelpFormatter) -> None:
    """Write examples as they are typed."""
    if examples:
        with formatter.section("Examples"):
            for each in examples:
                formatter.write(f"{'':{formatter.current_indent}}{each}\n")


def walk(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command below a group, with the words that name it."""
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        found = group.get_command(ctx, name)
        if isinstance(found, click.Group):
            yield from walk(found, *path, name)
        elif found is not None:
            yield (*path, name), found


def _of_shape(shape: Shape | None, watch: bool) -> Iterable[click.Option]:
    """The options that a shape answers."""
    if shape is None:
        return
    yield Option(["as_json", "--json"], is_flag=True, help="Print JSON, for scripts.")
    if shape.has_wide:
        help = "Show all columns, uncut, with times in ISO 8601."
        yield Option(["--wide"], is_flag=True, help=help)
    if watch:
        yield Option(
            ["--watch"],
            type=Duration(86_400, 1),
            is_flag=False,
            flag_value="2",
            metavar="[DURATION]",
            help="Repeat until Ctrl-C, every 2 seconds or as often as given.",
        )
