"""The owner of a server: an account, a first cache and a key, made when there are none.

The key is kept in `credentials.json`. Where that file is gone, or its key opens nothing any more,
a new one is made, so that the command line on this machine always has one.
"""

from dataclasses import dataclass, field

from attimo.control import Control, Tx, accounts, api_keys, caches
from attimo.data_directory import Credentials

NAME = "owner"
CACHE = "default-cache"
DESCRIPTION = "made at the first start"


@dataclass(frozen=True, slots=True)
class Owner:
    """Who may do everything on this server."""

    account_id: int
    api_key: str = field(repr=False)
    is_new: bool
    """Whether the key was made now."""
    is_first: bool = False
    """Whether the account was, too: nobody was here before."""


def ensure(control: Control, kept: Credentials | None) -> Owner:
    """The owner whose key was kept, or one that is made now."""
    with control.read() as tx:
        known = accounts.list_all(tx)
        still_good = kept is not None and api_keys.is_good(tx, kept.api_key)
    if known and kept is not None and still_good:
        return Owner(kept.account_id, kept.api_key, is_new=False)
    with control.begin() as tx:
        account_id = known[0].id if known else _found(tx)
        key = api_keys.create(tx, account_id, DESCRIPTION)
    return Owner(account_id, key.token, is_new=True, is_first=not known)


def _found(tx: Tx) -> int:
    """Make the first account and the cache that the official examples use."""
    account = accounts.create(tx, NAME)
    caches.create(tx, account.id, CACHE)
    return account.id
