"""attimo serve: its flags are the declared settings."""

from pathlib import Path
from typing import Any

import click

from attimo import settings
from attimo.cli.command import Command, Option
from attimo.settings.declared import Declaration, declarations, flag, variable

REPEATED = {"listen", "also_endpoint"}
"""Settings that can be given more than once."""

EXAMPLES = [
    "attimo serve",
    "attimo serve --http 127.0.0.1:0 --https off --memory 256MiB --local",
]

_CONFIG = Option(
    ["--config"],
    type=click.Path(path_type=Path),
    help="Settings file [ATTIMO_CONFIG; attimo.toml here or in ~/.config/attimo].",
)
_REPLACE = Option(
    ["--replace"],
    is_flag=True,
    help="Replace the server running on the data directory, without downtime for clients.",
)


def _serve(config: Path | None, replace: bool, **flags: Any) -> None:
    given = {name: list(value) if name in REPEATED else value for name, value in flags.items()}
    chosen = settings.load(given | {"config": str(config) if config else None})
    from attimo.serve import server

    server.serve(chosen, replaces=replace)


def _option(name: str, declared: Declaration) -> Option:
    """A setting as an optional flag."""
    default = "off" if declared.default is False else declared.default
    return Option(
        _names(name, declared),
        default=None,
        multiple=name in REPEATED,
        type=bool if isinstance(declared.default, bool) else str,
        help=f"{declared.help} [{variable(name)}; {default}]",
        hidden=declared.hidden,
    )


def _names(name: str, declared: Declaration) -> list[str]:
    """A switch has a second flag, which sets it to false."""
    both = f"/--no-{flag(name)[2:]}" if isinstance(declared.default, bool) else ""
    return [name, flag(name) + both]


serve = Command(
    "serve",
    callback=_serve,
    examples=EXAMPLES,
    params=[_CONFIG, _REPLACE, *(_option(*each) for each in declarations().items())],
    help="Run a server until SIGTERM or Ctrl-C. The first start creates everything it needs.",
)
