"""attimo completion: scripts that complete commands and names at a tab."""

from typing import Any

import click

from attimo.cli.command import command
from attimo.cli.options import argument
from attimo.cli.shapes import Column, Shape, View

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_ATTIMO_COMPLETE"


class _Script(Shape):
    """The script alone."""

    def text(self, answer: Any, view: View) -> None:
        """Print it."""
        print(answer["script"])


@command(
    shape=_Script(Column("shell"), Column("script")),
    examples=['eval "$(attimo completion bash)"', "attimo completion fish"],
)
@argument("shell", "The shell.", type=click.Choice(SHELLS))
def completion(shell: str) -> dict[str, str]:
    """Print the script that completes commands, caches, roles, keys and profiles in a shell.

    For every new shell, put it where the shell looks: bash: `eval "$(attimo completion bash)"` in
    ~/.bashrc; zsh: the same with zsh in ~/.zshrc, after compinit; fish: its output in
    ~/.config/fish/completions/attimo.fish.
    """
    from click.shell_completion import BashComplete, FishComplete, ZshComplete

    from attimo.cli.commands import app

    kinds = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
    return {"shell": shell, "script": kinds[shell](app, {}, "attimo", VARIABLE).source()}
