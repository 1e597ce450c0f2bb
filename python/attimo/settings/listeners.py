"""Listeners: addresses, and what the server offers there, written as URLs.

`https://0.0.0.0:443` offers everything with TLS, `http://127.0.0.1:8080` everything without, on
this machine only. `?only=grpc,http` restricts what is offered. Plaintext that other machines can
reach is written `http+insecure://`, so that nobody opens it by mistake; where nothing needs a key
(`health` and `acme`), `http://` is enough.
"""

from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, parse_qsl, urlsplit

PROTOCOLS = ("grpc", "web", "http", "health", "acme")
"""What a listener can offer; `http` includes `health` and `acme`."""

KEYLESS = frozenset({"health", "acme"})
"""What needs no API key, and so no confidentiality."""

INSECURE = "+insecure"
SCHEMES = ("http", f"http{INSECURE}", "https")


@dataclass(frozen=True, slots=True)
class Listener:
    """An address and what is offered there. Rust reads the attributes by name.

    Attributes:
        address: An IP address and a port; port 0 picks a free one.
        tls: Whether it uses TLS.
        offers: Some of `PROTOCOLS`.
        insecure: Whether plaintext beyond this machine was requested explicitly.
        setting: The name of its setting.
    """

    address: str
    tls: bool
    offers: tuple[str, ...] = PROTOCOLS
    insecure: bool = False
    setting: str = field(default="listen", compare=False)

    def __str__(self) -> str:
        """Return it as an operator would write it."""
        scheme = "https" if self.tls else f"http{INSECURE}" if self.insecure else "http"
        only = "" if self.offers == PROTOCOLS else f"?only={','.join(self.offers)}"
        return f"{scheme}://{self.address}{only}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is on loopback."""
        return ip_address(self.address.rpartition(":")[0].strip("[]")).is_loopback

    @property
    def for_clients(self) -> bool:
        """Whether it offers anything that needs an API key."""
        return not KEYLESS.issuperset(self.offers)

    @property
    def is_exposed(self) -> bool:
        """Whether API keys could be intercepted, without an explicit setting."""
        return not (self.tls or self.insecure or self.is_loopback) and self.for_clients


def listener(text: str) -> Listener:
    """Parse a listener.

    Raises:
        ValueError: It is not valid.
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
    """Parse listeners separated by commas; commas inside `only` separate its values.

    Raises:
        ValueError: One is not valid.
    """
    words: list[str] = []
    for word in filter(None, (word.strip() for word in text.split(","))):
        if "://" in word or not words:
            words.append(word)
        else:
            words[-1] += f",{word}"
    return tuple(listener(word) for word in words)


def address(text: str) -> str:
    """Parse `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`.

    Raises:
        ValueError: It is not an address with a port.
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
    """Return what is offered: all, or what `only` names."""
    if not parts.query:
        return PROTOCOLS
    ((name, value),) = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)
    named = value.split(",")
    if name != "only" or not set(PROTOCOLS).issuperset(named):
        raise ValueError
    return tuple(each for each in PROTOCOLS if each in named)
