"""The program `attimo`: which commands it has, and how it ends when one fails."""

import sys
from collections.abc import Sequence

import typer

from attimo.cli import output, program
from attimo.errors import AttimoError


def main() -> None:
    """Run the command that was typed; a failure is one line, and exit status 1."""
    output.take_any_text()
    try:
        commands(sys.argv[1:])()
    except (AttimoError, OSError) as error:
        print("attimo:", " ".join(str(error).split()), file=sys.stderr)
        raise SystemExit(1) from None


def commands(words: Sequence[str]) -> typer.Typer:
    """The program with every command; with `serve` alone where that is what was typed.

    A server keeps what was imported once, and has no use for the others.
    """
    if words[:1] == ["serve"]:
        from attimo.cli import serving

        alone = program.new()
        alone.command("serve")(serving.serve)
        return alone
    from attimo.cli.commands import app

    return app
