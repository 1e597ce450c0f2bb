"""A person's way through dictionaries, lists, sets, sorted sets and leaderboards."""

import itertools
import json
import os
import pty
import subprocess

import httpx
import pytest

from conformance.wire import Wire, plaintext
from e2e.terminal import Answer, Terminal
from harness import Server, attimo, bare_environment

MISS = Answer(1, b"", "")


_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def cache(server: Server, terminal: Terminal, stranger: Terminal) -> str:
    """A cache of its own, which commands use where none is named."""
    name = f"collections-{next(_numbers)}"
    headers = {"Authorization": server.api_key}
    httpx.put(f"{server.http}/caches/{name}", headers=headers).raise_for_status()
    for each in (terminal, stranger):
        each.variables["ATTIMO_CACHE"] = name
    return name


def test_a_dictionary_from_its_first_field_to_its_last(terminal: Terminal) -> None:
    terminal.do("dictionaries", "set", "person", "name", "Ada")
    terminal.do("dictionaries", "set", "person", "born", "1815", "--ttl", "60")
    assert terminal.do("dictionaries", "get", "person", "name") == "Ada"
    assert terminal.do("dictionaries", "increment", "person", "born") == "1816\n"
    assert terminal.do("dictionaries", "increment", "person", "born", "-1") == "1815\n"
    assert terminal.do("dictionaries", "show", "person") == "born\t1815\nname\tAda\n"
    assert terminal.do("dictionaries", "length", "person") == "2\n"

    terminal.do("dictionaries", "remove", "person", "name", "born", "never there")

    assert terminal.type("dictionaries", "show", "person") == MISS


def test_a_list_from_its_first_value_to_its_last(terminal: Terminal) -> None:
    assert terminal.do("lists", "push", "jobs", "b", "c") == "2\n"
    assert terminal.do("lists", "push", "jobs", "a", "--front") == "3\n"
    assert terminal.do("lists", "show", "jobs") == "0\ta\n1\tb\n2\tc\n"
    assert terminal.do("lists", "show", "jobs", "--start", "1", "--end", "-1") == "1\tb\n"
    assert terminal.do("lists", "show", "jobs", "--start", "-1") == "\tc\n"
    assert terminal.do("lists", "length", "jobs") == "3\n"
    assert terminal.do("lists", "retain", "jobs", "--end", "2") == "2\n"
    assert terminal.do("lists", "pop", "jobs", "--front") == "a"
    terminal.do("lists", "remove", "jobs", "never there")
    assert terminal.do("lists", "pop", "jobs") == "b"

    assert terminal.type("lists", "pop", "jobs") == MISS


def test_a_set_from_its_first_element_to_its_last(terminal: Terminal) -> None:
    terminal.do("sets", "add", "tags", "red", "blue", "red")
    assert terminal.do("sets", "show", "tags") == "blue\nred\n"
    assert terminal.do("sets", "contains", "tags", "red") == ""
    assert terminal.type("sets", "contains", "tags", "green") == MISS
    assert terminal.do("sets", "length", "tags") == "2\n"
    assert set(terminal.do("sets", "sample", "tags", "5").split()) == {"red", "blue"}
    terminal.do("sets", "remove", "tags", "red")
    assert terminal.do("sets", "pop", "tags") == "blue\n"

    assert terminal.type("sets", "show", "tags") == MISS


def test_a_sorted_set_from_its_first_value_to_its_last(terminal: Terminal) -> None:
    for value, score in (("low", "-1.5"), ("high", "20"), ("middle", "3")):
        terminal.do("sorted-sets", "put", "ranking", value, score)
    show = ("sorted-sets", "show", "ranking")
    assert terminal.do(*show) == "low\t-1.5\nmiddle\t3\nhigh\t20\n"
    assert terminal.do(*show, "--descending", "--end", "1") == "high\t20\n"
    assert terminal.do(*show, "--start", "-1") == "high\t20\n"
    assert terminal.do(*show, "--min", "0", "--max", "3") == "middle\t3\n"
    assert terminal.do(*show, "--min", "-1.5", "--max", "-1") == "low\t-1.5\n"
    assert terminal.do("sorted-sets", "increment", "ranking", "low", "-0.5") == "-2\n"
    assert terminal.do("sorted-sets", "score", "ranking", "low") == "-2\n"
    assert terminal.do("sorted-sets", "rank", "ranking", "low") == "0\n"
    assert terminal.do("sorted-sets", "rank", "ranking", "low", "--descending") == "2\n"
    assert terminal.do("sorted-sets", "length", "ranking") == "3\n"
    assert terminal.do("sorted-sets", "union", "both", "ranking", "ranking") == "3\n"
    assert terminal.do("sorted-sets", "score", "both", "high") == "40\n"

    terminal.do("sorted-sets", "remove", "ranking", "low", "high", "middle")

    assert terminal.type(*show) == MISS


def test_a_leaderboard_from_its_first_id_to_its_last(terminal: Terminal) -> None:
    for id_, score in (("1", "10"), ("2", "20.5"), ("3", "10")):
        terminal.do("leaderboards", "put", "game", id_, score)
    assert terminal.do("leaderboards", "show", "game") == "0\t2\t20.5\n1\t3\t10\n2\t1\t10\n"
    assert (
        terminal.do("leaderboards", "show", "game", "--ascending", "--count", "1") == "0\t1\t10\n"
    )
    assert terminal.do("leaderboards", "show", "game", "--below", "20", "--offset", "1") == (
        "2\t1\t10\n"
    )
    assert terminal.do("leaderboards", "rank", "game", "1") == "2\t1\t10\n"
    assert terminal.do("leaderboards", "rank", "game", "1", "--competition") == "1\t1\t10\n"
    assert terminal.type("leaderboards", "rank", "game", "99") == MISS
    terminal.do("leaderboards", "remove", "game", "2", "99")
    assert terminal.do("leaderboards", "length", "game") == "2\n"

    terminal.do("leaderboards", "delete", "game")

    assert terminal.do("leaderboards", "length", "game") == "0\n"
    assert terminal.do("leaderboards", "show", "game") == ""


def test_what_is_shown_to_scripts_is_json(terminal: Terminal) -> None:
    terminal.do("dictionaries", "set", "d", "field", "value")
    terminal.do("lists", "push", "l", "value")
    terminal.do("sets", "add", "s", os.fsdecode(b"\xff"))
    terminal.do("sorted-sets", "put", "z", "value", "inf")
    terminal.do("leaderboards", "put", "b", "7", "1.5")

    def told(noun: str, name: str) -> object:
        return json.loads(terminal.do(noun, "show", name, "--json"))["items"]

    assert told("dictionaries", "d") == [{"field": "field", "value": "value"}]
    assert told("lists", "l") == [{"position": 0, "value": "value"}]
    assert told("sets", "s") == [{"element_base64": "/w=="}]
    assert told("sorted-sets", "z") == [{"value": "value", "score": "inf"}]
    assert told("leaderboards", "b") == [{"rank": 0, "id": 7, "score": 1.5}]


def test_what_cannot_be_printed_takes_one_line_of_a_table(terminal: Terminal) -> None:
    terminal.do("lists", "push", "l", os.fsdecode(b"a\tb\nc\x1b[31m\xff"), "grün")

    assert terminal.do("lists", "show", "l") == "0\ta\\tb\\nc\\x1b[31m\\xff\n1\tgrün\n"


def test_a_person_reads_a_table(terminal: Terminal) -> None:
    terminal.do("sorted-sets", "put", "ranking", "ada", "3")
    leader, follower = pty.openpty()
    own = {"HOME": str(terminal.home), "COLUMNS": "60", "TERM": "dumb"}

    subprocess.run(
        [*attimo(), "sorted-set", "show", "ranking"],
        stdout=follower,
        env=bare_environment() | own | terminal.variables,
        check=True,
    )
    os.close(follower)
    printed = os.read(leader, 10_000).decode()
    os.close(leader)

    assert "Score" in printed
    assert "ada" in printed


@pytest.mark.parametrize(
    "words",
    [
        ["dictionaries", "show", "x"],
        ["dictionaries", "get", "x", "field"],
        ["dictionaries", "length", "x"],
        ["lists", "show", "x"],
        ["lists", "length", "x"],
        ["lists", "retain", "x"],
        ["sets", "show", "x"],
        ["sets", "contains", "x", "e"],
        ["sets", "length", "x"],
        ["sets", "sample", "x"],
        ["sets", "pop", "x"],
        ["sorted-sets", "show", "x"],
        ["sorted-sets", "score", "x", "v"],
        ["sorted-sets", "rank", "x", "v"],
        ["sorted-sets", "length", "x"],
        ["leaderboards", "rank", "x", "1"],
    ],
    ids=" ".join,
)
def test_a_miss_prints_nothing_and_exits_with_1(terminal: Terminal, words: list[str]) -> None:
    assert terminal.type(*words) == MISS


def test_a_field_that_is_not_there_is_a_miss(terminal: Terminal) -> None:
    terminal.do("dictionaries", "set", "d", "field", "value")
    terminal.do("sorted-sets", "put", "z", "value", "1")

    assert terminal.type("dictionaries", "get", "d", "other") == MISS
    assert terminal.type("sorted-sets", "score", "z", "other") == MISS
    assert terminal.type("sorted-sets", "rank", "z", "other") == MISS


@pytest.mark.parametrize(
    ("status", "words", "error"),
    [
        (6, ["lists", "show", "d"], "the key holds a dictionary, not a list"),
        (
            6,
            ["dictionaries", "increment", "d", "field"],
            "the value is not a whole number of 64 bits",
        ),
        (4, ["lists", "show", "x", "--cache", "nowhere"], "ache"),
        (2, ["leaderboards", "put", "b", "1", "nan"], "a score must be a number"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_what_is_refused_is_one_plain_line(
    terminal: Terminal, status: int, words: list[str], error: str
) -> None:
    terminal.do("dictionaries", "set", "d", "field", "value")

    answer = terminal.type(*words)

    assert (answer.status, answer.printed) == (status, b"")
    assert answer.error.startswith("attimo: ")
    assert error in answer.error
    assert answer.error.count("\n") == 1


def test_ranges_of_ranks_and_of_scores_do_not_mix(terminal: Terminal) -> None:
    assert terminal.type("sorted-sets", "show", "z", "--start", "1", "--min", "1").status == 2


def test_a_time_is_kept_unless_another_is_said(
    terminal: Terminal, server: Server, cache: str
) -> None:
    def minutes() -> int:
        with plaintext(server.http_address) as channel:
            reply = Wire(channel, server.api_key, cache).ask("ItemGetTtl", cache_key=b"l")
        left: int = reply.found.remaining_ttl_millis
        return round(left / 60_000)

    terminal.do("lists", "push", "l", "a")
    assert minutes() == 10
    terminal.do("lists", "push", "l", "a", "--ttl", "3600")
    assert minutes() == 60
    terminal.do("lists", "push", "l", "b")
    assert minutes() == 60


@pytest.mark.parametrize("address", ["http", "https"])
def test_collections_of_a_server_elsewhere(
    stranger: Terminal, server: Server, address: str
) -> None:
    url = {"http": server.http, "https": server.https}[address]
    stranger.do(
        "profile", "add", "there", "--url", url, "--api-key", server.api_key, "--ca", str(server.ca)
    )
    stranger.variables["ATTIMO_PROFILE"] = "there"

    stranger.do("sets", "add", "tags", address)

    assert address in stranger.do("sets", "show", "tags")


def test_a_server_that_is_not_trusted_is_one_plain_line(stranger: Terminal, server: Server) -> None:
    answer = stranger.type("sets", "show", "s", "--url", server.https, "--api-key", server.api_key)

    assert answer.status == 5
    assert "its issuer is not trusted here. Pass the server's root" in answer.error
    assert answer.error.count("\n") == 1


@pytest.mark.parametrize(
    ("url", "status", "error"),
    [
        ("http://127.0.0.1:1", 5, "Cannot reach http://127.0.0.1:1"),
        ("gopher://host", 2, "'gopher://host' is not a server address"),
    ],
)
def test_nobody_at_the_address_is_one_plain_line(
    stranger: Terminal, url: str, status: int, error: str
) -> None:
    answer = stranger.type("lists", "show", "l", "--url", url, "--api-key", "key")

    assert answer.status == status
    assert answer.error.startswith(f"attimo: {error}")
    assert answer.error.count("\n") == 1


def test_a_stranger_is_refused_in_one_plain_line(stranger: Terminal, server: Server) -> None:
    answer = stranger.type("lists", "show", "l", "--url", server.http, "--api-key", "wrong")

    assert answer.status == 3
    assert answer.error.count("\n") == 1


def test_a_large_collection_comes_whole(terminal: Terminal) -> None:
    values = [str(number) * 20 for number in range(5000)]
    terminal.do("lists", "push", "l", *values)

    assert len(json.loads(terminal.do("lists", "show", "l", "--json"))["items"]) == 5000
