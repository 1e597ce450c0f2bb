"""What is particular to items that are in Valkey."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from conformance.backend.conftest import at
from conformance.wire import Wire
from faults.watching import eventually
from harness import Server
from valkey_server import valkey


def client_of(server: Server) -> httpx.Client:
    """A client with the owner's key."""
    return httpx.Client(base_url=server.http, headers={"authorization": server.api_key})


def put(http: httpx.Client, key: str) -> httpx.Response:
    """Write a value into the first cache."""
    return http.put("/cache/default-cache", params={"key": key, "ttl_seconds": 60}, content="v")


def get(http: httpx.Client, key: str) -> httpx.Response:
    """Read it."""
    return http.get("/cache/default-cache", params={"key": key})


def test_items_stay_while_the_server_is_started_anew() -> None:
    with valkey() as port, Server(*at(port)) as server:
        with client_of(server) as http:
            assert put(http, "stays").status_code == 204
        server.stop()
        server.start()
        with client_of(server) as http:
            assert get(http, "stays").text == "v"


def test_caches_do_not_see_each_others_items(owner: Wire, server: Server) -> None:
    owner.create_cache("one")
    owner.create_cache("two")
    with client_of(server) as http:
        query: dict[str, str | int] = {"key": "{same}", "ttl_seconds": 60}
        assert http.put("/cache/one", params=query, content="1").status_code == 204
        assert http.get("/cache/two", params={"key": "{same}"}).status_code == 404
        owner.delete_cache("one")
        owner.create_cache("one")
        assert http.get("/cache/one", params={"key": "{same}"}).status_code == 404


def test_collections_are_refused_and_nothing_is_written(scs: Wire, server: Server) -> None:
    with client_of(server) as http:
        answer = http.post(
            f"/cache/{scs.cache}/list/push-back",
            params={"key": "l", "ttl_seconds": 60},
            json={"values": ["a"]},
        )
        assert answer.status_code == 501
        assert "does not support collections" in answer.json()["message"]
        assert http.get(f"/cache/{scs.cache}", params={"key": "l"}).status_code == 404


def test_keys_are_not_listed(scs: Wire, server: Server) -> None:
    with client_of(server) as http:
        answer = http.get(f"/cache/{scs.cache}/keys", params={"prefix": ""})

    assert answer.status_code == 501
    assert "does not support collections and listings" in answer.json()["message"]


def test_no_errors_are_injected_unless_the_server_is_local(scs: Wire) -> None:
    faults = (("return-error", "internal"), ("error-rpcs", "get"), ("request-id", "one"))

    assert replace(scs, more=faults).get(b"key") is None


def test_a_valkey_that_is_away_fails_requests_until_it_is_back() -> None:
    with valkey() as port, Server(*at(port)) as server:
        pass
    with Server(*at(port)) as server, client_of(server) as http:
        answer = get(http, "k")
        assert answer.status_code == 503
        assert "store does not answer" in answer.json()["message"]
        assert http.get("/caches").status_code == 200
        with valkey(port):
            eventually(lambda: put(http, "k").status_code == 204, "a write is done")
            assert get(http, "k").text == "v"


def test_many_that_increment_one_key_are_all_counted(scs: Wire, server: Server) -> None:
    def increment(_: int) -> int:
        query = {"key": "n", "ttl_seconds": "60"}
        with client_of(server) as http:
            return http.post(f"/cache/{scs.cache}/increment", params=query).status_code

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(increment, range(200))) == {200}
    with client_of(server) as http:
        assert http.get(f"/cache/{scs.cache}", params={"key": "n"}).text == "200"


def test_a_request_runs_a_bounded_number_of_commands(scs: Wire, server: Server) -> None:
    with client_of(server) as http:
        for keys, status in ((1024, 200), (1025, 400)):
            body = {"keys": [f"k{i}" for i in range(keys)]}
            answer = http.post(f"/cache/{scs.cache}/exists", json=body)
            assert answer.status_code == status
        assert "at most 1024 commands" in answer.json()["message"]


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:1",
        "valkey://127.0.0.1",
        "valkey://u@h:1",
        "valkey://:p@h:1",
        "valkey://@h:1",
        "valkey://h:1?protocol=resp3",
        "valkey://h:1#x",
        "valkey://a b:1",
    ],
)
def test_a_backend_is_named_by_its_host_and_port(url: str) -> None:
    refused = pytest.raises(RuntimeError, match="must be valkey://HOST:PORT, or off")
    with refused, Server("--backend", url):
        pass
