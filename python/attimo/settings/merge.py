"""Load the settings: a flag wins over ATTIMO_*, that over attimo.toml, that over the default.

They are merged once, and each value keeps its origin. An unknown name is an error, since a typo
would otherwise be ignored silently.

This uses tomllib and a dataclass, since importing pydantic-settings takes 0.2 s and 25 MB: a fifth
of the start-up time, and a quarter of the memory at rest, that a server is allowed.
"""

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attimo import files, places
from attimo.errors import InvalidSetting, Misconfigured, UnknownSetting
from attimo.settings.declared import (
    OTHER_VARIABLES,
    PREFIX,
    Settings,
    declarations,
    flag,
    variable,
)
from attimo.settings.together import check
from attimo.settings.values import Raw

MOST_BYTES = 2**20
"""Of a file with settings."""

_HARMLESS = re.compile(r"[a-z]+://[\w.-]*")
"""An address without room for a password."""


@dataclass(frozen=True, slots=True)
class Said:
    """The value of a setting as it was written, and where."""

    value: Raw
    origin: str
    label: str


def load(
    flags: Mapping[str, Raw | None] | None = None,
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Settings:
    """Merge all sources of settings.

    Args:
        flags: By name; None for a flag that was not given. `config` names the file.
        environ: The environment; the process's by default.
        directory: Where `attimo.toml` is searched first; the working directory by default.

    Raises:
        UnknownSetting: A name in the file or after ATTIMO_ is not a setting.
        InvalidSetting: A value is not allowed.
        Misconfigured: The file cannot be read, or settings contradict each other.
    """
    environ = os.environ if environ is None else environ
    given = {name: value for name, value in (flags or {}).items() if value not in (None, [])}
    file = _file(given.pop("config", None), environ, directory or places.working_directory())
    chosen = _of_file(file) | _of_environment(environ) | _of_flags(given)
    said = _defaults(environ, chosen) | chosen
    values = {name: _read(name, one) for name, one in said.items()}
    found = Settings(
        **values,
        origins={name: one.origin for name, one in said.items()},
    )
    check(found, {name: one.label for name, one in said.items()})
    return found


def _defaults(environ: Mapping[str, str], chosen: Mapping[str, Said]) -> dict[str, Said]:
    """The defaults; with --listen, there is no other listener by default."""
    off = {"http", "https"} if "listen" in chosen else set[str]()
    return {
        name: Said("off" if name in off else _expand(found.default, environ), "default", name)
        for name, found in declarations().items()
        if name not in chosen
    }


def _of_file(file: Path | None) -> dict[str, Said]:
    if file is None:
        return {}
    try:
        content = tomllib.loads(_text(file))
    except OSError as error:
        raise Misconfigured(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise Misconfigured(f"{file} is not TOML: {error}") from error
    _refuse_unknown(content, declarations(), f" in {file}")
    return {name: Said(value, str(file), f"{name} in {file}") for name, value in content.items()}


def _text(file: Path) -> str:
    """Return the text of a file, which may be a pipe, or a device without an end.

    Raises:
        OSError: It cannot be read.
        ValueError: It is not text, is too long, or is a pipe into which nobody writes.
    """
    with open(file, "rb", opener=files.opener) as opened:
        content = opened.read(MOST_BYTES + 1)
        if not content and stat.S_ISFIFO(os.fstat(opened.fileno()).st_mode):
            raise ValueError("it is a pipe, and nobody writes into it")
    if len(content) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
    return content.decode(files.TEXT)


def _of_environment(environ: Mapping[str, str]) -> dict[str, Said]:
    known = {variable(name): name for name in declarations()}
    ours = {name for name in environ if name.startswith(PREFIX)} - OTHER_VARIABLES
    _refuse_unknown(sorted(ours), known, "")
    return {known[name]: Said(environ[name], name, name) for name in ours}


def _of_flags(flags: Mapping[str, Raw]) -> dict[str, Said]:
    _refuse_unknown(flags, declarations(), "")
    given = {name: ",".join(raw) if isinstance(raw, list) else raw for name, raw in flags.items()}
    return {name: Said(value, flag(name), flag(name)) for name, value in given.items()}


def _refuse_unknown(names: Iterable[str], known: Iterable[str], place: str) -> None:
    known = list(known)
    for name in names:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0)
            raise UnknownSetting(name + place, nearest[0] if nearest else None)


def _read(name: str, said: Said) -> Any:
    kind = declarations()[name].kind
    try:
        return kind.read(said.value)
    except (ValueError, KeyError, TypeError, OverflowError):
        shown = None if kind.secret and not _HARMLESS.fullmatch(str(said.value)) else said.value
        raise InvalidSetting(said.label, shown, kind.allowed) from None


def _file(config: Raw | None, environ: Mapping[str, str], directory: Path | None) -> Path | None:
    """Return the file: the named one, otherwise the first that exists, if any."""
    named = config or environ.get("ATTIMO_CONFIG")
    if named:
        try:
            return places.expanded(str(named))
        except ValueError:
            raise InvalidSetting("config", named, "a path of a file") from None
    return places.settings_file(environ, directory)


def _expand(default: Raw, environ: Mapping[str, str]) -> Raw:
    if isinstance(default, str) and "$XDG_DATA_HOME" in default:
        home = places.xdg(environ, "XDG_DATA_HOME", ".local/share", "--data-dir, ATTIMO_DATA_DIR")
        return default.replace("$XDG_DATA_HOME", str(home))
    return default
