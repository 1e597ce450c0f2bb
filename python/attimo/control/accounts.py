"""Accounts: who owns caches and keys."""

from dataclasses import dataclass

from sqlalchemy import insert, select

from attimo.control.tx import Tx
from attimo.errors import InvalidArgument, NoSuchAccount
from attimo.store import tables

LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Account:
    """An owner of caches and keys; `created_at` in seconds since 1970."""

    id: int
    name: str
    created_at: int


def create(tx: Tx, name: str) -> Account:
    """Make an account with nothing in it; the first of a database has the id 1.

    Raises:
        InvalidArgument: The name is blank or too long.
    """
    if not name.strip() or len(name) > LONGEST_NAME:
        raise InvalidArgument(f"name must be 1 to {LONGEST_NAME} characters, and not blank")
    query = insert(tables.accounts).values(name=name, created_at=tx.now)
    account_id = tx.db.execute(query.returning(tables.accounts.c.id)).scalar_one()
    return Account(account_id, name, tx.now)


def get(tx: Tx, account_id: int) -> Account:
    """Return an account.

    Raises:
        NoSuchAccount: There is none of that id.
    """
    query = select(tables.accounts).where(tables.accounts.c.id == account_id)
    row = tx.db.execute(query).first()
    if row is None:
        raise NoSuchAccount(account_id)
    return Account(row.id, row.name, row.created_at)


def list_all(tx: Tx) -> list[Account]:
    """Return every account, the oldest first."""
    rows = tx.db.execute(select(tables.accounts).order_by(tables.accounts.c.id))
    return [Account(row.id, row.name, row.created_at) for row in rows]
