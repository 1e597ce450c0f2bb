"""attimo doctor: silent about a good server, and each failure is found when it is there."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from attimo.cli import diagnosis_local, diagnosis_size
from attimo.cli.metrics import page_of
from certificates import DAY, Authority
from e2e.terminal import Terminal
from faults.watching import eventually
from harness import Server, host_and_port

Found = dict[str, list[dict[str, str | None]]]
SMALL = ("--memory", "256MiB")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(*SMALL) as server:
        yield server


def found(person: Terminal, *words: str) -> tuple[int, Found]:
    """The exit status, and the findings by the name of the check."""
    done = person.type("doctor", "--json", *words)
    checks: Found = {}
    for each in json.loads(done.printed)["items"]:
        checks.setdefault(each["check"], []).append(each)
    return done.status, checks


def by_url(url: str, key: str = "nonsense", *more: str) -> tuple[str, ...]:
    return ("--url", url, "--api-key", key, *more)


def wrong(checks: Found) -> dict[str, str | None]:
    """What is not ok, by the name of the check."""
    return {
        each["check"] or "": each["result"]
        for listed in checks.values()
        for each in listed
        if each["result"] != "ok"
    }


def test_a_fresh_server_has_no_finding(terminal: Terminal, server: Server) -> None:
    status, checks = found(terminal)

    assert (status, wrong(checks)) == (0, {})
    expected = {"server", "name", "port", "certificate", "ready", "clock", "key", "grpc"}
    assert checks.keys() == expected | {"memory", "size", "disk", "reserve"}
    ports = {host_and_port(server.http)[1], host_and_port(server.https)[1]}
    assert all(any(str(port) in str(each["found"]) for each in checks["port"]) for port in ports)


@pytest.mark.parametrize("listener", ["http", "https"])
def test_a_good_server_elsewhere_has_none_either(
    stranger: Terminal, server: Server, listener: str
) -> None:
    url = {"http": server.http, "https": server.https}[listener]

    status, checks = found(stranger, *by_url(url, server.api_key, "--ca", str(server.ca)))

    assert (status, wrong(checks)) == (0, {})
    (machine,) = checks["machine"]
    assert machine["found"] == "memory, size and disk can be checked on the server's machine only"


def test_people_see_a_line_for_each_check(terminal: Terminal) -> None:
    lines = terminal.do("doctor").splitlines()

    assert all(line.startswith("ok ") for line in lines)
    refused = terminal.type("doctor", "--api-key", "nonsense")
    assert refused.status == 1
    assert "FAILURE  key" in refused.text
    assert "attimo login" in refused.text


def test_a_server_that_does_not_run_is_a_failure(stranger: Terminal) -> None:
    status, checks = found(stranger, "--data-dir", str(stranger.home / "none"))

    assert (status, wrong(checks)) == (1, {"server": "failure"})


def test_a_name_that_is_not_known_is_a_failure(stranger: Terminal) -> None:
    status, checks = found(stranger, *by_url("https://no-such-host.invalid"))

    assert (status, wrong(checks)) == (1, {"name": "failure"})


def test_a_closed_port_is_a_failure(stranger: Terminal) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

        status, checks = found(stranger, *by_url(f"http://127.0.0.1:{port}"))

    assert (status, wrong(checks)) == (1, {"port": "failure"})


def test_an_issuer_that_is_not_trusted_is_a_failure(stranger: Terminal, server: Server) -> None:
    status, checks = found(stranger, *by_url(server.https, server.api_key))

    assert (status, wrong(checks)) == (1, {"certificate": "failure"})
    assert "--ca" in str(checks["certificate"][0]["found"])


@pytest.mark.parametrize(
    ("name", "left", "result", "why"),
    [
        ("localhost", 5 * DAY, "warning", "expires in"),
        ("localhost", timedelta(seconds=-1), "failure", "has expired"),
        ("other.example.com", 300 * DAY, "failure", "another name"),
    ],
)
def test_a_certificate_that_ends_or_is_for_another_name_is_found(
    stranger: Terminal, tmp_path: Path, name: str, left: timedelta, result: str, why: str
) -> None:
    authority = Authority(tmp_path)
    authority.issue(name, ends=left)
    with Server(*SMALL, *authority.options) as server:
        words = by_url(server.https, server.api_key, "--ca", str(authority.root))
        status, checks = found(stranger, *words)

    assert wrong(checks) == {"certificate": result}
    assert status == (1 if result == "failure" else 0)
    assert why in str(checks["certificate"][0]["found"])


def test_a_key_that_is_not_valid_or_about_to_expire_is_found(
    terminal: Terminal, server: Server
) -> None:
    status, checks = found(terminal, "--api-key", "nonsense")
    assert (status, wrong(checks)) == (1, {"key": "failure"})

    key = terminal.do("key", "create", "--ttl", "1h").strip()
    status, checks = found(terminal, "--api-key", key)
    assert (status, wrong(checks)) == (0, {"key": "warning"})


def test_a_key_that_is_refused_is_told_apart_by_what_it_says_of_itself(
    terminal: Terminal, stranger: Terminal, server: Server
) -> None:
    made = json.loads(terminal.do("key", "create", "--ttl", "30d", "--json"))
    terminal.do("key", "revoke", made["key_id"])

    (revoked,) = found(stranger, *by_url(server.http, made["api_key"]))[1]["key"]
    (nonsense,) = found(terminal, "--api-key", made["api_key"][:60])[1]["key"]

    assert f"it is the token of {made['key_id']}, to expire in 29 d" in str(revoked["found"])
    assert "attimo audit --action key.revoke" in str(revoked["advice"])
    assert "has not the form of a token of Attimo" in str(nonsense["found"])
    assert "copied whole" in str(nonsense["advice"])


def test_on_the_servers_machine_it_is_told_what_became_of_a_key(
    terminal: Terminal, server: Server
) -> None:
    owner = json.loads(terminal.do("whoami", "--json"))["id"]
    made = json.loads(terminal.do("key", "create", "--json"))
    terminal.do("key", "revoke", made["key_id"])
    with Server(*SMALL) as other:
        foreign = other.api_key

    (revoked,) = found(terminal, "--api-key", made["api_key"])[1]["key"]
    (issued_elsewhere,) = found(terminal, "--api-key", foreign)[1]["key"]

    assert f"; key {owner} revoked it " in str(revoked["found"])
    assert revoked["advice"] == "Create another key, or run: attimo login"
    assert "it was signed by another server" in str(issued_elsewhere["found"])


class Strange(BaseHTTPRequestHandler):
    """Another program, whose clock is slow and which never gets ready."""

    def do_GET(self) -> None:
        body = b'{"status": "read-only"}'
        self.send_response_only(503)
        self.send_header("Date", "Tue, 20 Jan 2026 12:00:00 GMT")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def strange() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Strange) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{other.server_port}"
        other.shutdown()
        thread.join()


def test_a_clock_that_differs_and_a_port_without_grpc_are_failures(stranger: Terminal) -> None:
    with strange() as url:
        status, checks = found(stranger, *by_url(url))

    assert status == 1
    assert wrong(checks) == dict.fromkeys(["ready", "clock", "key", "grpc"], "failure")
    assert "read-only" in str(checks["ready"][0]["found"])
    assert "ahead of" in str(checks["clock"][0]["found"])


def test_a_listener_without_grpc_is_a_failure_unless_its_operator_wants_it_so(
    stranger: Terminal,
) -> None:
    listen = ("--listen", "http://127.0.0.1:0?only=http,health")
    with Server(*SMALL, ports=listen) as server:
        by_stranger = found(stranger, *by_url(server.http, server.api_key))
        by_operator = found(stranger, "--data-dir", str(server.data_dir))

    assert (by_stranger[0], wrong(by_stranger[1])) == (1, {"grpc": "failure"})
    assert (by_operator[0], wrong(by_operator[1])) == (0, {})


def test_a_reserve_that_was_given_up_is_a_warning(tmp_path: Path) -> None:
    with Server(*SMALL) as server:
        (server.data_dir / "reserve").write_bytes(b"")
        person = Terminal(tmp_path, {"ATTIMO_DATA_DIR": str(server.data_dir)})
        status, checks = found(person)

    assert (status, wrong(checks)) == (0, {"reserve": "warning"})


MIB = 1024 * 1024


def metrics(budget: int, resident: int) -> str:
    return (
        f"attimo_memory_budget_bytes {budget * MIB}\n"
        f"process_resident_memory_bytes {resident * MIB}\n"
        f'attimo_memory_bytes{{part="process"}} {60 * MIB}\n'
    )


@pytest.mark.parametrize(
    ("budget", "resident", "free", "result"),
    [
        (256, 100, 8_000, "ok"),
        (256, 320, 8_000, "ok"),
        (16, 70, 8_000, "ok"),
        (256, 400, 8_000, "warning"),
        (4_096, 100, 1_000, "warning"),
        (4_096, 100, None, "ok"),
    ],
)
def test_memory_beyond_its_limit_or_that_the_machine_lacks_is_a_warning(
    budget: int, resident: int, free: int | None, result: str
) -> None:
    page = page_of(metrics(budget, resident))

    finding = diagnosis_local.memory(page, None if free is None else free * MIB)

    assert finding.result == result


@pytest.mark.parametrize(
    ("evicted", "hits", "misses", "result", "said"),
    [
        (0, 0, 0, "ok", "memory is enough"),
        (0, 10, 90, "ok", "10% of 100 reads hit"),
        (4, 900, 100, "ok", "4 items were evicted"),
        (49, 900, 100, "ok", "memory is enough"),
        (50, 900, 100, "warning", "memory is too small"),
        (5_000, 0, 0, "warning", "nothing was read"),
        (5_000, 99, 1, "ok", "99% of 100 reads hit"),
    ],
)
def test_memory_is_too_small_when_evictions_can_have_caused_many_misses(
    evicted: int, hits: int, misses: int, result: str, said: str
) -> None:
    used = {"evicted": evicted, "hits": hits, "misses": misses}

    finding = diagnosis_size.judged(page_of(metrics(256, 100)), used)

    assert finding.result == result
    assert said in finding.found
    assert (finding.advice is None) == (result == "ok")


def test_a_server_that_evicts_what_is_read_again_is_told_to_have_more_memory(
    tmp_path: Path,
) -> None:
    with Server("--memory", "16MiB") as server:
        person = Terminal(tmp_path, {"ATTIMO_DATA_DIR": str(server.data_dir)})
        value = "v" * 100_000
        lines = "".join(f'{{"key": "{at}", "value": "{value}"}}\n' for at in range(300))
        person.do("cache", "import", "default-cache", "-", given=lines.encode())
        person.type("get", *map(str, range(100)))
        eventually(lambda: wrong(found(person)[1]) == {"size": "warning"}, "usage is recorded")
        (size,) = found(person)[1]["size"]

    assert "memory is too small" in str(size["found"])
    assert "--memory" in str(size["advice"])
