"""nginx, HAProxy and Envoy with the lines of docs/how-to/behind-a-proxy.md.

Each has a second port, without TLS, for clients that trust no authority of a test.
"""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
import yaml

from acme_server import listens
from certificates import Authority
from conformance.pubsub import Pubsub
from harness import STOP_LIMIT_SECONDS
from ports import free_ports

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "behind-a-proxy.md"
PATH = os.environ.get("PATH", "") + ":/usr/sbin"
LANGUAGES = {"nginx": "nginx", "haproxy": "haproxy", "envoy": "yaml"}
HOSTS = ["localhost", *(f"{name}.localhost" for name in LANGUAGES)]
PARTS = ("", "cache.", "control.", "token.")
NAMES = [f"{web}{part}{host}" for host in HOSTS for web in ("", "web.") for part in PARTS]
"""Those that clients make of a host's."""

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
    plain_port: int
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


def need_all() -> None:
    """Skip a test if one is not installed."""
    missing = [name for name in LANGUAGES if program(name) is None]
    if missing:
        pytest.skip(f"NOT JUDGED: {', '.join(missing)}; `make conformance` installs them")


@contextmanager
def all_running(server_port: int, room: Path) -> Iterator[list[Proxy]]:
    """Run those that are installed, all in front of one server."""
    authority = Authority(room)
    authority.issue(*NAMES)
    with ExitStack() as stack:
        yield [
            stack.enter_context(running(name, server_port, authority, room / name))
            for name in LANGUAGES
            if program(name)
        ]


@contextmanager
def running(name: str, server_port: int, authority: Authority, room: Path) -> Iterator[Proxy]:
    """Run a proxy with the lines of the page, at free ports."""
    port, plain_port = free_ports(2)
    room.mkdir()
    file = room / "file"
    lines = _lines(name, server_port, port, authority, room)
    file.write_text(_and_without_tls(name, lines, port, plain_port))
    with (
        (room / "log").open("wb") as log,
        subprocess.Popen(
            _command(name, file, room), stdout=log, stderr=log, cwd=room, env={"PATH": PATH}
        ) as process,
    ):
        try:
            _wait(lambda: listens(port), process, room / "log")
            yield Proxy(name, port, plain_port, authority.root)
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


def _and_without_tls(name: str, lines: str, port: int, plain_port: int) -> str:
    if name == "envoy":
        said = yaml.safe_load(lines)
        (listener,) = yaml.safe_load(lines)["static_resources"]["listeners"]
        listener["address"]["socket_address"]["port_value"] = plain_port
        del listener["filter_chains"][0]["transport_socket"]
        said["static_resources"]["listeners"].append(listener | {"name": "plain"})
        return yaml.safe_dump(said)
    words = {"nginx": ("listen", "http2;"), "haproxy": ("bind", "proto h2")}
    verb, tail = words[name]
    tls = re.search(rf"^ *{verb} 127.0.0.1:{port} .*$", lines, re.MULTILINE)
    assert tls, lines
    return lines.replace(tls[0], f"{tls[0]}\n{verb} 127.0.0.1:{plain_port} {tail}")


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
