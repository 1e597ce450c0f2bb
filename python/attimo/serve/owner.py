"""The owner of a server: an account, a first cache and a key, created when there are none.

The key is stored in `credentials.json`. If the file is missing or its key is not valid any more, a
new one is created, so that the command line on this machine always has one.
"""

from dataclasses import dataclass, field

from attimo.control import Control, Tx, accounts, api_keys, caches
from attimo.data_directory import Credentials

NAME = "owner"
CACHE = "default-cache"
DESCRIPTION = "made at the first start"


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of this server, who is allowed everything."""

    account_id: int
    api_key: str = field(repr=False)
    is_new: bool
    """Whether the key was created now."""
    is_first: bool = False
    """Whether the account was created, too."""


def ensure(control: Control, kept: Credentials | None) -> Owner:
    """Return the owner whose key is stored, or create one."""
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
    """Create the first account and the cache that the official examples use."""
    account = accounts.create(tx, NAME)
    caches.create(tx, account.id, CACHE)
    return account.id
