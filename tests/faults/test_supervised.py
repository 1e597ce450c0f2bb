"""A server under a supervisor that holds its sockets and hears from it, as systemd does."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from faults.programs import PYTHON_SDK, at_work
from harness import attimo, bare_environment

LIMIT_SECONDS = 60.0
GIVE = """
import fcntl, os, sys
given, names, *words = sys.argv[1:]
sockets = [fcntl.fcntl(int(each), fcntl.F_DUPFD, 100) for each in given.split(",")]
for place, each in enumerate(sockets):
    os.dup2(each, 3 + place)
told = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(sockets)), "LISTEN_FDNAMES": names}
os.execve(words[0], words, os.environ | told)
"""
"""Does what systemd does for a unit with sockets."""


class Supervisor:
    """It has two sockets of loopback, of the names `http` and `https`, and runs one server."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.data_dir = folder / "data"
        self.notices = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        self.notices.bind(str(folder / "notify"))
        self.notices.settimeout(LIMIT_SECONDS)
        self.sockets = [stack.enter_context(socket.socket()) for _ in range(2)]
        for each in self.sockets:
            each.bind(("127.0.0.1", 0))
            each.listen()
        stack.callback(self.kill)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, and return when it has said that it is ready."""
        given = [each.fileno() for each in self.sockets]
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-c", GIVE, ",".join(map(str, given)), "http:https"),
                *(*attimo(), "serve", "--data-dir", str(self.data_dir)),
            ],
            env=bare_environment() | {"NOTIFY_SOCKET": str(self.notices.getsockname())},
            pass_fds=given,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert self.hear() == ["READY=1", f"MAINPID={self.process.pid}"]

    def hear(self) -> list[str]:
        """What the server says next."""
        return self.notices.recv(1000).decode().split("\n")

    def stop(self) -> None:
        """End it well."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        assert self.hear() == ["STOPPING=1"]
        assert self.process.wait(LIMIT_SECONDS) == 0

    def kill(self) -> None:
        """End what still runs."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.sockets[0].getsockname()[1]}"


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with ExitStack() as stack:
        yield Supervisor(tmp_path, stack)


def test_a_server_listens_on_the_sockets_of_its_supervisor(supervisor: Supervisor) -> None:
    supervisor.start()

    running = json.loads((supervisor.data_dir / "server.json").read_text())
    assert f"http://{running['http']}" == supervisor.http
    assert httpx.get(f"{supervisor.http}/ready", trust_env=False).status_code == 200
    supervisor.stop()


def test_who_connects_between_two_servers_waits_for_the_next(supervisor: Supervisor) -> None:
    supervisor.start()
    supervisor.stop()
    with socket.create_connection(("127.0.0.1", supervisor.sockets[0].getsockname()[1])) as client:
        client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        supervisor.start()

        assert client.recv(100).startswith(b"HTTP/1.1 200 ")


def test_no_request_of_a_stock_sdk_fails_across_restarts(supervisor: Supervisor) -> None:
    supervisor.start()
    with at_work(supervisor.data_dir, PYTHON_SDK) as (program,):
        for _ in range(3):
            program.makes(50)
            supervisor.stop()
            supervisor.start()
        program.makes(50)
    assert program.told["failures"] == []
    assert program.done > 100
