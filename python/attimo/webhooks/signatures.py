"""Signatures of deliveries: Momento's, and those of Standard Webhooks (standardwebhooks.com).

A secret is `whsec_` and 32 random bytes in base64. Momento's signature is keyed by the text itself,
as its receivers have it, and Standard Webhooks by the bytes. The database has the text, since both
are symmetric: who verifies needs the same secret as who signs, so no hash of it would do.
"""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Sequence

PREFIX = "whsec_"
SECRET_BYTES = 32
MOMENTO = "momento-signature"


def new_secret() -> str:
    """Return a new secret."""
    return PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers(keys: Sequence[str], message_id: str, at: int, body: bytes) -> dict[str, str]:
    """Return the headers by which a receiver verifies a delivery.

    Args:
        keys: The secrets that are valid, the newest first: Standard Webhooks has a signature by
            each, and Momento's only one, by the newest.
        message_id: The same at each attempt, so that a receiver recognises what it has.
        at: When this attempt is made, in seconds since 1970.
    """
    signed = f"{message_id}.{at}.".encode() + body
    return {
        MOMENTO: hmac.new(keys[0].encode(), body, hashlib.sha3_256).hexdigest(),
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(_standard(key, signed) for key in keys),
    }


def _standard(key: str, signed: bytes) -> str:
    mac = hmac.new(b64decode(key.removeprefix(PREFIX)), signed, hashlib.sha256)
    return f"v1,{b64encode(mac.digest()).decode()}"
