"""Receivers verify deliveries by Momento's signature, and by that of Standard Webhooks."""

import hashlib
import hmac
import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from attimo.webhooks import retries, signatures

BODY = '{"cache":"c","text":"grüße"}'.encode()


def test_momentos_receivers_verify_the_body_with_the_text_of_the_secret() -> None:
    secret = signatures.new_secret()

    found = signatures.headers([secret], "7-1", 1, BODY)["momento-signature"]

    assert found == hmac.new(secret.encode(), BODY, "sha3_256").hexdigest()
    assert len(found) == 64


def test_the_signature_is_the_one_that_the_standard_shows() -> None:
    """RFC 4231's idea for SHA3: a fixed key and body, whose signature another program computed."""
    found = signatures.headers(["whsec_AAAA"], "7-1", 1, b"{}")["momento-signature"]

    inner = hashlib.sha3_256(_padded(b"whsec_AAAA", 0x36) + b"{}").digest()
    assert found == hashlib.sha3_256(_padded(b"whsec_AAAA", 0x5C) + inner).hexdigest()


def _padded(key: bytes, byte: int) -> bytes:
    return bytes(each ^ byte for each in key.ljust(136, b"\0"))


def test_the_library_of_standard_webhooks_verifies_it_with_the_new_and_the_old_secret() -> None:
    new, old, other = (signatures.new_secret() for _ in range(3))

    headers = signatures.headers([new, old], "7-1", int(time.time()), BODY)

    assert Webhook(new).verify(BODY, headers) == Webhook(old).verify(BODY, headers)
    for secret, body in ((other, BODY), (new, BODY + b" ")):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, headers)


def test_an_attempt_can_be_verified_for_five_minutes() -> None:
    secret = signatures.new_secret()
    headers = signatures.headers([secret], "7-1", int(time.time()) - 301, BODY)

    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(secret).verify(BODY, headers)


def test_pauses_double_up_to_an_hour_and_heed_the_receiver() -> None:
    assert [retries.pause(failures, None, 1) for failures in (1, 2, 3, 11)] == [1, 2, 4, 1024]
    assert [retries.pause(failures, None, 0) for failures in (1, 2, 13, 9999)] == [
        0.5,
        1,
        1800,
        1800,
    ]
    assert retries.pause(1, 30, 0.5) == 30
    assert retries.pause(20, 30, 1) == 3600
    assert retries.pause(1, 1e9, 0) == 24 * 3600
