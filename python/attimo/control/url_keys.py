"""The key pairs with which an account signs URLs.

Only the public key is stored. Nodes verify signed URLs with it until it expires or is revoked.
"""

from dataclasses import dataclass, field

from attimo.control import audit, directory, pages
from attimo.control.actions import reads, writes
from attimo.control.makers import Makers
from attimo.control.pages import Page
from attimo.control.permissions import Permissions, Right, Rule
from attimo.control.selectors import ALL
from attimo.control.tx import Tx
from attimo.errors import InvalidArgument, NoSuchSigningKey

MANAGE = Right("auth_management", "write")

LONGEST_MINUTES = 90 * 24 * 60
ALL_DATA = Permissions((Rule("cache", frozenset({"read", "write"}), (ALL, ALL)),))
"""The permissions of URLs that such a key signs."""

_PAGE = """
SELECT kid, expires_at FROM url_keys
WHERE account_id = :account_id AND revoked_at IS NULL AND expires_at > :now AND kid > :after
ORDER BY kid LIMIT :limit
"""
_MADE = """
SELECT kid, expires_at, made_by_user_id, made_by_key_id FROM url_keys
WHERE account_id = :account_id AND revoked_at IS NULL AND expires_at > :now
ORDER BY kid
"""
_REVOKE = """
UPDATE url_keys SET revoked_at = :now, revision = :revision
WHERE kid = :kid AND account_id = :account_id AND revoked_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class UrlKey:
    """A key pair without its private key; `expires_at` in seconds since 1970."""

    kid: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class NewUrlKey:
    """A new key pair with its private key, which is not stored, as a JWK in JSON."""

    key: UrlKey
    jwk: str = field(repr=False)


@writes("url-key.create", MANAGE)
def create(tx: Tx, account_id: int, ttl_minutes: int) -> NewUrlKey:
    """Create a key pair.

    Raises:
        InvalidArgument: `ttl_minutes` is out of its range.
        PermissionDenied: The actor is not allowed to read and write all caches, as signed URLs
            are, or the pair would outlive it.
    """
    tx.actor.hand_out(ALL_DATA, "the key")
    if not 1 <= ttl_minutes <= LONGEST_MINUTES:
        raise InvalidArgument(f"ttl_minutes must be 1 to {LONGEST_MINUTES}")
    # Imported on use, since most server starts do not need it.
    from attimo.control import signing

    pair = signing.generate()
    key = UrlKey(pair.kid, tx.now + 60 * ttl_minutes)
    tx.actor.outlive(key.expires_at, "the key", "ttl_minutes")
    tx.db.insert(
        "url_keys",
        kid=key.kid,
        account_id=account_id,
        public_key=pair.public_key,
        created_at=tx.now,
        expires_at=key.expires_at,
        **tx.actor.makes(),
        revision=directory.touch(tx),
    )
    audit.note(tx, account_id, key.kid, until=key.expires_at)
    return NewUrlKey(key, pair.jwk())


@reads("url-key.list", Right("auth_management", "list"))
def list_page(tx: Tx, account_id: int, limit: int, next_token: str | None = None) -> Page[UrlKey]:
    """Return up to `limit` key pairs of an account that have neither expired nor been revoked.

    Raises:
        InvalidArgument: `next_token` was not returned by this function.
    """
    found = tx.db.all(
        UrlKey,
        _PAGE,
        account_id=account_id,
        now=tx.now,
        after=pages.after(next_token),
        limit=limit + 1,
    )
    return pages.cut([(key.kid, key) for key in found], limit)


def made_by(tx: Tx, account_id: int, makers: Makers) -> list[UrlKey]:
    """Return the valid key pairs that these created."""
    return [
        UrlKey(kid, expires_at)
        for kid, expires_at, *maker in tx.db.rows(_MADE, account_id=account_id, now=tx.now)
        if makers.include(*maker)
    ]


@writes("url-key.revoke", MANAGE)
def revoke(tx: Tx, account_id: int, kid: str) -> None:
    """Revoke a key pair and the URLs that it signed, immediately.

    Raises:
        NoSuchSigningKey: The account has no such key pair, or it is already revoked.
        PermissionDenied: The actor is not allowed to read and write all caches.
    """
    tx.actor.end(ALL_DATA, "the key")
    revision = directory.touch(tx)
    if not tx.db.execute(_REVOKE, kid=kid, account_id=account_id, now=tx.now, revision=revision):
        raise NoSuchSigningKey(kid)
    audit.note(tx, account_id, kid)
