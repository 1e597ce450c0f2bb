"""A whole Attimo for tests: the program that people start, on free ports, with its own data.

`Server` starts `attimo serve` as a person would, waits for the line that says `ready`, and leaves
nothing running and nothing on disk behind it. Nothing here waits for a time; the only limits are
those after which a server that says nothing is called broken.
"""

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypedDict
from urllib.parse import urlsplit

START_LIMIT_SECONDS = 60
STOP_LIMIT_SECONDS = 15
FREE_PORTS = ("--http", "127.0.0.1:0", "--https", "127.0.0.1:0")


class Credentials(TypedDict):
    """What the first start wrote for the owner: `credentials.json`."""

    endpoint: str
    api_key: str
    http: str
    https: str
    ca: str | None
    account_id: int
    cache: str


class Running(TypedDict):
    """What a running server says of itself: `server.json`."""

    pid: int
    http: str
    https: str
    endpoint: str
    version: str
    listeners: list[str]


class Server:
    """`attimo serve` in a process group of its own.

    Use it as a context manager: entering starts it, leaving ends whatever still runs.

    Args:
        *options: More words for the command line, such as `--local`.
        data_dir: An existing directory; without one, a temporary one that ends with the server.
        environment: Variables to add to the server's environment.
        ports: The words that say where to listen; without them, on free ports of loopback.
        prefix: A command that runs the program, such as `prlimit --nofile=300`.
        program: Another installation's `attimo`; without it, that of these tests.
    """

    def __init__(
        self,
        *options: str,
        data_dir: Path | None = None,
        environment: Mapping[str, str] | None = None,
        ports: tuple[str, ...] = FREE_PORTS,
        prefix: tuple[str, ...] = (),
        program: Path | None = None,
    ) -> None:
        self.command = (*prefix, *([str(program)] if program else attimo()))
        self._room = tempfile.TemporaryDirectory(prefix="attimo-")
        self.data_dir = data_dir or Path(self._room.name) / "data"
        self.options = (*ports, *options)
        # What a killed server leaves in the temporary directory goes with the room.
        self.environment = {"TMPDIR": self._room.name} | dict(environment or {})
        self._process: subprocess.Popen[str] | None = None
        self._lines: list[str] = []
        self._ready = False
        self._settled = threading.Event()
        self._reader: threading.Thread | None = None

    def start(self) -> None:
        """Start the program and return when it has said `ready`.

        Raises:
            RuntimeError: It ended, or said nothing for too long; the text holds all that it said.
        """
        self._lines = []
        self._ready = False
        self._settled = threading.Event()
        process = subprocess.Popen(
            [*self.command, "serve", "--data-dir", str(self.data_dir), *self.options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",  # names of files need not be text
            cwd=self._room.name,
            env=bare_environment() | self.environment,
            process_group=0,
        )
        self._process = process
        self._reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._reader.start()
        self._settled.wait(START_LIMIT_SECONDS)
        if not self._ready:
            self.kill()
            raise RuntimeError(f"attimo serve did not become ready. It said:\n{self.output}")

    def stop(self) -> None:
        """End it as a supervisor would, with SIGTERM, and see that it ends well."""
        process = self._running_process()
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(STOP_LIMIT_SECONDS)
        finally:
            self.kill()
        assert status == 0, f"attimo serve ended with status {status}. It said:\n{self.output}"

    def kill(self) -> None:
        """End it without a word, with everything that it started. Harmless when it has ended."""
        process = self._process
        if process is None:
            return
        end_group(process)
        if self._reader is not None:
            self._reader.join()
        if process.stdout is not None:
            process.stdout.close()
        self._process = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._forget()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._process is not None and kind is None:
                self.stop()
        finally:
            self._forget()

    @property
    def output(self) -> str:
        """All that it has said on both of its channels since it was last started."""
        return "".join(self._lines)

    @property
    def pid(self) -> int:
        """The process that serves."""
        return self._running_process().pid

    @property
    def credentials(self) -> Credentials:
        """What the first start wrote for its owner."""
        written: Credentials = json.loads((self.data_dir / "credentials.json").read_text())
        return written

    @property
    def running(self) -> Running:
        """The addresses of this very run."""
        written: Running = json.loads((self.data_dir / "server.json").read_text())
        return written

    @property
    def http(self) -> str:
        """The plaintext address as a URL without a path."""
        host, port = self.http_address
        return f"http://{host}:{port}"

    @property
    def https(self) -> str:
        """The TLS address as a URL without a path, by the name in the certificate."""
        return f"https://localhost:{self.https_address[1]}"

    @property
    def http_address(self) -> tuple[str, int]:
        """Host and port of the plaintext listener."""
        return host_and_port(self.running["http"])

    @property
    def https_address(self) -> tuple[str, int]:
        """Host and port of the TLS listener."""
        return host_and_port(self.running["https"])

    @property
    def endpoint(self) -> str:
        """What an SDK is told: the public name, with the real port of the TLS listener."""
        return f"localhost:{self.https_address[1]}"

    @property
    def api_key(self) -> str:
        """The owner's key in its v2 form."""
        return self.credentials["api_key"]

    @property
    def v1_token(self) -> str:
        """The owner's key in its v1 form, which carries the endpoint with it."""
        return as_v1(self.api_key, self.endpoint)

    @property
    def ca(self) -> Path:
        """The certificate authority that a client must trust."""
        return self.data_dir / "ca.pem"

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._lines.append(line)
            if "ready" in line.split() and (self.data_dir / "server.json").exists():
                self._ready = True
                self._settled.set()
        self._settled.set()

    def _running_process(self) -> subprocess.Popen[str]:
        assert self._process is not None, "the server is not running"
        return self._process

    def _forget(self) -> None:
        self.kill()
        self._room.cleanup()


def end_group(process: subprocess.Popen[Any]) -> None:
    """End a process and its group without a word; harmless if it has ended."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def attimo() -> list[str]:
    """The command that a person types, from the environment in which the tests run."""
    return [str(Path(sys.executable).parent / "attimo")]


def bare_environment() -> dict[str, str]:
    """This environment without anything that would steer a server or a client."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ATTIMO_", "MOMENTO_", "XDG_"))
    }


def as_v1(api_key: str, endpoint: str) -> str:
    """Wrap a key as the older SDKs want it: base64 of a small JSON object."""
    return base64.b64encode(
        json.dumps({"endpoint": endpoint, "api_key": api_key}).encode()
    ).decode()


def host_and_port(address: str) -> tuple[str, int]:
    """Take `127.0.0.1:8080` or `http://127.0.0.1:8080` apart."""
    parts = urlsplit(address if "//" in address else f"//{address}")
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port
