"""The identity of a server: its credentials, which a restored copy replaces.

Otherwise two servers would accept each other's keys, and the copy would accept keys that were
revoked since it was made.
"""

from attimo.control import directory, signing
from attimo.control.actions import SERVER, writes
from attimo.control.permissions import FIRST_ACCOUNT
from attimo.control.tx import Tx


@writes("identity.renew", SERVER)
def renew(tx: Tx) -> None:
    """Revoke every API key, token, session, invitation and URL signing key, with a new signing key.

    Accounts, members, roles, caches and the ledger stay; passwords stay valid.
    """
    signing.rotate(tx, FIRST_ACCOUNT)
    signing.retire_old(tx, FIRST_ACCOUNT)
    # The first server may still sign with these, so a copy that has them could forge its tokens.
    tx.db.execute("DELETE FROM signing_keys WHERE retired_at IS NOT NULL")
    tx.db.execute(
        "UPDATE api_keys SET revoked_at = :now, revision = :revision WHERE revoked_at IS NULL",
        now=tx.now,
        revision=directory.touch(tx),
    )
    tx.db.execute("UPDATE url_keys SET revoked_at = :now WHERE revoked_at IS NULL", now=tx.now)
    tx.db.execute("DELETE FROM refresh_tokens")
    tx.db.execute("DELETE FROM invitations")
    tx.db.execute("DELETE FROM sign_ups")
    tx.db.execute("DELETE FROM sign_in_links")
    sign_everybody_out(tx)


@writes("session.end", SERVER, audited=False)
def sign_everybody_out(tx: Tx) -> None:
    """End every session and every password reset.

    Those that ended after the backup would otherwise be valid again, and nobody could list them.
    """
    tx.db.execute("DELETE FROM sessions")
    tx.db.execute("DELETE FROM password_resets")
