"""Momento's two Python clients as one, so that the same tests judge both."""

import asyncio
import dataclasses
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from momento import CacheClient, CacheClientAsync, CredentialProvider
from momento.config import Configuration
from momento.config.transport.transport_strategy import (
    StaticGrpcConfiguration,
    StaticTransportStrategy,
)
from momento.responses import (
    CacheDeleteResponse,
    CacheFlushResponse,
    CacheGetResponse,
    CacheIncrementResponse,
    CacheSetIfNotExistsResponse,
    CacheSetResponse,
    CreateCacheResponse,
    DeleteCacheResponse,
    ListCachesResponse,
)
from momento.retry import FixedCountRetryStrategy

from harness import Server

MINUTE = timedelta(minutes=1)
Text = str | bytes


class Client(Protocol):
    """What this suite uses of Momento's blocking client."""

    def create_cache(self, cache_name: str) -> CreateCacheResponse: ...

    def delete_cache(self, cache_name: str) -> DeleteCacheResponse: ...

    def flush_cache(self, cache_name: str) -> CacheFlushResponse: ...

    def list_caches(self) -> ListCachesResponse: ...

    def get(self, cache_name: str, key: Text) -> CacheGetResponse: ...

    def set(
        self, cache_name: str, key: Text, value: Text, ttl: timedelta | None = None
    ) -> CacheSetResponse: ...

    def set_if_not_exists(
        self, cache_name: str, key: Text, value: Text, ttl: timedelta | None = None
    ) -> CacheSetIfNotExistsResponse: ...

    def delete(self, cache_name: str, key: Text) -> CacheDeleteResponse: ...

    def increment(
        self, cache_name: str, key: Text, amount: int = 1, ttl: timedelta | None = None
    ) -> CacheIncrementResponse: ...


@dataclass(frozen=True)
class Awaited:
    """Momento's async client, each call awaited at once."""

    client: CacheClientAsync
    runner: asyncio.Runner

    def create_cache(self, cache_name: str) -> CreateCacheResponse:
        return self.runner.run(self.client.create_cache(cache_name))

    def delete_cache(self, cache_name: str) -> DeleteCacheResponse:
        return self.runner.run(self.client.delete_cache(cache_name))

    def flush_cache(self, cache_name: str) -> CacheFlushResponse:
        return self.runner.run(self.client.flush_cache(cache_name))

    def list_caches(self) -> ListCachesResponse:
        return self.runner.run(self.client.list_caches())

    def get(self, cache_name: str, key: Text) -> CacheGetResponse:
        return self.runner.run(self.client.get(cache_name, key))

    def set(
        self, cache_name: str, key: Text, value: Text, ttl: timedelta | None = None
    ) -> CacheSetResponse:
        return self.runner.run(self.client.set(cache_name, key, value, ttl))

    def set_if_not_exists(
        self, cache_name: str, key: Text, value: Text, ttl: timedelta | None = None
    ) -> CacheSetIfNotExistsResponse:
        return self.runner.run(self.client.set_if_not_exists(cache_name, key, value, ttl))

    def delete(self, cache_name: str, key: Text) -> CacheDeleteResponse:
        return self.runner.run(self.client.delete(cache_name, key))

    def increment(
        self, cache_name: str, key: Text, amount: int = 1, ttl: timedelta | None = None
    ) -> CacheIncrementResponse:
        return self.runner.run(self.client.increment(cache_name, key, amount, ttl))


class Kind(StrEnum):
    """Which of the two clients."""

    SYNC = "sync"
    ASYNC = "async"


class Transport(StrEnum):
    """Which listener."""

    PLAINTEXT = "plaintext"
    TLS = "tls"


class Credential(StrEnum):
    """Which form of the key."""

    V1 = "v1"
    V2 = "v2"


@dataclass(frozen=True)
class Way:
    """One of the ways in which a program reaches a server."""

    kind: Kind
    transport: Transport
    credential: Credential

    def __str__(self) -> str:
        return f"{self.kind}-{self.transport}-{self.credential}"


def credentials(server: Server, way: Way) -> CredentialProvider:
    """The SDK's own provider for this way."""
    if way.credential is Credential.V1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            provider = CredentialProvider.from_string(server.v1_token)
    else:
        provider = CredentialProvider.from_api_key_v2(server.api_key, server.endpoint)
    if way.transport is Transport.TLS:
        return provider
    return with_token(server.http_address, provider.auth_token)


def with_token(address: tuple[str, int], token: str) -> CredentialProvider:
    """The SDK's own switch for a server on plaintext, which sends no token, given one."""
    return dataclasses.replace(CredentialProvider.for_momento_local(*address), auth_token=token)


def roomy() -> Configuration:
    """The Laptop configuration with room to send what no server should take.

    The client's own limit would refuse such a message before it is sent.
    """
    grpc = StaticGrpcConfiguration(timedelta(seconds=20), max_send_message_length=16 << 20)
    return Configuration(StaticTransportStrategy(grpc), FixedCountRetryStrategy(max_attempts=3))


@contextmanager
def connect(way: Way, provider: CredentialProvider, runner: asyncio.Runner) -> Iterator[Client]:
    """Open a client of the kind that `way` names."""
    if way.kind is Kind.SYNC:
        with CacheClient(roomy(), provider, MINUTE) as client:
            yield client
    else:
        opened = runner.run(_open(provider))
        yield Awaited(opened, runner)
        runner.run(opened.__aexit__(None, None, None))


async def _open(provider: CredentialProvider) -> CacheClientAsync:
    return CacheClientAsync(roomy(), provider, MINUTE)
