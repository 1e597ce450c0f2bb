"""The metrics of webhooks: what waits and since when, and what became of deliveries."""

import asyncio

import pytest

from attimo.control import Control, caches, webhook_queue, webhooks
from attimo.control.webhook_figures import Figures
from attimo.node.intake import Intake
from attimo.node.message_batches import Batch, Message
from attimo.serve.deliveries import Deliverer
from attimo.serve.webhooks import LOOK_SECONDS, Webhooks
from attimo.webhooks.post import Answer, NoAnswerError
from fakes import Clock

PAGE = 1_764_633_600_000_000
NOTHING = Figures(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def publish(control: Control, clock: Clock, topic: str, *numbers: int, dropped: int = 0) -> None:
    at = clock.now * 1000
    messages = [Message(1, topic, PAGE, each, at, "", True, b"four") for each in numbers]
    with control.begin() as tx:
        webhook_queue.record(tx, Batch(messages, [(1, topic, dropped)]), at)


def test_figures_tell_what_waits_and_since_when_and_what_became_of_deliveries(
    control: Control, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Figures] = []
    running = Webhooks(control, Intake(lambda _: None, lambda _: None), (), tell=told.append)
    with control.begin() as tx:
        caches.create(tx, 1, "shop")
        for name in ("works", "fails", "is-gone", "is-silent"):
            webhooks.put(tx, 1, "shop", name, name, f"https://{name}.example/")
    publish(control, clock, "works", dropped=5)  # by an earlier process
    running.start()
    running.stop()
    publish(control, clock, "works", 1, 2, 3)
    began = clock.now
    publish(control, clock, "fails", 1, dropped=2)
    publish(control, clock, "is-gone", 1, 2)
    publish(control, clock, "is-silent", 1)

    async def post(url: str, headers: object, body: object) -> Answer:
        if "silent" in url:
            raise NoAnswerError("no connection")
        statuses = {"works": 204, "fails": 500, "is-gone": 410}
        return Answer(next(status for name, status in statuses.items() if name in url))

    deliverer = Deliverer(control, post, lambda: float(clock.now), lambda: 1.0)
    monkeypatch.setattr(running, "_deliverer", deliverer)

    async def ten_hours() -> None:
        for _ in range(10):
            await deliverer.settle()
            clock.now += 3_600

    asyncio.run(ten_hours())
    running.look()

    [found] = told
    assert (found.active, found.open, found.disabled) == (1, 2, 1)
    assert (found.waiting, found.waiting_bytes, found.oldest) == (2, 8, began)
    assert (found.dead, found.dropped) == (2, 2)
    assert (found.delivered, found.refused, found.unanswered) == (3, 11, 10)
    running.look()
    assert len(told) == 1
    assert LOOK_SECONDS == 10


def test_a_server_without_webhooks_measures_nothing(control: Control) -> None:
    told: list[Figures] = []
    running = Webhooks(control, Intake(lambda _: None, lambda _: None), (), tell=told.append)
    running.start()
    running.look()
    assert told == []
