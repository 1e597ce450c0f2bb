"""URLs of Valkey and Redis servers: those that are read, and what may be in them."""

import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from attimo.cli import inputs
from attimo.errors import InvalidArgument

SCHEMES = ("valkey", "valkeys", "redis", "rediss", "unix")
OVER_TLS = ("valkeys", "rediss")

_FILE = ".+"
_PARAMETERS = {"db": r"\d+"}
_OF_TLS = {
    "ssl_ca_certs": _FILE,
    "ssl_certfile": _FILE,
    "ssl_keyfile": _FILE,
    "ssl_cert_reqs": "none|optional|required",
    "ssl_check_hostname": "(?i:true|false)",
}
"""The parameters and their values; the library takes more, which change what it returns."""


def is_store(source: str) -> bool:
    """Whether a source is the URL of a server, and no file."""
    scheme, colon, _ = source.partition("://")
    return bool(colon) and scheme.lower() in SCHEMES


def address(url: str) -> str:
    """A URL without its password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def check(url: str) -> None:
    """Refuse what the library would take for another server or database, or would not take.

    Raises:
        ValueError: Its database is no number, or an `@` is not where a password ends.
        InvalidArgument: It has a parameter that an import does not take; the message names it.
    """
    parts = urlsplit(url)
    if parts.scheme != "unix" and not re.fullmatch(r"(/\d*)?", parts.path, re.ASCII):
        raise ValueError("not the URL of a database")
    # What follows may be a part of a password, and is not repeated then.
    if "@" in f"{parts.query}{parts.fragment}" or parts.fragment:
        raise ValueError("not the URL of a server")
    known = _PARAMETERS | (_OF_TLS if parts.scheme in OVER_TLS else {})
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        _check_parameter(name, value, known)


def _check_parameter(name: str, value: str, known: dict[str, str]) -> None:
    if name not in known:
        raise InvalidArgument(
            f"The URL has the parameter `{name}`, which an import does not take: leave it out, or "
            f"use {', '.join(known)}"
        )
    if not re.fullmatch(known[name], value, re.ASCII):
        raise InvalidArgument(f"The parameter `{name}` of the URL has a value that it cannot have")
    if known[name] == _FILE:
        inputs.content(Path(value))
