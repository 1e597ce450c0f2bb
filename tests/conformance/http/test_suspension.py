"""Suspended accounts: every door is closed at once, also to who is inside; and nothing is lost."""

import contextlib
import dataclasses
import json
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import httpx
import pytest

from conformance.edge.http1 import Http1, http1
from conformance.http.signing import Signer, new_signer
from conformance.people import PASSWORD, Person
from conformance.wire import Wire, plaintext
from faults.watching import eventually
from harness import Server

CACHE = "default-cache"
RULE = {"type": "cache", "permissions": ["read", "write"], "caches": "*", "items": "*"}
ITEM = f"/cache/{CACHE}?key=k&ttl_seconds=600"
AT_ONCE_SECONDS = 1.0
DENIED = grpc.StatusCode.PERMISSION_DENIED


@dataclass(frozen=True)
class Team:
    """An account that an operator has created, with one item; and all that opens it."""

    server: Server
    operator: httpx.Client
    web: httpx.Client
    """Its requests, on one connection."""
    wire: Wire
    """The same by gRPC."""
    account_id: int
    key: str
    token: str
    session: Person
    signer: Signer

    def suspend(self) -> None:
        answer = self.operator.post(f"/accounts/{self.account_id}/suspend")
        assert answer.status_code == 200, answer.text

    def resume(self) -> None:
        answer = self.operator.post(f"/accounts/{self.account_id}/resume")
        assert answer.status_code == 200, answer.text

    def ask(self, method: str, path: str, token: str, body: bytes | None = None) -> httpx.Response:
        return self.web.request(method, path, content=body, headers={"authorization": token})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server("--collect-seconds", "0.2") as server:
        yield server


@pytest.fixture
def team(server: Server) -> Iterator[Team]:
    owner = {"authorization": server.api_key}
    with (
        httpx.Client(base_url=server.http, headers=owner) as operator,
        httpx.Client(base_url=server.http) as web,
        plaintext(server.http_address) as channel,
    ):
        name = f"team {time.monotonic_ns()}"
        made = operator.post("/accounts", json={"name": name}).raise_for_status().json()
        key = made["api_key"]
        mine = {"authorization": key}
        asked = {"permissions": {"rules": [RULE]}, "valid_for_seconds": 600}
        token = web.post("/tokens", json=asked, headers=mine).raise_for_status().json()["token"]
        member = f"ann-{time.monotonic_ns()}@example.com"
        invited = {"email": member, "role_id": "owner"}
        secret = web.post("/invitations", json=invited, headers=mine).raise_for_status().json()
        session = Person(server, member)
        accepted = {"token": secret["token"], "password": PASSWORD}
        session.ask("POST", "/invitations/accept", accepted)
        wire = Wire(channel, token=key, cache=CACHE)
        web.put(ITEM, content=b"kept", headers=mine).raise_for_status()
        account_id = made["account_id"]
        signer = new_signer(wire)
        yield Team(server, operator, web, wire, account_id, key, token, session, signer)
        operator.delete(f"/accounts/{account_id}")


def is_refused(answer: httpx.Response) -> bool:
    said = answer.json()
    words = "Account suspended: this server's operator has suspended the account; ask them"
    return (answer.status_code, said.get("err"), said["code"], said["message"]) == (
        403,
        "account_suspended",
        "permission_denied",
        words,
    )


def refused_call(call: Callable[[], object]) -> tuple[grpc.StatusCode, str | None, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    error: Any = caught.value
    trailers = dict(error.trailing_metadata() or ())
    return error.code(), trailers.get("err"), error.details()


def of_http(team: Team) -> dict[str, Callable[[], httpx.Response]]:
    v1 = b64encode(json.dumps({"endpoint": "e", "api_key": team.key}).encode()).decode()
    gets = team.signer.token(CACHE, "k", "get")
    sets = team.signer.token(CACHE, "k", "set", ttl=600)
    session = team.session.token
    return {
        "a read": lambda: team.ask("GET", ITEM, team.key),
        "a write": lambda: team.ask("PUT", ITEM, team.key, b"other"),
        "a large write": lambda: team.ask("PUT", ITEM, team.key, bytes(4 << 20)),
        "a v1 key": lambda: team.ask("GET", ITEM, v1),
        "a token": lambda: team.ask("PUT", ITEM, team.token, b"other"),
        "a token in the query": lambda: team.web.get(f"{ITEM}&token={team.token}"),
        "a session": lambda: team.ask("DELETE", ITEM, session),
        "a signed URL to read": lambda: team.web.get(f"/cache/{CACHE}/k?token={gets}"),
        "a signed URL to write": lambda: team.web.put(
            f"/cache/{CACHE}/k?ttl_seconds=600&token={sets}", content=b"other"
        ),
        "a missing cache": lambda: team.ask("GET", "/cache/none?key=k", team.key),
        "a list of caches": lambda: team.ask("GET", "/caches", team.key),
        "a new cache": lambda: team.ask("PUT", "/caches/new", team.key),
        "a new key": lambda: team.web.post(
            "/api-keys", json={"description": "d"}, headers={"authorization": team.key}
        ),
        "a new token": lambda: team.web.post(
            "/tokens",
            json={"permissions": {"rules": [RULE]}, "valid_for_seconds": 60},
            headers={"authorization": session},
        ),
        "usage": lambda: team.ask("GET", "/usage", session),
        "a cookie": lambda: httpx.get(f"{team.server.http}/caches", cookies=team.session.cookies),
        "signing in": lambda: httpx.post(
            f"{team.server.http}/session",
            json={"email": team.session.email, "password": PASSWORD},
        ),
    }


def of_grpc(team: Team) -> dict[str, Callable[[], object]]:
    by_token = dataclasses.replace(team.wire, token=team.token)
    by_session = dataclasses.replace(team.wire, token=team.session.token)
    return {
        "a read": lambda: team.wire.get(b"k"),
        "a write by a token": lambda: by_token.set(b"k", b"other"),
        "a read by a session": lambda: by_session.get(b"k"),
        "a batch": lambda: team.wire.ask("KeysExist", cache_keys=[b"k"]),
        "a list of caches": lambda: team.wire.list_caches(),
        "a flush": lambda: team.wire.flush_cache(CACHE),
        "a new signing key": lambda: new_signer(team.wire),
    }


def test_every_door_is_closed_in_clear_words_and_opens_again(team: Team) -> None:
    doors, calls = of_http(team), of_grpc(team)
    before = team.ask("GET", "/caches", team.key).json()
    keys = team.ask("GET", "/api-keys", team.key).json()

    team.suspend()

    assert {name for name, door in doors.items() if not is_refused(door())} == set()
    words = {name: refused_call(call) for name, call in calls.items()}
    assert {(code, err) for code, err, _ in words.values()} == {(DENIED, "account_suspended")}
    assert all(details.startswith("Account suspended: ") for _, _, details in words.values())
    assert team.operator.get("/caches").status_code == 200

    team.resume()

    assert team.ask("GET", ITEM, team.key).content == b"kept"
    assert team.ask("GET", "/caches", team.key).json() == before
    ids = [key["key_id"] for key in keys["key_info"]]
    again = team.ask("GET", "/api-keys", team.key).json()["key_info"]
    assert [key["key_id"] for key in again] == ids
    assert {name: door().status_code for name, door in doors.items() if name != "a session"} == {
        "a read": 200,
        "a write": 204,
        "a large write": 204,
        "a v1 key": 200,
        "a token": 204,
        "a token in the query": 200,
        "a signed URL to read": 200,
        "a signed URL to write": 204,
        "a missing cache": 404,
        "a list of caches": 200,
        "a new cache": 201,
        "a new key": 200,
        "a new token": 200,
        "usage": 200,
        "a cookie": 200,
        "signing in": 201,
    }
    for call in calls.values():
        call()


def test_a_request_that_was_begun_before_is_refused_when_it_is_whole(team: Team) -> None:
    head = (
        f"PUT {ITEM} HTTP/1.1\r\nhost: localhost\r\nauthorization: {team.key}\r\n"
        "content-length: 5\r\n\r\n"
    )
    with http1(team.server.http_address) as wire:
        begun(wire, team)
        wire.say(head.encode() + b"oth")
        team.suspend()
        wire.say(b"er")
        answer = wire.reply()

    team.resume()
    assert (answer.status, json.loads(answer.body)["err"]) == (403, "account_suspended")
    assert team.ask("GET", ITEM, team.key).content == b"kept"


def begun(wire: Http1, team: Team) -> None:
    """Be let in on the connection, so that it keeps the authorization."""
    line = f"GET {ITEM} HTTP/1.1\r\nhost: localhost\r\nauthorization: {team.key}\r\n\r\n"
    wire.say(line.encode())
    assert wire.reply().status == 200


@dataclass
class Load:
    """Writers on connections of their own, which stay open; each write's time and end."""

    done: list[tuple[float, str]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, *writers: Callable[[], str]) -> list[threading.Thread]:
        threads = [threading.Thread(target=self._write, args=(writer,)) for writer in writers]
        for thread in threads:
            thread.start()
        return threads

    def _write(self, writer: Callable[[], str]) -> None:
        while not self.stop.is_set():
            begun = time.monotonic()
            self.done.append((begun, writer()))

    def after(self, moment: float) -> set[str]:
        """How writes ended that began after a moment."""
        return {end for begun, end in self.done if begun > moment}


def by_http(client: httpx.Client) -> Callable[[], str]:
    def write() -> str:
        answer = client.put(ITEM, content=b"kept")
        return "served" if answer.is_success else str(answer.json().get("err", answer.status_code))

    return write


def by_grpc(wire: Wire) -> Callable[[], str]:
    def write() -> str:
        try:
            wire.set(b"k", b"kept", 600_000)
        except grpc.RpcError as error:
            failed: Any = error
            trailers = dict(failed.trailing_metadata() or ())
            return str(trailers.get("err", failed.code().name))
        return "served"

    return write


@contextlib.contextmanager
def writing(team: Team) -> Iterator[Load]:
    """Write by HTTP and gRPC, with each kind of token, within the block."""
    load = Load()
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(
                httpx.Client(base_url=team.server.http, headers={"authorization": token})
            )
            for token in (team.key, team.token)
        ]
        wires = [team.wire, dataclasses.replace(team.wire, token=team.session.token)]
        threads = load.run(*map(by_http, clients), *map(by_grpc, wires))
        try:
            yield load
        finally:
            load.stop.set()
            for thread in threads:
                thread.join()


def settle(load: Load, moment: float, count: int) -> None:
    """Wait until some writes have begun after a moment."""
    eventually(
        lambda: len([begun for begun, _ in load.done if begun > moment]) > count, "more writes"
    )


def test_writers_under_way_are_refused_from_the_answer_on_and_served_again(team: Team) -> None:
    with writing(team) as load:
        for _ in range(3):
            settle(load, time.monotonic(), 40)
            asked = time.monotonic()
            team.suspend()
            suspended = time.monotonic()
            settle(load, suspended, 40)
            resuming = time.monotonic()
            refused = {end for begun, end in load.done if suspended < begun < resuming}
            team.resume()
            resumed = time.monotonic()
            settle(load, resumed, 40)

            assert refused == {"account_suspended"}
            assert load.after(resumed) == {"served"}
            assert suspended - asked < AT_ONCE_SECONDS


def test_usage_from_before_is_there_and_refused_requests_are_not_billed(team: Team) -> None:
    def counted() -> int:
        path = f"/usage?accounts={team.account_id}&group_by=account"
        usage = team.operator.get(path).json()["usage"]
        return sum(int(line["requests"]) for line in usage)

    eventually(lambda: counted() == 1, "the write of the item is in the ledger")
    team.suspend()
    for _ in range(20):
        assert is_refused(team.ask("GET", ITEM, team.key))
    team.resume()
    assert team.ask("GET", ITEM, team.key).status_code == 200

    eventually(lambda: counted() >= 2, "the read after it was resumed")
    assert counted() == 2


def test_it_stays_suspended_when_the_server_starts_again() -> None:
    with Server() as server:
        headers = {"authorization": server.api_key}
        made = httpx.post(f"{server.http}/accounts", json={"name": "team"}, headers=headers).json()
        path = f"/accounts/{made['account_id']}"
        httpx.post(f"{server.http}{path}/suspend", headers=headers).raise_for_status()

        server.stop()
        server.start()

        theirs = {"authorization": made["api_key"]}
        assert is_refused(httpx.get(f"{server.http}{ITEM}", headers=theirs))
        httpx.post(f"{server.http}{path}/resume", headers=headers).raise_for_status()
        assert httpx.put(f"{server.http}{ITEM}", content=b"v", headers=theirs).status_code == 204


def test_a_deletion_ends_writers_under_way_and_leaves_no_item(team: Team) -> None:
    with writing(team) as load:
        settle(load, time.monotonic(), 40)
        deleted = team.operator.delete(f"/accounts/{team.account_id}")
        moment = time.monotonic()
        settle(load, moment, 40)

    assert deleted.status_code == 204
    assert load.after(moment) == {"invalid_token", "UNAUTHENTICATED"}
    assert team.ask("GET", ITEM, team.key).status_code == 401
    again = team.operator.post("/accounts", json={"name": "team again"}).json()
    assert team.ask("GET", ITEM, again["api_key"]).status_code == 404
    team.operator.delete(f"/accounts/{again['account_id']}")
