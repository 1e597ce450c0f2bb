"""Write the reference pages that follow from the program itself: commands and settings.

`python docs/generate.py` writes them; a test compares them with what this would write.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from attimo.cli.main import app
from attimo.settings.declared import declarations, flag, variable

REFERENCE = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py from the program; do not edit. -->"


def pages() -> dict[Path, str]:
    """Every generated page, by its path."""
    return {
        REFERENCE / "cli.md": _text(_commands()),
        REFERENCE / "settings.md": _text(_settings()),
    }


def _text(lines: Iterator[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"


def _settings() -> Iterator[str]:
    yield from ("# Settings", "", NOTE, "")
    yield "A flag wins over a variable, that over `attimo.toml`, that over the default. The file is"
    yield "looked for in the working directory, then in `~/.config/attimo/`; `--config` or"
    yield "`ATTIMO_CONFIG` names another. `attimo settings` prints what is in force and why. A name"
    yield "that is no setting is an error."
    yield ""
    yield "| flag | variable | in attimo.toml | default | what it is | allowed |"
    yield "|---|---|---|---|---|---|"
    for name, declared in declarations().items():
        default = str(declared.default).lower() if declared.default is False else declared.default
        yield (
            f"| `{flag(name)}` | `{variable(name)}` | `{name}` | `{default}` "
            f"| {declared.help} | {declared.kind.allowed} |"
        )


def _commands() -> Iterator[str]:
    yield from ("# Commands", "", NOTE, "")
    yield "`attimo COMMAND --help` prints the same. A failure is one line on standard error and"
    yield "exit status 1; so is a miss, without the line. A mistake in what was typed is status 2."
    yield ""
    yield from _command(get_command(app), "attimo")


def _command(command: Any, name: str) -> Iterator[str]:
    below = getattr(command, "commands", None)
    if below:
        for word, each in below.items():
            yield from _command(each, f"{name} {word}")
        return
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    words = " ".join(
        each.name.upper() if each.required else f"[{each.name.upper()}]" for each in arguments
    )
    yield from (f"## {name}", "", command.help.strip(), "")
    yield from ("```", f"{name} [OPTIONS] {words}".rstrip(), "```", "")
    rows = [(each.name.upper(), each.help) for each in arguments]
    rows += [(", ".join(each.opts), _help(each)) for each in options]
    if rows:
        yield from ("| word | what it is |", "|---|---|")
        yield from (f"| `{word}` | {text} |" for word, text in rows)
        yield ""


def _help(option: Any) -> str:
    default = option.default if option.show_default and isinstance(option.default, int) else False
    shown = "" if default is False else f" Default: {default}."
    return (option.help or "") + shown


if __name__ == "__main__":
    for page, text in pages().items():
        page.parent.mkdir(exist_ok=True)
        page.write_text(text)
        print(f"wrote {page.relative_to(REFERENCE.parents[1])}")
