"""Output that nobody reads or that cannot be written: requests are answered all the same."""

import contextlib
import fcntl
import json
import os
import pty
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from faults.watching import LIMIT_SECONDS, billed, eventually
from harness import FREE_PORTS, STOP_LIMIT_SECONDS, attimo, bare_environment

LONG = "x" * 4000
"""Part of a path: it makes each line of the log long."""
LINES = 120
"""So many long lines are more than pipe, terminal and queue hold together."""


@contextlib.contextmanager
def served(data: Path, stdout: int, stderr: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A server that writes to these, ready to answer."""
    process = subprocess.Popen(
        [*attimo(), "serve", "--data-dir", data, "--collect-seconds", "0.2", *FREE_PORTS],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stdout if stderr is None else stderr,
        env=bare_environment(),
    )
    try:
        is_ready(data)
        yield process
    finally:
        process.kill()
        process.wait()


def is_ready(data: Path) -> None:
    """Wait for it, without reading what it says."""
    eventually((data / "server.json").exists, "the server tells where it is")
    with client(data) as http:
        eventually(lambda: http.get("/ready").status_code == 200, "the server is ready")


def client(data: Path) -> httpx.Client:
    """The owner of the server of this directory, over plain HTTP."""
    http, key = (
        json.loads((data / name).read_text())[field]
        for name, field in (("server.json", "http"), ("credentials.json", "api_key"))
    )
    headers = {"Authorization": key}
    return httpx.Client(base_url=f"http://{http}", headers=headers, trust_env=False, timeout=20)


def log_much(data: Path) -> None:
    """Ask for control work, each with a long line in the log; each is answered."""
    with client(data) as http:
        for _ in range(LINES):
            assert http.get(f"/nothing/{LONG}").status_code == 404


def ends_well(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(STOP_LIMIT_SECONDS) == 0


def metric(data: Path, name: str) -> int:
    with client(data) as http:
        lines = http.get("/metrics").text.splitlines()
    (value,) = [line.split()[1] for line in lines if line.startswith(f"{name} ")]
    return int(value)


def a_pipe() -> tuple[int, int]:
    """A pipe that holds little."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    return reading, writing


@pytest.mark.parametrize("opened", [a_pipe, pty.openpty], ids=["pipe", "terminal"])
def test_a_server_whose_output_nobody_reads_works_and_ends(
    tmp_path: Path, opened: Callable[[], tuple[int, int]]
) -> None:
    reading, writing = opened()
    data = tmp_path / "data"
    try:
        with served(data, writing) as process:
            log_much(data)
            with client(data) as http:
                item = {"key": "k", "ttl_seconds": "60"}
                assert http.put("/cache/default-cache", params=item, content=b"v").is_success
                assert http.put("/caches/another").status_code == 201
            eventually(lambda: billed(data, "Set") == 1, "usage is recorded")
            assert metric(data, "attimo_log_lines_dropped_total") > 0
            ends_well(process)
    finally:
        os.close(reading)
        os.close(writing)


def test_a_reader_that_comes_back_is_told_that_lines_were_dropped(tmp_path: Path) -> None:
    reading, writing = a_pipe()
    data = tmp_path / "data"
    told: list[str] = []

    def read() -> None:
        with open(reading, encoding="utf-8") as lines:
            told.extend(lines)

    with served(data, writing) as process:
        os.close(writing)
        log_much(data)
        reader = threading.Thread(target=read)
        reader.start()
        eventually(
            lambda: any("of the log were dropped" in line for line in told), "the drops are told"
        )
        ends_well(process)
    reader.join(LIMIT_SECONDS)

    (notice,) = [line for line in told if "of the log were dropped" in line]
    assert int(notice.split("WARNING ")[1].split()[0]) > 0
    # What was logged first is whole, and so is what came after the drops.
    assert f"GET /nothing/{LONG} status=404" in "".join(told)
    assert "Attimo is stopping" in told[-1]


def test_a_log_that_cannot_be_written_does_not_stop_or_fail_the_server(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with open("/dev/full", "wb") as full, served(data, full.fileno()) as process:
        log_much(data)
        dropped = "attimo_log_lines_dropped_total"
        eventually(lambda: metric(data, dropped) >= LINES, "all lines are dropped")
        ends_well(process)


def test_a_reader_that_leaves_does_not_stop_or_fail_the_server(tmp_path: Path) -> None:
    data = tmp_path / "data"
    reading, writing = os.pipe()
    with served(data, writing) as process:
        os.close(reading)
        os.close(writing)
        log_much(data)
        ends_well(process)


def test_a_server_without_standard_streams_serves_and_writes_to_no_other_file(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    closing = 'exec "$@" <&- >&- 2>&-'
    words = [*attimo(), "serve", "--data-dir", str(data), *FREE_PORTS]
    with subprocess.Popen(["sh", "-c", closing, "sh", *words], env=bare_environment()) as process:
        try:
            is_ready(data)
            log_much(data)
            for number in range(3):
                assert os.readlink(f"/proc/{process.pid}/fd/{number}") == os.devnull
            ends_well(process)
        finally:
            process.kill()
