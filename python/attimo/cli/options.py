"""Options and arguments that several commands share: one name for one thing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import click

from attimo.cli import complete
from attimo.cli.command import Option
from attimo.cli.durations import Duration

Function: TypeAlias = Callable[..., Any]
Decorator: TypeAlias = Callable[[Function], Function]

DEFAULT_TTL_SECONDS = 600
MOST_TTL_SECONDS = (2**64 - 1) // 1000
"""What the fields of Momento's messages hold."""

MOST_INT32 = 2**31 - 1
MOST_UINT32 = 2**32 - 1
MOST_INT64 = 2**63 - 1

NEGATIVE_NUMBERS = {"ignore_unknown_options": True}
"""For commands with an argument such as `-5`, which would be taken for an option."""


class Integer(click.IntRange):
    """An integer within limits; help and errors name it, and the limits behind it."""

    name = "integer"


def option(*declared: str, **attrs: Any) -> Decorator:
    """An option; `panel` is the heading that it stands below."""
    return click.option(*declared, cls=Option, **attrs)


def argument(name: str, help: str, **attrs: Any) -> Decorator:
    """An argument, with its help."""
    return click.argument(name, help=help, **attrs)


amount = argument(
    "amount",
    "Amount to add; can be negative. Default: 1.",
    type=Integer(-MOST_INT64, MOST_INT64),
    default=1,
)
"""What is added to an integer."""


def ttl(help: str, most: int = MOST_TTL_SECONDS, **attrs: Any) -> Decorator:
    """How long something lives: `--ttl`, or `--expires-in`; at most so many seconds."""
    return option("--ttl", "--expires-in", "ttl", type=Duration(most, 1), help=help, **attrs)


def item_ttl(function: Function) -> Function:
    """How long an item lives."""
    text = f"Time to live, such as 60, 15m or 7d. Default: {DEFAULT_TTL_SECONDS} seconds."
    return ttl(text, default=DEFAULT_TTL_SECONDS)(function)


def collection_ttl(function: Function) -> Function:
    """How long a collection lives."""
    return ttl(
        f"Time to live, such as 60, 15m or 7d. If omitted, new collections get "
        f"{DEFAULT_TTL_SECONDS} seconds and existing ones keep their TTL."
    )(function)


def config_option(function: Function) -> Function:
    """The file with settings."""
    text = "Settings file [ATTIMO_CONFIG; attimo.toml here or in ~/.config/attimo]."
    return option("--config", type=click.Path(path_type=Path), help=text)(function)


def yes(function: Function) -> Function:
    """Do what can't be undone without asking."""
    return option("--yes", "-y", is_flag=True, help="Don't ask for confirmation.")(function)


def dry_run(function: Function) -> Function:
    """Do nothing, and show what would be done."""
    text = "Show what would be done, and change nothing."
    return option("--dry-run", is_flag=True, help=text)(function)


def span(name: str, help: str, **attrs: Any) -> Decorator:
    """A span of time back from now."""
    return option(name, type=Duration(), help=help, **attrs)


def cache_name(function: Function) -> Function:
    """The cache that a command is about."""
    return argument("name", "The cache.", shell_complete=complete.caches)(function)
