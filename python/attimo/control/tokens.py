"""The format of tokens.

A v2 key is a JWT (its claim `t` is `g`), which clients use with an endpoint; a v1 token is the
base64 of a JSON object with both. The algorithm is fixed, whatever a header says.
"""

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.errors import UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry

from attimo.control.permissions import Permissions
from attimo.control.signing import SigningKey

ALGORITHM = "EdDSA"


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of an API key; times in seconds since 1970, None for never."""

    key_id: str
    account_id: int
    issued_at: int
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class DisposableClaims:
    """The claims of a disposable token; times in seconds since 1970.

    Attributes:
        key_id: The API key that requested it and with which it ends, if any.
        token_id: A name for its holder; may be empty.
    """

    account_id: int
    issued_at: int
    expires_at: int
    permissions: Permissions
    key_id: str | None
    token_id: str


class OneAlgorithm(JWSRegistry):
    """Supports Ed25519 only, under the name that today's verifiers know.

    RFC 9864 renames it to Ed25519; joserfc warns of the old name at each use.
    """

    def get_alg(self, name: str) -> JWSAlgModel:
        """Return the algorithm, or refuse the name."""
        if name != ALGORITHM:
            raise UnsupportedAlgorithmError(f"Algorithm of '{name}' is not allowed")
        return self.algorithms[ALGORITHM]


def v2_token(key: SigningKey, claims: Claims) -> str:
    """Sign the JWT of an API key."""
    said: dict[str, Any] = {
        "t": "g",
        "id": claims.key_id,
        "acc": claims.account_id,
        "iat": claims.issued_at,
    }
    if claims.expires_at is not None:
        said["exp"] = claims.expires_at
    return _signed(key, said)


def disposable_token(key: SigningKey, claims: DisposableClaims) -> str:
    """Sign the JWT of a disposable token."""
    said = {
        "t": "d",
        "id": claims.key_id,
        "acc": claims.account_id,
        "iat": claims.issued_at,
        "exp": claims.expires_at,
        "tid": claims.token_id or None,
        "p": claims.permissions.dump(),
    }
    return _signed(key, {name: value for name, value in said.items() if value is not None})


def _signed(key: SigningKey, said: dict[str, Any]) -> str:
    private = OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(key.private_key))
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid}, said, private, registry=OneAlgorithm())


def v1_token(endpoint: str, token: str) -> str:
    """Wrap a v2 key for clients that take endpoint and key as one string.

    `endpoint` is the server's name, with a port unless it is 443.
    """
    wrapper = json.dumps({"endpoint": endpoint, "api_key": token})
    return b64encode(wrapper.encode()).decode()
