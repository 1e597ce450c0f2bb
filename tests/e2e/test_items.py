"""Items on the command line: on pipes and terminals, one and many, as they were spelled before."""

import json
import os
import signal
import subprocess
import time

import pytest

from attimo.cli.main import run
from e2e.screen import Screen
from e2e.terminal import Terminal
from harness import Server, attimo, bare_environment

BINARY = bytes(range(256)) * 4


def test_bytes_are_exact_on_a_pipe_and_escaped_on_a_terminal(
    terminal: Terminal, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.do("set", "binary", "-", given=BINARY)
    assert terminal.type("get", "binary").printed == BINARY

    monkeypatch.setenv("ATTIMO_DATA_DIR", str(server.data_dir))
    with Screen(columns=80) as screen:
        assert run(["get", "binary"]) == 0
    assert screen.shown.startswith("\\x00\\x01")
    assert "\x1b" not in screen.shown
    assert screen.shown.endswith("\n")


def test_many_items_are_written_and_read_as_lines(terminal: Terminal) -> None:
    lines = b"a\t1\nb b\t\\xff\\t\\n\n\nc\t\n"

    terminal.do("set", "--lines", "-", given=lines)
    file = terminal.home / "more"
    file.write_bytes(b"".join(b"m%d\t%d\n" % (n, n) for n in range(2_500)))
    assert json.loads(terminal.do("set", "--lines", str(file), "--json"))["written"] == 2_500

    assert terminal.type("get", "a", "b b", "c").printed == b"a\t1\nb b\t\xff\\t\\n\nc\t\n"
    assert terminal.do("get", "m0", "m2499") == "m0\t0\nm2499\t2499\n"
    again = terminal.type("get", "a", "b b", "c").printed
    terminal.do("set", "--lines", "-", "--cache", "default-cache", given=again)
    assert terminal.type("get", "b b").printed == b"\xff\t\n"
    assert terminal.do("get", "-", given=b"m1\nm2\n") == "m1\t1\nm2\t2\n"
    terminal.do("del", "-", given=b"".join(b"m%d\n" % n for n in range(2_500)))
    assert terminal.type("get", "m0", "m2499").status == 1


def test_a_byte_order_mark_is_no_part_of_the_first_key(terminal: Terminal) -> None:
    mark = b"\xef\xbb\xbf"
    terminal.do("set", "--lines", "-", given=mark + b"marked\tv\n" + mark + b"marked\tw\n")

    assert terminal.do("get", "marked") == "v"
    written = terminal.type("get", "\ufeffmarked", "marked").printed
    assert written == b"\\xef\\xbb\\xbfmarked\tw\nmarked\tv\n"
    terminal.do("del", "marked", "\ufeffmarked")
    terminal.do("set", "--lines", "-", given=written)
    assert terminal.do("get", "\ufeffmarked") == "w"


def test_a_bad_line_is_named_before_anything_of_its_batch_is_written(terminal: Terminal) -> None:
    answer = terminal.type("set", "--lines", "-", given=b"before\t1\nno tab\n")

    assert answer.status == 2
    assert answer.error.startswith("attimo: Line 2 has no tab")
    assert answer.error.endswith("Nothing was written\n")
    assert terminal.type("get", "before").status == 1


@pytest.mark.parametrize("bad", [b"no tab", b"k\t\\q", b"\\x0\tv"])
def test_a_bad_line_in_the_middle_says_which_lines_are_written(
    terminal: Terminal, bad: bytes
) -> None:
    terminal.type("del", "w0", "w999", "w1001", "w1600")
    lines = b"".join(b"w%d\t%d\n" % (n, n) for n in range(1_500))
    more = b"".join(b"w%d\t%d\n" % (n, n) for n in range(1_500, 2_500))

    answer = terminal.type("set", "--lines", "-", given=lines + bad + b"\n" + more)

    assert answer.status == 2
    assert answer.error.startswith("attimo: Line 1,501 has ")
    assert answer.error.endswith(". Written: lines 1 to 1,000, and none after\n")
    assert answer.error.count("\n") == 1
    assert terminal.type("get", "w0", "w999").status == 0
    assert terminal.type("get", "w1001").status == terminal.type("get", "w1600").status == 1


def test_a_batch_that_is_refused_says_which_lines_it_had(terminal: Terminal) -> None:
    lines = b"".join(b"r%d\t%d\n" % (n, n) for n in range(1_000))
    large = b"large\t" + b"v" * 6_000_000 + b"\n"

    answer = terminal.type("set", "--lines", "-", given=lines + large)

    assert answer.status == 6
    assert answer.error.endswith(". Written: lines 1 to 1,000; refused: line 1,001\n")


def test_a_deletion_that_is_refused_in_the_middle_says_what_is_deleted(
    terminal: Terminal, server: Server
) -> None:
    terminal.do("role", "create", "deletes-d", "--allow", "write:default-cache/d*")
    key = terminal.do("key", "create", "--role", "deletes-d").strip()
    keys = [f"d{n:02}{'-' * 441}" for n in range(60)] + ["other"]

    answer = terminal.type("del", *keys, "--api-key", key)
    unheard = terminal.type("del", *keys, "k" * 70_000)

    assert answer.status == 3
    assert answer.error.endswith(". Deleted: keys 1 to 39; refused: keys 40 to 61\n")
    assert "The key has 70,000 bytes" in unheard.error
    assert "Deleted" not in unheard.error


def test_numbers_and_times_to_live(terminal: Terminal) -> None:
    assert terminal.do("incr", "counted") == "1\n"
    assert terminal.do("incr", "counted", "41") == "42\n"
    began = time.monotonic()
    assert terminal.do("incr", "counted", "-2", "--ttl", "1h") == "40\n"
    assert terminal.has_life("counted", 3_600, began)
    assert terminal.do("ttl", "counted", "2h") == "7200\n"
    told = json.loads(terminal.do("info", "counted", "--json"))
    assert (told["type"], told["length"]) == ("scalar", 2)
    terminal.do("lists", "push", "three", "a", "b", "c")
    told = json.loads(terminal.do("info", "three", "--json"))
    assert (told["type"], told["length"]) == ("list", 3)
    terminal.do("set", "seconds", "v", "--ttl", "60")
    assert int(terminal.do("ttl", "seconds")) <= 60


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (["cache", "set", "old", "v"], "attimo set"),
        (["cache", "get", "old"], "attimo get"),
        (["cache", "delete-item", "old"], "attimo del"),
        (["set", "add", "old-set", "a", "b"], "attimo sets add"),
        (["set", "add", "old-set", "a", "--ttl", "60"], "attimo sets add"),
        (["set", "show", "old-set"], "attimo sets show"),
        (["set", "contains", "old-set", "a"], "attimo sets contains"),
        (["set", "length", "old-set", "-c", "default-cache"], "attimo sets length"),
        (["set", "sample", "old-set", "5"], "attimo sets sample"),
        (["set", "remove", "old-set", "b"], "attimo sets remove"),
        (["set", "pop", "old-set"], "attimo sets pop"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_an_earlier_spelling_works_with_a_hint(
    terminal: Terminal, was: list[str], now: str
) -> None:
    terminal.type("set", "old", "v")
    terminal.type("sets", "add", "old-set", "a", "b")

    answer = terminal.type(*was)

    assert answer.status == 0
    assert f"` is now `{now}`" in answer.error
    assert answer.error.count("\n") == 1


def test_a_key_called_like_a_command_of_sets_can_be_written(terminal: Terminal) -> None:
    terminal.do("set", "add", "5")
    assert terminal.do("get", "add") == "5"
    terminal.do("set", "--", "show", "5")
    assert terminal.do("get", "show") == "5"


@pytest.mark.parametrize(
    "words",
    [
        ["caches", "list"],
        ["cache", "ls"],
        ["keys", "list"],
        ["roles", "ls"],
        ["list", "length", "numbers"],
        ["lists", "len", "numbers"],
        ["rm", "nothing"],
        ["delete", "nothing"],
    ],
    ids=" ".join,
)
def test_what_people_guess_works(terminal: Terminal, words: list[str]) -> None:
    terminal.do("lists", "push", "numbers", "1")

    terminal.do(*words)


@pytest.mark.parametrize(
    "words",
    [["help"], ["-h"], ["help", "cache", "create"], ["cache", "help"], ["cache", "-h"],
     ["cache", "help", "create"], ["get", "-h"], ["help", "caches"]],
    ids=" ".join,
)  # fmt: skip
def test_help_is_everywhere(stranger: Terminal, words: list[str]) -> None:
    shown = stranger.do(*words)

    assert shown.startswith("Usage: attimo")
    assert "Examples:" in shown or "Commands:" in shown


def test_help_for_nothing_is_a_mistake(stranger: Terminal) -> None:
    answer = stranger.type("help", "nothing")

    assert answer.status == 2
    assert answer.error == "attimo: No such command: nothing. See: attimo help --help\n"


def following(terminal: Terminal, *words: str) -> "subprocess.Popen[str]":
    """A command that does not end by itself."""
    return subprocess.Popen(
        [*attimo(), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=bare_environment() | {"HOME": str(terminal.home)} | terminal.variables,
    )


def test_what_is_done_is_followed_while_it_is_done(terminal: Terminal) -> None:
    with following(terminal, "audit", "--action", "cache", "--follow", "-n", "1", "--json") as tail:
        assert tail.stdout is not None
        terminal.do("cache", "create", "followed")
        seen = ""
        while seen != "followed":
            seen = json.loads(tail.stdout.readline())["subject"]
        tail.send_signal(signal.SIGINT)
        assert tail.wait(20) == 130


def test_a_command_is_repeated_until_it_is_interrupted(terminal: Terminal) -> None:
    with following(terminal, "cache", "stats", "default-cache", "--watch", "1") as watch:
        assert watch.stdout is not None
        lines = [watch.stdout.readline() for _ in range(22)]
        watch.send_signal(signal.SIGINT)
        assert watch.wait(20) == 130
        assert watch.stderr is not None
        assert watch.stderr.read().strip() == "attimo: Interrupted"

    assert lines.count("name\tdefault-cache\n") >= 2


def test_what_a_cache_holds(terminal: Terminal) -> None:
    terminal.do("cache", "create", "statistics")
    terminal.do("set", "k", "v", "--cache", "statistics")
    terminal.do("get", "k", "--cache", "statistics")
    terminal.type("get", "other", "--cache", "statistics")

    told = json.loads(terminal.do("cache", "stats", "statistics", "--json"))

    assert (told["items"], told["hits"], told["misses"], told["hit_percent"]) == (1, 1, 1, 50.0)
    assert told["stored_bytes"] > 0
    assert told["expires_at"] is None


def test_what_a_cache_holds_is_told_wherever_a_key_works(stranger: Terminal) -> None:
    with Server("--metrics", "off") as server:
        stranger.variables |= {"ATTIMO_URL": server.http, "ATTIMO_TOKEN": server.api_key}
        stranger.do("set", "k", "v", "--cache", "default-cache")
        for role, allowed in (("reads", "default-cache"), ("some", "default-cache/user:*")):
            stranger.do("role", "create", role, "--allow", f"read:{allowed}")
        reads, some = (stranger.do("key", "create", "--role", r).strip() for r in ("reads", "some"))

        told = json.loads(stranger.do("cache", "stats", "default-cache", "--json"))
        by_reader = stranger.type("cache", "stats", "default-cache", "--api-key", reads)
        by_other = stranger.type("cache", "stats", "default-cache", "--api-key", some)
        missing = stranger.type("cache", "stats", "nowhere")

    assert (told["items"], told["requests"]) == (1, 1)
    assert by_reader.status == 0, by_reader
    assert (by_other.status, "lacks read:default-cache; it has" in by_other.error) == (3, True)
    assert (missing.status, "attimo cache list" in missing.error) == (4, True)


def test_the_settings_of_the_server_that_runs(terminal: Terminal, server: Server) -> None:
    shown = {
        each["name"]: each
        for each in json.loads(terminal.do("settings", "--running", "--json"))["items"]
    }

    assert shown["http"]["value"] == "127.0.0.1:0"
    assert shown["http"]["origin"] == "--http"
    assert shown["data_dir"]["value"] == str(server.data_dir)
    assert terminal.type("settings", "--running", "--data-dir", "/nowhere").status == 5


def test_the_version_tells_the_commit(stranger: Terminal) -> None:
    told = json.loads(stranger.do("version", "--json"))
    head = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, cwd=os.getcwd()
    )

    assert told["commit"].rstrip("+") == head.stdout.strip()
    line = f"attimo {told['version']} ({told['commit']})\n"
    assert stranger.do("version") == stranger.do("--version") == line


def test_long_keys_are_deleted_in_as_many_requests_as_their_urls_hold(terminal: Terminal) -> None:
    keys = [f"{number:03}{'k' * 600}" for number in range(120)]
    lines = "".join(f"{key}\tv\n" for key in keys)
    terminal.do("set", "--lines", "-", given=lines.encode())

    terminal.do("del", "-", given="\n".join(keys).encode())

    assert terminal.type("get", keys[0], keys[-1]).status == 1
