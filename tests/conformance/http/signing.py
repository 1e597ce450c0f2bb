"""Signed URLs as a program makes them that has a key of `CreateSigningKey`."""

import base64
import json
import time
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from momento_wire_types import controlclient_pb2 as pb

from conformance.wire import CONTROL, Wire

SOON = 600


@dataclass(frozen=True)
class Signer:
    """A key pair for signed URLs."""

    jwk: dict[str, str]

    @property
    def kid(self) -> str:
        return self.jwk["kid"]

    def token(self, cache: str, key: str, *method: str, **claims: Any) -> str:
        """A token for these methods; `claims` replace claims, and None leaves one out."""
        said = {"exp": int(time.time()) + SOON, "cache": cache, "key": key, "method": [*method]}
        said |= claims
        return self.sign({name: value for name, value in said.items() if value is not None})

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """A token that says this."""
        pair = Ed25519PrivateKey.from_private_bytes(_decoded(self.jwk["d"]))
        header = {"alg": "EdDSA", "kid": self.kid, "typ": "JWT"} | header
        signed = f"{base64url(header)}.{base64url(claims)}"
        return f"{signed}.{_encoded(pair.sign(signed.encode()))}"


def base64url(said: dict[str, Any]) -> str:
    """JSON as a token bears it."""
    return _encoded(json.dumps(said).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def new_signer(owner: Wire, minutes: int = 10) -> Signer:
    """A new key of the account."""
    request = pb._CreateSigningKeyRequest(ttl_minutes=minutes)
    made = owner.unary(CONTROL, "CreateSigningKey", request, pb._CreateSigningKeyResponse)
    return Signer(json.loads(made.key))


def revoke(owner: Wire, kid: str) -> None:
    """End all that this key signed."""
    request = pb._RevokeSigningKeyRequest(key_id=kid)
    owner.unary(CONTROL, "RevokeSigningKey", request, pb._RevokeSigningKeyResponse)
