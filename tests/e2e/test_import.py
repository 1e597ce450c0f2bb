"""`attimo cache import`: from files, and from a real Valkey server, one alone and a cluster."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import valkey as client

from e2e.terminal import Terminal
from harness import Server, attimo
from ports import LOCALHOST, free_ports
from valkey_server import valkey

PASSWORD = "secret"  # noqa: S105

LINES = [
    {"key": "text", "value": "hello", "ttl_seconds": 900},
    {"key": {"base64": "/wA="}, "type": "scalar", "value": {"base64": "/v8="}},
    {"key": "d", "type": "dictionary", "fields": [{"field": "f", "value": {"base64": "/w=="}}]},
    {"key": "l", "type": "list", "values": ["b", "a", "b"], "ttl_seconds": 800},
    {"key": "s", "type": "set", "elements": ["x", "y"]},
    {"key": "z", "type": "sorted-set", "elements": [{"value": "a", "score": "-inf"}]},
]


@pytest.fixture
def terminal(terminal: Terminal) -> Terminal:
    """A terminal that has an empty cache `moved`."""
    terminal.type("cache", "delete", "moved", "--yes")
    terminal.do("cache", "create", "moved")
    terminal.variables["ATTIMO_CACHE"] = "moved"
    return terminal


@pytest.fixture
def port() -> Iterator[int]:
    """A Valkey server with items of each type, and with some that no cache takes."""
    with valkey(0, "--requirepass", PASSWORD) as port:
        with client.Valkey(port=port, password=PASSWORD) as store:
            fill(store)
        yield port


def fill(store: client.Valkey) -> None:
    for number in range(2_500):
        store.set(f"v:{number}", number, ex=3_600 if number % 2 else None)
    store.set(b"\xff\x00", b"\x00\xff", px=7_300)
    store.set("empty", "")
    store.hset("d", mapping={f"f{number}": b"\xfe" for number in range(3_000)})
    store.rpush("l", *range(3_000))
    store.sadd("s", *range(3_000))
    store.zadd("z", {"low": float("-inf"), "middle": 0.1, "high": float("inf")})
    store.xadd("stream", {"a": 1})
    store.set("large", bytes(5_010_000))


def lines(items: Sequence[object]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n\n" for each in items)


def test_lines_of_every_type_are_written_and_replace_what_was_there(terminal: Terminal) -> None:
    terminal.do("lists", "push", "d", "another type")
    terminal.do("lists", "push", "l", "older")

    began = time.monotonic()
    told = terminal.do("cache", "import", "moved", "-", "--verify", "--json", given=lines(LINES))

    assert json.loads(told) == {"imported": 6, "skipped": 0, "differing": 0, "dry_run": False}
    assert terminal.do("get", "text") == "hello"
    assert terminal.type("dictionaries", "get", "d", "f").printed == b"\xff"
    assert terminal.do("lists", "show", "l").split() == ["0", "b", "1", "a", "2", "b"]
    assert terminal.do("sorted-sets", "show", "z").split() == ["a", "-inf"]
    for key, seconds in (("text", 900), ("l", 800), ("s", 600)):
        assert terminal.has_life(key, seconds, began), key


def test_a_wrong_line_is_named_and_what_was_written_before_is_told(terminal: Terminal) -> None:
    before = b"".join(b'{"key": "k%d", "value": "v"}\n' % number for number in range(1_500))

    answer = terminal.type("cache", "import", "moved", "-", given=before + b"{")

    assert answer.status == 2
    said = "Line 1,501 is not JSON in UTF-8. Imported: 1,000 items"
    assert answer.error == f"attimo: {said}\n"
    assert terminal.do("get", "k999") == "v"
    assert terminal.type("get", "k1000").status == 1


def test_the_last_of_several_lines_with_one_key_wins(terminal: Terminal) -> None:
    both = [
        {"key": "k", "type": "set", "elements": ["first"]},
        {"key": "k", "value": "second"},
    ]
    terminal.do("cache", "import", "moved", "-", given=lines(both))
    assert terminal.do("get", "k") == "second"

    terminal.do("cache", "import", "moved", "-", given=lines(both[::-1]))
    assert terminal.do("sets", "show", "k").split() == ["first"]


def test_a_store_is_read_whole_and_what_no_cache_takes_is_skipped(
    terminal: Terminal, port: int
) -> None:
    terminal.variables["REDISCLI_AUTH"] = PASSWORD
    source = f"redis://{LOCALHOST}:{port}/0"

    answer = terminal.type("cache", "import", "moved", source, "--ttl", "1d", "--verify", "--json")

    assert answer.status == 6
    assert json.loads(answer.text) == {
        "imported": 2_506,
        "skipped": 2,
        "differing": 0,
        "dry_run": False,
    }
    assert "skipped 'large': the item size would be over the limit" in answer.error
    assert "skipped 'stream': is a stream, which is no type of Attimo" in answer.error
    assert json.loads(terminal.do("info", "d", "--json"))["length"] == 3_000
    assert terminal.do("lists", "length", "l") == "3000\n"
    assert terminal.type("get", "empty").status == 0
    assert 3_500 < int(terminal.do("ttl", "v:1")) <= 3_600
    assert 86_000 < int(terminal.do("ttl", "v:2")) <= 86_400


def test_only_matching_keys_are_compared_and_a_difference_is_named(
    terminal: Terminal, port: int
) -> None:
    source = f"redis://:{PASSWORD}@{LOCALHOST}:{port}"
    words = ["cache", "import", "moved", source, "--match", "v:1?"]
    terminal.do(*words)
    terminal.do("set", "v:11", "other")
    terminal.do("del", "v:12")
    terminal.do("lists", "push", "v:12", "another type")

    answer = terminal.type(*words, "--dry-run", "--verify", "--json")

    assert answer.status == 6
    assert json.loads(answer.text)["differing"] == 2
    assert "differing 'v:11': differs in the cache" in answer.error
    assert "differing 'v:12': is not in the cache, or has another type there" in answer.error
    assert terminal.do("get", "v:11") == "other"


def test_every_node_of_a_cluster_is_read(terminal: Terminal, tmp_path: Path) -> None:
    buses = free_ports(2)
    with node(tmp_path / "a", buses[0]) as first, node(tmp_path / "b", buses[1]) as second:
        joined([first, second], buses)
        with client.ValkeyCluster(host=LOCALHOST, port=first) as store:
            for number in range(200):
                store.set(f"v:{number}", number)
            store.sadd("s", "a", "b")

        source = f"redis://{LOCALHOST}:{second}"
        told = terminal.do("cache", "import", "moved", source, "--verify", "--json")

    assert json.loads(told)["imported"] == 201
    assert json.loads(told)["differing"] == 0


def node(home: Path, bus: int) -> AbstractContextManager[int]:
    home.mkdir()
    return valkey(0, "--cluster-enabled", "yes", "--cluster-port", str(bus), "--dir", str(home))


def joined(ports: list[int], buses: list[int]) -> None:
    """Make one cluster of these servers, with a part of the slots each."""
    starts = [0, 8_192, 16_384]
    # The stubs of this package know no types of cluster commands.
    stores: list[Any] = [client.Valkey(port=port) for port in ports]
    for store, (start, end) in zip(stores, pairwise(starts), strict=True):
        store.execute_command("CLUSTER ADDSLOTSRANGE", start, end - 1)
        store.execute_command("CLUSTER MEET", LOCALHOST, ports[0], buses[0])
    deadline = time.monotonic() + 60
    while any(store.cluster("info")["cluster_state"] != "ok" for store in stores):
        assert time.monotonic() < deadline, "the cluster does not come up"
        time.sleep(0.05)
    for store in stores:
        store.close()


def test_a_source_that_cannot_be_read_is_told_without_its_password(
    terminal: Terminal, port: int, server: Server
) -> None:
    wrong = terminal.type("cache", "import", "moved", f"redis://:pass-word@{LOCALHOST}:{port}")
    assert (wrong.status, "pass-word" in wrong.error) == (3, False)

    http = terminal.type("cache", "import", "moved", server.http)
    assert http.status == 2
    assert "its scheme must be valkey, valkeys, redis" in http.error

    missing = terminal.type("cache", "import", "moved", "no-such-file")
    assert "no-such-file cannot be read: No such file or directory" in missing.error

    nowhere = terminal.type("cache", "import", "nowhere", "-", given=b'{"key":"k","value":"v"}\n')
    assert nowhere.status == 4


def test_what_is_exported_is_imported_again_with_its_time_to_live(terminal: Terminal) -> None:
    began = time.monotonic()
    terminal.do("cache", "import", "moved", "-", given=lines(LINES))
    terminal.do("cache", "create", "copied", "--if-not-exists")
    terminal.do("cache", "flush", "copied", "--yes")

    exported = terminal.type("cache", "export", "moved").printed
    told = terminal.do("cache", "import", "copied", "-", "--verify", "--json", given=exported)

    assert json.loads(told) == {"imported": 6, "skipped": 0, "differing": 0, "dry_run": False}
    again = terminal.type("cache", "export", "copied").printed
    assert by_key(again) == by_key(exported)
    assert terminal.has_life("l", 800, began, "--cache", "copied")


def by_key(printed: bytes) -> dict[str, object]:
    """The items of lines, without what changes while one looks at it."""
    found = {}
    for line in printed.splitlines():
        item = json.loads(line)
        del item["ttl_seconds"]
        if item["type"] == "set":
            item["elements"].sort()
        found[json.dumps(item["key"])] = item
    return found


def test_more_items_than_a_page_are_exported_by_prefix(terminal: Terminal) -> None:
    many = [{"key": f"many:{number}", "value": str(number)} for number in range(1_200)]
    terminal.do("cache", "import", "moved", "-", given=lines([*many, *LINES]))

    printed = terminal.type("cache", "export", "moved", "many:").printed

    values = {item["key"]: item["value"] for item in map(json.loads, printed.splitlines())}
    assert values == {each["key"]: each["value"] for each in many}


def test_values_that_one_response_cannot_hold_are_exported_and_compared(
    terminal: Terminal,
) -> None:
    many = [{"key": f"page:{number}", "value": "x" * 25_000} for number in range(500)]
    # Each byte takes six in JSON.
    many.append({"key": "control", "value": "\x01" * 4_800_000})
    told = terminal.do("cache", "import", "moved", "-", "--verify", "--json", given=lines(many))
    assert json.loads(told)["imported"] == 501

    exported = terminal.type("cache", "export", "moved")

    assert (exported.status, exported.error) == (0, "")
    found = {each["key"]: each["value"] for each in map(json.loads, exported.printed.splitlines())}
    assert found == {each["key"]: each["value"] for each in many}


def test_what_cannot_be_read_is_skipped_and_the_rest_is_exported(terminal: Terminal) -> None:
    large = [{"base64": "/w=="}] * 600_000
    items = [
        {"key": "large", "type": "list", "values": large},
        {"key": "k" * 20_000, "value": "its key fits into no URL"},
        {"key": "small", "value": "v"},
    ]
    compared = terminal.type("cache", "import", "moved", "-", "--verify", given=lines(items))
    assert compared.status == 6
    assert "differing 'large': cannot be compared: " in compared.error
    assert "Imported 3 items" in compared.error

    exported = terminal.type("cache", "export", "moved")

    assert exported.status == 6
    assert [json.loads(each)["key"] for each in exported.printed.splitlines()] == ["small"]
    assert "skipped 'large': " in exported.error
    assert "skipped 'kkk" in exported.error
    assert "2 items could not be read. Exported: 1 item\n" in exported.error


def test_a_collection_whose_key_fits_into_no_url_is_skipped(terminal: Terminal) -> None:
    both = [{"key": "k" * 20_000, "type": "set", "elements": ["v"]}, {"key": "k", "value": "v"}]

    answer = terminal.type("cache", "import", "moved", "-", given=lines(both))

    assert (answer.status, "Imported 1 item, skipped 1" in answer.error) == (6, True)


def test_who_may_only_write_deletes_no_list_that_it_cannot_write_anew(
    terminal: Terminal,
) -> None:
    terminal.do("lists", "push", "l", "old")
    token = terminal.do("token", "create", "--allow", "write:moved", "--raw").strip()
    both = [{"key": "k", "value": "v"}, {"key": "l", "type": "list", "values": ["new"]}]

    words = ["cache", "import", "moved", "-", "--api-key", token]
    answer = terminal.type(*words, given=lines(both))

    assert (answer.status, "Imported: 1 item" in answer.error) == (3, True), answer
    assert terminal.do("lists", "show", "l").split() == ["0", "old"]


def test_a_collection_is_not_left_half_written_by_ctrl_c(terminal: Terminal) -> None:
    whole = {"key": "l", "type": "list", "values": [f"{n:0>1000}" for n in range(4_000)]}
    given = terminal.home / "items.jsonl"
    given.write_bytes(lines([whole] * 100))
    command = [*attimo(), "cache", "import", "moved", str(given)]

    for _ in range(5):
        with subprocess.Popen(
            command, stderr=subprocess.PIPE, env=terminal.environment(), preexec_fn=takes_ctrl_c
        ) as running:
            while terminal.type("get", "l").status == 1:
                pass
            running.send_signal(signal.SIGINT)
            assert running.wait(60) == 130
        assert terminal.type("lists", "length", "l").text in ("", "4000\n")
        terminal.do("del", "l")


def takes_ctrl_c() -> None:
    """Let a command be interrupted, also below a shell that ignores this for its jobs."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_a_dry_run_needs_the_cache(terminal: Terminal) -> None:
    words = ["cache", "import", "nowhere", "-", "--dry-run"]

    assert terminal.type(*words, given=lines(LINES)).status == 4


def test_a_pattern_is_not_ignored_for_a_file(terminal: Terminal) -> None:
    words = ["cache", "import", "moved", "-", "--match", "user:*"]

    answer = terminal.type(*words, given=lines(LINES))

    assert (answer.status, "--match is for Valkey and Redis" in answer.error) == (2, True)
    assert terminal.do("cache", "keys", "moved") == ""


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hunter2/x@127.0.0.1:1",
        "redis://:hunter2#x@127.0.0.1:1",
        "redis://:22#x@127.0.0.1:1",
        "redis://:22?x@127.0.0.1:1",
        "redis://127.0.0.1:port",
        "redis://127.0.0.1:1/sessions",
        "redis://:pw@hunter2?x@127.0.0.1:1",
        "redis://[::1",
    ],
)
def test_a_url_that_is_none_is_refused_and_not_repeated(terminal: Terminal, url: str) -> None:
    answer = terminal.type("cache", "import", "moved", url)

    assert answer.status == 2, answer
    assert "The URL is not valid" in answer.error
    assert not any(part in answer.error for part in ("hunter2", "22", "Traceback"))


def test_what_a_user_may_not_read_is_told(terminal: Terminal, port: int) -> None:
    rights = ["+@read", "+scan"]
    with client.Valkey(port=port, password=PASSWORD) as store:
        for name, more in (("some", ["~v:1*", "+info"]), ("few", ["~*"])):
            store.execute_command("ACL", "SETUSER", name, "on", ">pw", *rights, *more)

    some = terminal.type(
        "cache", "import", "moved", f"redis://some:pw@{LOCALHOST}:{port}", "--match", "v:?"
    )
    assert (some.status, some.error.count("skipped 'v:")) == (6, 9)
    assert "skipped 'v:2': cannot be read: No permissions to access a key" in some.error
    assert terminal.do("cache", "keys", "moved") == "v:1\n"
    few = terminal.type("cache", "import", "moved", f"redis://few:pw@{LOCALHOST}:{port}")
    assert (few.status, "+@read +scan +info" in few.error) == (3, True)


def test_an_import_goes_on_when_nobody_reads_what_is_skipped(terminal: Terminal) -> None:
    large = {"key": "large", "type": "list", "values": ["x" * 200_000]}
    items = [each for n in range(1_000) for each in (large, {"key": f"k:{n}", "value": "v"})]
    given = terminal.home / "items.jsonl"
    given.write_bytes(lines(items))
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(
        [*attimo(), "cache", "import", "moved", str(given)],
        stderr=writer,
        env=terminal.environment(),
        check=False,
    )

    os.close(writer)
    assert done.returncode == 6
    assert terminal.do("cache", "keys", "moved", "k:").count("\n") == 1_000
