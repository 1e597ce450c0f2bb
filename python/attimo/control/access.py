"""Who is behind a credential that the data plane has verified."""

from sqlalchemy import select

from attimo.control import roles
from attimo.control.actor import Actor
from attimo.control.permissions import everything
from attimo.control.tx import Tx
from attimo.errors import Unauthenticated
from attimo.store import tables

LOCAL = "local"
"""In place of a key's id: the owner of a server that was started with `--local`."""


def of_key(tx: Tx, account_id: int, key_id: str, peer: str) -> Actor:
    """The bearer of an API key, with the permissions of its role at this moment.

    Raises:
        Unauthenticated: The key was revoked meanwhile.
    """
    if key_id == LOCAL:
        return Actor(LOCAL, peer, everything())
    keys = tables.api_keys.c
    query = select(keys.role_id, keys.made_by_user_id, keys.expires_at).where(
        keys.id == key_id, keys.account_id == account_id, keys.revoked_at.is_(None)
    )
    row = tx.db.execute(query).first()
    if row is None:
        raise Unauthenticated("The API key is not valid here")
    permissions = roles.permitted(tx, account_id, row.role_id)
    return Actor(f"key {key_id}", peer, permissions, key_id, row.made_by_user_id, row.expires_at)
