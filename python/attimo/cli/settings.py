"""attimo settings: every setting, its value, and where it comes from."""

from dataclasses import asdict

from attimo import settings as all_settings
from attimo.cli.output import Json, print_json, print_table
from attimo.cli.serving import ConfigFile
from attimo.cli.target import DataDir


def settings(data_dir: DataDir = None, config: ConfigFile = None, as_json: Json = False) -> None:
    """List every setting, its value, and where it comes from."""
    flags = {"data_dir": data_dir, "config": config}
    shown = all_settings.load(
        {name: str(value) for name, value in flags.items() if value is not None}
    ).shown()
    if as_json:
        print_json([asdict(each) for each in shown])
    else:
        rows = [(each.name, each.value, each.origin, each.help) for each in shown]
        print_table(["Setting", "Value", "From", "Description"], rows)
