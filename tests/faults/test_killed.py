"""A server that dies without a word: what it had answered is there, and nothing is billed twice."""

import ssl
import threading
from pathlib import Path

import httpx
import pytest

from faults.watching import ask, billed, client, eventually, is_sound, write
from harness import Server

ROUNDS = 3
QUICK = ("--collect-seconds", "0.1")


def keep_on(server: Server, work: "Work") -> threading.Thread:
    """Let a client work until the server is gone."""

    def run() -> None:
        with client(server) as http:
            try:
                while True:
                    work.step(http)
            except httpx.TransportError:
                return

    thread = threading.Thread(target=run)
    thread.start()
    return thread


class Work:
    """Something that a client does over and over: what it tried, and what was answered."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tried = 0
        self.answered = 0

    def step(self, http: httpx.Client) -> None:
        self.tried += 1
        self.ask(http, f"{self.name}-{self.tried}")
        self.answered += 1

    def ask(self, http: httpx.Client, name: str) -> None:
        write(http, name)


class Creating(Work):
    """Creates one cache after the other."""

    def ask(self, http: httpx.Client, name: str) -> None:
        http.put(f"/caches/{name}").raise_for_status()


def caches(http: httpx.Client) -> set[str]:
    """The names of all caches."""
    names: set[str] = set()
    query = {"limit": "100"}
    while True:
        page = http.get("/caches", params=query).raise_for_status().json()
        names |= {cache["name"] for cache in page["caches"]}
        if not page.get("next_token"):
            return names
        query["next_token"] = page["next_token"]


def test_caches_whose_creation_was_answered_are_there_after_a_kill(tmp_path: Path) -> None:
    work = Creating("made")
    with Server(data_dir=tmp_path / "data") as server:
        for _ in range(ROUNDS):
            before = work.answered
            thread = keep_on(server, work)
            eventually(lambda before=before: work.answered > before + 20, "20 caches are made")  # type: ignore[misc]
            server.kill()
            thread.join()
            assert is_sound(server.data_dir)
            server.start()
            with client(server) as http:
                found = caches(http)

        answered_or_tried = {f"made-{number + 1}" for number in range(work.tried)}
        assert found <= answered_or_tried | {"default-cache"}
        assert len(found) - 1 >= work.answered


def test_a_key_that_was_answered_works_after_a_kill(tmp_path: Path) -> None:
    with Server(data_dir=tmp_path / "data") as server:
        with client(server) as http:
            made = http.post("/api-keys", json={"description": "d"}).json()["api_key"]
        server.kill()
        server.start()

        headers = {"Authorization": made}
        with httpx.Client(base_url=server.http, headers=headers, trust_env=False) as http:
            write(http, "k")


def test_a_key_whose_revocation_was_answered_is_refused_after_a_kill(tmp_path: Path) -> None:
    with Server(data_dir=tmp_path / "data") as server:
        with client(server) as http:
            made = http.post("/api-keys", json={"description": "d"}).json()
            http.delete(f"/api-keys/{made['key_info']['key_id']}").raise_for_status()
        server.kill()
        server.start()

        headers = {"Authorization": made["api_key"]}
        with httpx.Client(base_url=server.http, headers=headers, trust_env=False) as http:
            assert http.get("/cache/default-cache", params={"key": "k"}).status_code == 401


def test_a_killed_server_bills_nothing_twice_and_loses_one_interval_at_most(
    tmp_path: Path,
) -> None:
    """What was collected is billed once; what was not is lost, in our cost."""
    works = [Work("left"), Work("right")]
    data = tmp_path / "data"
    with Server(*QUICK, data_dir=data) as server:
        for _ in range(ROUNDS):
            before = billed(data, "Set")
            threads = [keep_on(server, work) for work in works]
            eventually(lambda before=before: billed(data, "Set") > before, "usage is recorded")  # type: ignore[misc]
            server.kill()
            for thread in threads:
                thread.join()
            assert is_sound(data)
            collected = billed(data, "Set")
            assert collected <= sum(work.tried for work in works)

            server.start()
            assert billed(data, "Set") == collected

        with client(server) as http:
            for number in range(100):
                write(http, f"last-{number}")
        server.stop()
        assert billed(data, "Set") == collected + 100
    assert len(ask(data, "SELECT node, number FROM batches")) == len(
        set(ask(data, "SELECT node, number FROM batches"))
    )


@pytest.mark.parametrize("after", ["attimo.db", "ca.key", "credentials.json"])
def test_a_first_start_that_was_killed_is_made_good_by_the_next(tmp_path: Path, after: str) -> None:
    """Whatever the first start had written, the second one leads to a server that works."""
    data = tmp_path / "data"
    with Server(data_dir=data):
        pass
    later = {
        "attimo.db": ["ca.pem", "ca.key", "server.pem", "server.key", "credentials.json"],
        "ca.key": ["ca.pem", "server.pem", "server.key", "credentials.json"],
        "credentials.json": [],
    }[after]
    for name in later:
        (data / name).unlink()

    with Server(data_dir=data) as server, client(server) as http:
        write(http, "k")
        trust = ssl.create_default_context(cafile=server.ca)
        verified = httpx.get(f"{server.https}/health", verify=trust, trust_env=False)
        assert verified.status_code == 200
