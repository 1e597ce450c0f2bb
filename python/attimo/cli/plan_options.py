"""Limits as they are typed for commands about plans: `caches=5`, `stored_bytes=2GiB`."""

from collections.abc import Collection
from typing import Any

import click

from attimo.cli import complete
from attimo.cli.options import Decorator, argument
from attimo.errors import InvalidArgument
from attimo.settings.values import size

UNLIMITED = "unlimited"
FROM_PLAN = "plan"

which = argument("plan", "The plan's name.", shell_complete=complete.plans)


def assignments(help: str, required: bool) -> Decorator:
    """Arguments such as `caches=5`."""
    return argument(
        "limits",
        help,
        nargs=-1,
        required=required,
        metavar="LIMIT=VALUE...",
        shell_complete=complete.limits,
    )


def typed(limits: tuple[str, ...]) -> dict[str, Any]:
    """Limits as they were typed; None is unlimited. The server checks names and ranges.

    Raises:
        click.UsageError: An argument has no value, or repeats a limit.
        InvalidArgument: A number is none, or not whole.
    """
    return {name: _value(name, value) for name, value in _pairs(limits).items()}


def without(overrides: dict[str, Any], known: Collection[str]) -> dict[str, Any]:
    """Overrides without those that were typed as `plan`.

    Raises:
        InvalidArgument: Such a one is not the name of a limit.
    """
    gone = {name for name, value in overrides.items() if value == FROM_PLAN}
    if unknown := sorted(gone - set(known)):
        raise InvalidArgument(f"{unknown[0]} is not a limit; there are {', '.join(known)}")
    return {name: value for name, value in overrides.items() if name not in gone}


def bytes_per_second(text: str | None) -> int | None:
    """A rate as it was typed, such as 1MiB.

    Raises:
        InvalidArgument: It is none.
    """
    found = None if text is None else _value("--throttle-to", text)
    if isinstance(found, str):
        raise InvalidArgument(f"--throttle-to: {found[:40]!r} is no size: write 1000, or 1MiB")
    return found


def shown(limits: dict[str, Any]) -> str:
    """Limits as they are typed."""
    pairs = (f"{name}={UNLIMITED if value is None else value}" for name, value in limits.items())
    return " ".join(pairs)


def _pairs(limits: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in limits:
        name, equals, value = each.partition("=")
        if not (name and equals and value):
            raise click.UsageError(f"write a limit as NAME=VALUE, such as caches=5: {each!r}")
        if name in found:
            raise click.UsageError(f"{name} is given twice")
        found[name] = value
    return found


def _value(name: str, text: str) -> int | str | None:
    """A number, a size in bytes, or a word; None for unlimited."""
    if text == UNLIMITED:
        return None
    try:
        return int(text) if text.lstrip("-").isdecimal() else size(text)
    except ValueError:
        if text[:1].isdecimal():
            raise InvalidArgument(
                f"{name}: {text[:40]!r} is no whole number: write 5, or a size such as 50GiB"
            ) from None
        return text
