"""attimo serve: its flags are the declared settings."""

import inspect
from pathlib import Path
from typing import Annotated, Any

import typer

from attimo import settings
from attimo.settings.declared import Declaration, declarations, flag, variable

REPEATED = {"listen"}
"""Settings that can be given more than once."""


ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="Settings file [ATTIMO_CONFIG; attimo.toml here or in ~/.config/attimo].",
    ),
]

Replace = Annotated[
    bool,
    typer.Option(
        "--replace",
        help="Replace the server running on the data directory, without downtime for clients.",
    ),
]


def serve(config: ConfigFile = None, replace: Replace = False, **flags: Any) -> None:
    """Run a server until SIGTERM or Ctrl-C. The first start creates everything it needs."""
    chosen = settings.load(flags | {"config": str(config) if config else None})
    from attimo.serve import server

    server.serve(chosen, replaces=replace)


def _parameter(name: str, declared: Declaration) -> inspect.Parameter:
    """A setting as an optional flag."""
    kind: Any = bool if isinstance(declared.default, bool) else str
    kind = list[str] if name in REPEATED else kind
    default = "off" if declared.default is False else declared.default
    option = typer.Option(
        flag(name),
        help=f"{declared.help} [{variable(name)}; {default}]",
        show_default=False,
        hidden=declared.hidden,
    )
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, option],
    )


def _give_flags() -> None:
    """Let Typer see a parameter for every setting."""
    parameters = inspect.signature(serve).parameters
    own = [parameters["config"], parameters["replace"]]
    flags = [_parameter(name, declared) for name, declared in declarations().items()]
    every = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own] + flags
    serve.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
    serve.__annotations__ = {each.name: each.annotation for each in every}


_give_flags()
