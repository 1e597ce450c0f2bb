"""A real PostgreSQL server, that of Debian's package, on a Unix socket and on loopback.

It refuses to run as root: its files then belong to an ordinary user. Nothing is left when it ends.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path

from attimo.settings import database
from attimo.settings.database import Address
from attimo.store import postgresql, schema
from attimo.store.postgresql_tables import translated
from ports import LOCALHOST, free_port

USER, PASSWORD = "attimo", "correct-horse-battery"
_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
_NUMBERS = count(1)


@dataclass
class PostgresServer:
    """A server that can be stopped and started again."""

    folder: Path
    port: int
    safe: bool = False
    """Whether commits reach the disk; tests that kill nothing need not wait for it."""
    _given: dict[str, str] = field(default_factory=dict, init=False)
    _free: list[str] = field(default_factory=list, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def url(self, name: str = "postgres", *, password: str = PASSWORD) -> str:
        """The URL of a database, by TCP."""
        return f"postgresql://{USER}:{password}@{LOCALHOST}:{self.port}/{name}"

    def socket_url(self, name: str = "postgres") -> str:
        """The URL of a database, by the Unix socket."""
        return f"postgresql://{USER}:{PASSWORD}@/{name}?host={self.folder}&port={self.port}"

    def database(self, of: str = "") -> str:
        """Return the URL of the database of a name, with our tables: a new one, or one given back.

        To empty a database takes less time than to create one.
        """
        of = of or f"only {next(_NUMBERS)}"
        if of not in self._given:
            self._given[of] = self._free.pop() if self._free else self._new()
        return self._given[of]

    def give_back(self, of: str) -> None:
        """Empty the database of a name, for the next test."""
        if (url := self._given.pop(of, None)) is None:
            return
        with closing(postgresql.connect(address(url))) as session:
            session.driver.execute_simple(_emptying())
        self._free.append(url)

    def _new(self) -> str:
        url = self.socket_url(address(self.empty_database()).name)
        postgresql.open_server(address(url)).close()
        return url

    def empty_database(self) -> str:
        """Create a database without tables; return its URL."""
        name = f"test_{next(_NUMBERS)}"
        self.run(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def run(self, statement: str, name: str = "postgres") -> list[tuple[object, ...]]:
        """Run a statement outside of a transaction; return its rows."""
        session = postgresql.connect(address(self.url(name)))
        try:
            return [tuple(row) for row in session.ask(statement, [()]).rows or ()]
        finally:
            session.close()

    def make(self) -> None:
        """Create its files."""
        self.folder.mkdir(parents=True, exist_ok=True)
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        data = self.folder / "data"
        data.mkdir(mode=0o700)
        _own(self.folder, data, secret)
        _run("initdb", "--pgdata", str(data), "--username", USER, "--pwfile", str(secret),
             "--auth-host", "scram-sha-256", "--auth-local", "trust", "--encoding", "UTF8",
             "--locale", "C.UTF-8", "--no-sync")  # fmt: skip

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = {
            "listen_addresses": LOCALHOST,
            "port": self.port,
            "unix_socket_directories": self.folder,
            "fsync": "on" if self.safe else "off",
            "max_connections": 60,
        }
        self._process = subprocess.Popen(
            [_program("postgres"), "-D", str(self.folder / "data"),
             *(f"-c{name}={value}" for name, value in options.items())],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            **_as_nobody(),  # type: ignore[call-overload]
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while True:
            with suppress(Exception):
                self.run("SELECT 1")
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("postgres does not come up")
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT ends sessions, SIGKILL is what a crash is."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None


@cache
def _emptying() -> str:
    """What leaves a database as it was when its tables were made."""
    tables = sorted({table for table, _ in schema.columns_of_today()} - {"alembic_version"})
    seeds = [each for each in schema.statements() if "INSERT INTO" in each]
    return ";".join(
        (
            "SET session_replication_role = replica",  # neither triggers nor references
            *(f"DELETE FROM {table}" for table in tables),  # noqa: S608
            "SELECT setval(seqrelid, 1, FALSE) FROM pg_sequence",
            *(statement for seed in seeds for statement in translated(seed)),
        )
    )


def address(url: str) -> Address:
    """Read a URL."""
    return database.address_of(url)


@contextmanager
def postgresql_server(*, safe: bool = False) -> Iterator[PostgresServer]:
    """A server on files that are gone afterwards, in memory unless commits must reach a disk."""
    memory = Path("/dev/shm")  # noqa: S108
    parent = memory if memory.is_dir() and not safe else None
    folder = Path(tempfile.mkdtemp(prefix="pg", dir=parent))
    folder.chmod(0o755)
    server = PostgresServer(folder, free_port(), safe)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop(signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str:
    return shutil.which(name) or str(_PROGRAMS[-1] / name)


def _run(name: str, *arguments: str) -> None:
    subprocess.run(  # type: ignore[call-overload]
        [_program(name), *arguments], check=True, capture_output=True, **_as_nobody()
    )


def _as_nobody() -> dict[str, object]:
    """Who runs it: an ordinary user, if root is who runs the tests."""
    if os.getuid() != 0:
        return {}
    who = pwd.getpwnam("nobody")
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": [], "cwd": "/"}


def _own(*paths: Path) -> None:
    if os.getuid() == 0:
        who = pwd.getpwnam("nobody")
        for each in paths:
            os.chown(each, who.pw_uid, who.pw_gid)
