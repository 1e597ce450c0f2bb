"""Explains why a local server refuses a token, by asking it with the owner's key."""

import contextlib
from dataclasses import replace

from attimo.cli import account_option, keys, times
from attimo.cli.http_client import HttpClient
from attimo.cli.target import Choice
from attimo.errors import AttimoError

MOST_REVOKED = 1_000
"""How many of the newest key revocations are read from the audit log."""


def fate(choice: Choice, key_id: str) -> str:
    """Say who revoked a key and when, or that its signing key is unknown.

    Returns "" if neither is found, or if the owner's key is missing.
    """
    credentials = choice.home.credentials() if choice.home else None
    if credentials is None:
        return ""
    server = replace(choice.server, api_key=credentials.api_key)
    with contextlib.suppress(AttimoError), HttpClient(server) as owner:
        return _revoked(owner, key_id) or _foreign(owner, keys.signer(choice.server.api_key))
    return ""


def _revoked(owner: HttpClient, key_id: str) -> str:
    entries, _ = owner.audit("key.revoke", None, MOST_REVOKED, accounts=account_option.EVERY)
    for each in entries:
        if each["subject"] == key_id:
            return f"{each['actor']} revoked it {times.relative(each['at'])}"
    return ""


def _foreign(owner: HttpClient, kid: str | None) -> str:
    if kid in {each["kid"] for each in owner.signing_keys()}:
        return ""
    return "it was signed by another server, or by a key that was retired"
