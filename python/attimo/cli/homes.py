"""The data directory of a server on this machine.

Reading the settings takes as long as a request. Where no file and no variable sets any but the data
directory itself, they are not read.
"""

import contextlib
import os
from pathlib import Path

from attimo import places
from attimo.data_directory import DataDirectory

VARIABLE = "ATTIMO_DATA_DIR"
OF_CLIENTS = {f"ATTIMO_{name}" for name in ("URL", "TOKEN", "CA", "CACHE", "PROFILE")}


def directory(data_dir: Path | None) -> DataDirectory:
    """The data directory that is meant: the one typed, else that of the settings.

    Raises:
        Misconfigured: A setting is wrong, or there is no home directory.
    """
    chosen = os.environ.get(VARIABLE) if data_dir is None else os.fspath(data_dir)
    if _sets_more() or chosen == "":
        return _of_settings(data_dir)
    if chosen is not None:
        with contextlib.suppress(ValueError):  # which the settings say in words
            return DataDirectory(places.expanded(chosen))
        return _of_settings(data_dir)
    home = places.xdg(os.environ, "XDG_DATA_HOME", ".local/share", f"--data-dir, {VARIABLE}")
    return DataDirectory(home / "attimo")


def _sets_more() -> bool:
    """Whether a file or a variable is about settings, or is a mistake to be reported."""
    ours = {name for name in os.environ if name.startswith("ATTIMO_")}
    if ours - OF_CLIENTS - {VARIABLE}:
        return True
    return places.settings_file(os.environ, places.working_directory()) is not None


def _of_settings(data_dir: Path | None) -> DataDirectory:
    from attimo import settings

    flags = {} if data_dir is None else {"data_dir": os.fspath(data_dir)}
    return DataDirectory(settings.load(flags).data_dir)
