"""A server with two accounts, and the means to forge tokens for it: with the secrets that only
the server should know, read from its data directory while it does not run.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attimo.control import Control, accounts, api_keys, signing
from attimo.data_directory import DataDirectory
from attimo.store.database import open_database
from harness import Server

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Forger:
    """What an attacker may know, and what only the server should know."""

    kid: str
    public_key: bytes
    private_key: bytes
    genuine: str
    """The owner's own token."""

    @property
    def header(self) -> dict[str, Any]:
        """The header of a genuine token."""
        return {"alg": "EdDSA", "typ": "JWT", "kid": self.kid}

    @property
    def claims(self) -> dict[str, Any]:
        """The claims of the genuine token."""
        middle = self.genuine.split(".")[1]
        said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=="))
        return said

    def genuinely(self, message: bytes) -> bytes:
        """Sign as the server does."""
        return Ed25519PrivateKey.from_private_bytes(self.private_key).sign(message)

    def keyed_with_the_public_key(self, message: bytes) -> bytes:
        """Sign with what everybody may know, for servers that believe a header's HS256."""
        return hmac.new(self.public_key, message, hashlib.sha256).digest()

    def token(
        self,
        header: dict[str, Any] | None = None,
        claims: object = None,
        sign: Sign | None = None,
    ) -> str:
        """A token that is genuine but for what is said here."""
        parts = [self.header | (header or {}), self.claims if claims is None else claims]
        signed = b".".join(segment(json.dumps(part).encode()) for part in parts)
        return (signed + b"." + segment((sign or self.genuinely)(signed))).decode()


def another_signer(message: bytes) -> bytes:
    """Sign with a key that the server does not know."""
    return Ed25519PrivateKey.generate().sign(message)


FORGED: dict[str, Callable[[Forger], str]] = {
    "garbage": lambda forger: "garbage",
    "alg none": lambda forger: forger.token({"alg": "none"}, sign=lambda _: b""),
    "HS256 with the public key": lambda forger: forger.token(
        {"alg": "HS256"}, sign=forger.keyed_with_the_public_key
    ),
    "another signer": lambda forger: forger.token(sign=another_signer),
    "foreign kid": lambda forger: forger.token({"kid": "foreign"}),
    "another account": lambda forger: forger.token(claims=forger.claims | {"acc": 2}),
    "over": lambda forger: forger.token(claims=forger.claims | {"exp": 1}),
}
"""Tokens that no route accepts, by what is wrong with them."""


def segment(data: bytes) -> bytes:
    """One of the three parts of a token."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


@dataclass(frozen=True)
class Neighbours:
    """Two accounts on one server; the first is the owner's."""

    server: Server
    owner_key: str
    neighbour_key: str
    forger: Forger


@contextmanager
def neighbours() -> Iterator[Neighbours]:
    """Start a server, give it a second account, and start it again."""
    with Server() as server:
        server.stop()
        made = _add_account(server)
        server.start()
        yield replace(made, server=server)


def _add_account(server: Server) -> Neighbours:
    database = open_database(DataDirectory(server.data_dir).database)
    try:
        with Control(database, publish=lambda _: None).begin() as tx:
            account = accounts.create(tx, "neighbour")
            key = api_keys.create(tx, account.id, "the neighbour's")
            pair = signing.current(tx)
    finally:
        database.close()
    forger = Forger(pair.kid, pair.public_key, pair.private_key, server.api_key)
    return Neighbours(server, server.api_key, key.token, forger)
