"""A person's way through caches and items."""

import json
import os

import httpx

from e2e.terminal import Terminal
from harness import Server


def test_a_cache_from_its_creation_to_its_end(terminal: Terminal) -> None:
    assert terminal.do("cache", "create", "journey") == ""
    assert "journey" in terminal.do("cache", "list").split()

    terminal.do("set", "--cache", "journey", "k", "v")
    assert terminal.do("get", "--cache", "journey", "k") == "v"

    terminal.do("cache", "flush", "journey")
    assert terminal.type("get", "--cache", "journey", "k").status == 1

    terminal.do("cache", "delete", "journey")
    assert "journey" not in terminal.do("cache", "list").split()


def test_a_new_cache_comes_with_a_token_for_it_alone(terminal: Terminal) -> None:
    words = ["cache", "create", "vended", "--ttl", "2h", "--extend", "--token", "1h"]
    for created in (True, False):
        told = json.loads(terminal.do(*words, "--json"))
        assert told["created"] is created
        terminal.do("set", "k", "v", "--cache", "vended", "--api-key", told["token"])
        elsewhere = terminal.type("get", "k", "--api-key", told["token"])
        assert elsewhere.status == 3

    token = terminal.do(*words).strip()
    assert terminal.do("get", "k", "--cache", "vended", "--api-key", token) == "v"


def test_an_item_without_naming_a_cache(terminal: Terminal) -> None:
    terminal.do("set", "greeting", "hello")
    assert terminal.do("get", "greeting") == "hello"

    terminal.do("del", "greeting")
    terminal.do("del", "greeting")

    assert terminal.type("get", "greeting").status == 1


def test_a_miss_prints_nothing_at_all_and_exits_with_1(terminal: Terminal) -> None:
    miss = terminal.type("get", "nobody")

    assert (miss.status, miss.printed, miss.error) == (1, b"", "")


def test_a_cache_that_is_not_there_is_an_error_and_no_miss(terminal: Terminal) -> None:
    answer = terminal.type("get", "--cache", "nowhere", "k")

    assert answer.status == 4
    assert "Cache not found" in answer.error


def test_any_bytes_survive_by_standard_input_by_file_and_as_a_key(terminal: Terminal) -> None:
    value = os.urandom(100_000) + b"\x00\n\xff"
    path = terminal.home / "value"
    path.write_bytes(value)
    odd_key = os.fsdecode(b"\xff/?&=# \xc3\xa4")

    terminal.do("set", "piped", "-", given=value)
    terminal.do("set", odd_key, "--file", str(path))

    assert terminal.type("get", "piped").printed == value
    assert terminal.type("get", odd_key).printed == value


def test_the_list_for_scripts_is_json(terminal: Terminal) -> None:
    caches = json.loads(terminal.do("cache", "list", "--json"))["items"]

    assert "default-cache" in [cache["name"] for cache in caches]


def test_more_caches_than_a_page_are_listed(terminal: Terminal, server: Server) -> None:
    names = {f"many-{number:03}" for number in range(103)}
    headers = {"Authorization": server.api_key}
    with httpx.Client(base_url=server.http, headers=headers, trust_env=False) as client:
        for name in names:
            client.put(f"/caches/{name}").raise_for_status()

    assert names <= set(terminal.do("cache", "list").split())


def test_a_name_that_is_taken_is_one_plain_line(terminal: Terminal) -> None:
    answer = terminal.type("cache", "create", "default-cache")

    assert answer.status == 6
    assert answer.error == "attimo: There is a cache 'default-cache' already\n"


def test_a_value_must_be_given_once(terminal: Terminal) -> None:
    assert terminal.type("set", "k").status == 2
    assert terminal.type("set", "k", "v", "--file", os.devnull).status == 2
