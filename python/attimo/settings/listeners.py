"""Listeners: where a server is to be found, and what it offers there, as one word each.

`https://0.0.0.0:443` is everything with TLS, `http://127.0.0.1:8080` everything without, which is
for this machine alone. `?only=grpc,http` leaves the rest out. Plaintext that other machines can
reach is written `http+insecure://`, so that nobody opens it by a slip; where nothing asks for a key
(`health` and `acme`) `http://` will do.
"""

from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, parse_qsl, urlsplit

PROTOCOLS = ("grpc", "web", "http", "health", "acme")
"""What a listener may offer; `http` has all that `health` and `acme` have."""

KEYLESS = frozenset({"health", "acme"})
"""What asks for no API key, so that nothing is lost where it is read on the way."""

INSECURE = "+insecure"
SCHEMES = ("http", f"http{INSECURE}", "https")


@dataclass(frozen=True, slots=True)
class Listener:
    """One address and what is offered there. Rust reads the attributes by name.

    Attributes:
        address: An IP address and a port; port 0 is any free one.
        tls: Whether TLS is spoken.
        offers: Some of `PROTOCOLS`.
        insecure: Whether plaintext beyond this machine was asked for by name.
        setting: The name of the setting that asked for it.
    """

    address: str
    tls: bool
    offers: tuple[str, ...] = PROTOCOLS
    insecure: bool = False
    setting: str = field(default="listen", compare=False)

    def __str__(self) -> str:
        """The word that one would write to get it."""
        scheme = "https" if self.tls else f"http{INSECURE}" if self.insecure else "http"
        only = "" if self.offers == PROTOCOLS else f"?only={','.join(self.offers)}"
        return f"{scheme}://{self.address}{only}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return ip_address(self.address.rpartition(":")[0].strip("[]")).is_loopback

    @property
    def for_clients(self) -> bool:
        """Whether a client with an API key has any business there."""
        return not KEYLESS.issuperset(self.offers)

    @property
    def is_exposed(self) -> bool:
        """Whether API keys can be read on the way, and nobody said that they may."""
        return not (self.tls or self.insecure or self.is_loopback) and self.for_clients


def listener(text: str) -> Listener:
    """Read one listener.

    Raises:
        ValueError: It is none.
    """
    parts = urlsplit(text)
    if parts.scheme not in SCHEMES or parts.path or "#" in text:
        raise ValueError
    return Listener(
        address(parts.netloc),
        tls=parts.scheme == "https",
        offers=_only(parts),
        insecure=parts.scheme.endswith(INSECURE),
    )


def listeners(text: str) -> tuple[Listener, ...]:
    """Read any number of listeners, parted by commas; the commas of `only` part words of its own.

    Raises:
        ValueError: One of them is none.
    """
    words: list[str] = []
    for word in filter(None, (word.strip() for word in text.split(","))):
        if "://" in word or not words:
            words.append(word)
        else:
            words[-1] += f",{word}"
    return tuple(listener(word) for word in words)


def address(text: str) -> str:
    """Read `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`.

    Raises:
        ValueError: It is no address with a port.
    """
    name, colon, port = text.rpartition(":")
    if not (colon and port.isascii() and port.isdecimal() and len(port) <= 5) or int(port) > 65535:
        raise ValueError
    if name == "localhost":
        return f"127.0.0.1:{int(port)}"
    bare = name[1:-1] if name.startswith("[") and name.endswith("]") else name
    if isinstance(ip_address(bare), IPv6Address) != (bare != name) or "%" in bare:
        raise ValueError
    return f"{name}:{int(port)}"


def _only(parts: SplitResult) -> tuple[str, ...]:
    """What is offered: all, or what `only` names."""
    if not parts.query:
        return PROTOCOLS
    ((name, value),) = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)
    named = value.split(",")
    if name != "only" or not set(PROTOCOLS).issuperset(named):
        raise ValueError
    return tuple(each for each in PROTOCOLS if each in named)
