"""Small stand-ins for what surrounds the control plane: a clock, a node, a batch, a client."""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from starlette.applications import Starlette

from attimo.control import Control, accounts, users
from attimo.control.directory import (
    Changes,
    KnownCache,
    KnownKey,
    KnownRole,
    KnownSession,
    KnownUrlKey,
    KnownWebhook,
    VerifyingKey,
)
from attimo.control.totals import COUNTS
from attimo.store.connection import Database
from attimo.store.database import open_database
from attimo.store.postgresql import open_server
from postgresql_server import PostgresServer, address

POSTGRES: PostgresServer | None = None
"""The server of the databases, with `pytest --database postgresql`."""

NOON = 1_800_000_000 - 1_800_000_000 % 86_400 + 43_200
"""A moment at which a minute begins."""


@dataclass
class Clock:
    """A clock that is set by hand."""

    now: int = NOON

    def __call__(self) -> int:
        return self.now


@dataclass
class Listener:
    """A node: it keeps what it has learned, and refuses changes that leave a gap."""

    heard: list[Changes] = field(default_factory=list)
    revision: int = 0
    suspended: set[int] = field(default_factory=set)
    verifying_keys: dict[str, VerifyingKey] = field(default_factory=dict)
    api_keys: dict[str, KnownKey] = field(default_factory=dict)
    url_keys: dict[str, KnownUrlKey] = field(default_factory=dict)
    caches: dict[int, KnownCache] = field(default_factory=dict)
    webhooks: dict[int, KnownWebhook] = field(default_factory=dict)
    roles: dict[str, KnownRole] = field(default_factory=dict)
    sessions: dict[bytes, KnownSession] = field(default_factory=dict)
    limits: dict[int, dict[str, int]] = field(default_factory=dict)

    def learn(self, changes: Changes) -> None:
        if changes.since is not None and changes.since > self.revision:
            raise ValueError(f"changes since {changes.since}, but this knows {self.revision}")
        self.heard.append(changes)
        if changes.since is None:
            self.forget()
        self.revision = changes.revision
        self.suspended |= set(changes.suspended_accounts)
        self.suspended -= set(changes.resumed_accounts)
        self.verifying_keys |= {key.kid: key for key in changes.verifying_keys}
        self.api_keys |= {key.id: key for key in changes.api_keys}
        self.url_keys |= {key.kid: key for key in changes.url_keys}
        self.sessions |= {session.hash: session for session in changes.sessions}
        self.caches |= {cache.id: cache for cache in changes.caches}
        self.webhooks |= {each.id: each for each in changes.webhooks}
        self.roles |= {role.id: role for role in changes.roles}
        self.limits |= {each.account_id: each.numbers for each in changes.limits}
        for kid in changes.retired_keys:
            self.verifying_keys.pop(kid, None)
        for key_id in changes.revoked_keys:
            self.api_keys.pop(key_id, None)
        for kid in changes.revoked_url_keys:
            self.url_keys.pop(kid, None)
        for hash in changes.ended_sessions:
            self.sessions.pop(hash, None)
        for role_id in changes.deleted_roles:
            self.roles.pop(role_id, None)
        for cache_id in changes.deleted_caches:
            self.caches.pop(cache_id, None)
        for webhook_id in changes.deleted_webhooks:
            self.webhooks.pop(webhook_id, None)

    def forget(self) -> None:
        self.revision = 0
        self.verifying_keys, self.api_keys, self.caches, self.roles = {}, {}, {}, {}
        self.url_keys, self.sessions = {}, {}
        self.suspended, self.limits, self.webhooks = set(), {}, {}

    def names(self, account_id: int) -> set[str]:
        return {cache.name for cache in self.caches.values() if cache.account_id == account_id}


class Seconds:
    """Time that passes by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Used:
    """What a key did with a cache through an API: a request, unless more is said."""

    def __init__(
        self, cache_id: int = 1, key_id: str = "key", api: str = "Get", *counts: int, **named: int
    ) -> None:
        self.cache_id, self.key_id, self.api = cache_id, key_id, api
        self.counts = {"requests": 1} | dict(zip(COUNTS, counts, strict=False)) | named
        self.durations: dict[int, int] = {}
        self.failures: dict[str, int] = {}

    def ending(self, durations: dict[int, int], **failures: int) -> "Used":
        """The same, with how its requests ended."""
        self.durations, self.failures = durations, failures
        return self


@dataclass(frozen=True)
class Batch:
    """A numbered count of a node."""

    node: str
    number: int
    used: list[Used]


@contextmanager
def swift_directory() -> Iterator[Path]:
    """Make a directory in memory where there is one, so that commits need not wait for a disk."""
    memory = Path("/dev/shm")  # noqa: S108
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as directory:
        try:
            yield Path(directory)
        finally:
            if POSTGRES:
                POSTGRES.give_back(Path(directory).name)


def open_in(directory: Path) -> Database:
    """Open the database of a directory, as `--database` says; create it if there is none."""
    if POSTGRES:
        return open_server(address(POSTGRES.database(directory.name)))
    return open_database(directory / "attimo.db")


def new_control(directory: Path, node: Listener, clock: Clock) -> Control:
    """Make a control plane with the accounts 1 and 2 in a new database."""
    control = Control(open_in(directory), node.learn, clock)
    with control.begin() as tx:
        accounts.create(tx, "owner")
        accounts.create(tx, "neighbour")
    return control


@dataclass(frozen=True)
class Client:
    """Asks an app as the data plane would: in the name of a key of an account, or of nobody.

    The key `local` is the owner's, who may do everything; `session` is the token of one.
    """

    app: Starlette
    account_id: int | None
    key_id: str = "local"
    session: str | None = None

    def ask(
        self, method: str, path: str, body: object = None, accept: str = "*/*", **more: str
    ) -> httpx.Response:
        """Send a request with a JSON body, if it has one; bytes go as they are.

        More headers have a `_` for each `-`.
        """
        content = body if body is None or isinstance(body, bytes) else json.dumps(body)
        headers = {"accept": accept} | {name.replace("_", "-"): text for name, text in more.items()}
        headers |= {} if body is None else {"content-type": "application/json"}
        sent = {name.encode(): text.encode("latin-1") for name, text in headers.items()}
        request = httpx.Request(method, f"http://app{path}", headers=sent, content=content)
        return self._send(request)

    def call(self, method: str, message: bytes) -> httpx.Response:
        """Call a method of gRPC with the bytes of its message."""
        headers = {"attimo-protocol": "grpc"}
        return self._send(
            httpx.Request("POST", f"http://app{method}", headers=headers, content=message)
        )

    def _send(self, request: httpx.Request) -> httpx.Response:
        request.headers["attimo-peer"] = "192.0.2.7"
        if self.account_id is not None:
            request.headers["attimo-account"] = str(self.account_id)
            request.headers["attimo-key"] = self.key_id
        if self.session is not None:
            request.headers["attimo-session"] = users.digest(self.session).hex()
        return asyncio.run(self._ask_app(request))

    async def _ask_app(self, request: httpx.Request) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.send(request)
