"""Where a user's files are: the home directory, and the directories of the XDG specification.

A service may have neither HOME nor a name for its user id (systemd's DynamicUser, `runAsUser`,
`env -i`): then there is no home directory, and only what needs one fails.
"""

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

from attimo.errors import Misconfigured


def home() -> Path | None:
    """The home directory: $HOME if it is an absolute path, else that of the user id, else None."""
    if (found := os.environ.get("HOME", "")).startswith("/"):
        return Path(found)
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return None


def xdg(environ: Mapping[str, str], name: str, otherwise: str, remedy: str) -> Path:
    """A directory of the XDG specification, which has relative ones ignored.

    Args:
        environ: The environment.
        name: The variable, such as XDG_DATA_HOME.
        otherwise: Its place in the home directory.
        remedy: What to say where there is no home directory, beside the variable.

    Raises:
        Misconfigured: The variable names none, and there is no home directory.
    """
    if (found := environ.get(name, "")).startswith("/"):
        return Path(found)
    return _home(f"{remedy} or {name}") / otherwise


def expanded(text: str) -> Path:
    """A path as it is written, made absolute; `~` is the home directory.

    Raises:
        ValueError: It is no path.
        Misconfigured: It begins where there is nothing: at no home, or in a directory that is gone.
    """
    if not text or "\0" in text:
        raise ValueError(text)
    if text == "~" or text.startswith("~/"):
        return _home("a path that begins with /") / text[2:]
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise Misconfigured(f"{text!r} is in no home directory: there is no such user") from error
    except FileNotFoundError as error:
        raise Misconfigured(
            f"the working directory is gone, so {text!r} leads nowhere: begin the path with /"
        ) from error


def working_directory() -> Path | None:
    """The working directory; None if it was deleted."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def _home(remedy: str) -> Path:
    found = home()
    if found is None:
        raise Misconfigured(
            f"there is no home directory (HOME is not set to an absolute path, and user id "
            f"{os.getuid()} has no name): say {remedy}"
        )
    return found
