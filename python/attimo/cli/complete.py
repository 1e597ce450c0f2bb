"""What the shell offers at a tab: names that the server or this machine knows.

A completion must never fail or take long: without an answer, nothing is offered.
"""

import contextlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from attimo.errors import AttimoError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from attimo.cli.http_client import HttpClient

TIMEOUT_SECONDS = 1
SERVER_OPTIONS = ("profile", "url", "api_key", "ca", "data_dir")


Completer: TypeAlias = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]


def _of(
    found: "Callable[[HttpClient], Iterable[dict[str, Any]]]",
    name: str,
    about: Callable[[dict[str, Any]], str] = lambda each: each.get("description", ""),
) -> Completer:
    """A completer.

    Args:
        found: Asks the server what there is.
        name: The field to offer.
        about: What a shell shows beside it.
    """

    def offered(
        ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        from attimo.cli import target
        from attimo.cli.http_client import HttpClient

        choice: dict[str, Any] = {each: ctx.params.get(each) for each in SERVER_OPTIONS}
        with (
            contextlib.suppress(AttimoError, OSError),
            HttpClient(target.choose(**choice), TIMEOUT_SECONDS) as client,
        ):
            return _items(((each[name], about(each)) for each in found(client)), incomplete)
        return []

    return offered


caches = _of(lambda client: client.caches(), "name")
roles = _of(lambda client: client.roles(), "role_name")
keys = _of(lambda client: client.api_keys(), "key_id")
members = _of(lambda client: client.members(), "email")
accounts = _of(lambda client: client.accounts(), "name", lambda each: f"id {each['account_id']}")
plans = _of(lambda client: client.plans(), "name", lambda each: "")
limits = _of(lambda client: client.own_limits()["limits"], "name", lambda each: each["purpose"])
months = _of(lambda client: client.bills()["bills"], "month", lambda each: "")
rate_cards = _of(lambda client: client.bills()["cards"], "name", lambda each: each["source"])


def profiles(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """The names of profiles."""
    from attimo.cli import profiles as known

    with contextlib.suppress(AttimoError, OSError):
        return _items(((name, each.url) for name, each in known.load().items()), incomplete)
    return []


def _items(found: Iterable[tuple[str, str]], incomplete: str) -> "list[CompletionItem]":
    from click.shell_completion import CompletionItem

    return [CompletionItem(name, help=help) for name, help in found if name.startswith(incomplete)]
