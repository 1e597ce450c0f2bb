"""Servers that a person has named, in `$XDG_CONFIG_HOME/attimo/profiles.toml` (mode 600)."""

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from urllib.parse import quote

from attimo import files, places
from attimo.cli.sentences import joined
from attimo.errors import InvalidArgument, Misconfigured, NotFound

TIMEOUT_SECONDS = 30
"""How long a command waits for a server."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How to reach a server.

    Attributes:
        url: Its address, such as `https://cache.example.com:8443`.
        api_key: The API key to send it.
        ca: A file with the certificates to trust; None is what the system trusts.
        cache: The cache that commands use when none is named.
        address: Where to connect, as IP address and port; None is what the name in `url` leads to.
        key_id: The id of a key that `attimo login` created, which `attimo logout` revokes.
    """

    url: str
    api_key: str = field(repr=False)
    ca: str | None = None
    cache: str | None = None
    address: str | None = None
    key_id: str | None = None


def path() -> Path:
    """Where profiles are kept.

    Raises:
        Misconfigured: There is no home directory.
    """
    home = places.xdg(os.environ, "XDG_CONFIG_HOME", ".config", "HOME")
    return home / "attimo" / "profiles.toml"


def root_path(name: str) -> Path:
    """Where the root certificate of a profile's server is kept, if `attimo login` got it."""
    return path().parent / "certificates" / f"{quote(name, safe='')}.pem"


def load() -> dict[str, Profile]:
    """Every profile by its name.

    Raises:
        Misconfigured: The file is not what this module writes.
    """
    import tomllib

    try:
        text = files.read(path())
        return {name: _profile(name, entry) for name, entry in tomllib.loads(text or "").items()}
    except OSError as error:
        raise Misconfigured(f"{path()} cannot be read: {error.strerror}") from error
    except ValueError as error:
        said = joined(f"{path()} cannot be read: {error}", "Fix or move the file")
        raise Misconfigured(said) from error


def _profile(name: str, entry: object) -> Profile:
    """One table of the file. The message of an error names fields, and no values."""
    known = {each.name for each in fields(Profile)}
    if not isinstance(entry, dict) or not {"url", "api_key"} <= entry.keys() <= known:
        raise ValueError(
            f"{name!r} must be a table with url and api_key, and optionally ca and cache"
        )
    for each, value in entry.items():
        if not isinstance(value, str):
            raise ValueError(f"{each} of {name!r} must be a quoted string")
    return Profile(**entry)


def get(name: str) -> Profile:
    """One profile.

    Raises:
        NotFound: There is no such profile.
    """
    known = load()
    if name not in known:
        names = ", ".join(known) or "none yet; create one with `attimo profile add`"
        raise NotFound(f"There is no profile {name!r} (profiles: {names})")
    return known[name]


def put(name: str, profile: Profile) -> None:
    """Create or replace a profile.

    Raises:
        Misconfigured: The profiles cannot be read or written.
        InvalidArgument: A name or a value is not text.
    """
    save(load() | {name: profile})


def remove(name: str) -> None:
    """Delete a profile, and the root certificate that was kept for it.

    Raises:
        NotFound: There is no such profile.
        Misconfigured: The profiles cannot be read or written.
    """
    get(name)
    known = load()
    removed = known.pop(name)
    save(known)
    if removed.ca == str(root_path(name)):
        root_path(name).unlink(missing_ok=True)


def save(profiles: dict[str, Profile]) -> None:
    """Write all profiles, for their owner only.

    Raises:
        Misconfigured: They cannot be written.
        InvalidArgument: A name or a value is not text.
    """
    text = "\n".join(_table(name, entry) for name, entry in profiles.items())
    try:
        path().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.write(path(), text)
    except UnicodeEncodeError as error:
        raise InvalidArgument(
            "A profile's name, address and cache must be text in UTF-8"
        ) from error
    except OSError as error:
        raise Misconfigured(f"{path()} cannot be written: {error.strerror}") from error


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
    # JSON lets DEL stand as it is, and TOML does not.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
