"""Servers that a person has named, in `$XDG_CONFIG_HOME/attimo/profiles.toml` (mode 600)."""

import json
import os
import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path

from attimo import files
from attimo.errors import Misconfigured, NotFound


@dataclass(frozen=True, slots=True)
class Profile:
    """How to reach a server.

    Attributes:
        url: Its address, such as `https://cache.example.com:8443`.
        api_key: The key to show it.
        ca: A file with the certificates to trust; None is what the system trusts.
        cache: The cache that commands use when none is named.
        address: Where to connect, as IP address and port; None is what the name in `url` leads to.
    """

    url: str
    api_key: str = field(repr=False)
    ca: str | None = None
    cache: str | None = None
    address: str | None = None


def path() -> Path:
    """Where profiles are kept."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "attimo" / "profiles.toml"


def load() -> dict[str, Profile]:
    """Every profile by its name.

    Raises:
        Misconfigured: The file is not what this module writes.
    """
    text = files.read(path())
    try:
        return {name: Profile(**entry) for name, entry in tomllib.loads(text or "").items()}
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise Misconfigured(f"{path()} cannot be read: {error}") from error


def get(name: str) -> Profile:
    """One profile.

    Raises:
        NotFound: There is none of that name.
    """
    known = load()
    if name not in known:
        names = ", ".join(known) or "none yet; make one with `attimo profile add`"
        raise NotFound(f"there is no profile {name!r} ({names})")
    return known[name]


def save(profiles: dict[str, Profile]) -> None:
    """Write all profiles, for their owner only."""
    path().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.write(path(), "\n".join(_table(name, entry) for name, entry in profiles.items()))


def _table(name: str, profile: Profile) -> str:
    """One profile as TOML; its strings are written as JSON writes them."""
    lines = [f"[{_quoted(name)}]"]
    lines += [
        f"{field} = {_quoted(value)}"
        for field, value in asdict(profile).items()
        if value is not None
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
