"""Momento's two Python clients for topics as one, so that the same tests judge both."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from momento import TopicClient, TopicClientAsync
from momento.auth import CredentialProvider
from momento.config import TopicConfigurations
from momento.responses import TopicPublish, TopicSubscribe, TopicSubscriptionItem

from conformance.python.clients import Kind, expect

PATIENCE = timedelta(minutes=1)
"""The client's own deadline ends a subscription for good; see docs/how-to/topics.md."""


class Topics:
    """A client for topics of either kind; each call of the async one is awaited at once."""

    def __init__(self, client: Any, runner: asyncio.Runner, kind: Kind) -> None:
        self.client, self._runner, self._kind = client, runner, kind

    def publish(self, cache: str, topic: str, value: str | bytes) -> None:
        """Publish, which must succeed."""
        expect(self.try_publish(cache, topic, value), TopicPublish.Success)

    def try_publish(self, cache: str, topic: str, value: str | bytes) -> object:
        """Publish."""
        return self._done(self.client.publish(cache, topic, value))

    def subscribe(self, cache: str, topic: str, number: int = 0, page: int = 0) -> "Subscription":
        """Subscribe, which must succeed."""
        answer = self.try_subscribe(cache, topic, number, page)
        is_sync = self._kind is Kind.SYNC
        kind = TopicSubscribe.Subscription if is_sync else TopicSubscribe.SubscriptionAsync
        return Subscription(expect(answer, kind), self)

    def try_subscribe(self, cache: str, topic: str, number: int = 0, page: int = 0) -> object:
        """Subscribe."""
        return self._done(self.client.subscribe(cache, topic, number, page))

    def take(self, subscription: Any) -> object:
        """The next item of a subscription."""
        if self._kind is Kind.SYNC:
            return next(subscription)
        return self._runner.run(subscription.__anext__())

    def _done(self, answer: Any) -> object:
        return answer if self._kind is Kind.SYNC else self._runner.run(answer)


class Subscription:
    """A subscription of either kind."""

    def __init__(self, subscription: Any, topics: Topics) -> None:
        self._subscription, self._topics = subscription, topics
        self.number, self.page = 0, 0

    def take(self) -> str | bytes:
        """The next message."""
        item = self._topics.take(self._subscription)
        assert isinstance(item, TopicSubscriptionItem.Text | TopicSubscriptionItem.Binary), item
        self.number, self.page = item.sequence_number, item.sequence_page
        return item.value

    def end(self) -> None:
        """Unsubscribe."""
        self._subscription.unsubscribe()


@contextmanager
def connect(kind: Kind, provider: CredentialProvider, runner: asyncio.Runner) -> Iterator[Topics]:
    """Open a client of a kind."""
    configuration = TopicConfigurations.Default.latest().with_client_timeout(PATIENCE)
    if kind is Kind.SYNC:
        with TopicClient(configuration, provider) as client:
            yield Topics(client, runner, kind)
    else:

        async def opened() -> TopicClientAsync:
            return TopicClientAsync(configuration, provider)

        client_async = runner.run(opened())
        yield Topics(client_async, runner, kind)
        runner.run(client_async.close())
