"""Parses the values of settings, from a flag, a variable or the file.

A parser raises ValueError for what is not allowed; the text beside it says what is.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Generic, Literal, TypeVar
from urllib.parse import urlsplit

from attimo import places
from attimo.mail import SmtpServer, server_of
from attimo.settings import host
from attimo.settings.database import Address, address_of
from attimo.settings.listeners import Listener, address, listeners

Raw = str | int | float | bool | list[str]
"""What flags (text, or a list of it), variables (text) and TOML (all) contain."""

Value = TypeVar("Value", covariant=True)


@dataclass(frozen=True, slots=True)
class Kind(Generic[Value]):
    """A kind of value.

    Attributes:
        read: Its parser.
        allowed: What is allowed, for messages.
        secret: Whether it may contain a password, so that messages do not repeat it.
    """

    read: Callable[[Raw], Value]
    allowed: str
    secret: bool = False


_UNITS = {
    "": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}
_SPANS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SIZE = re.compile(r"(\d{1,20}(?:\.\d{1,9})?) ?([A-Za-z]*)", re.ASCII)
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?", re.ASCII)
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.ASCII)
LEAST_MEMORY = 2**20
KIB = 2**10
AUTHORITIES = {
    "letsencrypt": "https://acme-v02.api.letsencrypt.org/directory",
    "letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
}
LARGEST_ITEM = 2**30
"""Collections can grow this large over time; one request has at most 5,243,000 bytes."""


def _address(raw: Raw) -> str | None:
    """Parse an address, or `off`."""
    if raw is False or raw == "off":
        return None
    return address(_text(raw))


def _listen(raw: Raw) -> tuple[Listener, ...]:
    """Parse listeners from a list, or from text with commas."""
    if raw is False or raw == "off":
        return ()
    found = listeners(",".join(raw) if isinstance(raw, list) else _text(raw))
    if not found:
        raise ValueError
    return found


def _public_name(raw: Raw) -> str:
    """Parse a DNS name; clients prefix it with `cache.` and others, so an address will not do."""
    name = _text(raw).lower()
    labels = name.split(".")
    if len(name) > 200 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError
    if labels[-1].isdecimal():
        raise ValueError
    return name


def _public_names(raw: Raw) -> tuple[str, ...]:
    """Parse DNS names from a list, or from text with commas."""
    if raw is False or raw == "off":
        return ()
    written = raw if isinstance(raw, list) else _text(raw).split(",")
    return tuple(dict.fromkeys(_public_name(_text(each).strip()) for each in written))


def _folder(raw: Raw) -> Path:
    return places.expanded(_text(raw))


def _file(raw: Raw) -> Path | None:
    return None if raw is False or raw == "off" else _folder(raw)


def size(raw: Raw) -> int:
    """Parse a number of bytes: `1073741824`, `1 GiB`, `1.5GB`.

    Raises:
        ValueError: It is not valid.
    """
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    found = _SIZE.fullmatch(_text(raw))
    if found is None or found[2].upper() not in _UNITS:
        raise ValueError("not a size")
    whole, _, part = found[1].partition(".")
    unit = _UNITS[found[2].upper()]
    billionths = int(part.ljust(9, "0"))
    if unit == 1 and billionths:
        raise ValueError("no whole number of bytes")
    return int(whole) * unit + billionths * unit // 10**9


def _memory(raw: Raw) -> int:
    memory_bytes = host.data_bytes(host.memory_bytes()) if raw == "auto" else size(raw)
    if not LEAST_MEMORY <= memory_bytes < 2**63:
        raise ValueError
    return memory_bytes


def _item(raw: Raw) -> int:
    return _between(KIB, LARGEST_ITEM, size(raw))


def _element(raw: Raw) -> int:
    return _between(1, LARGEST_ITEM, size(raw))


def _threads(raw: Raw) -> int:
    return host.processors() if raw == "auto" else _between(1, 1024, _number(raw))


def _topic_messages(raw: Raw) -> int:
    return _between(1, 1_000_000, _number(raw))


def _switch(raw: Raw) -> bool:
    if isinstance(raw, bool):
        return raw
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[
        str(raw).lower()
    ]


def _seconds(raw: Raw) -> float:
    if isinstance(raw, bool | list):
        raise ValueError
    return _between(0.1, 3600.0, float(raw))


def _rate_card(raw: Raw) -> str:
    name = _text(raw)
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,62}", name):
        raise ValueError
    return name


def _span(raw: Raw) -> float:
    """Parse `30m`, `12h` or `1d`."""
    found = re.fullmatch(r"(\d{1,9})([smhd])", _text(raw), re.ASCII)
    if found is None:
        raise ValueError
    return _between(60.0, 366.0 * 86_400, float(found[1]) * _SPANS[found[2]])


def _session_idle(raw: Raw) -> int:
    return int(_between(300.0, 7 * 86_400.0, _span(raw)))


def _minutes_kept(raw: Raw) -> int:
    return _days(1, raw)


def _hours_kept(raw: Raw) -> int:
    """Parse days that have two whole months, the current one and that of the newest bill."""
    return _days(62, raw)


def _days(least: int, raw: Raw) -> int:
    """Parse `35d`; return seconds."""
    found = re.fullmatch(r"(\d{1,6})d", _text(raw), re.ASCII)
    if found is None:
        raise ValueError
    return _between(least, 36_525, int(found[1])) * _SPANS["d"]


def _backups(raw: Raw) -> int:
    return _between(1, 10_000, _number(raw))


def _number(raw: Raw) -> int:
    if isinstance(raw, bool | float | list):
        raise ValueError
    return int(raw)


def _text(raw: Raw) -> str:
    if not isinstance(raw, str):
        raise ValueError
    return raw


Number = TypeVar("Number", int, float)


def _between(least: Number, most: Number, number: Number) -> Number:
    if not least <= number <= most:
        raise ValueError
    return number


def _sign_up(raw: Raw) -> Literal["open", "invite", "closed"]:
    match raw:
        case "open" | "invite" | "closed":
            return raw
        case _:
            raise ValueError


def _metrics(raw: Raw) -> Literal["loopback", "open", "off"]:
    match raw:
        case "loopback" | "open":
            return raw
        case "off" | False:
            return "off"
        case _:
            raise ValueError


def _metrics_caches(raw: Raw) -> int:
    return _between(0, 10_000, _number(raw))


def _backend(raw: Raw) -> str | None:
    if raw is False or raw == "off":
        return None
    url = _text(raw)
    if not re.fullmatch(r"valkey://([\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}", url, re.ASCII):
        raise ValueError
    return url


def _log_format(raw: Raw) -> Literal["text", "json"]:
    match raw:
        case "text" | "json":
            return raw
        case _:
            raise ValueError


def _log_level(raw: Raw) -> Literal["debug", "info", "warning", "error"]:
    match raw:
        case "debug" | "info" | "warning" | "error":
            return raw
        case _:
            raise ValueError


def _otlp_endpoint(raw: Raw) -> str | None:
    if raw is False or raw == "off":
        return None
    url = urlsplit(_text(raw))
    if url.scheme not in ("http", "https") or not url.hostname or url.username or url.query:
        raise ValueError
    return _text(raw)


def _smtp(raw: Raw) -> SmtpServer | None:
    return None if raw is False or raw == "off" else server_of(_text(raw))


def _database(raw: Raw) -> Address | None:
    return None if raw is False or raw == "off" else address_of(_text(raw))


def _acme(raw: Raw) -> str | None:
    if raw is False or raw == "off":
        return None
    url = AUTHORITIES.get(_text(raw), _text(raw))
    if not re.fullmatch(r"https://[^\s/@]+/\S*", url):
        raise ValueError
    return url


def _contact(raw: Raw) -> str | None:
    return None if raw is False or raw == "off" else _email(raw)


def _email(raw: Raw) -> str:
    address = _text(raw)
    if not re.fullmatch(r"[^\s@]+@[^\s@]+", address):
        raise ValueError
    return address


def _networks(raw: Raw) -> tuple[IPv4Network | IPv6Network, ...]:
    """Parse `10.1.0.0/16, fd00::/8` or `off`."""
    if raw is False or raw == "off":
        return ()
    return tuple(ip_network(each.strip()) for each in _text(raw).split(","))


def _origins(raw: Raw) -> tuple[str, ...]:
    """Parse `https://app.example.com, http://localhost:3000`, `*` or `off`."""
    if raw is False or raw == "off":
        return ()
    return tuple(_origin(each.strip().lower()) for each in _text(raw).split(","))


def _origin(text: str) -> str:
    """Return an origin as browsers write it: without the default port of its scheme."""
    if text == "*":
        return text
    found = _ORIGIN.fullmatch(text)
    if found is None:
        raise ValueError
    scheme, place, port = found.groups()
    is_understood = (scheme, port) in (("http", ":80"), ("https", ":443"))
    return f"{scheme}://{place}{'' if is_understood else port or ''}"


ADDRESS = Kind(_address, "an IP address and a port, such as 127.0.0.1:8080 or [::1]:0, or off")
LISTEN = Kind(
    _listen,
    "https://ADDRESS:PORT, http://ADDRESS:PORT on loopback, or http+insecure://ADDRESS:PORT, "
    "with ?only= and some of grpc, web, http, health and acme if need be; or off",
)
PUBLIC_NAME = Kind(_public_name, "a DNS name without a port, such as cache.example.com")
PUBLIC_NAMES = Kind(_public_names, "DNS names without a port, separated by commas, or off")
FOLDER = Kind(_folder, "a path of a directory")
FOLDER_OR_OFF = Kind(_file, "a path of a directory, or off")
SPAN = Kind(_span, "a number and s, m, h or d, such as 12h; from 1m to 366d")
SESSION_IDLE = Kind(_session_idle, "a number and s, m, h or d, such as 12h; from 5m to 7d")
MINUTES_KEPT = Kind(_minutes_kept, "a number of days, such as 35d; from 1d to 36525d")
HOURS_KEPT = Kind(_hours_kept, "a number of days, such as 400d; from 62d to 36525d")
BACKUPS = Kind(_backups, "a number from 1 to 10000")
RATE_CARD = Kind(_rate_card, "the name of a rate card, such as momento-2022-09")
FILE = Kind(_file, "a path of a file, or off")
MEMORY = Kind(_memory, "auto, or at least 1 MiB as bytes or with KB, MB, GB, KiB, MiB or GiB")
THREADS = Kind(_threads, "auto, or a number from 1 to 1024")
TOPIC_MESSAGES = Kind(_topic_messages, "a number from 1 to 1000000")
SWITCH = Kind(_switch, "true or false")
SECONDS = Kind(_seconds, "a number from 0.1 to 3600")
ITEM = Kind(_item, "from 1 KiB to 1 GiB")
ELEMENT = Kind(_element, "from 1 byte to 1 GiB")
SIGN_UP = Kind(_sign_up, "open, invite or closed")
SMTP = Kind(
    _smtp, "smtp://user:password@host:587, smtps://… for TLS from the start, or off", secret=True
)
DATABASE = Kind(
    _database,
    "postgresql://user:password@host:5432/name, or off",
    secret=True,
)
EMAIL = Kind(_email, "an e-mail address")
CONTACT = Kind(_contact, "an e-mail address, or off")
ACME = Kind(_acme, "letsencrypt, letsencrypt-staging, the https:// URL of a directory, or off")
ORIGINS = Kind(
    _origins, "origins such as https://app.example.com or http://localhost:3000, *, or off"
)
NETWORKS = Kind(_networks, "networks such as 10.1.0.0/16 or fd00::/8, separated by commas, or off")
METRICS = Kind(_metrics, "loopback, open or off")
METRICS_CACHES = Kind(_metrics_caches, "a number from 0 to 10000")
BACKEND = Kind(_backend, "valkey://HOST:PORT, or off")
LOG_FORMAT = Kind(_log_format, "text or json")
LOG_LEVEL = Kind(_log_level, "debug, info, warning or error")
OTLP_ENDPOINT = Kind(_otlp_endpoint, "a URL such as http://localhost:4318, or off", secret=True)
