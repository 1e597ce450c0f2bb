"""attimo settings: every setting, its value, and where it comes from."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from attimo.cli import homes
from attimo.cli.command import command
from attimo.cli.options import config_option, option
from attimo.cli.shapes import Column, Listing
from attimo.cli.target import data_dir_option
from attimo.errors import FailedPrecondition, Unreachable


@command(
    shape=Listing(
        Column("name", title="Setting"),
        Column("value"),
        Column("origin", title="From"),
        Column("help", "prose", "Description"),
    ),
    examples=["attimo settings", "attimo settings --running --json"],
)
@option("--running", is_flag=True, help="Those of the server that runs on this machine.")
@data_dir_option
@config_option
def settings(running: bool, data_dir: Path | None, config: Path | None) -> list[dict[str, Any]]:
    """List every setting, its value, and where it comes from.

    They are those that `attimo serve` would start with here; with --running, those of the server
    that runs.
    """
    if running:
        if config is not None:
            raise click.UsageError("pass --running or --config, not both")
        return _running(data_dir)
    from attimo import settings as all_settings

    flags = {"data_dir": data_dir, "config": config}
    given = {name: str(value) for name, value in flags.items() if value is not None}
    return [asdict(each) for each in all_settings.load(given).shown()]


def _running(data_dir: Path | None) -> list[dict[str, Any]]:
    """What the running server wrote about itself."""
    from attimo.settings.declared import declarations

    home = homes.directory(data_dir)
    found = home.running()
    if found is None:
        raise Unreachable(f"No server is running on {home.path}. Start one with `attimo serve`")
    if not found.settings:
        raise FailedPrecondition(
            "The running server is of a version that does not tell its settings"
        )
    known = declarations()
    return [
        {"name": name, "value": value, "origin": origin, "help": known[name].help}
        for name, (value, origin) in found.settings.items()
        if name in known
    ]
