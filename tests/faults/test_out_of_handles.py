"""A process that may open no more files: who is connected is answered, and the operator is told."""

import contextlib
import os
import resource
import socket
import time
from collections.abc import Iterator

import httpx

from faults.watching import client, eventually, read, write
from harness import Server

AT_ONCE_SECONDS = 2.0
"""Requests that found no file handle used to wait for one, for 15 s."""
HANDLES = 300
TOLD = "no file handles are left"


@contextlib.contextmanager
def no_handles(pid: int) -> Iterator[None]:
    """Let a process open no file more than it has open."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    count = max(int(number) for number in os.listdir(f"/proc/{pid}/fd")) + 1
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (count, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def lacked(http: httpx.Client) -> int:
    lines = http.get("/metrics").text.splitlines()
    (value,) = [line.split()[1] for line in lines if line.startswith("attimo_file_handles_lacked")]
    return int(value)


def test_a_control_request_without_a_handle_is_refused_at_once_and_told_once_a_minute() -> None:
    with Server() as server, client(server) as http:
        write(http, "k")
        with no_handles(server.pid):
            for number in range(3):
                began = time.monotonic()
                refused = http.put(f"/caches/c{number}")
                assert time.monotonic() - began < AT_ONCE_SECONDS
                assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
                assert "file handles" in refused.json()["message"]
                assert refused.headers["retry-after"] == "1"
            assert read(http, "k") == "v"
        assert http.put("/caches/c").status_code == 201
        assert lacked(http) == 3
        eventually(lambda: TOLD in server.output, "it is told")
        assert server.output.count(TOLD) == 1


def test_connections_leave_handles_to_the_control_plane() -> None:
    """Those that are too many wait, and are served when others have left."""
    limited = Server(prefix=("prlimit", f"--nofile={HANDLES}:{HANDLES}"))
    with limited as server, client(server) as http, contextlib.ExitStack() as stack:
        write(http, "k")
        crowd = [
            stack.enter_context(socket.create_connection(server.http_address))
            for _ in range(HANDLES)
        ]
        eventually(lambda: TOLD in server.output, "it is told")
        # The first loads the control app, which takes long on a busy machine.
        assert http.put("/caches/first").status_code == 201
        for number in range(5):
            began = time.monotonic()
            assert http.put(f"/caches/c{number}").status_code == 201
            assert time.monotonic() - began < AT_ONCE_SECONDS
        assert lacked(http) > 0
        last = crowd[-1]
        last.settimeout(20)
        for each in crowd[:-1]:
            each.close()
        last.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert last.recv(100).startswith(b"HTTP/1.1 200")
