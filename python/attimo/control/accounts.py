"""Accounts, which own caches, keys and roles."""

from dataclasses import dataclass

from attimo.control.actions import SERVER, writes
from attimo.control.tx import Tx
from attimo.errors import InvalidArgument, NoSuchAccount

LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Account:
    """An account; `created_at` in seconds since 1970."""

    id: int
    name: str
    created_at: int


@writes("account.create", SERVER, audited=False)
def create(tx: Tx, name: str) -> Account:
    """Create an empty account; the first of a database has the ID 1.

    Raises:
        InvalidArgument: The name is blank or too long.
    """
    if not name.strip() or len(name) > LONGEST_NAME:
        raise InvalidArgument(f"name must be 1 to {LONGEST_NAME} characters, and not blank")
    account_id = tx.db.scalar(
        "INSERT INTO accounts (name, created_at) VALUES (:name, :now) RETURNING id",
        name=name,
        now=tx.now,
    )
    return Account(account_id, name, tx.now)


def get(tx: Tx, account_id: int) -> Account:
    """Return an account.

    Raises:
        NoSuchAccount: There is no such account.
    """
    query = "SELECT id, name, created_at FROM accounts WHERE id = :id"
    found = tx.db.first(Account, query, id=account_id)
    if found is None:
        raise NoSuchAccount(account_id)
    return found


def list_all(tx: Tx) -> list[Account]:
    """Return every account, oldest first."""
    return tx.db.all(Account, "SELECT id, name, created_at FROM accounts ORDER BY id")
