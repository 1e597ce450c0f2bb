"""Momento's two Python clients as one, so that the same tests judge both."""

import asyncio
import dataclasses
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias, TypeVar, cast

from momento import CacheClient, CacheClientAsync, CredentialProvider
from momento.config import Configuration
from momento.config.transport.transport_strategy import (
    StaticGrpcConfiguration,
    StaticTransportStrategy,
)
from momento.errors import MomentoErrorCode
from momento.responses.mixins import ErrorResponseMixin
from momento.retry import FixedCountRetryStrategy

from harness import Server

MINUTE = timedelta(minutes=1)

Client: TypeAlias = CacheClient
Answer = TypeVar("Answer")


def expect(answer: object, kind: type[Answer]) -> Answer:
    """The answer, which must be of this kind; if it is not, the answer is shown."""
    assert isinstance(answer, kind), answer
    return answer


def error_of(answer: object) -> MomentoErrorCode:
    """By which of the client's error codes a call was refused."""
    return expect(answer, ErrorResponseMixin).error_code


class Awaited:
    """Momento's async client, each call awaited at once: it looks like the blocking one."""

    def __init__(self, client: CacheClientAsync, runner: asyncio.Runner) -> None:
        self._client = client
        self._runner = runner

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self._client, name)
        return lambda *words, **options: self._runner.run(method(*words, **options))


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
        yield cast(Client, Awaited(opened, runner))
        runner.run(opened.__aexit__(None, None, None))


async def _open(provider: CredentialProvider) -> CacheClientAsync:
    return CacheClientAsync(roomy(), provider, MINUTE)
