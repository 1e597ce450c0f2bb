"""Returns the actor behind a credential that the data plane has verified."""

from attimo.control import accounts, roles
from attimo.control.actor import Actor
from attimo.control.permissions import NOTHING, everything
from attimo.control.tx import Tx
from attimo.errors import Unauthenticated

LOCAL = "local"
"""The key ID of the owner of a server started with `--local`."""

_KEY = """
SELECT role_id, made_by_user_id, expires_at FROM api_keys
WHERE id = :id AND account_id = :account_id AND revoked_at IS NULL
"""


def of_key(tx: Tx, account_id: int, key_id: str, peer: str) -> Actor:
    """Return the actor of an API key, with the current permissions of its role.

    Raises:
        Unauthenticated: The key has been revoked.
        AccountSuspended: Its account is suspended.
    """
    if key_id == LOCAL:
        return Actor(LOCAL, peer, everything().within(account_id))
    found = tx.db.rows(_KEY, id=key_id, account_id=account_id)
    if not found:
        raise Unauthenticated("Invalid API key: it was revoked or issued by another server")
    accounts.need_active(tx, account_id)
    ((role_id, made_by_user_id, expires_at),) = found
    role = roles.held(tx, account_id, role_id)
    permissions, name = (role.permissions, role.title) if role else (NOTHING, "")
    return Actor(f"key {key_id}", peer, permissions, key_id, made_by_user_id, expires_at, name)
