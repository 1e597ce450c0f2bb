"""What the shell offers at a tab: names that the server or this machine knows.

A completion must never fail or take long: without an answer, nothing is offered.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from attimo.errors import AttimoError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from attimo.cli.http_client import HttpClient

TIMEOUT_SECONDS = 1
SERVER_OPTIONS = ("profile", "url", "api_key", "ca", "data_dir")


def caches(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """The names of caches."""
    return _offered(
        ctx, incomplete, lambda client: ((each["name"], "") for each in client.caches())
    )


def roles(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """The names of roles."""
    return _offered(
        ctx,
        incomplete,
        lambda client: (
            (each["role_name"], each.get("description", "")) for each in client.roles()
        ),
    )


def keys(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """The ids of API keys, with their descriptions."""
    return _offered(
        ctx,
        incomplete,
        lambda client: (
            (each["key_id"], each.get("description", "")) for each in client.api_keys()
        ),
    )


def members(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """The e-mail addresses of members."""
    return _offered(
        ctx, incomplete, lambda client: ((each["email"], "") for each in client.members())
    )


def accounts(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """The names of accounts, with their ids."""
    return _offered(
        ctx,
        incomplete,
        lambda client: ((each["name"], f"id {each['account_id']}") for each in client.accounts()),
    )


def profiles(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """The names of profiles."""
    from attimo.cli import profiles as known

    with contextlib.suppress(AttimoError, OSError):
        return _items(((name, each.url) for name, each in known.load().items()), incomplete)
    return []


def _offered(
    ctx: click.Context,
    incomplete: str,
    found: "Callable[[HttpClient], Iterator[tuple[str, str]]]",
) -> "list[CompletionItem]":
    from attimo.cli import target
    from attimo.cli.http_client import HttpClient

    choice: dict[str, Any] = {name: ctx.params.get(name) for name in SERVER_OPTIONS}
    with (
        contextlib.suppress(AttimoError, OSError),
        HttpClient(target.choose(**choice), TIMEOUT_SECONDS) as client,
    ):
        return _items(found(client), incomplete)
    return []


def _items(found: Iterator[tuple[str, str]], incomplete: str) -> "list[CompletionItem]":
    from click.shell_completion import CompletionItem

    return [CompletionItem(name, help=help) for name, help in found if name.startswith(incomplete)]
