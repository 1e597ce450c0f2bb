"""Accounts, which own caches, keys and roles: list, rename, suspend, resume.

Operators of a server do so with the accounts of several teams. How they create and delete accounts
is in `founding` and `account_deletion`.
"""

from dataclasses import dataclass

from attimo.control import audit, directory, pages, plan_limits, text_rules
from attimo.control.actions import SERVER, reads, writes
from attimo.control.pages import Page
from attimo.control.permissions import FIRST_ACCOUNT, SERVER_MANAGEMENT, Right
from attimo.control.tx import Tx
from attimo.errors import (
    AccountExists,
    AccountSuspended,
    FailedPrecondition,
    InvalidArgument,
    NoSuchAccount,
)

NEVER_ENDS = "it can be neither suspended nor deleted"

MANAGE = Right(SERVER_MANAGEMENT, "write")

LONGEST_NAME = 255

# Keys and caches that have expired do not count, although their rows are still there.
_DETAILS = """
SELECT id, name, created_at, suspended_at,
    (SELECT count(*) FROM caches WHERE account_id = accounts.id AND deleted_at IS NULL
        AND (expires_at IS NULL OR expires_at > :now)),
    (SELECT count(*) FROM api_keys WHERE account_id = accounts.id AND revoked_at IS NULL
        AND NOT is_hidden AND (expires_at IS NULL OR expires_at > :now)),
    (SELECT count(*) FROM members WHERE account_id = accounts.id), plan
FROM accounts WHERE deleted_at IS NULL """
_PAGE = f"""{_DETAILS}
AND id > :after AND (CAST(:name AS TEXT) IS NULL OR name = :name) ORDER BY id LIMIT :limit
"""
_CREATE = """
INSERT INTO accounts (name, created_at, revision, plan)
SELECT :name, :now, :revision,
    CASE WHEN EXISTS (SELECT 1 FROM accounts) THEN :other ELSE :first END
RETURNING id
"""
_SUSPEND = """
UPDATE accounts SET suspended_at = :moment, revision = :revision
WHERE id = :id AND deleted_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Account:
    """An account; `created_at` in seconds since 1970."""

    id: int
    name: str
    created_at: int


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """An account as the operator sees it; times in seconds since 1970.

    Attributes:
        suspended_at: Since when it is suspended; None if it is not.
        caches: How many caches it has.
        api_keys: How many valid API keys it has.
        members: How many people are its members.
        plan: The name of its plan.
    """

    id: int
    name: str
    created_at: int
    suspended_at: int | None
    caches: int
    api_keys: int
    members: int
    plan: str


@writes("account.create", SERVER, audited=False)
def create(tx: Tx, name: str) -> Account:
    """Create an empty account; the first of a database has the ID 1, and no limits.

    Raises:
        InvalidArgument: The name is blank, too long, not printable, or could be an ID.
    """
    check_name(name)
    account_id = tx.db.scalar(
        _CREATE,
        name=name,
        now=tx.now,
        revision=directory.touch(tx),
        first=plan_limits.UNLIMITED,
        other=plan_limits.FREE,
    )
    return Account(account_id, name, tx.now)


def get(tx: Tx, account_id: int) -> Account:
    """Return an account.

    Raises:
        NoSuchAccount: There is no such account.
    """
    query = "SELECT id, name, created_at FROM accounts WHERE id = :id AND deleted_at IS NULL"
    found = tx.db.first(Account, query, id=account_id)
    if found is None:
        raise NoSuchAccount(account_id)
    return found


def list_all(tx: Tx) -> list[Account]:
    """Return every account, oldest first."""
    query = "SELECT id, name, created_at FROM accounts WHERE deleted_at IS NULL ORDER BY id"
    return tx.db.all(Account, query)


def need_active(tx: Tx, account_id: int) -> None:
    """Refuse a request of a suspended account.

    Raises:
        AccountSuspended: It is suspended.
    """
    query = "SELECT suspended_at FROM accounts WHERE id = :id"
    if tx.db.scalar(query, id=account_id) is not None:
        raise AccountSuspended


@reads("account.list", Right(SERVER_MANAGEMENT, "list"))
def list_page(
    tx: Tx, _: int, limit: int, next_token: str | None = None, name: str | None = None
) -> Page[AccountDetails]:
    """Return up to `limit` accounts of the server, oldest first.

    Args:
        name: Only accounts with this name. People who sign up can choose one that is in use.

    Raises:
        InvalidArgument: `next_token` was not returned by this function.
    """
    after = pages.number_after(next_token, first=0)
    found = tx.db.all(AccountDetails, _PAGE, now=tx.now, after=after, name=name, limit=limit + 1)
    return pages.cut([(str(each.id), each) for each in found], limit)


@reads("account.find", MANAGE)
def named_page(
    tx: Tx, account_id: int, limit: int, next_token: str | None, name: str
) -> Page[AccountDetails]:
    """As `list_page`, for who changes accounts and knows their names.

    Raises:
        InvalidArgument: `next_token` was not returned by this function.
    """
    return list_page(tx, account_id, limit, next_token, name)


@reads("account.read", Right(SERVER_MANAGEMENT, "list"))
def details(tx: Tx, _: int, other_id: int) -> AccountDetails:
    """Return an account of the server.

    Raises:
        NoSuchAccount: There is no such account.
    """
    found = tx.db.first(AccountDetails, _DETAILS + "AND id = :id", id=other_id, now=tx.now)
    if found is None:
        raise NoSuchAccount(other_id)
    return found


@writes("account.rename", MANAGE)
def rename(tx: Tx, account_id: int, other_id: int, name: str) -> AccountDetails:
    """Rename an account; return it. Does nothing if it has that name.

    Raises:
        InvalidArgument: The name is blank, too long, not printable, or could be an ID.
        NoSuchAccount: There is no such account.
        AccountExists: Another account has that name.
    """
    account = get(tx, other_id)
    if account.name != name:
        check_name(name)
        need_free(tx, name)
        tx.db.execute("UPDATE accounts SET name = :name WHERE id = :id", name=name, id=other_id)
        note(tx, account_id, account, new_name=name)
    return details(tx, account_id, other_id)


@writes("account.suspend", MANAGE)
def suspend(tx: Tx, account_id: int, other_id: int) -> AccountDetails:
    """Refuse every request of an account until it is resumed; return it.

    Nothing of it is deleted. Items and caches that expire meanwhile do so as always. Does nothing
    if it is suspended.

    Raises:
        NoSuchAccount: There is no such account.
        FailedPrecondition: It is the first account.
    """
    account = get(tx, other_id)
    need_not_first(account, NEVER_ENDS)
    if details(tx, account_id, other_id).suspended_at is None:
        _suspend(tx, other_id, tx.now)
        note(tx, account_id, account)
    return details(tx, account_id, other_id)


@writes("account.resume", MANAGE)
def resume(tx: Tx, account_id: int, other_id: int) -> AccountDetails:
    """Serve a suspended account again; return it. Does nothing if it is not suspended.

    Raises:
        NoSuchAccount: There is no such account.
    """
    account = get(tx, other_id)
    if details(tx, account_id, other_id).suspended_at is not None:
        _suspend(tx, other_id, None)
        note(tx, account_id, account)
    return details(tx, account_id, other_id)


def need_free(tx: Tx, name: str) -> None:
    """Refuse a name that an account has, so that operators can tell accounts by their names.

    Raises:
        AccountExists: An account has it.
    """
    query = "SELECT 1 FROM accounts WHERE name = :name AND deleted_at IS NULL"
    if tx.db.scalar(query, name=name) is not None:
        raise AccountExists(name)


def need_not_first(account: Account, refusal: str) -> None:
    """Refuse what cannot be done to the operator's own account.

    Args:
        refusal: What cannot be done, and what can, for the message.

    Raises:
        FailedPrecondition: It is the first account.
    """
    if account.id == FIRST_ACCOUNT:
        raise FailedPrecondition(f"The first account is the operator's: {refusal}")


def note(tx: Tx, account_id: int, about: Account, **more: object) -> None:
    """Record what an operator does to an account: in the operator's audit log, and in its own.

    Its own tells neither who the operator is nor from where.
    """
    audit.note(tx, account_id, about.name, id=about.id, **more)
    if about.id != account_id:
        audit.note_of_system(tx, about.id, tx.action, about.name, **more)


def check_name(name: str) -> None:
    """Refuse a name that is none, or with which operators would name another account by its ID."""
    text_rules.check("name", name, LONGEST_NAME)
    if name.isdecimal() or name == "*" or name.casefold().startswith("id:"):
        raise InvalidArgument(
            "name must not be a number or *, nor begin with id: - these choose accounts by their "
            "IDs"
        )


def _suspend(tx: Tx, other_id: int, moment: int | None) -> None:
    tx.db.execute(_SUSPEND, id=other_id, moment=moment, revision=directory.touch(tx))
