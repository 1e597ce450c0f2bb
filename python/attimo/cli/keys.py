"""Which API key a command sends to a server.

A key given as an option is used first, then an exported one, then the profile's, then the owner's
key of the server on this machine. An exported key may be meant for another server: if this machine
knows which server issued it, the key is sent to no other.
"""

import base64
import contextlib
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from attimo.cli import homes, profiles
from attimo.data_directory import DataDirectory
from attimo.errors import AttimoError, Misconfigured, Unauthenticated

TOKEN = "ATTIMO_TOKEN"  # noqa: S105  (the name of a variable)
URL = "ATTIMO_URL"
LOOPBACK = "this machine"

_KEY = re.compile(r"[!-~]+")


class Target(NamedTuple):
    """The server that a command asks.

    Attributes:
        name: Its name, for messages.
        places: All addresses by which this machine knows it.
        own_key: The key stored for it, if there is one.
        by_profile: Whether a profile names it.
    """

    name: str
    places: frozenset[str]
    own_key: str | None = None
    by_profile: bool = False


def variable(name: str) -> str | None:
    """A variable of the environment; None if it is not set.

    Raises:
        Misconfigured: It is set and empty: a script that could not find its value must not act
            with another one.
    """
    value = os.environ.get(name)
    if value is not None and not value.strip():
        raise Misconfigured(f"{name} is empty: set it to a value, or unset it")
    return value


def place(url: str) -> str:
    """Host and port of an address; one name for all of loopback's.

    Raises:
        Misconfigured: It is not the address of a server, or contains a password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        host, port = None, 0
    if not host or not url.isprintable() or " " in url:
        raise Misconfigured(
            f"{_without_password(url)!r} is not a server address: it must start with http:// or "
            "https:// and name a host, such as https://cache.example.com:8443"
        )
    if parts.username is not None or parts.password is not None:
        raise Misconfigured(
            "An address must not contain a user or password: pass the key with --api-key or "
            + TOKEN
        )
    return f"{_host(host)}:{port}"


@dataclass(frozen=True, slots=True)
class Key:
    """A key, and where it was found: an option, a variable, or what it is stored for."""

    value: str = field(repr=False)
    source: str


def choose(target: Target, typed: str | None) -> Key:
    """The key to show to `target`.

    Raises:
        Unauthenticated: There is none.
        Misconfigured: It is not a key, or it was exported for another server.
    """
    if typed is not None:
        return Key(checked(typed, "--api-key"), "--api-key")
    exported = variable(TOKEN)
    if exported is None:
        if target.own_key is None:
            raise Unauthenticated(f"No API key for {target.name}: pass --api-key or set {TOKEN}")
        return Key(checked(target.own_key, f"the key of {target.name}"), target.name)
    key = checked(exported, TOKEN)
    maker = _other_maker(key, target)
    if maker is None:
        return Key(key, TOKEN)
    if target.by_profile and target.own_key:
        words = f"{TOKEN} is a key of {maker}; using the key stored for {target.name}"
        print(f"attimo: {words}", file=sys.stderr)
        return Key(target.own_key, target.name)
    raise Misconfigured(
        f"{TOKEN} is a key of {maker} and is not sent to {target.name}: "
        f"pass --api-key, or unset {TOKEN}"
    )


def checked(key: str, source: str) -> str:
    """Return a key as it is sent: a v1 token is unwrapped.

    Raises:
        Misconfigured: It cannot be a key. The message does not repeat it.
    """
    if not key.strip():
        raise Misconfigured(f"{source} is empty: it must be an API key")
    if not _KEY.fullmatch(key):
        raise Misconfigured(
            f"{source} is not an API key: it contains spaces or non-ASCII characters"
        )
    return _unwrapped(key)


def _unwrapped(key: str) -> str:
    try:
        found = json.loads(base64.b64decode(key, validate=True))["api_key"]
    except (ValueError, KeyError, TypeError):
        return key
    return found if isinstance(found, str) and _KEY.fullmatch(found) else key


def _other_maker(key: str, target: Target) -> str | None:
    """The server that made an exported key, in words; None if it is `target`, or not known."""
    url = variable(URL)
    if url is not None:
        return None if place(url) in target.places else f"{URL} ({url})"
    makers = [(name, places) for name, places, own in _known() if _same_maker(key, own)]
    if not makers or any(places & target.places for _, places in makers):
        return None
    return makers[0][0]


def _known() -> Iterator[tuple[str, frozenset[str], str]]:
    """Every server that this machine keeps a key of: its name, its addresses and that key."""
    with contextlib.suppress(AttimoError, OSError):
        home = homes.directory(None)
        if kept := home.credentials():
            yield f"the server of {home.path}", places_of(home), kept.api_key
    with contextlib.suppress(AttimoError, OSError):
        for name, profile in profiles.load().items():
            with contextlib.suppress(Misconfigured):
                yield f"profile {name!r}", frozenset([place(profile.url)]), profile.api_key


def places_of(home: DataDirectory) -> frozenset[str]:
    """The addresses of the server of a data directory."""
    kept, running = home.credentials(), home.running()
    urls = [kept.http, kept.https] if kept else []
    urls += [each.replace("http+insecure", "http") for each in running.listeners] if running else []
    return frozenset(place(url) for url in urls if url)


def _same_maker(key: str, known: str) -> bool:
    """Whether one server made both, as far as they tell: by the key that signed them."""
    return key == known or (signer(key) is not None and signer(key) == signer(known))


def signer(key: str) -> str | None:
    """The `kid` of a JWT (RFC 7515, section 4.1.4); None if there is none."""
    found = _part(key, 0).get("kid")
    return found if isinstance(found, str) else None


def claims(key: str) -> dict[str, Any]:
    """What a JWT says of itself, whoever signed it (section 4); nothing if it is none."""
    return _part(key, 1)


def _part(key: str, at: int) -> dict[str, Any]:
    """One of the JSON objects in a JWT; empty if there is none."""
    try:
        part = key.split(".")[at]
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, LookupError):
        return {}
    return found if isinstance(found, dict) else {}


def _host(name: str) -> str:
    is_here = name == "localhost" or name.endswith(".localhost") or name == "::1"
    return LOOPBACK if is_here or name.startswith("127.") else name.rstrip(".").lower()


def _without_password(url: str) -> str:
    """Return an address without everything before an `@`."""
    scheme, colon, rest = url.partition("://")
    return f"{scheme}{colon}{rest.rpartition('@')[2]}" if colon else url.rpartition("@")[2]
