"""API keys: create, list, revoke. A key may do everything in its account, until it is revoked.

The key is a signed token, so nothing secret is kept: whoever loses it makes a new one.
"""

import secrets
from dataclasses import dataclass, field

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from attimo.control import directory, pages
from attimo.control.pages import Page
from attimo.control.tx import Tx
from attimo.errors import InvalidArgument, NoSuchAccount, NoSuchKey
from attimo.store import tables

LONGEST_DESCRIPTION = 256
LAST_MOMENT = 253_402_300_799
"""The end of the year 9999, the latest expiry."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key; times in seconds since 1970, no `expires_at` is never."""

    id: str
    account_id: int
    description: str
    issued_at: int
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key at the only moment at which its token is known. Its repr hides the token."""

    key: ApiKey
    token: str = field(repr=False)


def create(
    tx: Tx, account_id: int, description: str = "", expires_at: int | None = None
) -> NewApiKey:
    """Make a key with full access to an account, usable until `expires_at` (None: for ever).

    Raises:
        InvalidArgument: The description is too long, or the expiry is not in the future.
        NoSuchAccount: There is no such account.
    """
    _check(tx, description, expires_at)
    key = ApiKey(secrets.token_hex(12), account_id, description, tx.now, expires_at)
    row = {
        "id": key.id,
        "account_id": account_id,
        "description": description,
        "issued_at": tx.now,
        "expires_at": expires_at,
        "revision": directory.touch(tx),
    }
    try:
        with tx.db.begin_nested():
            tx.db.execute(insert(tables.api_keys).values(row))
    except IntegrityError as error:
        raise NoSuchAccount(account_id) from error
    return NewApiKey(key, _sign(tx, key))


def list_page(tx: Tx, account_id: int, limit: int, next_token: str | None = None) -> Page[ApiKey]:
    """Return up to `limit` keys of an account that are not revoked, by id.

    Raises:
        InvalidArgument: `next_token` is not one that this returned.
    """
    keys = tables.api_keys.c
    query = (
        select(keys.id, keys.account_id, keys.description, keys.issued_at, keys.expires_at)
        .where(keys.account_id == account_id, keys.revoked_at.is_(None))
        .where(keys.id > pages.after(next_token))
        .order_by(keys.id)
        .limit(limit + 1)
    )
    return pages.cut([(row.id, ApiKey(*row)) for row in tx.db.execute(query)], limit)


def revoke(tx: Tx, account_id: int, key_id: str) -> None:
    """Refuse a key from now on.

    Raises:
        NoSuchKey: The account has no such key, or it is revoked already.
    """
    keys = tables.api_keys.c
    query = update(tables.api_keys).where(
        keys.id == key_id, keys.account_id == account_id, keys.revoked_at.is_(None)
    )
    written = tx.db.execute(query.values(revoked_at=tx.now, revision=directory.touch(tx)))
    if written.rowcount == 0:
        raise NoSuchKey(key_id)


def _sign(tx: Tx, key: ApiKey) -> str:
    # The cryptography takes 80 ms to import, and most starts of a server make no key.
    from attimo.control import signing, tokens

    claims = tokens.Claims(key.id, key.account_id, key.issued_at, key.expires_at)
    return tokens.v2_token(signing.current(tx), claims)


def _check(tx: Tx, description: str, expires_at: int | None) -> None:
    if len(description) > LONGEST_DESCRIPTION:
        raise InvalidArgument(f"description must be at most {LONGEST_DESCRIPTION} characters")
    if expires_at is not None and not tx.now < expires_at <= LAST_MOMENT:
        raise InvalidArgument(
            f"expiry must lie in the future, at most at {LAST_MOMENT} (seconds since 1970)"
        )
