"""The Ed25519 keys that sign tokens.

The private key is in the database, unencrypted: every node that issues tokens needs it, and a key
to encrypt it with would have to be stored beside it. Only its owner can read the database file
(mode 600 in a directory of mode 700). Protect copies of it in the same way.
"""

import json
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from attimo.control import api_keys, audit, directory
from attimo.control.actions import SERVER, reads, writes
from attimo.control.permissions import FIRST_ACCOUNT, Right
from attimo.control.system_roles import OWNER
from attimo.control.tx import Tx
from attimo.errors import FailedPrecondition, NoSuchSigningKey, PermissionDenied

MANAGE = Right("auth_management", "write")

_CURRENT = """
SELECT kid, public_key, private_key FROM signing_keys WHERE retired_at IS NULL
ORDER BY revision DESC LIMIT 1
"""
_KNOWN = """
SELECT kid, created_at FROM signing_keys WHERE retired_at IS NULL ORDER BY revision DESC
"""
_EVER = """
SELECT kid, created_at, retired_at, revision FROM signing_keys ORDER BY created_at, revision
"""
_RETIRE = """
UPDATE signing_keys SET retired_at = :now, private_key = :nothing, revision = :revision
WHERE kid = :kid
"""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair, 32 bytes each; `kid` is its thumbprint (RFC 7638). The repr hides the secret."""

    kid: str
    public_key: bytes
    private_key: bytes = field(repr=False)

    def jwk(self) -> str:
        """The key pair as a JSON Web Key (RFC 8037)."""
        pair = OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(self.private_key))
        return json.dumps(pair.as_dict(private=True) | {"kid": self.kid, "alg": "EdDSA"})


def current(tx: Tx) -> SigningKey:
    """Return the newest key that is not retired; create the first one if there is none."""
    return tx.db.first(SigningKey, _CURRENT) or create(tx)


@dataclass(frozen=True, slots=True)
class Known:
    """A signing key as callers are shown it; `created_at` in seconds since 1970."""

    kid: str
    created_at: int
    signs: bool
    """Whether it signs; the others only verify."""


@dataclass(frozen=True, slots=True)
class _Ever:
    kid: str
    created_at: int
    retired_at: int | None
    revision: int


@reads("signing.list", Right("auth_management", "list"))
def list_all(tx: Tx, account_id: int) -> list[Known]:
    """Return the keys that are not retired, the one that signs at the front.

    Raises:
        PermissionDenied: The account is not the operator's.
    """
    _check_account(account_id)
    return _known(tx)


@writes("signing.rotate", MANAGE)
def rotate(tx: Tx, account_id: int) -> SigningKey:
    """Create a key that signs from now on; tokens of older keys are valid until those are retired.

    Raises:
        PermissionDenied: The actor has fewer permissions than the server's operator.
    """
    _need_operator(tx, account_id)
    key = create(tx)
    audit.note(tx, account_id, key.kid)
    return key


@writes("signing.retire", MANAGE)
def retire(tx: Tx, account_id: int, kid: str, force: bool = False) -> None:
    """Invalidate every token that a key signed, immediately. This can't be undone.

    Args:
        force: Do so even if this revokes the last API key that can manage the operator's keys.

    Raises:
        NoSuchSigningKey: There is no such key, or it is already retired.
        FailedPrecondition: It is the key that signs: rotate first. Or it would revoke the last API
            key that can manage keys, and the actor is a key and could not create another.
        PermissionDenied: The actor has fewer permissions than the server's operator.
    """
    _need_operator(tx, account_id)
    known = {key.kid: key for key in _known(tx)}
    if kid not in known:
        raise NoSuchSigningKey(kid)
    if known[kid].signs:
        raise FailedPrecondition("This is the key that signs: rotate first, then retire it")
    if not force:
        _keep_a_manager(tx, {kid})
    # It never signs again, so the private key is deleted.
    tx.db.execute(_RETIRE, kid=kid, now=tx.now, nothing=b"", revision=directory.touch(tx))
    audit.note(tx, account_id, kid)


@writes("signing.retire", MANAGE)
def retire_old(tx: Tx, account_id: int, force: bool = False) -> None:
    """Retire every key but the one that signs.

    Raises:
        FailedPrecondition: As in `retire`, unless `force` is set.
        PermissionDenied: The actor has fewer permissions than the server's operator.
    """
    _need_operator(tx, account_id)
    old = [key.kid for key in _known(tx) if not key.signs]
    if old and not force:
        _keep_a_manager(tx, set(old))
    for kid in old:
        retire(tx, account_id, kid, force=True)


def _keep_a_manager(tx: Tx, kids: set[str]) -> None:
    """Refuse an API key to retire the signing key of the last one that can manage keys.

    Raises:
        FailedPrecondition: It would be revoked.
    """
    known = tx.db.all(_Ever, _EVER)

    def ends(manager: api_keys.Manager) -> bool:
        # The newest signing key of that time signed it. Within a second, the revision decides; that
        # of a retired key is from its retirement.
        before = [
            each
            for each in known
            if each.created_at <= manager.issued_at
            and (each.retired_at is not None or each.revision <= manager.revision)
        ]
        return not before or before[-1].retired_at is not None or before[-1].kid in kids

    api_keys.keep_a_manager(tx, FIRST_ACCOUNT, "This has signed", "retire", ends)


def _known(tx: Tx) -> list[Known]:
    rows = tx.db.rows(_KNOWN)
    return [Known(kid, created_at, signs=at == 0) for at, (kid, created_at) in enumerate(rows)]


def _check_account(account_id: int) -> None:
    if account_id != FIRST_ACCOUNT:
        raise PermissionDenied("Only the account of this server's operator may do this")


def _need_operator(tx: Tx, account_id: int) -> None:
    _check_account(account_id)
    if not tx.actor.permissions.covers(OWNER.permissions):
        raise PermissionDenied(
            "Insufficient permissions: only the server's operator, an Owner of its first account, "
            "may do this"
        )


@writes("signing.create", SERVER, audited=False)
def create(tx: Tx) -> SigningKey:
    """Create a signing key; tokens of older keys stay valid."""
    key = generate()
    tx.db.insert(
        "signing_keys",
        kid=key.kid,
        public_key=key.public_key,
        private_key=key.private_key,
        created_at=tx.now,
        revision=directory.touch(tx),
    )
    return key


def generate() -> SigningKey:
    """Generate a key pair."""
    pair = Ed25519PrivateKey.generate()
    kid = OKPKey.import_key(pair).thumbprint()
    return SigningKey(kid, pair.public_key().public_bytes_raw(), pair.private_bytes_raw())
