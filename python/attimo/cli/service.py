"""attimo service: a server that systemd starts with the system, or with one user's session."""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attimo import files, places
from attimo.cli import exits
from attimo.cli.command import Group, command
from attimo.cli.options import option
from attimo.cli.sentences import noting
from attimo.cli.shapes import Answer, Column, Done, Record, View
from attimo.errors import Misconfigured, NotFound
from attimo.serve import units

if TYPE_CHECKING:
    from attimo.settings import Settings

READABLE = 0o644
NAMES = (units.SOCKET, units.SERVICE)

group = Group("service", help="Run the server under systemd.")
scope_option = option(
    "--user/--system",
    "user",
    default=None,
    help="A service of your own, or of the system. Default: of the system if you are root.",
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a service belongs, and where its files are."""

    user: bool
    folder: Path
    config: Path
    data: Path

    def systemctl(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run systemctl.

        Raises:
            Misconfigured: systemd does not run here.
        """
        place = Path(os.environ.get("XDG_RUNTIME_DIR", "/")) if self.user else Path("/run")
        program = shutil.which("systemctl")
        if program is None or not (place / "systemd").is_dir():
            whose = "for this user" if self.user else "on this machine"
            raise Misconfigured(
                f"systemd does not run {whose}. `attimo service install --print` prints the units, "
                "and `attimo serve` runs a server without it"
            )
        return subprocess.run(  # noqa: S603 (its own words)
            [program, *(["--user"] if self.user else []), *words],
            capture_output=True,
            text=True,
            check=False,
        )

    def must(self, *words: str) -> None:
        """Run systemctl.

        Raises:
            Misconfigured: It failed.
        """
        done = self.systemctl(*words)
        if done.returncode != 0:
            raise Misconfigured(f"systemctl {' '.join(words)} failed: {done.stderr.strip()}")


def _scope(user: bool | None) -> Scope:
    """The scope that is meant; the system's for root."""
    if not (os.geteuid() != 0 if user is None else user):
        return Scope(False, units.SYSTEM_UNITS, units.SYSTEM_CONFIG, units.SYSTEM_DATA)
    config = places.xdg(os.environ, "XDG_CONFIG_HOME", ".config", "--system")
    data = places.xdg(os.environ, "XDG_DATA_HOME", ".local/share", "--system")
    own = config / "attimo" / "attimo.toml"
    return Scope(True, config / "systemd" / "user", own, data / "attimo")


class _Installed(Done):
    """What was written, or the units themselves."""

    def text(self, answer: Any, view: View) -> None:
        """Print it."""
        if not answer["printed"]:
            super().text(answer, view)
            return
        for name, text in answer["units"].items():
            print(f"# {name}\n{text}", end="\n" if name != NAMES[-1] else "")


def _sentence(answer: Any) -> str:
    next_step = "It runs." if answer["started"] else answer["next"]
    return f"Wrote {', '.join(answer['files'])}; settings are in {answer['config']}. {next_step}"


@command(
    group,
    shape=_Installed(
        _sentence,
        Column("units", "data"),
        Column("files", "data"),
        Column("config"),
        Column("started", "flag"),
    ),
    examples=["attimo service install --print", "attimo service install --user --print"],
)
@scope_option
@option("--print", "printed", is_flag=True, help="Print the units, and change nothing.")
def install(user: bool | None, printed: bool) -> dict[str, Any]:
    """Write a service and its addresses for systemd, from a settings file, and start it.

    The settings are in /etc/attimo/attimo.toml, or ~/.config/attimo/attimo.toml with --user. If
    there is no such file, one is written. After a change of listeners, install again.
    """
    scope = _scope(user)
    if not printed:
        scope.systemctl("--version")
        _write_starter(scope)
    made = units.units(_settings(scope), _program(), scope.config, user=scope.user)
    told = {"units": made, "files": [], "config": str(scope.config), "started": False}
    told |= {"printed": printed}
    return told if printed else told | _installed(scope, made)


@command(
    group,
    shape=Done(
        "Removed the service. Its data is still in {data_dir}, its settings in {config}.",
        Column("data_dir"),
        Column("config"),
    ),
    examples=["attimo service uninstall", "attimo service uninstall --user"],
)
@scope_option
def uninstall(user: bool | None) -> dict[str, str]:
    """Stop the service and remove its units. Data and settings stay."""
    scope = _scope(user)
    _check_installed(scope)
    scope.must("disable", "--now", *NAMES)
    with noting(lambda _: "The service is stopped, and does not start by itself any more"):
        for name in NAMES:
            (scope.folder / name).unlink(missing_ok=True)
        scope.must("daemon-reload")
    return {"data_dir": str(scope.data), "config": str(scope.config)}


@command(
    group,
    shape=Record(
        Column("state"),
        Column("at_start", "flag", title="Starts by itself"),
        Column("pid", "number", title="PID", none="-"),
        Column("data_dir"),
        Column("config", title="Settings"),
    ),
    examples=["attimo service status", "attimo service status --json"],
)
@scope_option
def status(user: bool | None) -> Answer:
    """Show whether the service runs. The exit status is 6 if it does not."""
    scope = _scope(user)
    _check_installed(scope)
    wanted = ("ActiveState", "UnitFileState", "MainPID")
    shown = scope.systemctl("show", units.SERVICE, f"--property={','.join(wanted)}").stdout
    found = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    data = {
        "state": found.get("ActiveState", "unknown"),
        "at_start": found.get("UnitFileState") == "enabled",
        "pid": int(found.get("MainPID", "0")) or None,
        "data_dir": str(scope.data),
        "config": str(scope.config),
    }
    return Answer(data, exits.OK if data["state"] == "active" else exits.FAILED)


def _check_installed(scope: Scope) -> None:
    """Check that there is a service.

    Raises:
        NotFound: There is none.
        Misconfigured: systemd does not run here.
    """
    scope.systemctl("--version")
    if not (scope.folder / units.SERVICE).exists():
        raise NotFound(f"There is no service in {scope.folder}. Install it: attimo service install")


def _installed(scope: Scope, made: dict[str, str]) -> dict[str, Any]:
    """Write the units, and start them unless they run: during a restart, clients wait."""
    scope.folder.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        files.write(scope.folder / name, text, READABLE)
    with noting(lambda _: f"The units are in {scope.folder}; run this again, or `uninstall`"):
        scope.must("daemon-reload")
        scope.must("enable", *NAMES)
        runs = scope.systemctl("is-active", "--quiet", units.SERVICE).returncode == 0
        if not runs:
            scope.must("start", *NAMES)
    program = "systemctl --user" if scope.user else "systemctl"
    both = " ".join(NAMES)
    return {
        "files": [str(scope.folder / name) for name in made],
        "started": not runs,
        "next": f"It runs as before until you restart it: {program} stop {both} && "
        f"{program} start {both}",
    }


def _write_starter(scope: Scope) -> None:
    if not scope.config.exists():
        scope.config.parent.mkdir(parents=True, exist_ok=True)
        files.write(scope.config, units.STARTER)


def _settings(scope: Scope) -> "Settings":
    """The settings of the service, as it will read them: without this shell's variables."""
    from attimo import settings

    with tempfile.TemporaryDirectory() as room:
        config = scope.config
        if not config.exists():
            config = Path(room) / config.name
            config.write_text(units.STARTER)
        flags = {"config": str(config), "data_dir": str(scope.data)}
        return settings.load(flags, {}, Path(room))


def _program() -> Path:
    """The program `attimo` of this environment.

    Raises:
        Misconfigured: There is none.
    """
    found = Path(sys.executable).parent / "attimo"
    if not found.exists():
        raise Misconfigured(f"There is no {found}: install Attimo in an environment of its own")
    return found
