"""A user's directories: the home directory, and those of the XDG specification.

A service may have neither HOME nor a name for its user ID (systemd's DynamicUser, `runAsUser`,
`env -i`). Then there is no home directory, and only what needs one fails.
"""

import contextlib
import os
import pwd
from collections.abc import Mapping
from pathlib import Path

from attimo.errors import Misconfigured

SETTINGS = "attimo.toml"


def home() -> Path | None:
    """Return the home directory: $HOME if it is an absolute path, else the user ID's, else None."""
    if (found := os.environ.get("HOME", "")).startswith("/"):
        return Path(found)
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return None


def xdg(environ: Mapping[str, str], name: str, otherwise: str, remedy: str) -> Path:
    """Return a directory of the XDG specification, in which relative paths are ignored.

    Args:
        environ: The environment.
        name: The variable, such as XDG_DATA_HOME.
        otherwise: Its path in the home directory.
        remedy: What else the operator can set if there is no home directory.

    Raises:
        Misconfigured: The variable is not set, and there is no home directory.
    """
    if (found := environ.get(name, "")).startswith("/"):
        return Path(found)
    return _home(f"{remedy} or {name}") / otherwise


def expanded(text: str) -> Path:
    """Make a path absolute; `~` is the home directory.

    Raises:
        ValueError: It is not a path.
        Misconfigured: There is no home directory or working directory to start from.
    """
    if not text or "\0" in text:
        raise ValueError(text)
    if text == "~" or text.startswith("~/"):
        return _home("a path that begins with /") / text[2:]
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise Misconfigured(f"{text!r} names the home directory of an unknown user") from error
    except FileNotFoundError as error:
        raise Misconfigured(
            f"the working directory was deleted, so {text!r} cannot be found: begin the path with /"
        ) from error


def working_directory() -> Path | None:
    """Return the working directory; None if it was deleted."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def settings_file(environ: Mapping[str, str], directory: Path | None) -> Path | None:
    """Return the file with settings that counts where none is named; None if there is none.

    Args:
        environ: The environment.
        directory: Where it is searched first.
    """
    known = [directory / SETTINGS] if directory else []
    with contextlib.suppress(Misconfigured):
        known.append(xdg(environ, "XDG_CONFIG_HOME", ".config", "") / "attimo" / SETTINGS)
    return next((file for file in known if _is_there(file)), None)


def _is_there(file: Path) -> bool:
    """Whether a file exists; one in an unreadable directory does not."""
    try:
        return file.exists()
    except OSError:
        return False


def _home(remedy: str) -> Path:
    found = home()
    if found is None:
        raise Misconfigured(
            f"there is no home directory (HOME is not set to an absolute path, and user id "
            f"{os.getuid()} has no name): set {remedy}"
        )
    return found
