"""A killed server loses no message for webhooks that it has stored; a replaced one loses none."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from faults.replacing import succession
from faults.watching import ask, client, eventually
from harness import Server
from receivers import STALL, Receiver, receiving

NETWORKS = ("--webhook-networks", "127.0.0.0/8")
TOPIC = "/topics/default-cache/orders"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def hook(http: httpx.Client, receiver: Receiver) -> None:
    asked = {"topic": "orders", "url": receiver.url}
    http.put("/webhooks/default-cache/orders", json=asked).raise_for_status()


def publish(http: httpx.Client, *texts: str) -> None:
    for text in texts:
        http.post(TOPIC, content=text).raise_for_status()


def test_a_server_that_is_killed_between_delivery_and_record_delivers_again(
    receiver: Receiver,
) -> None:
    texts = [str(number) for number in range(20)]
    receiver.answers = [*((200, {}) for _ in range(3)), (STALL, {})]
    with Server(*NETWORKS) as server:
        with client(server) as http:
            hook(http, receiver)
            publish(http, *texts)
            receiver.wait_for(4)  # the fourth has arrived, and is not recorded
            query = "SELECT coalesce(sum(waiting), 0) FROM webhooks"
            eventually(lambda: ask(server.data_dir, query) == [(17,)], "all are stored")
        server.kill()
        server.start()
        got = receiver.wait_for(21)

    assert [each.text for each in got] == [*texts[:4], *texts[3:]]
    assert got[3].headers["webhook-id"] == got[4].headers["webhook-id"]
    assert got[3].body == got[4].body


def test_a_server_that_is_replaced_loses_no_message(receiver: Receiver, tmp_path: Path) -> None:
    published: list[str] = []
    ending = threading.Event()

    def keep_on(address: str, token: str) -> None:
        with httpx.Client(headers={"authorization": token}, trust_env=False) as http:
            while not ending.is_set():
                if len(published) - len(receiver.got) > 200:
                    ending.wait(0.01)  # deliveries are slower than publishing
                    continue
                text = str(len(published))
                http.post(f"{address}{TOPIC}", content=text).raise_for_status()
                published.append(text)

    with succession(tmp_path / "data", *NETWORKS) as line:
        with client(line.now) as http:
            hook(http, receiver)
        given = (line.now.http, line.now.api_key)
        thread = threading.Thread(target=keep_on, args=given)
        thread.start()
        receiver.wait_for(1)
        line.replace()
        receiver.wait_for(len(receiver.got) + 10)
        ending.set()
        thread.join()
        got = receiver.wait_for(1)
        while published[-1] not in [each.text for each in got]:
            got = receiver.wait_for(len(got) + 1)

    # What was in flight at the end of the old server comes twice.
    assert list(dict.fromkeys(receiver.texts())) == published
