"""attimo settings: every setting, its value, and where it comes from."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from attimo.cli.command import command
from attimo.cli.options import config_option
from attimo.cli.shapes import Column, Listing
from attimo.cli.target import data_dir_option


@command(
    shape=Listing(
        Column("name", title="Setting"),
        Column("value"),
        Column("origin", title="From"),
        Column("help", "prose", "Description"),
    ),
    examples=["attimo settings", "attimo settings --json"],
)
@data_dir_option
@config_option
def settings(data_dir: Path | None, config: Path | None) -> list[dict[str, Any]]:
    """List every setting, its value, and where it comes from."""
    from attimo import settings as all_settings

    flags = {"data_dir": data_dir, "config": config}
    given = {name: str(value) for name, value in flags.items() if value is not None}
    return [asdict(each) for each in all_settings.load(given).shown()]
