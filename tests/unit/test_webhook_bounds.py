"""What one account, or one receiver, cannot do to the others and to this server by webhooks."""

import asyncio
import ipaddress
from dataclasses import dataclass, replace
from typing import Any

import pytest

from attimo.control import (
    Control,
    accounts,
    caches,
    webhook_queue,
    webhook_room,
    webhook_schedule,
    webhooks,
)
from attimo.control.tx import Tx
from attimo.control.webhook_queue import Delivery
from attimo.node.message_batches import Batch, Message
from attimo.serve.addresses import listening_at, running
from attimo.serve.deliveries import Deliverer
from attimo.settings.listeners import listeners
from attimo.webhooks.addresses import Guard, RefusedAddressError
from attimo.webhooks.post import Answer
from fakes import Clock

PAGE = 1_764_633_600_000_000


@dataclass
class Account:
    """Caches of an account, by their numbers from 1, with webhooks."""

    control: Control
    clock: Clock
    id: int = 1

    def fill(self, name: str, cache: int = 1) -> int:
        """Publish ten messages of one byte to a topic with one webhook; return how many wait."""
        self.hook(name, name)
        for number in range(1, 11):
            self.publish(b"1", number, name, cache)
        return self.counts(name)[0]

    def hook(self, name: str, topic: str = "orders", cache: str = "shop") -> int:
        with self.control.begin() as tx:
            url = "https://example.com/hook"
            return webhooks.put(tx, self.id, cache, name, topic, url).webhook.id

    def publish(self, value: bytes, number: int = 1, topic: str = "orders", cache: int = 1) -> None:
        at = self.clock.now * 1000
        message = Message(cache, topic, PAGE, number, at, "", True, value)
        with self.control.begin() as tx:
            webhook_queue.record(tx, Batch([message], []), at)

    def head(self, id: int) -> Delivery:
        with self.control.read() as tx:
            head = webhook_queue.head(tx, id)
        assert head is not None
        return head

    def counts(self, name: str) -> tuple[int, int, int]:
        """How many messages wait, were dropped, and are dead letters."""
        with self.control.read() as tx:
            found = webhooks.get(tx, self.id, "shop", name)
        return found.waiting, found.dropped, found.dead

    def gone(self, id: int) -> None:
        """The receiver answers 410, so all that waits is given up."""
        attempt = webhook_queue.Attempt(self.head(id), self.clock.now * 1000, 0, 410)
        with self.control.begin() as tx:
            webhook_queue.settle(tx, [attempt])


@pytest.fixture
def account(control: Control, clock: Clock) -> Account:
    with control.begin() as tx:
        caches.create(tx, 1, "shop")
        caches.create(tx, 1, "other")
    return Account(control, clock)


def test_a_full_queue_leaves_room_for_other_webhooks_of_the_account(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_room, "MOST_BYTES_OF_ACCOUNT", 18)

    assert [account.fill(name) for name in "abc"] == [9, 4, 2]
    assert [account.counts(name)[1] for name in "abc"] == [1, 6, 8]


def test_a_full_account_leaves_room_for_other_accounts(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_room, "MOST_BYTES", 18)
    with account.control.begin() as tx:
        other = accounts.create(tx, "other").id
        cache = caches.create(tx, other, "shop").id

    assert [account.fill(name) for name in "abc"] == [6, 2, 0]
    assert replace(account, id=other).fill("a", cache) == 3


def test_dead_letters_leave_room_for_those_of_others(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_room, "MOST_BYTES_OF_ACCOUNT", 14)
    first, second = account.hook("a"), account.hook("b", "bills")
    account.publish(b"1234567")
    account.gone(first)
    for number in (1, 2, 3):
        account.publish(b"12", number=number, topic="bills")
    account.gone(second)

    assert account.counts("a") == (0, 0, 1)
    assert account.counts("b") == (0, 0, 1)


def test_a_message_has_another_id_than_those_of_other_topics_and_caches(account: Account) -> None:
    hooks = [account.hook("a"), account.hook("b", "bills"), account.hook("c", cache="other")]
    account.publish(b"1")
    account.publish(b"1", topic="bills")
    account.publish(b"1", cache=2)

    ids = [account.head(id).message for id in hooks]

    assert len(set(ids)) == len(ids)
    assert [account.head(id).message for id in hooks] == ids


def test_only_as_many_webhooks_are_read_as_have_a_place(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attimo.serve.deliveries.MOST", 2)
    for name in "abcde":
        account.hook(name)
    account.publish(b"1")
    read: list[int] = []
    due = webhook_schedule.due

    def noted(tx: Tx, *which: Any) -> list[tuple[int, int]]:
        found = due(tx, *which)
        read.append(len(found))
        return found

    monkeypatch.setattr(webhook_schedule, "due", noted)

    async def take(url: str, headers: object, body: object) -> Answer:
        return Answer(200)

    def now() -> float:
        return float(account.clock.now)

    asyncio.run(Deliverer(account.control, take, now).settle())

    assert max(read) <= 2
    assert [account.counts(name)[0] for name in "abcde"] == [0] * 5


def test_many_slow_receivers_of_some_accounts_leave_a_place_for_another_account(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of 40 receivers of 4 accounts answers, and yet a fifth account is served at once."""
    monkeypatch.setattr("attimo.serve.deliveries.MOST", 16)
    with account.control.begin() as tx:
        others = [accounts.create(tx, f"other {number}").id for number in range(5)]
        shops = [caches.create(tx, each, "shop").id for each in others]
    *slow, calm = [replace(account, id=each) for each in others]
    for each, cache in zip(slow, shops, strict=False):
        for number in range(10):
            each.hook(f"{number}")
        each.publish(b"1", cache=cache)
    stalled: list[str] = []

    async def run() -> None:
        arrived = asyncio.Event()

        async def take(url: str, headers: object, body: bytes) -> Answer:
            if b"calm" in body:
                arrived.set()
                return Answer(200)
            stalled.append(url)
            await asyncio.Event().wait()
            raise AssertionError

        deliverer = Deliverer(account.control, take, lambda: float(account.clock.now))
        running = asyncio.create_task(deliverer.run())
        while len(stalled) < 15:
            await asyncio.sleep(0)
        calm.hook("a")
        calm.publish(b"calm", cache=shops[-1])
        deliverer.wake()
        await asyncio.wait_for(arrived.wait(), 60)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(run())
    assert len(stalled) == 15


def test_a_webhook_cannot_reach_the_server_itself_by_any_address_of_its_machine() -> None:
    found = running("localhost", list(listeners("https://0.0.0.0:8443,http://127.0.0.2:8080")))
    guard = Guard([ipaddress.ip_network("127.0.0.0/8")], listening_at(found))

    for port, address in ((8443, "127.0.0.1"), (8443, "::ffff:127.0.0.1"), (8080, "127.0.0.2")):
        with pytest.raises(RefusedAddressError):
            guard.check("a.example", [address], port)
    for port, address in ((8444, "127.0.0.1"), (8080, "127.0.0.1"), (8443, "1.1.1.1")):
        assert guard.check("a.example", [address], port) == [address]
