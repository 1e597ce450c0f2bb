"""The program `attimo` without its commands."""

import typer


def new() -> typer.Typer:
    """A program to which commands can be added."""
    program = typer.Typer(
        name="attimo",
        help="An open, self-hosted serverless cache. Start a server with: attimo serve",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    # Else a single command would be the program itself.
    program.callback()(lambda: None)
    return program
