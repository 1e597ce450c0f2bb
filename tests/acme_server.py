"""A certificate authority on this machine: Pebble, which speaks ACME as Let's Encrypt does.

It asks a name server of the test's own, by which every name leads to this machine.
"""

import json
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from certificates import Authority
from faults.watching import eventually
from ports import free_ports

PROGRAMS = ("pebble", "pebble-challtestsrv")
NOBODY = "127.0.0.2"


@dataclass(frozen=True)
class Acme:
    """A running authority.

    Attributes:
        directory: Its URL.
        trust: A file with the roots of its own server and of what it signs.
        port: Where it asks over HTTP, in place of port 80.
        names: Where its name server is told of names.
    """

    directory: str
    trust: Path
    port: int
    names: str

    @property
    def options(self) -> tuple[str, ...]:
        """What a server is told to have its certificate from here."""
        listen = ("--listen", f"http://127.0.0.1:{self.port}?only=acme")
        asked = ("--acme", self.directory, "--acme-accept-terms", "--authority", str(self.trust))
        return (*listen, *asked, "--acme-email", "operator@example.com")

    def lead_nowhere(self, name: str) -> None:
        """Let a name lead to where nobody listens."""
        told = {"host": name, "addresses": [NOBODY]}
        httpx.post(f"{self.names}/add-a", content=json.dumps(told)).raise_for_status()

    def lead_here(self, name: str) -> None:
        """Let a name lead to this machine again."""
        content = json.dumps({"host": name})
        httpx.post(f"{self.names}/clear-a", content=content).raise_for_status()


@contextmanager
def acme(folder: Path, refused_nonces: int = 0) -> Iterator[Acme]:
    """Run an authority; the test is skipped where Pebble is not installed.

    Args:
        folder: Where it keeps its files.
        refused_nonces: Of a hundred nonces that are good, how many it refuses by chance.
    """
    if not all(shutil.which(program) for program in PROGRAMS):
        pytest.skip("Pebble is not installed (make conformance does it)")
    dns, names, api, management, http, tls = free_ports(6)
    own = Authority(folder)
    own.issue("localhost")
    settings = {
        "listenAddress": f"127.0.0.1:{api}",
        "managementListenAddress": f"127.0.0.1:{management}",
        "certificate": str(own.chain),
        "privateKey": str(own.key),
        "httpPort": http,
        "tlsPort": tls,
    }
    (folder / "pebble.json").write_text(json.dumps({"pebble": settings}))
    none = [f"-{kind}=" for kind in ("http01", "https01", "tlsalpn01", "defaultIPv6")]
    with ExitStack() as stack:
        dns_options = [f"-dns01=127.0.0.1:{dns}", f"-management=127.0.0.1:{names}", *none]
        stack.enter_context(running("pebble-challtestsrv", *dns_options, log=folder / "dns.log"))
        options = [f"-config={folder / 'pebble.json'}", f"-dnsserver=127.0.0.1:{dns}"]
        refuses = {"PEBBLE_WFE_NONCEREJECT": str(refused_nonces)}
        stack.enter_context(running("pebble", *options, log=folder / "pebble.log", **refuses))
        for port in (names, api, management):
            eventually(lambda: listens(port), f"a program at port {port}")  # noqa: B023
        trust = folder / "trust.pem"
        context = ssl.create_default_context(cafile=own.root)
        signs = httpx.get(f"https://localhost:{management}/roots/0", verify=context).text
        trust.write_text(own.root.read_text() + signs)
        yield Acme(f"https://localhost:{api}/dir", trust, http, f"http://127.0.0.1:{names}")


@contextmanager
def running(program: str, *options: str, log: Path, **variables: str) -> Iterator[None]:
    """Run a program until the end, by its id, with these variables in its environment."""
    environment = os.environ | {"PEBBLE_VA_NOSLEEP": "1"} | variables
    with (
        log.open("w") as file,
        subprocess.Popen([program, *options], stdout=file, stderr=file, env=environment) as process,
    ):
        try:
            yield
        finally:
            process.terminate()


def listens(port: int) -> bool:
    """Whether anybody does."""
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0
