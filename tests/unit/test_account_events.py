"""What happens to an account is told to the webhooks on its topic of events."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

import fakes
from attimo.control import (
    Control,
    account_events,
    accounts,
    allowances,
    api_keys,
    audit,
    caches,
    evictions,
    usage,
    webhook_queue,
    webhooks,
)
from attimo.control.actor import Actor
from attimo.control.allowances import State
from attimo.control.permissions import Permissions, Rule
from attimo.control.selectors import ALL
from attimo.errors import PermissionDenied
from attimo.node.message_batches import Batch, Message
from fakes import Clock, Used

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "events.md"
URL = "https://example.com/hook"


@pytest.fixture
def hook(control: Control) -> int:
    with control.begin() as tx:
        caches.create(tx, 1, "stays")
        return webhooks.put(tx, 1, "stays", "events", webhooks.EVENTS, URL).webhook.id


def told(control: Control, hook: int) -> list[dict[str, Any]]:
    """All events that wait for a webhook, in their order."""
    query = """
        SELECT value FROM webhook_queue JOIN webhook_messages USING (page, number)
        WHERE webhook_id = :hook ORDER BY page, number"""
    with control.read() as tx:
        return [json.loads(value) for (value,) in tx.db.rows(query, hook=hook)]


def evict(control: Control, number: int, cache: int = 1) -> None:
    """The collector records a batch with evictions."""
    used = Used(cache, "server", "Evict", requests=0, evicted=3)
    with control.begin() as tx:
        usage.record(tx, fakes.Batch("node", number, [used]))


def happen(control: Control, clock: Clock) -> None:
    """Let everything happen that is an event."""
    with control.begin() as tx:
        caches.create(tx, 1, "shop")
        caches.create(tx, 1, "pr-7", expires_in=60)
        key = api_keys.create(tx, 1, "spare").key
    with control.begin() as tx:
        caches.delete(tx, 1, "shop")
    clock.now += 61
    with control.begin() as tx:
        caches.end_due(tx)
    evict(control, 1)
    with control.begin() as tx:
        api_keys.revoke(tx, 1, key.id, force=True)
    with control.begin() as tx:
        allowances.settle(tx, 1, "transfer", State([80], "4,000 bytes", "5,000 bytes"))


def test_the_page_shows_every_event_as_it_is(control: Control, clock: Clock, hook: int) -> None:
    shown = [json.loads(each) for each in re.findall("```json(.*?)```", PAGE.read_text(), re.S)]
    happen(control, clock)
    events = told(control, hook)

    assert [each["type"] for each in shown] == [each["type"] for each in events]
    assert {each["type"] for each in shown} == set(account_events.TYPES.values())
    for example, event in zip(shown, events, strict=True):
        assert list(example) == list(event)
        assert list(example["data"]) == list(event["data"])
        assert example["source"] == event["source"]


def test_events_are_valid_and_each_has_the_id_of_its_audit_entry(
    control: Control, clock: Clock, hook: int
) -> None:
    happen(control, clock)
    with control.read() as tx:
        entries = audit.list_page(tx, 1, 100).items
    known = {str(each.id): each for each in entries}

    events = told(control, hook)
    assert len(events) == len(account_events.TYPES)
    for event in events:
        read = JSONFormat().read(CloudEvent, json.dumps(event))
        entry = known[read.get_id()]
        assert account_events.TYPES[entry.action] == read.get_type()
        assert read.get_subject() == entry.subject
        assert read.get_time() == datetime.fromtimestamp(entry.at, UTC)


def test_subscribers_are_told_the_same_events_once_they_are_committed(
    control: Control, clock: Clock, hook: int
) -> None:
    heard: list[Any] = []

    def hear(account_id: int, topic: str, event: str) -> None:
        assert (account_id, topic) == (1, "$attimo.events")
        with control.read() as tx:  # it sees what is committed
            assert tx.db.scalar("SELECT max(id) FROM audit") >= int(json.loads(event)["id"])
        heard.append(json.loads(event))

    control.tell = hear
    happen(control, clock)

    assert len(heard) == len(account_events.TYPES)
    assert heard == told(control, hook)


def test_nothing_is_told_of_what_was_not_committed(
    control: Control, clock: Clock, hook: int
) -> None:
    def begin_and_fail() -> None:
        with control.begin() as tx:
            caches.create(tx, 1, "shop")
            caches.delete(tx, 1, "shop")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        begin_and_fail()

    assert told(control, hook) == []


def test_another_account_hears_nothing(control: Control, clock: Clock, hook: int) -> None:
    with control.begin() as tx:
        other = accounts.create(tx, "other").id
        caches.create(tx, other, "stays")
        theirs = webhooks.put(tx, other, "stays", "events", webhooks.EVENTS, URL).webhook.id
    happen(control, clock)

    assert told(control, theirs) == []
    assert len(told(control, hook)) == len(account_events.TYPES)


def test_what_clients_publish_to_the_topic_is_no_event(control: Control, hook: int) -> None:
    forged = Message(1, webhooks.EVENTS, 9, 1, 0, "", True, b"{}")
    with control.begin() as tx:
        webhook_queue.record(tx, Batch([forged], [(1, webhooks.EVENTS, 5)]), 0)
        assert webhooks.get(tx, 1, "stays", "events").dropped == 0

    assert told(control, hook) == []


def test_who_may_not_read_the_audit_log_puts_no_webhook_on_events(control: Control) -> None:
    rules = [
        Rule("topic", frozenset({"read"}), (ALL, ALL)),
        Rule("resource_management", frozenset({"write"}), (ALL,)),
    ]
    audit_log = Rule("account_management", frozenset({"read"}), ())
    with control.begin() as tx:
        caches.create(tx, 1, "shop")

    def put(*permitted: Rule) -> None:
        actor = Actor("somebody", "192.0.2.7", Permissions(permitted))
        control.perform(lambda _: actor, webhooks.put, 1, "shop", "a", webhooks.EVENTS, URL)

    with pytest.raises(PermissionDenied, match="account_management"):
        put(*rules)
    put(*rules, audit_log)


def test_evictions_are_told_again_only_after_a_pause(
    control: Control, clock: Clock, hook: int
) -> None:
    for number in range(1, 6):
        evict(control, number)
        clock.now += evictions.PAUSE_SECONDS - 120
    assert len(told(control, hook)) == 1
    evict(control, 5)
    assert len(told(control, hook)) == 1

    clock.now += evictions.PAUSE_SECONDS
    evict(control, 6)

    assert [each["subject"] for each in told(control, hook)] == ["stays", "stays"]
