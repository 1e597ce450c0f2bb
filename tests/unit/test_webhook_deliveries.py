"""Messages reach webhooks in order, at least once, and one receiver delays no other."""

import asyncio
import ipaddress
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from attimo.api import create_app
from attimo.api.webhooks import Deliveries
from attimo.control import Control, audit, caches, webhook_queue, webhook_room, webhooks
from attimo.control.webhook_queue import Attempt, Delivery
from attimo.node.message_batches import Batch, Message, of_json, to_json
from attimo.serve.deliveries import Deliverer
from attimo.webhooks.addresses import Guard
from attimo.webhooks.post import Answer, Poster
from fakes import Client, Clock
from receivers import STALL, Receiver, receiving

LOOPBACK = Guard([ipaddress.ip_network("127.0.0.0/8")])
PAGE = 1_764_633_600_000_000
DAY = 24 * 3600


@dataclass
class Shop:
    """A cache with webhooks, each with a receiver."""

    control: Control
    clock: Clock
    client: Client
    stack: ExitStack
    number: int = 0
    secrets: dict[str, str] = field(default_factory=dict)

    def hook(self, name: str, topic: str = "orders") -> Receiver:
        receiver = self.stack.enter_context(receiving())
        self.put(name, receiver, topic)
        return receiver

    def put(self, name: str, receiver: Receiver, topic: str = "orders") -> None:
        with self.control.begin() as tx:
            made = webhooks.put(tx, 1, "shop", name, topic, receiver.url)
        self.secrets[name] = made.secret

    def publish(self, *texts: str, topic: str = "orders", dropped: int = 0) -> Batch:
        batch = Batch([self.message(each, topic) for each in texts], [(1, topic, dropped)])
        self.record(batch)
        return batch

    def record(self, batch: webhook_queue.Batch) -> None:
        with self.control.begin() as tx:
            webhook_queue.record(tx, batch, self.clock.now * 1000)

    def message(self, text: str, topic: str = "orders") -> Message:
        self.number += 1
        at = self.clock.now * 1000 - 5
        return Message(1, topic, PAGE, self.number, at, "ann", True, text.encode())

    def deliverer(self, **more: Any) -> Deliverer:
        poster = Poster(LOOPBACK, lambda: float(self.clock.now), seconds=1.0)
        given = {"post": poster.post, "clock": lambda: float(self.clock.now)} | more
        return Deliverer(self.control, chance=lambda: 1.0, **given)

    def deliver(self) -> None:
        """Deliver all that is due now."""
        asyncio.run(self.deliverer().settle())

    def info(self, name: str, path: str = "") -> dict[str, Any]:
        found: dict[str, Any] = self.client.ask("GET", f"/webhooks/shop/{name}{path}").json()
        return found


@pytest.fixture
def shop(control: Control, clock: Clock, owner: Client) -> Iterator[Shop]:
    with control.begin() as tx:
        caches.create(tx, 1, "shop")
    with ExitStack() as stack:
        yield Shop(control, clock, owner, stack)


def test_a_message_arrives_as_momentos_webhooks_send_it(shop: Shop) -> None:
    receiver = shop.hook("a")
    shop.publish("grüße")
    shop.deliver()

    [got] = receiver.got
    assert got.event == {
        "cache": "shop",
        "topic": "orders",
        "event_timestamp": shop.clock.now * 1000,
        "publish_timestamp": shop.clock.now * 1000 - 5,
        "topic_sequence_number": 1,
        "token_id": "ann",
        "text": "grüße",
    }
    assert got.headers["content-type"] == "application/json"
    assert got.headers["webhook-id"].startswith(f"{PAGE}-1-")
    assert len(got.headers["momento-signature"]) == 64
    assert shop.info("a")["waiting"] == 0


def test_bytes_arrive_in_base64(shop: Shop) -> None:
    receiver = shop.hook("a")
    shop.record(Batch([Message(1, "orders", PAGE, 1, 0, "", False, b"\xff\x00")], []))
    shop.deliver()

    assert receiver.got[0].event["binary"] == "/wA="
    assert "text" not in receiver.got[0].event


def test_each_webhook_gets_the_messages_of_its_topic_in_order(shop: Shop) -> None:
    first, second, other = shop.hook("a"), shop.hook("b"), shop.hook("c", "bills")
    texts = [str(number) for number in range(30)]
    shop.publish(*texts)
    shop.publish("bill", topic="bills")
    shop.publish("nobody", topic="unknown")
    shop.deliver()

    assert (first.texts(), second.texts(), other.texts()) == (texts, texts, ["bill"])
    with shop.control.read() as tx:
        assert tx.db.scalar("SELECT count(*) FROM webhook_messages") == 0


def test_a_batch_that_is_recorded_twice_is_delivered_once(shop: Shop) -> None:
    receiver = shop.hook("a")
    batch = shop.publish("one", "two")
    shop.record(of_json(to_json(batch)))
    shop.deliver()

    assert receiver.texts() == ["one", "two"]
    assert (shop.info("a")["waiting"], shop.info("a")["dropped"]) == (0, 0)


def test_after_a_failure_the_same_message_comes_again_before_the_next(shop: Shop) -> None:
    receiver = shop.hook("a")
    receiver.answers = [(500, {}), (302, {"location": receiver.url})]
    shop.publish("one", "two")

    shop.deliver()
    assert receiver.texts() == ["one"]
    shop.deliver()
    assert receiver.texts() == ["one"]  # the pause is not over
    shop.clock.now += 3  # a pause begins when the attempt ends
    shop.deliver()
    assert receiver.texts() == ["one", "one"]
    shop.clock.now += 4
    shop.deliver()

    assert receiver.texts() == ["one", "one", "one", "two"]
    assert len({(got.body, got.headers["webhook-id"]) for got in receiver.got[:3]}) == 1
    found = shop.info("a", "/deliveries")["deliveries"]
    assert [(each["status"], each["attempt"]) for each in found] == [
        (200, 1),
        (200, 3),
        (302, 2),
        (500, 1),
    ]


@pytest.mark.parametrize("is_date", [False, True], ids=["seconds", "a date"])
def test_a_receiver_is_given_the_pause_that_it_asks_for(shop: Shop, is_date: bool) -> None:
    receiver = shop.hook("a")
    asked = formatdate(shop.clock.now + 90, usegmt=True) if is_date else "90"
    receiver.answers = [(429, {"retry-after": asked})]
    shop.publish("one")

    shop.deliver()
    assert 0 <= shop.info("a")["next_attempt_at"] - (shop.clock.now + 90) < 2
    shop.clock.now += 89
    shop.deliver()
    assert len(receiver.got) == 1
    shop.clock.now += 3
    shop.deliver()
    assert len(receiver.got) == 2


def test_the_circuit_opens_after_ten_failures_and_one_success_closes_it(shop: Shop) -> None:
    receiver = shop.hook("a")
    receiver.status = 503
    shop.publish("one", "two")
    for _ in range(10):
        shop.deliver()
        shop.clock.now += 3600
    assert (shop.info("a")["state"], len(receiver.got)) == ("open", 10)

    receiver.status = 200
    shop.deliver()

    assert (shop.info("a")["state"], shop.info("a")["failures"]) == ("active", 0)
    assert receiver.texts()[-2:] == ["one", "two"]


def test_a_message_is_given_up_after_a_day_and_can_be_delivered_again(shop: Shop) -> None:
    receiver = shop.hook("a")
    receiver.status = 500
    shop.publish("old")
    shop.clock.now += DAY - 6
    shop.publish("new")
    shop.deliver()
    assert shop.info("a")["dead"] == 0
    shop.clock.now += 6
    shop.deliver()

    [dead] = shop.info("a", "/dead-letters")["dead_letters"]
    assert (dead["message"], dead["attempts"]) == (receiver.got[0].headers["webhook-id"], 2)
    assert (shop.info("a")["waiting"], shop.info("a")["dead"]) == (1, 1)
    receiver.status = 200
    later = shop.client.ask("POST", f"/webhooks/shop/a/redeliver?from={PAGE}-2").json()
    again = shop.client.ask("POST", "/webhooks/shop/a/redeliver").json()
    assert (later, again) == ({"messages": 0}, {"messages": 1})
    shop.deliver()
    assert receiver.texts()[-2:] == ["old", "new"]
    assert (shop.info("a")["waiting"], shop.info("a")["dead"]) == (0, 0)
    assert shop.client.ask("POST", "/webhooks/shop/a/redeliver?from=x").status_code == 400


def test_a_receiver_that_is_gone_is_never_asked_again_until_it_is_put_again(shop: Shop) -> None:
    receiver = shop.hook("a")
    receiver.answers = [(410, {})]
    shop.publish("one", "two")
    shop.deliver()
    shop.publish("three")
    shop.clock.now += DAY
    shop.deliver()

    assert receiver.texts() == ["one"]
    info = shop.info("a")
    assert (info["state"], info["waiting"], info["dead"], info["dropped"]) == ("disabled", 0, 2, 1)
    assert shop.client.ask("POST", "/webhooks/shop/a/redeliver").status_code == 412
    with shop.control.read() as tx:
        assert audit.list_page(tx, 1, 1).items[0].action == "webhook.disable"
    shop.put("a", receiver)
    shop.client.ask("POST", "/webhooks/shop/a/redeliver")
    shop.deliver()
    assert receiver.texts() == ["one", "one", "two"]


def test_a_receiver_that_stalls_delays_no_other(shop: Shop) -> None:
    slow, swift = shop.hook("slow"), shop.hook("swift")
    slow.answers = [(STALL, {})] * 3
    shop.publish("one", "two")

    async def run() -> None:
        deliverer = shop.deliverer(post=Poster(LOOPBACK, lambda: 0.0, seconds=60.0).post)
        running = asyncio.create_task(deliverer.run())
        await asyncio.to_thread(lambda: (slow.wait_for(1), swift.wait_for(2)))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(run())

    assert (slow.texts(), swift.texts()) == (["one"], ["one", "two"])
    assert shop.info("slow")["waiting"] == 2


def test_an_account_has_a_few_deliveries_at_once_and_every_webhook_has_its_turn(
    shop: Shop,
) -> None:
    receivers = [shop.hook(f"hook-{number}") for number in range(10)]
    for receiver in receivers[:8]:
        receiver.answers = [(STALL, {})]
    shop.publish("one")

    shop.deliver()

    assert [receiver.texts() for receiver in receivers] == [["one"]] * 10


def test_a_fault_of_ours_is_a_failed_attempt_that_is_tried_again(shop: Shop) -> None:
    receiver = shop.hook("a")
    shop.publish("one")

    async def fail(*request: object) -> Answer:
        raise OverflowError(*request)

    asyncio.run(shop.deliverer(post=fail).settle())

    assert shop.info("a", "/deliveries")["deliveries"][0]["error"] == "the delivery failed"
    shop.clock.now += DAY // 24
    shop.deliver()
    assert receiver.texts() == ["one"]


def test_a_receiver_that_is_slow_each_time_gives_its_place_to_others(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("TURN_SECONDS", 0.0), ("MOST", 1)):
        monkeypatch.setattr(f"attimo.serve.deliveries.{name}", value)
    order: list[str] = []
    urls = [shop.hook(name).url for name in ("a", "b")]
    shop.publish("one", "two")

    async def note(url: str, headers: object, body: object) -> Answer:
        order.append(url)
        return Answer(200)

    asyncio.run(shop.deliverer(post=note).settle())
    assert order == 2 * urls


def test_what_was_delivered_and_not_recorded_is_delivered_again(shop: Shop) -> None:
    """As after a kill in between: nothing is lost, and the ID tells what came twice."""
    receiver = shop.hook("a")
    shop.publish("one", "two")

    with shop.control.read() as tx:
        head = webhook_queue.head(tx, 1)
    assert head is not None
    asyncio.run(shop.deliverer()._attempt(head, head.message))
    shop.deliver()

    assert receiver.texts() == ["one", "one", "two"]
    assert receiver.got[0].headers["webhook-id"] == receiver.got[1].headers["webhook-id"]


def test_a_webhook_has_a_bounded_queue(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = shop.hook("a")
    monkeypatch.setattr(webhook_room, "MOST_WAITING", 3)
    shop.publish("1", "2", dropped=7)
    shop.publish("3", "4", "5")
    assert (shop.info("a")["waiting"], shop.info("a")["dropped"]) == (3, 9)
    monkeypatch.setattr(webhook_room, "MOST_BYTES_OF_WEBHOOK", 4)
    shop.deliver()
    shop.publish("12", "34", "5")
    shop.deliver()

    assert receiver.texts() == ["1", "2", "3", "12", "34"]


def test_the_log_and_the_dead_letters_are_bounded(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = shop.hook("a")
    monkeypatch.setattr(webhook_queue, "MOST_LOGGED", 2)
    monkeypatch.setattr(webhook_room, "MOST_DEAD", 2)
    shop.publish("1", "2", "3")
    receiver.answers = [(200, {}), (410, {})]
    shop.publish("4", "5")
    shop.deliver()

    assert len(shop.info("a", "/deliveries")["deliveries"]) == 2
    found = shop.info("a", "/dead-letters")["dead_letters"]
    assert [each["message"].split("-")[1] for each in found] == ["4", "5"]
    with shop.control.read() as tx:
        assert tx.db.scalar("SELECT count(*) FROM webhook_messages") == 2


def test_a_rotated_secret_verifies_what_follows_and_the_old_one_too(shop: Shop) -> None:
    receiver = shop.hook("a")
    old = shop.secrets["a"]
    new = shop.client.ask("POST", "/webhooks/shop/a/rotate-secret").json()["secret"]
    shop.publish("one")
    shop.deliver()

    [got] = receiver.got
    for secret in (old, new):
        signed = Webhook(secret).sign(
            got.headers["webhook-id"], _moment(got.headers["webhook-timestamp"]), got.body.decode()
        )
        assert signed in got.headers["webhook-signature"].split(" ")


def _moment(timestamp: str) -> Any:
    return datetime.fromtimestamp(int(timestamp), UTC)


def test_a_test_delivery_tells_what_became_of_it(shop: Shop) -> None:
    receiver = shop.hook("a")
    receiver.answers = [(500, {})]
    asked: list[Delivery] = []

    def test(delivery: Delivery) -> Any:
        asked.append(delivery)
        done: Future[Attempt] = Future()
        done.set_result(_in_a_thread(lambda: asyncio.run(shop.deliverer().test(delivery))))
        return done

    app = create_app(shop.control, "localhost:8443", deliveries=Deliveries(test=test))
    found = Client(app, account_id=1).ask("POST", "/webhooks/shop/a/test").json()

    assert (found["delivered"], found["status"]) == (False, 500)
    assert receiver.texts() == ["This is a test of the webhook a."]
    assert receiver.got[0].headers["webhook-id"].startswith("test-")
    [logged] = shop.info("a", "/deliveries")["deliveries"]
    assert (logged["message"], logged["status"]) == ("test", 500)
    assert shop.info("a")["failures"] == 0


def _in_a_thread(function: Any) -> Any:
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(function).result()
