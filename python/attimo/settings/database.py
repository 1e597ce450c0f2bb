"""Where a PostgreSQL database is: a URL such as postgresql://user:password@host:5432/name."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import parse_qs, unquote, urlsplit

PORT = 5432
LOOPBACK = ("localhost", "127.0.0.1", "::1")
Tls = Literal["verify-full", "require", "disable"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is, and who uses it.

    Attributes:
        host: A host, or the directory of a Unix socket.
        port: Also part of a Unix socket's name.
        name: The database.
        user: Who uses it.
        password: Empty if the server wants none.
        tls: `verify-full` verifies the server's certificate and name; `require` only encrypts.
        root: A file with the authority that signs the server's certificate; None: those that the
            machine trusts.
    """

    host: str
    port: int
    name: str
    user: str
    password: str = field(repr=False)
    tls: Tls
    root: Path | None

    @property
    def is_local(self) -> bool:
        """Whether it is a Unix socket."""
        return self.host.startswith("/")

    @property
    def socket(self) -> str:
        """The path of the Unix socket."""
        return f"{self.host}/.s.PGSQL.{self.port}"

    def __str__(self) -> str:
        """Return the URL without the password."""
        at = self.socket if self.is_local else f"{self.host}:{self.port}"
        return f"postgresql://{self.user}@{at}/{self.name}"


def address_of(url: str) -> Address:
    """Read a URL.

    Raises:
        ValueError: It is no such URL. The message names what is wrong, and no password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("it is not a URL such as postgresql://user@host:5432/name") from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError("it must begin with postgresql://")
    given = _query(parts.query)
    user, name = unquote(parts.username or ""), unquote(parts.path.removeprefix("/"))
    host = given.get("host") or unquote(parts.hostname or "")
    for what, text in (("a user", user), ("a host", host), ("the name of a database", name)):
        if not text:
            raise ValueError(f"it lacks {what}: postgresql://user:password@host:5432/name")
    return Address(
        host=host,
        port=_port(given.get("port") if port is None else str(port)),
        name=name,
        user=user,
        password=unquote(parts.password or ""),
        tls=_tls(given.get("sslmode"), host),
        root=Path(given["sslrootcert"]) if "sslrootcert" in given else None,
    )


def _query(query: str) -> dict[str, str]:
    given = {name: values[-1] for name, values in parse_qs(query).items()}
    if unknown := sorted(given.keys() - {"host", "port", "sslmode", "sslrootcert"}):
        raise ValueError(
            f"it has the parameter {unknown[0]}; known are host, port, sslmode and sslrootcert"
        )
    return given


def _port(given: str | None) -> int:
    if given is None:
        return PORT
    if not given.isdecimal() or not 0 < int(given) < 65_536:
        raise ValueError(f"port is {given}; it must be a number from 1 to 65535")
    return int(given)


def _tls(given: str | None, host: str) -> Tls:
    """Return how TLS is used: others could read what crosses a network without it."""
    if given is None:
        return "disable" if host.startswith("/") or host in LOOPBACK else "verify-full"
    if given in ("verify-full", "require", "disable"):
        return cast(Tls, given)
    raise ValueError(f"sslmode is {given}; it can be {', '.join(get_args(Tls))}")
