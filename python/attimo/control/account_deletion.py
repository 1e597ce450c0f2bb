"""Deleting an account: its caches with all items, its keys, roles, sessions, members, invitations,
its budget.

What it used stays in the ledger, and what was done in its audit log: bookkeeping needs both. So do
the names of its caches and the descriptions of its keys, to which the ledger refers. Users stay,
too: they belong to the server, and may be members of other accounts.
"""

from attimo.control import accounts, directory, session_rows
from attimo.control.actions import writes
from attimo.control.tx import Tx

_OF_KEYS = """
DELETE FROM refresh_tokens
WHERE key_id IN (SELECT id FROM api_keys WHERE account_id = :account_id)
"""
_END = (
    "UPDATE api_keys SET revoked_at = :now, revision = :revision"
    " WHERE account_id = :account_id AND revoked_at IS NULL",
    "UPDATE url_keys SET revoked_at = :now, revision = :revision"
    " WHERE account_id = :account_id AND revoked_at IS NULL",
    "UPDATE roles SET deleted_at = :now, revision = :revision"
    " WHERE account_id = :account_id AND deleted_at IS NULL",
    "UPDATE caches SET deleted_at = :now, revision = :revision"
    " WHERE account_id = :account_id AND deleted_at IS NULL",
    "UPDATE accounts SET deleted_at = :now, revision = :revision WHERE id = :account_id",
)
"""What nodes know keeps its rows, and they learn of its end by the revision."""


@writes("account.delete", accounts.MANAGE)
def delete(tx: Tx, account_id: int, other_id: int) -> None:
    """Delete an account with everything in it, immediately. This can't be undone.

    Raises:
        NoSuchAccount: There is no such account.
        FailedPrecondition: It is the first account.
    """
    account = accounts.get(tx, other_id)
    accounts.need_not_first(account, accounts.NEVER_ENDS)
    had = accounts.details(tx, account_id, other_id)
    session_rows.end_of_account(tx, other_id)
    for query in (
        _OF_KEYS,
        "DELETE FROM invitations WHERE account_id = :account_id",
        "DELETE FROM members WHERE account_id = :account_id",
        "DELETE FROM budgets WHERE account_id = :account_id",
        "DELETE FROM allowance_marks WHERE account_id = :account_id",
        "DELETE FROM holds WHERE account_id = :account_id",
    ):
        tx.db.execute(query, account_id=other_id)
    revision = directory.touch(tx)
    for query in _END:
        tx.db.execute(query, account_id=other_id, now=tx.now, revision=revision)
    counts = {"caches": had.caches, "api_keys": had.api_keys, "members": had.members}
    accounts.note(tx, account_id, account, **counts)
