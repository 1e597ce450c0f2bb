"""A crowd without tokens at the doors that are open to everybody: known callers do not wait."""

import contextlib
import json
import select
import threading
import time
from http.client import HTTPConnection

import pytest

from attacks.crowd import LOOK_AGAIN_SECONDS, crowd, handles
from attacks.strangers import strangers
from conformance.edge.http1 import request
from fakes import swift_directory
from faults.watching import client
from harness import Server

CROWD = 900
CREATIONS = 40
LONGEST_SECONDS = 1.0
"""For one creation on a busy machine; without a pool of their own, the crowd made it 6 s."""

MOST_BEFORE = 4
"""How many strangers are served while one creation is under way, at most: two whose passwords are
being hashed, and two whose turn has come. Where all wait in one queue, it is nearly all of them."""

WANTED = {
    "/session": {"email": "owner@example.com", "password": "wrong password"},
    "/signup": {"email": "new@example.com", "password": "long enough password"},
    "/password/forgotten": {"email": "owner@example.com"},
    "/password/reset": {"token": "t", "password": "long enough password"},
    "/invitations/accept": {"token": "t", "password": "long enough password"},
}


@pytest.mark.parametrize("path", WANTED)
def test_a_known_caller_does_not_wait_for_a_crowd_of_unknown_ones(
    server: Server, path: str
) -> None:
    body = json.dumps(WANTED[path]).encode()
    length = f"Content-Length: {len(body)}".encode()
    said = request(f"POST {path}", b"Content-Type: application/json", length, body=body)
    answered: list[int] = []

    def come() -> None:
        with (
            handles(CROWD) as count,
            crowd(server.http_address, [said] * count, b"HTTP/1.1 ") as all,
        ):
            answered.append(all.served)

    spent = []
    with client(server) as http:
        http.put(f"/caches/{path.replace('/', '-')}").raise_for_status()
        crowding = threading.Thread(target=come)
        crowding.start()
        for number in range(CREATIONS):
            began = time.monotonic()
            http.put(f"/caches/{path.replace('/', '-')}-{number}").raise_for_status()
            spent.append(time.monotonic() - began)
        crowding.join()

    assert answered == [CROWD]
    assert max(spent) < LONGEST_SECONDS, sorted(spent)[-5:]


@pytest.mark.parametrize(("path", "size"), [("/session", 200), ("/signup", CROWD)])
def test_few_strangers_of_a_crowd_are_served_before_a_known_caller(path: str, size: int) -> None:
    """A place in a queue does not depend on how busy the machine is, as a time does."""
    with (
        swift_directory() as home,
        Server("--signup", "open", data_dir=home / "data") as server,
        contextlib.closing(HTTPConnection(*server.http_address)) as http,
        strangers(server.http_address, path, size) as crowd,
    ):
        spans: list[tuple[float, float]] = []
        while len(spans) < CREATIONS or not crowd.are_answered():
            spans.append(created(http, server.api_key, f"cache-{len(spans)}"))

    before = sorted(crowd.served(*span) for span in spans)
    assert len(crowd.answers) >= size
    assert crowd.served(spans[0][0], spans[-1][1]) > 0
    assert before[-1] <= MOST_BEFORE, before


def created(http: HTTPConnection, key: str, cache: str) -> tuple[float, float]:
    """Create a cache; tell between which moments the server certainly had the request.

    They leave out the times when this process, or the thread that reads, waited for a processor.
    """
    http.request("PUT", f"/caches/{cache}", headers={"Authorization": key})
    since = until = looked = time.monotonic()
    while not select.select([http.sock], [], [], LOOK_AGAIN_SECONDS)[0]:
        until, looked = looked, time.monotonic()
    answer = http.getresponse()
    assert answer.status in (200, 201, 204), answer.read()
    answer.read()
    return since, until
