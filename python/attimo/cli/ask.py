"""Questions before what can't be undone: on a terminal only, with what it would cost."""

import contextlib
import sys
from typing import Any

import click

from attimo import names
from attimo.cli.http_client import HttpClient
from attimo.cli.shapes import quoted
from attimo.errors import AttimoError, NoSuchCache

OWNERLESS = {None, "local", "session", "token", "server"}
"""What the ledger has in place of a key's id, where there is no key."""


def confirm(question: str, yes: bool) -> None:
    """Ask, unless there is nobody to ask, or `yes` is the answer.

    Raises:
        AttimoError: The answer is no.
    """
    if not yes and sys.stdin.isatty() and not click.confirm(question, err=True):
        raise AttimoError("Not confirmed: nothing was changed")


def about_cache(client: HttpClient, name: str, deed: str, yes: bool, dry_run: bool) -> None:
    """Ask before a cache loses its items, and say how many and who uses them; check that it exists.

    Raises:
        InvalidName: No cache has such a name.
        NoSuchCache: It does not exist, and nothing else would tell.
        AttimoError: The answer is no.
    """
    asks = not yes and sys.stdin.isatty()
    if not asks and not dry_run:
        return
    names.check_cache(name)
    if all(each["name"] != name for each in client.caches()):
        raise NoSuchCache(name)
    facts = ", ".join(_facts(client, name))
    if dry_run:
        print(f"{deed} {quoted(name)}: {facts or 'contents unknown'}", file=sys.stderr)
    else:
        confirm(
            f"{deed} {quoted(name)}{f' ({facts})' if facts else ''}? This can't be undone.", yes
        )


def did(verb: str, told: dict[str, Any]) -> str:
    """What was done, or would have been."""
    return f"Would have {verb.lower()}" if told["dry_run"] else verb


def plural(count: int, noun: str) -> str:
    """A number of things."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _facts(client: HttpClient, name: str) -> list[str]:
    """What the server can tell of a cache cheaply, and this caller may know."""
    facts = []
    with contextlib.suppress(AttimoError):
        facts.append(plural(client.cache_stats(name)["items"], "item"))
    with contextlib.suppress(AttimoError):
        lines = client.usage({"group_by": "key", "cache": name})["usage"]
        keys = {line["key"] for line in lines} - OWNERLESS
        if keys:  # the ledger is some seconds behind: none there may have been some
            facts.append(f"used by {plural(len(keys), 'key')} this month")
    return facts
