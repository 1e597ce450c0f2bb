"""The identity of a server: all by which it knows who asks, made anew for a copy of it.

Two servers of one database would take each other's keys, and a copy those that were revoked since.
"""

from sqlalchemy import delete, update

from attimo.control import directory, signing
from attimo.control.tx import Tx
from attimo.store import tables


def renew(tx: Tx) -> None:
    """End every API key, token, session, invitation and key for signed URLs; another key signs.

    Accounts, members, roles, caches and the ledger stay; passwords stay valid.
    """
    signing.rotate(tx)
    signing.retire_old(tx)
    # The first server may sign with these still: a copy that holds them could forge its tokens.
    old = tables.signing_keys
    tx.db.execute(delete(old).where(old.c.retired_at.is_not(None)))
    revision = directory.touch(tx)
    keys, url_keys = tables.api_keys, tables.url_keys
    tx.db.execute(
        update(keys).where(keys.c.revoked_at.is_(None)).values(revoked_at=tx.now, revision=revision)
    )
    tx.db.execute(update(url_keys).where(url_keys.c.revoked_at.is_(None)).values(revoked_at=tx.now))
    for table in (
        tables.sessions,
        tables.refresh_tokens,
        tables.invitations,
        tables.password_resets,
    ):
        tx.db.execute(delete(table))
