"""The data directory: the files of one server, and their lock.

It has mode 700. One server at a time holds the lock; others, and the command line, read what the
running server has written about itself.
"""

import contextlib
import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, TypeVar, get_origin, get_type_hints

from attimo import files
from attimo.errors import Misconfigured

MODE = 0o700
PID_CHARACTERS = 10
"""In the lock."""

PUBLIC = ("ca.pem", "server.pem", "acme.pem")
"""Certificates, which are public."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials with which clients on this machine use the server as its owner.

    Attributes:
        endpoint: The public name, with the port unless it is 443.
        api_key: The owner's key.
        http: The URL of the plaintext listener; None if there is none.
        https: The URL of the TLS listener, by the public name.
        ca: The file with the root to trust; None if the system trusts it.
        account_id: The owner's account.
        cache: The cache created at the first start.
    """

    endpoint: str
    api_key: str = field(repr=False)
    http: str | None
    https: str | None
    ca: str | None
    account_id: int
    cache: str


@dataclass(frozen=True, slots=True)
class Running:
    """The addresses of the running server.

    Attributes:
        pid: Its process.
        http: The plaintext address with the most features, HTTP included; None if there is none.
        https: The TLS address with the most features; None if there is none.
        endpoint: Its public name, with the port of `https` unless that is 443.
        version: Its version.
        listeners: All its addresses, each with what it offers, as an operator would write them.
        settings: Its settings by name: each a value and its origin, as text without passwords.
    """

    pid: int
    http: str | None
    https: str | None
    endpoint: str
    version: str
    listeners: list[str] = field(default_factory=list)
    settings: dict[str, list[str]] = field(default_factory=dict)


Kept = TypeVar("Kept", Credentials, Running)


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """The files of one server."""

    path: Path

    @property
    def database(self) -> Path:
        """The SQLite database."""
        return self.path / "attimo.db"

    @property
    def database_log(self) -> Path:
        """SQLite's write-ahead log, while there is one."""
        return self.path / "attimo.db-wal"

    @property
    def app_socket(self) -> Path:
        """The socket of the control app, while the server runs."""
        return self.path / "app.sock"

    @property
    def reserve(self) -> Path:
        """The reserve for a full disk."""
        return self.path / "reserve"

    @property
    def kept_items(self) -> Path:
        """The items, while no server runs."""
        return self.path / "kept-items"

    @property
    def mail(self) -> Path:
        """The directory for e-mail without an SMTP server."""
        return self.path / "mail"

    @property
    def upgrades(self) -> Path:
        """The directory for backups of what earlier versions left."""
        return self.path / "before-upgrade"

    @property
    def authority(self) -> Path:
        """The certificate that clients trust."""
        return self.path / "ca.pem"

    def prepare(self) -> None:
        """Create the directory, with mode 700.

        Raises:
            Misconfigured: It cannot be created or written to, or has files of another program.
        """
        with self.writing():
            self.path.mkdir(mode=MODE, parents=True, exist_ok=True)
            self._check_ours()
            self.path.chmod(MODE)
            (self.path / "lock").touch(files.OWNER_ONLY)

    def tighten(self) -> list[str]:
        """Make everything readable by the owner only; return what others could read before.

        Raises:
            Misconfigured: A mode cannot be changed.
        """
        found = []
        with self.writing():
            for path in sorted(self.path.rglob("*")):
                mode = path.lstat().st_mode
                kind = stat.S_IFMT(mode)
                wanted = {stat.S_IFDIR: MODE, stat.S_IFREG: files.OWNER_ONLY}.get(kind)
                if wanted is None or not mode & 0o077 or path.name in PUBLIC:
                    continue
                path.chmod(wanted)
                found.append(str(path.relative_to(self.path)))
        return found

    def may_be_foreign(self) -> bool:
        """Whether there is a database, which no server has used here: look before any change."""
        return self.database.exists() and not (self.path / "lock").exists()

    def _check_ours(self) -> None:
        """Refuse another program's directory, since all files in it would become private."""
        ours = (self.path / "lock").exists() or self.database.exists()
        if not ours and any(self.path.iterdir()):
            raise Misconfigured(
                f"the directory {self.path} contains other files; "
                "choose a new or an empty one with --data-dir"
            )

    def check_database(self) -> None:
        """Refuse to start a new server where the database of an old one was lost.

        Raises:
            Misconfigured: The database is missing or empty, beside files of a server.
        """
        credentials = self.path / "credentials.json"
        if not credentials.exists() or (self.database.exists() and self.database.stat().st_size):
            return
        state = "is empty" if self.database.exists() else "is missing"
        raise Misconfigured(
            f"{self.database} {state}, and {credentials.name} beside it is from a server that had "
            "one: put it back, restore a backup into another directory (attimo restore), or move "
            f"{credentials.name} away to start a new server"
        )

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turn write errors into a message that names the directory.

        Raises:
            Misconfigured: Something in it could not be written.
        """
        try:
            yield
        except OSError as error:
            raise Misconfigured(
                f"cannot write to the data directory {self.path} ({self._why(error)}); "
                "choose another with --data-dir"
            ) from error

    def _why(self, error: OSError) -> str:
        if not isinstance(error, FileExistsError) or self.path.is_dir():
            return str(error.strerror)
        return "it is a link to nothing" if self.path.is_symlink() else "it is no directory"

    @contextmanager
    def lock(self, inherited: int | None = None) -> Iterator[int]:
        """Lock the directory; the kernel unlocks it when this process ends, however it ends.

        Args:
            inherited: The lock, handed over by the server that has it; both have it then.

        Returns:
            The lock, to be handed over in turn.

        Raises:
            Misconfigured: Another server holds it.
        """
        with self._lock_file(inherited) as file:
            if inherited is None and not _taken(file):
                raise Misconfigured(
                    f"another server (pid {_holder(file)}) uses the data "
                    f"directory {self.path}; stop it, replace it with --replace, or choose "
                    "another with --data-dir"
                )
            if inherited is None:
                self.sign(file.fileno())
            yield file.fileno()

    def _lock_file(self, inherited: int | None) -> IO[str]:
        if inherited is None:
            return self._opened_lock("r+")
        return os.fdopen(inherited, "r+", encoding="ascii")

    def sign(self, lock: int) -> None:
        """Write the ID of this process into the lock."""
        with contextlib.suppress(OSError):  # a full disk; the lock is what counts
            os.pwrite(lock, f"{os.getpid():<{PID_CHARACTERS}}".encode(), 0)

    def holder(self) -> str | None:
        """Return the process that has the lock, or `unknown`; None if there is none."""
        if not self._is_locked():
            return None
        with self._opened_lock("r") as file:
            return _holder(file)

    def announce(self, running: Running) -> None:
        """Publish the addresses of the server to other processes."""
        with self.writing():
            files.write(self.path / "server.json", _text(running))

    @contextmanager
    def announced(self, running: Running) -> Iterator[None]:
        """Publish the server's addresses while it runs and no other has replaced it."""
        self.announce(running)
        try:
            yield
        finally:
            path = self.path / "server.json"
            if files.read(path) == _text(running):
                path.unlink()

    def running(self) -> Running | None:
        """Return the running server, or None."""
        found = self._parsed("server.json", Running)
        return found if found and self._is_locked() else None

    def credentials(self) -> Credentials | None:
        """Return the command line's credentials, or None before the first start."""
        return self._parsed("credentials.json", Credentials)

    def _parsed(self, name: str, kind: type[Kept]) -> Kept | None:
        """Return the content of a file, or None if there is no such file.

        Raises:
            Misconfigured: It cannot be read, or was not written by this program.
        """
        try:
            text = files.read(self.path / name)
            return None if text is None else _typed(kind, json.loads(text))
        except OSError as error:
            raise Misconfigured(f"{self.path / name} cannot be read: {error.strerror}") from error
        except (ValueError, TypeError, RecursionError) as error:
            raise self._damaged(name) from error

    def _damaged(self, name: str) -> Misconfigured:
        return Misconfigured(
            f"{self.path / name} cannot be read; "
            "move it away and restart the server to create it again"
        )

    def keep(self, credentials: Credentials) -> None:
        """Write the credentials for the command line."""
        text = _text(credentials)
        path = self.path / "credentials.json"
        if files.read(path) != text:
            with self.writing():
                files.write(path, text)

    def _is_locked(self) -> bool:
        """Whether a server has the lock; a killed one leaves its server.json behind."""
        if not (self.path / "lock").exists():
            return False
        try:
            with self._opened_lock("r") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False

    def _opened_lock(self, mode: str) -> IO[str]:
        path = self.path / "lock"
        try:
            return open(path, mode, encoding="ascii", errors="replace", opener=files.opener)
        except OSError as error:
            raise Misconfigured(
                f"{path} cannot be opened ({error.strerror or error}); it must be a file, "
                "which the server creates itself: move it away"
            ) from error


def reachable(address: str) -> str:
    """Return an address to which this machine can connect, unlike 0.0.0.0."""
    from ipaddress import ip_address

    host, _, port = address.rpartition(":")
    if not ip_address(host.strip("[]")).is_unspecified:
        return address
    return f"[::1]:{port}" if ":" in host else f"127.0.0.1:{port}"


def _typed(kind: type[Kept], said: Any) -> Kept:
    """Return a JSON object as a dataclass.

    Raises:
        TypeError: A field is missing, unknown or of another type.
    """
    found = kind(**said)
    for name, hint in get_type_hints(kind).items():
        value = getattr(found, name)
        if not _is_of(value, hint):
            raise TypeError(name)
    return found


def _is_of(value: Any, hint: Any) -> bool:
    match get_origin(hint):
        case origin if origin is list:
            return isinstance(value, list) and all(isinstance(each, str) for each in value)
        case origin if origin is dict:
            return isinstance(value, dict) and all(
                _is_of(each, list[str]) for each in value.values()
            )
        case _:
            return isinstance(value, hint)


def _text(kept: Kept) -> str:
    return json.dumps(asdict(kept), indent=2) + "\n"


def _holder(file: IO[str]) -> str:
    """Return the process ID in a lock, or `unknown`; what is no file of ours may have no end."""
    signed = file.read(PID_CHARACTERS).strip()
    return signed if signed.isdecimal() else "unknown"


def _taken(file: IO[str]) -> bool:
    """Take the lock unless a server has it; checking takes it for a moment, too."""
    for pause in (0.05, 0.05, 0.05, None):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if pause is not None:
                time.sleep(pause)
        else:
            return True
    return False
