"""Webhooks of an account: creating, changing, listing and deleting them, and who may do that."""

from typing import Any

import pytest

from attimo.control import Control, audit, caches, webhook_queue, webhooks
from attimo.control.actor import Actor
from attimo.control.permissions import Permissions, Rule
from attimo.control.selectors import ALL, Selector
from attimo.errors import Exhausted, InvalidArgument, NoSuchWebhook, PermissionDenied
from fakes import Client, Clock, Listener

URL = "https://example.com/hook"


@pytest.fixture(autouse=True)
def cache(control: Control) -> None:
    with control.begin() as tx:
        caches.create(tx, 1, "shop")


def put(owner: Client, name: str = "orders", **more: str) -> dict[str, Any]:
    made: dict[str, Any] = owner.ask(
        "PUT", f"/webhooks/shop/{name}", {"topic": "orders", "url": URL} | more
    ).json()
    return made


def test_a_new_webhook_has_a_secret_which_is_shown_once(owner: Client) -> None:
    made = put(owner)

    assert str(made["secret"]).startswith("whsec_")
    assert (made["state"], made["waiting"], made["topic"]) == ("active", 0, "orders")
    assert "secret" not in put(owner, url=f"{URL}/2")
    assert owner.ask("GET", "/webhooks/shop/orders").json()["url"] == f"{URL}/2"
    listed = owner.ask("GET", "/webhooks?cache=shop").json()["webhooks"]
    assert [each["name"] for each in listed] == ["orders"]
    assert "secret" not in listed[0]


def test_a_node_knows_the_topics_of_webhooks_before_they_are_answered(
    owner: Client, node: Listener
) -> None:
    put(owner)
    assert [each.topic for each in node.webhooks.values()] == ["orders"]
    put(owner, topic="bills")
    assert [each.topic for each in node.webhooks.values()] == ["bills"]
    owner.ask("DELETE", "/webhooks/shop/orders")
    assert node.webhooks == {}


def test_a_rotated_secret_signs_beside_the_new_one_for_a_time(
    owner: Client, control: Control, clock: Clock
) -> None:
    first = put(owner)["secret"]

    rotated = owner.ask(
        "POST", "/webhooks/shop/orders/rotate-secret", {"keep_old_seconds": 60}
    ).json()

    assert (rotated["old_secret_until"], rotated["secret"] != first) == (clock.now + 60, True)
    with control.read() as tx:
        assert webhooks.secrets_of(tx, 1, 1) == (rotated["secret"], first)
    clock.now += 60
    with control.read() as tx:
        assert webhooks.secrets_of(tx, 1, 1) == (rotated["secret"],)
    assert "old_secret_until" not in owner.ask("GET", "/webhooks/shop/orders").json()


def test_what_is_no_url_no_name_and_no_topic_is_refused(control: Control) -> None:
    wrong_urls = [
        *("", "example.com", "ftp://example.com", "http://", "https://user@example.com/"),
        *("https://example.com/#part", "https://example.com:99999/", "https://exämple.com/"),
        *("https://example.com/a b", "http://example.com/\r\nx: y", "https://a/" + "b" * 1024),
    ]
    accepted = []
    with control.begin() as tx:
        for url in wrong_urls:
            with pytest.raises(InvalidArgument, match=r"^url must be"):
                accepted.append(webhooks.put(tx, 1, "shop", "a", "t", url))
        for name in ("", "a/b", " a", ".", "x" * 129, "é"):
            with pytest.raises(InvalidArgument, match=r"^name must be"):
                accepted.append(webhooks.put(tx, 1, "shop", name, "t", URL))
        for topic in ("", "é" * 513):
            with pytest.raises(InvalidArgument, match=r"^topic must have 1 to 1,024 bytes"):
                accepted.append(webhooks.put(tx, 1, "shop", "a", topic, URL))

    assert accepted == []


def test_a_cache_and_an_account_have_a_limited_number(control: Control) -> None:
    with control.begin() as tx:
        for number in range(5):
            caches.create(tx, 1, f"cache-{number}")
            for name in range(webhooks.MOST_OF_CACHE):
                webhooks.put(tx, 1, f"cache-{number}", str(name), "t", URL)
    with pytest.raises(Exhausted, match="a cache can have 10"), control.begin() as tx:
        webhooks.put(tx, 1, "cache-0", "more", "t", URL)
    with pytest.raises(Exhausted, match="an account can have 50"), control.begin() as tx:
        webhooks.put(tx, 1, "shop", "more", "t", URL)


def test_who_cannot_subscribe_to_the_topic_creates_no_webhook_of_it(control: Control) -> None:
    topic = Rule("topic", frozenset({"read"}), (Selector("exact", b"shop"), ALL))
    manage = Rule("resource_management", frozenset({"write"}), (Selector("exact", b"shop"),))
    for rules in ([topic], [manage], []):
        with control.begin() as tx:
            tx.actor = Actor("somebody", "192.0.2.7", Permissions(tuple(rules)))
            with pytest.raises(PermissionDenied, match=r"topics:read|caches:write"):
                webhooks.put(tx, 1, "shop", "a", "t", URL)
    both = Actor("somebody", "192.0.2.7", Permissions((topic, manage)))

    made = control.perform(lambda _: both, webhooks.put, 1, "shop", "a", "t", URL)

    assert made.is_new


def test_who_cannot_subscribe_to_the_topic_of_a_webhook_does_not_change_it(
    control: Control,
) -> None:
    topic = Rule("topic", frozenset({"read"}), (ALL, Selector("exact", b"mine")))
    manage = Rule("resource_management", frozenset({"write"}), (Selector("exact", b"shop"),))
    actor = Actor("somebody", "192.0.2.7", Permissions((topic, manage)))
    with control.begin() as tx:
        webhooks.put(tx, 1, "shop", "a", "theirs", URL)

    with pytest.raises(PermissionDenied, match="lacks topic:read:shop/theirs"):
        control.perform(lambda _: actor, webhooks.put, 1, "shop", "a", "mine", URL)


def test_who_may_read_one_cache_sees_its_webhooks_only(control: Control) -> None:
    with control.begin() as tx:
        caches.create(tx, 1, "stock")
        for cache in ("shop", "stock"):
            webhooks.put(tx, 1, cache, "a", "t", URL)
    read = Rule("resource_management", frozenset({"read"}), (Selector("prefix", b"sto"),))
    actor = Actor("somebody", "192.0.2.7", Permissions((read,)))

    page = control.perform(lambda _: actor, webhooks.list_page, 1, 10)

    assert [each.cache for each in page.items] == ["stock"]
    with pytest.raises(PermissionDenied):
        control.perform(lambda _: actor, webhooks.get, 1, "shop", "a")
    with pytest.raises(PermissionDenied):
        control.perform(lambda _: actor, webhooks.secret, 1, "stock", "a")


def test_another_account_has_none_of_it(owner: Client, neighbour: Client) -> None:
    put(owner)

    assert neighbour.ask("GET", "/webhooks").json()["webhooks"] == []
    for path in ("", "/deliveries", "/dead-letters"):
        assert neighbour.ask("GET", f"/webhooks/shop/orders{path}").status_code == 404
    assert neighbour.ask("DELETE", "/webhooks/shop/orders").status_code == 404


def test_with_the_cache_its_webhooks_are_gone(
    owner: Client, control: Control, node: Listener
) -> None:
    put(owner)
    owner.ask("DELETE", "/caches/shop")

    assert owner.ask("GET", "/webhooks/shop/orders").status_code == 404
    with control.begin() as tx:
        webhook_queue.end_orphans(tx)
    assert node.webhooks == {}
    with control.read() as tx:
        assert tx.db.scalar("SELECT secret FROM webhooks") == ""
        entries = audit.list_page(tx, 1, 1, action="webhook").items
    assert [(each.action, each.actor) for each in entries] == [("webhook.expire", "system")]


def test_a_name_is_free_again_after_the_delete(owner: Client, control: Control) -> None:
    first = put(owner)["secret"]
    owner.ask("DELETE", "/webhooks/shop/orders")

    assert put(owner)["secret"] != first
    with pytest.raises(NoSuchWebhook), control.read() as tx:
        webhooks.get(tx, 1, "shop", "other")
    with control.read() as tx:
        actions = [each.action for each in audit.list_page(tx, 1, 3).items]
    assert actions == ["webhook.put", "webhook.delete", "webhook.put"]


def test_a_deleted_account_has_no_webhooks(owner: Client, control: Control, node: Listener) -> None:
    with control.begin() as tx:
        caches.create(tx, 2, "theirs")
        webhooks.put(tx, 2, "theirs", "a", "t", URL)
    assert len(node.webhooks) == 1

    owner.ask("DELETE", "/accounts/2")

    with control.begin() as tx:
        webhook_queue.end_orphans(tx)
    assert node.webhooks == {}
