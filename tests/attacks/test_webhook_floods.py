"""A flood of messages for webhooks of one account drops and delays none of another's."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from attacks.test_topic_floods import publish
from attacks.watching import MB, watched
from conformance.edge.http1 import http1, request
from conformance.teams import Team, new_team
from harness import Server
from receivers import receiving

CACHES = 9
"""Of the flood, each with a webhook whose receiver is down."""
MESSAGES = 20
CONNECTIONS = 3
MESSAGE = b"x" * (MB // 2)
GONE = "http://127.0.0.1:1/"


@pytest.fixture(scope="module")
def hooked() -> Iterator[Server]:
    with Server("--webhook-networks", "127.0.0.0/8", "--memory", "256MB") as server:
        yield server


@pytest.fixture
def team(hooked: Server) -> Iterator[Team]:
    """Somebody else's account."""
    with new_team(hooked) as team:
        yield team


@contextmanager
def flooding(server: Server, requests: list[bytes]) -> Iterator[None]:
    """Publish meanwhile, on some connections without a pause."""
    ending = threading.Event()

    def flood() -> None:
        with http1(server.http_address) as connection:
            while not ending.is_set():
                publish(connection.socket, requests)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        floods = [pool.submit(flood) for _ in range(CONNECTIONS)]
        try:
            yield
        finally:
            ending.set()
    for each in floods:
        each.result()


def test_others_get_all_of_their_messages_beside_a_flood_to_receivers_that_are_down(
    hooked: Server, team: Team
) -> None:
    headers = {"authorization": hooked.api_key}
    owner = b"Authorization: " + hooked.api_key.encode()
    length = b"Content-Length: %d" % len(MESSAGE)
    web = httpx.Client(base_url=hooked.http, headers=headers, trust_env=False, timeout=60)
    with web, receiving() as receiver:
        hook = {"topic": "calm", "url": receiver.url}
        team.web.put("/webhooks/default-cache/calm", json=hook).raise_for_status()
        for number in range(CACHES):
            web.put(f"/caches/flood-{number}").raise_for_status()
            hook = {"topic": "busy", "url": GONE}
            web.put(f"/webhooks/flood-{number}/busy", json=hook).raise_for_status()
        asked = [
            request(f"POST /topics/flood-{number}/busy", owner, length, body=MESSAGE)
            for number in range(CACHES)
        ]
        with watched(hooked) as cost, flooding(hooked, asked):
            for number in range(MESSAGES):
                team.web.post("/topics/default-cache/calm", content=str(number)).raise_for_status()
                receiver.wait_for(number + 1)
        found = team.web.get("/webhooks/default-cache/calm").raise_for_status().json()
        lost = [each["dropped"] for each in web.get("/webhooks").json()["webhooks"]]

    assert receiver.texts() == [str(number) for number in range(MESSAGES)]
    assert found["dropped"] == 0
    assert sum(lost) > 0, "it was no flood"
    assert cost.peak_growth <= 128 * MB, f"{cost.peak_growth / MB:.0f} MB"
