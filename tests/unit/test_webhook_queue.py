"""What waits for webhooks: whose a message is, and when it leaves."""

import asyncio
from dataclasses import dataclass
from typing import NoReturn

import pytest

from attimo.control import Control, caches, webhook_queue, webhook_reports, webhooks
from attimo.control.webhook_queue import Attempt
from attimo.control.webhooks import Webhook
from attimo.errors import InvalidArgument, StoreUnavailable
from attimo.node.message_batches import Batch, Message
from attimo.serve.deliveries import Deliverer
from attimo.webhooks.post import Answer
from fakes import Clock

URL = "https://example.com/hook"
PAGE = 1_764_633_600_000_000
DAY = 24 * 3600


@dataclass
class Queue:
    """The webhooks of a cache, by their numbers from 1, and what waits for them."""

    control: Control
    clock: Clock

    def put(self, name: str, topic: str, url: str = URL) -> int:
        with self.control.begin() as tx:
            return webhooks.put(tx, 1, "shop", name, topic, url).webhook.id

    def publish(self, topic: str, *numbers: int) -> None:
        at = self.clock.now * 1000
        messages = [
            Message(1, topic, PAGE, each, at, "", True, f"{topic} {each}".encode())
            for each in numbers
        ]
        with self.control.begin() as tx:
            webhook_queue.record(tx, Batch(messages, []), at)

    def attempt(self, id: int, status: int, milliseconds: int = 0, pause: int = 0) -> Attempt:
        """Make an attempt for the next message, which is yet to be recorded."""
        with self.control.read() as tx:
            head = webhook_queue.head(tx, id)
        assert head is not None
        return Attempt(head, self.clock.now * 1000, milliseconds, status, pause=pause)

    def settle(self, *attempts: Attempt) -> list[str]:
        with self.control.begin() as tx:
            webhook_queue.settle(tx, attempts)
        return [each.delivery.value.decode() for each in attempts]

    def info(self, name: str) -> Webhook:
        with self.control.read() as tx:
            return webhooks.get(tx, 1, "shop", name)

    def stored(self) -> int:
        with self.control.read() as tx:
            return int(tx.db.scalar("SELECT count(*) FROM webhook_messages"))


@pytest.fixture
def queue(control: Control, clock: Clock) -> Queue:
    with control.begin() as tx:
        caches.create(tx, 1, "shop")
    return Queue(control, clock)


def test_messages_of_two_topics_with_the_same_page_and_number_are_not_mixed_up(
    queue: Queue,
) -> None:
    """As in an upgrade, when two processes begin a page in the same second."""
    orders, gone, bills = queue.put("a", "orders"), queue.put("b", "bills"), queue.put("c", "bills")
    queue.publish("orders", 1)
    queue.publish("bills", 1)

    got = queue.settle(
        queue.attempt(orders, 200), queue.attempt(gone, 410), queue.attempt(bills, 200)
    )

    assert got == ["orders 1", "bills 1", "bills 1"]
    assert (queue.info("a").waiting, queue.info("b").dead, queue.stored()) == (0, 1, 1)
    with queue.control.begin() as tx:
        webhooks.delete(tx, 1, "shop", "b")
    assert queue.stored() == 0


def test_with_a_new_topic_nothing_of_the_old_one_is_delivered(queue: Queue) -> None:
    changed, other = queue.put("a", "orders"), queue.put("b", "orders")
    queue.publish("orders", 1)
    queue.settle(queue.attempt(changed, 410))
    queue.put("a", "orders")
    queue.publish("orders", 2)
    in_flight = queue.attempt(changed, 200)

    queue.put("a", "bills")
    queue.publish("bills", 2)
    queue.settle(in_flight)

    assert (queue.info("a").waiting, queue.info("a").dead) == (1, 0)
    assert queue.settle(queue.attempt(changed, 200)) == ["bills 2"]
    assert [queue.settle(queue.attempt(other, 200)) for _ in range(2)] == [
        ["orders 1"],
        ["orders 2"],
    ]
    assert queue.stored() == 0


def test_after_a_failure_all_that_are_older_than_a_day_are_given_up(queue: Queue) -> None:
    id = queue.put("a", "orders")
    queue.publish("orders", 1, 2)
    queue.clock.now += DAY
    queue.publish("orders", 3)

    queue.settle(queue.attempt(id, 500))

    assert (queue.info("a").waiting, queue.info("a").dead) == (1, 2)
    with queue.control.read() as tx:
        assert tx.db.scalar("SELECT waiting_bytes FROM webhooks") == len(b"orders 3")


def test_a_pause_begins_when_the_attempt_ends(queue: Queue) -> None:
    id = queue.put("a", "orders")
    queue.publish("orders", 1)

    queue.settle(queue.attempt(id, 429, milliseconds=4_000, pause=90_000))

    assert queue.info("a").next_attempt_at == (queue.clock.now + 94) * 1000


def test_what_an_old_url_answers_does_not_count_against_the_new_one(queue: Queue) -> None:
    id = queue.put("a", "orders")
    queue.publish("orders", 1, 2)
    gone, failed, done = (queue.attempt(id, status) for status in (410, 500, 200))
    queue.put("a", "orders", f"{URL}/2")

    queue.settle(gone, failed)
    found = queue.info("a")
    assert (found.state, found.failures, found.next_attempt_at, found.waiting) == (
        "active",
        0,
        0,
        2,
    )
    queue.settle(done)
    assert queue.info("a").waiting == 1


def test_an_old_secret_is_deleted_when_its_time_is_over(queue: Queue) -> None:
    id = queue.put("a", "orders")
    queue.publish("orders", 1, 2)
    kept = []
    for seconds in (60, 0, 60):
        with queue.control.begin() as tx:
            webhooks.rotate(tx, 1, "shop", "a", seconds)
            kept.append(tx.db.scalar("SELECT old_secret IS NOT NULL FROM webhooks"))
    queue.settle(queue.attempt(id, 200))
    for _ in range(2):
        with queue.control.read() as tx:
            kept.append(tx.db.scalar("SELECT old_secret IS NOT NULL FROM webhooks"))
        queue.clock.now += 60
        queue.settle(queue.attempt(id, 500))

    assert kept == [1, 0, 1, 1, 0]


def test_all_webhooks_of_deleted_caches_end_also_after_an_error(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        queue.put(name, "orders")
    with queue.control.begin() as tx:
        caches.delete(tx, 1, "shop")
    monkeypatch.setattr(webhook_queue, "MOST_ENDED", 2)

    async def settle() -> None:
        deliverer = Deliverer(queue.control, _no_post)
        with monkeypatch.context() as patch:
            patch.setattr(Control, "begin", _unavailable)
            await deliverer.settle()
        await deliverer.settle()

    asyncio.run(settle())

    with queue.control.read() as tx:
        assert tx.db.scalar("SELECT count(*) FROM webhooks WHERE deleted_at IS NULL") == 0


async def _no_post(url: str, headers: dict[str, str], body: bytes) -> Answer:
    raise AssertionError(url)


def _unavailable(control: Control) -> NoReturn:
    raise StoreUnavailable("full")


def test_an_empty_id_is_none_to_deliver_again_from(queue: Queue) -> None:
    queue.put("a", "orders")

    with queue.control.begin() as tx, pytest.raises(InvalidArgument, match="from must be the ID"):
        webhook_reports.redeliver(tx, 1, "shop", "a", "")
