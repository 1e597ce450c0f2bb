"""Accounts by what people call them: a name, an id, or `*` for every account.

Older accounts can have numbers as their names, so a number need not be an id; `id:7` always is one.
"""

import re
from collections.abc import Collection

from attimo.cli import complete
from attimo.cli.http_client import HttpClient
from attimo.cli.options import Decorator, argument, option
from attimo.errors import InvalidArgument, NoSuchAccount

EVERY = "*"

_ID = re.compile(r"id:([0-9]{1,18})")
_NUMBER = re.compile(r"[0-9]{1,18}")

which = argument(
    "account",
    "The account's name or id; id:7 is an id in any case.",
    shell_complete=complete.accounts,
)


def several(help: str) -> Decorator:
    """The option --account of commands that tell of other accounts; it can be repeated."""
    return option(
        "--account",
        "accounts",
        multiple=True,
        metavar="ACCOUNT",
        help=f"{help} By name or id (id:7 in any case), can be repeated; '*' is every account. For "
        "the operator.",
        shell_complete=complete.accounts,
    )


def one(help: str) -> Decorator:
    """The option --account of commands that tell of one other account."""
    return option(
        "--account",
        metavar="ACCOUNT",
        help=f"{help} By name or id (id:7 in any case). For the operator.",
        shell_complete=complete.accounts,
    )


def chosen(client: HttpClient, accounts: tuple[str, ...]) -> str | None:
    """What the server is asked for; None for the caller's own account.

    Raises:
        NoSuchAccount: There is no such account.
        InvalidArgument: Several can be meant.
    """
    if EVERY in accounts or not accounts:
        return EVERY if accounts else None
    return ",".join(str(id_of(client, each)) for each in accounts)


def id_of(client: HttpClient, account: str) -> int:
    """The id of the account that is meant; whether there is one with that id is not asked.

    Raises:
        NoSuchAccount: There is none of that name.
        InvalidArgument: Several can be meant.
    """
    if (id := typed_id(account)) is not None:
        return id
    named = {int(each["account_id"]) for each in client.accounts(account)}
    return only(account, named | ({int(account)} if _NUMBER.fullmatch(account) else set()))


def typed_id(account: str) -> int | None:
    """The id in `id:7`; None if it has another form."""
    found = _ID.fullmatch(account)
    return int(found[1]) if found else None


def only(account: str, ids: Collection[int]) -> int:
    """The one id that can be meant.

    Raises:
        NoSuchAccount: There is none.
        InvalidArgument: There are several.
    """
    if not ids:
        raise NoSuchAccount(account)
    if len(ids) > 1:
        shown = ", ".join(str(each) for each in sorted(ids))
        raise InvalidArgument(
            f"Several accounts can be meant by {account!r}: pass an id ({shown}) in the form id:N"
        )
    return next(iter(ids))
