"""What happened is told by the exit status, of every command, and by one line if it failed."""

from pathlib import Path

import httpx
import pytest

from attimo.cli import exits
from attimo.cli.connection import Connection
from attimo.cli.main import run
from attimo.cli.profiles import Profile
from attimo.errors import Unreachable
from e2e.losing import Losing
from e2e.terminal import Terminal
from e2e.words import COMMANDS, OF_CACHES, OF_SERVERS, called
from harness import Server

NOBODY = ["--url", "http://127.0.0.1:1", "--api-key", "key"]


@pytest.fixture(autouse=True)
def here(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person on the server's machine, in this process."""
    monkeypatch.setenv("ATTIMO_DATA_DIR", str(server.data_dir))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def statuses(
    calls: dict[tuple[str, ...], list[str]], capsys: pytest.CaptureFixture[str]
) -> dict[tuple[str, ...], tuple[int, int]]:
    """The status of each call, and the number of lines on standard error."""
    found = {}
    for path, words in calls.items():
        capsys.readouterr()
        status = run(words)
        found[path] = (status, capsys.readouterr().err.count("\n"))
    return found


def test_every_command_refuses_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    calls = {path: called(path, "--no-such-option") for path in COMMANDS}

    found = statuses(calls, capsys)

    assert {each for each in found.items() if each[1] != (exits.USAGE, 1)} == set()


def test_every_command_says_that_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    found = statuses({path: called(path, *NOBODY) for path in OF_SERVERS}, capsys)

    assert {each for each in found.items() if each[1] != (exits.UNREACHABLE, 1)} == set()


def test_every_command_says_that_a_key_is_not_valid(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = ["--url", server.http, "--api-key", "wrong"]
    public = {("status",), ("limits",)}
    calls = {path: called(path, *wrong) for path in OF_SERVERS if path not in public}

    found = statuses(calls, capsys)

    assert {each for each in found.items() if each[1] != (exits.DENIED, 1)} == set()


def test_every_command_says_that_there_is_no_such_cache(
    capsys: pytest.CaptureFixture[str],
) -> None:
    calls = {path: called(path, "--cache", "nowhere") for path in OF_CACHES}

    found = statuses(calls, capsys)

    assert {each for each in found.items() if each[1] != (exits.NOT_FOUND, 1)} == set()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (exits.NOT_FOUND, ["cache", "flush", "nowhere"]),
        (exits.NOT_FOUND, ["cache", "delete", "nowhere"]),
        (exits.NOT_FOUND, ["cache", "stats", "nowhere"]),
        (exits.NOT_FOUND, ["key", "revoke", "nobody"]),
        (exits.NOT_FOUND, ["role", "show", "nobody"]),
        (exits.NOT_FOUND, ["member", "remove", "nobody@example.com"]),
        (exits.NOT_FOUND, ["profile", "remove", "nowhere"]),
        (exits.NOT_FOUND, ["get", "k", "--profile", "nowhere"]),
        (exits.FAILED, ["cache", "create", "default-cache"]),
        (exits.USAGE, ["cache", "create", "a/b"]),
        (exits.USAGE, ["cache", "stats", "a/b"]),
        (exits.USAGE, ["cache", "delete", "a/b", "--dry-run"]),
        (exits.USAGE, ["cache", "flush", "a/b", "--dry-run"]),
        (exits.USAGE, ["get"]),
        (exits.USAGE, ["no-such-command"]),
        (exits.USAGE, ["set", "k", "v", "--ttl", "soon"]),
        (exits.OK, ["cache", "create", "default-cache", "--if-not-exists"]),
        (exits.OK, ["cache", "create", "default-cache", "--extend", "--ttl", "1h"]),
        (exits.OK, ["del", "never there"]),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_what_happened_has_a_status(status: int, words: list[str]) -> None:
    assert run(words) == status


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ("account list", ["account", "suspend", "7777"]),
        ("account list", ["account", "suspend", "nobody"]),
        ("cache list", ["cache", "stats", "nowhere"]),
        ("cache list", ["get", "k", "--cache", "nowhere"]),
        ("cache list", ["cache", "flush", "nowhere", "--dry-run"]),
        ("key list", ["key", "revoke", "nobody"]),
        ("key list", ["key", "revoke", "nobody", "--dry-run"]),
        ("key signing", ["key", "rotate-signing", "--retire", "nobody"]),
        ("member list", ["member", "remove", "nobody@example.com"]),
        ("member list", ["member", "role", "nobody@example.com", "viewer"]),
        ("role list", ["role", "show", "nobody"]),
        ("role list", ["key", "create", "--role", "nobody"]),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else each,
)
def test_what_there_is_not_is_told_with_what_there_is(
    listed: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == exits.NOT_FOUND
    assert capsys.readouterr().err.endswith(f". See: attimo {listed}\n")


def test_a_hit_a_miss_and_a_condition() -> None:
    assert run(["set", "there", "v"]) == exits.OK
    assert run(["get", "there"]) == exits.OK
    assert run(["get", "there", "never there"]) == exits.MISS
    assert run(["set", "there", "w", "--if-absent"]) == exits.MISS
    assert run(["set", "never there", "w", "--if-present"]) == exits.MISS
    assert run(["set", "there", "w", "--if-present"]) == exits.OK
    for command in ("ttl", "info", "get"):
        assert run([command, "there"]) == exits.OK
        assert run([command, "never there"]) == exits.MISS


def test_a_key_without_the_permission_is_denied(terminal: Terminal, server: Server) -> None:
    terminal.do("role", "create", "only-reads", "--allow", "read:default-cache")
    key = terminal.do("key", "create", "--role", "only-reads").strip()
    terminal.do("set", "there", "v")

    for words in (["set", "there", "v"], ["incr", "n"], ["del", "there"], ["cache", "create", "x"]):
        assert terminal.type(*words, "--api-key", key).status == exits.DENIED
    assert terminal.type("get", "there", "--api-key", key).text == "v"


def test_the_next_step_is_in_what_a_wrong_address_says(terminal: Terminal, server: Server) -> None:
    tls, plain = server.https, server.http
    key = ["--api-key", server.api_key]
    trusted = [*key, "--ca", str(server.ca)]
    for words, step in (
        (["--url", tls, *key], "Pass the server's root certificate with --ca"),
        (["--url", plain.replace("http:", "https:"), *trusted], "use http://"),
        (["--url", tls.replace("https:", "http:"), *key], "use https://"),
        (["--url", "http://no-such-host.invalid", *key], "Check the spelling"),
        (["--url", "http://127.0.0.1:1", *key], "Check the port"),
        (["--url", "127.0.0.1:8080", *key], "must start with http:// or https://"),
    ):
        answer = terminal.type("get", "k", *words)
        assert step in answer.error, (words, answer)
        assert answer.error.count("\n") == 1


def test_a_server_that_answers_no_http_is_told_in_one_line(
    terminal: Terminal, server: Server
) -> None:
    with Server("--listen", "http://127.0.0.1:0?only=health") as other:
        health = other.running["listeners"][-1].partition("?")[0]
        answer = terminal.type("get", "k", "--url", health, "--api-key", server.api_key)

    assert answer.status in (exits.NOT_FOUND, exits.UNREACHABLE), answer
    assert answer.error.count("\n") == 1


def test_a_certificate_for_another_name_says_so(server: Server) -> None:
    host, port = server.https_address
    there = Profile(f"https://other.example:{port}", "k", str(server.ca), None, f"{host}:{port}")

    with pytest.raises(Unreachable, match="it is for another name"):
        Connection(there).request("GET", "/health")


def test_a_connection_that_a_server_has_closed_is_opened_again(server: Server) -> None:
    connection = Connection(Profile(server.http, server.api_key))
    assert connection.request("GET", "/health").status == 200
    assert connection._http.sock is not None
    connection._http.sock.shutdown(2)

    assert connection.request("GET", "/health").status == 200
    connection.close()
    assert httpx.get(f"{server.http}/health").status_code == 200


def test_a_write_is_not_sent_again_when_its_answer_is_lost(server: Server) -> None:
    """The second would add again, or be told that the item exists, or exists no more."""
    item = {"key": "lost", "ttl_seconds": 60}
    direct = Connection(Profile(server.http, server.api_key))
    for method, path, query, headers, left in (
        ("POST", "/cache/default-cache/increment", item | {"amount": 5}, {}, "5"),
        ("DELETE", "/cache/default-cache", {"key": "lost"}, {}, None),
        ("PUT", "/cache/default-cache", item, {"If-None-Match": "*"}, "v"),
    ):
        with Losing(server.http_address, b"key=lost") as way:
            connection = Connection(Profile(way.url, server.api_key))
            assert connection.request("GET", "/health").status == 200
            with pytest.raises(Unreachable):
                connection.request(method, path, query, b"v" if method == "PUT" else None, headers)
            connection.close()
        found = direct.request("GET", "/cache/default-cache", {"key": "lost"})
        assert (found.text if found.status == 200 else None) == left
    direct.close()
