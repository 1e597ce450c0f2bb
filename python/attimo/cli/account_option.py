"""Accounts by what people call them: a name, an id, or `*` for every account."""

from typing import Any

from attimo.cli import complete
from attimo.cli.http_client import HttpClient
from attimo.cli.options import Decorator, option
from attimo.errors import InvalidArgument, NotFound

EVERY = "*"


def several(help: str) -> Decorator:
    """The option --account of commands that tell of other accounts; it can be repeated."""
    return option(
        "--account",
        "accounts",
        multiple=True,
        metavar="ACCOUNT",
        help=f"{help} By name or id, can be repeated; '*' is every account. For the operator.",
        shell_complete=complete.accounts,
    )


def chosen(client: HttpClient, accounts: tuple[str, ...]) -> str | None:
    """What the server is asked for; None for the caller's own account.

    Raises:
        NotFound: There is no such account.
        InvalidArgument: Several have that name.
    """
    if EVERY in accounts or not accounts:
        return EVERY if accounts else None
    return ",".join(each if each.isdecimal() else _id(client, each) for each in accounts)


def find(client: HttpClient, account: str) -> dict[str, Any]:
    """The account of that id, or else of that name.

    Raises:
        NotFound: There is none.
        InvalidArgument: Several have that name.
    """
    if account.isdecimal():
        return client.account(int(account))
    found = list(client.accounts(account))
    if not found:
        raise NotFound(f"There is no account {account!r}. See: attimo account list")
    if len(found) > 1:
        ids = ", ".join(str(each["account_id"]) for each in found)
        raise InvalidArgument(f"Several accounts are called {account!r}: pass an id ({ids})")
    return found[0]


def _id(client: HttpClient, name: str) -> str:
    return str(find(client, name)["account_id"])
