"""The Ed25519 keys that sign tokens.

The private half lies in the database, in the clear. Every node that issues tokens needs it, and a
secret to encrypt it with would have to lie beside it. The database file is its owner's alone (mode
600 in a directory of mode 700): guard a copy of it as you would guard the keys of the house.
"""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey
from sqlalchemy import insert, select

from attimo.control import directory
from attimo.control.tx import Tx
from attimo.store import tables


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair, 32 bytes each; `kid` is its thumbprint (RFC 7638). The repr hides the secret."""

    kid: str
    public_key: bytes
    private_key: bytes = field(repr=False)


def current(tx: Tx) -> SigningKey:
    """Return the newest key that is not retired; make the first one if there is none."""
    keys = tables.signing_keys.c
    query = select(keys.kid, keys.public_key, keys.private_key).where(keys.retired_at.is_(None))
    row = tx.db.execute(query.order_by(keys.revision.desc()).limit(1)).first()
    return create(tx) if row is None else SigningKey(row.kid, row.public_key, row.private_key)


def create(tx: Tx) -> SigningKey:
    """Make a new key pair; tokens that older keys signed stay valid."""
    pair = Ed25519PrivateKey.generate()
    kid = OKPKey.import_key(pair).thumbprint()
    key = SigningKey(kid, pair.public_key().public_bytes_raw(), pair.private_bytes_raw())
    row = {
        "kid": key.kid,
        "public_key": key.public_key,
        "private_key": key.private_key,
        "created_at": tx.now,
        "revision": directory.touch(tx),
    }
    tx.db.execute(insert(tables.signing_keys).values(row))
    return key
