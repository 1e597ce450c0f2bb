"""A topic keeps what the settings of its server and the plan of its account allow."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from faults.watching import eventually
from harness import Server

LIMITS = "/accounts/1/limits"
"""Of the account that owns the server."""


@pytest.fixture(scope="module")
def short() -> Iterator[httpx.Client]:
    """The owner of a server whose topics keep four messages."""
    with (
        Server("--topic-history-messages", "4") as server,
        httpx.Client(base_url=server.http, headers={"authorization": server.api_key}) as owner,
    ):
        yield owner


def publish(owner: httpx.Client, topic: str, times: int) -> None:
    for number in range(times):
        sent = owner.post(f"/topics/default-cache/{topic}", content=f"message {number}")
        assert sent.is_success, sent.text


def kept(owner: httpx.Client, topic: str) -> int:
    """How many messages a topic keeps."""
    (found,) = owner.get("/cache/default-cache/topics", params={"prefix": topic}).json()["topics"]
    return int(found["messages"])


def limit(owner: httpx.Client, **overrides: int) -> None:
    limits: dict[str, Any] = {"plan": "unlimited", "overrides": overrides}
    set_ = owner.put(LIMITS, json=limits)
    assert set_.is_success, set_.text


def test_topics_of_a_server_keep_what_its_settings_say(short: httpx.Client) -> None:
    limit(short)
    publish(short, "settings", 6)
    assert kept(short, "settings") == 4

    limits = {each["name"]: each for each in short.get("/limits").json()["limits"]}
    assert limits["topic_history_messages"]["value"] == 4
    assert limits["topic_history_bytes"]["value"] == 1 << 20


def test_a_plan_keeps_less_from_the_next_message_on_and_never_more(short: httpx.Client) -> None:
    limit(short)
    publish(short, "plan", 6)
    limit(short, topic_history_messages=2)
    assert kept(short, "plan") == 4
    publish(short, "plan", 1)
    assert kept(short, "plan") == 2

    limit(short, topic_history_messages=100)
    publish(short, "plan", 6)
    assert kept(short, "plan") == 4


def test_messages_are_kept_for_as_long_as_the_plan_says(short: httpx.Client) -> None:
    limit(short, topic_history_seconds=1)
    publish(short, "life", 2)
    eventually(lambda: kept(short, "life") == 0, "the messages are gone")
    limit(short)


@pytest.mark.parametrize("name", ["messages", "seconds", "bytes"])
def test_a_plan_cannot_keep_nothing(short: httpx.Client, name: str) -> None:
    limits = {"plan": "unlimited", "overrides": {f"topic_history_{name}": 0}}
    refused = short.put(LIMITS, json=limits)
    assert refused.status_code == 400
    assert f"overrides.topic_history_{name} must be" in refused.text
