"""nginx, HAProxy and Envoy with the lines of docs/how-to/behind-a-proxy.md."""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from acme_server import listens
from certificates import Authority
from conformance.pubsub import Pubsub
from harness import STOP_LIMIT_SECONDS
from ports import free_port

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "behind-a-proxy.md"
PATH = os.environ.get("PATH", "") + ":/usr/sbin"
LANGUAGES = {"nginx": "nginx", "haproxy": "haproxy", "envoy": "yaml"}

NGINX = """
daemon off;
worker_processes 1;
pid {room}/pid;
error_log stderr;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {room}/body;
    proxy_temp_path {room}/proxy;
    fastcgi_temp_path {room}/fastcgi;
    uwsgi_temp_path {room}/uwsgi;
    scgi_temp_path {room}/scgi;
    include {file};
}}
"""
"""What a distribution has around the lines of the page."""


@dataclass(frozen=True)
class Proxy:
    """A proxy that runs, and whom its clients trust."""

    name: str
    port: int
    root: Path

    @property
    def url(self) -> str:
        """Its address for HTTP."""
        return f"https://localhost:{self.port}"

    @contextmanager
    def pubsub(self, token: str) -> Iterator[Pubsub]:
        """Calls over one connection to it."""
        trust = grpc.ssl_channel_credentials(self.root.read_bytes())
        with grpc.secure_channel(f"localhost:{self.port}", trust, [POOL]) as channel:
            yield Pubsub(channel, token)


POOL = ("grpc.use_local_subchannel_pool", 1)
"""Channels of one process to one address share a connection otherwise."""


def program(name: str) -> str | None:
    """Where a proxy is installed; None if it is not."""
    if name == "envoy":
        found = ROOT / ".venv" / "programs" / "envoy" / "bin" / "envoy"
        return str(found) if found.exists() else None
    return shutil.which(name, path=PATH)


@contextmanager
def running(name: str, server_port: int, authority: Authority, room: Path) -> Iterator[Proxy]:
    """Run a proxy with the lines of the page, at a free port."""
    port = free_port()
    room.mkdir()
    file = room / "file"
    file.write_text(_lines(name, server_port, port, authority, room))
    with (
        (room / "log").open("wb") as log,
        subprocess.Popen(
            _command(name, file, room), stdout=log, stderr=log, cwd=room, env={"PATH": PATH}
        ) as process,
    ):
        try:
            _wait(lambda: listens(port), process, room / "log")
            yield Proxy(name, port, authority.root)
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_LIMIT_SECONDS)
            process.kill()


def _lines(name: str, server_port: int, port: int, authority: Authority, room: Path) -> str:
    """The lines of the page with the ports and files of this run."""
    (found,) = re.findall(rf"^```{LANGUAGES[name]}\n(.*?)^```$", PAGE.read_text(), re.S | re.M)
    both = room / "both.pem"
    both.write_bytes(authority.chain.read_bytes() + authority.key.read_bytes())
    chain = both if name == "haproxy" else authority.chain
    changes = {
        "8080": str(server_port),
        "listen 443": f"listen 127.0.0.1:{port}",
        "bind :443": f"bind 127.0.0.1:{port}",
        "address: 0.0.0.0, port_value: 443": f"address: 127.0.0.1, port_value: {port}",
        "/etc/ssl/attimo.pem": str(chain),
        "/etc/ssl/attimo.key": str(authority.key),
    }
    for said, here in changes.items():
        found = found.replace(said, here)
    assert not re.search(r"[ :]443\b", found), "the port of the page is replaced"
    return str(found)


def _command(name: str, file: Path, room: Path) -> list[str]:
    if name == "nginx":
        whole = room / "nginx.conf"
        whole.write_text(NGINX.format(room=room, file=file))
        return [str(program(name)), "-p", str(room), "-e", "stderr", "-c", str(whole)]
    if name == "haproxy":
        return [str(program(name)), "-db", "-f", str(file)]
    config = file.rename(room / "envoy.yaml")
    words = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"]
    return [str(program(name)), "-c", str(config), *words]


def _wait(is_so: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path) -> None:
    while not is_so():
        assert process.poll() is None, log.read_text()
