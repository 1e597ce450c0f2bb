"""attimo help: the help of a command."""

import click

from attimo.cli.command import command


@command(name="help", examples=["attimo help", "attimo help cache create"])
@click.argument("words", nargs=-1, metavar="[COMMAND]...", help="The command.")
@click.pass_context
def help_(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Show the help of a command: the same as COMMAND --help."""
    at = ctx.find_root()
    found: click.Command = at.command
    for word in words:
        below = found.get_command(at, word) if isinstance(found, click.Group) else None
        if below is None:
            raise click.UsageError(f"No such command: {' '.join(words)}", ctx)
        at = click.Context(below, at, info_name=below.name)
        found = below
    print(found.get_help(at))
