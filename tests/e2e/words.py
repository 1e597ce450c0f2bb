"""Commands of the program as tests call them: in this process, with arguments that make sense."""

from typing import Any

import click

from attimo.cli.command import Command, walk
from attimo.cli.commands import app

SANE = {
    "ttl": "1h",
    "since": "1h",
    "until": "30m",
    "allowed": "read:x",
    "amount": "1",
    "by": "cache",
    "shell": "bash",
    "watch": "1",
    "new": "1h",
}

MORE = {
    "set": ["k", "v"],
    "topic publish": ["news"],
    "role create": ["--allow=read:x"],
    "role update": ["--allow=read:x"],
    "token create": ["--allow=read:x"],
}
"""What commands need that is no argument for all their uses."""

NOT_HERE = {("serve",), ("help",), ("completion",), ("login",), ("logout",)}
"""A server does not end, a login needs a person, and the others take words of their own."""

OF_MACHINE = "service"
"""What its commands change is the machine's; `test_service.py` types them, with a stand-in."""

COMMANDS = {
    path: command
    for path, command in walk(app)
    if path not in NOT_HERE and path[0] != OF_MACHINE and isinstance(command, Command)
}
OTHERWISE = {("profile", "add"), ("doctor",), ("cache", "import")}
"""What asks no server, or reads a file first, or has an answer where a server gives none."""

OF_SERVERS = {
    path: each
    for path, each in COMMANDS.items()
    if any(o.name == "api_key" for o in each.params) and path not in OTHERWISE
}
_CHOOSE = {("usage",), ("webhook", "list")}
"""Commands whose --cache chooses what is listed: nothing of a cache that does not exist."""
OF_CACHES = {
    path: each
    for path, each in OF_SERVERS.items()
    if path not in _CHOOSE
    and any(o.name == "cache" and isinstance(o, click.Option) for o in each.params)
}


def typed(command: click.Command, odd: Any = None, word: str = "") -> list[str]:
    """The words for a command: a sane one for each argument that it must have, and an odd one."""
    options: list[str] = []
    arguments: list[str] = []
    for each in command.params:
        said = word if each is odd else SANE.get(str(each.name), "1")
        if isinstance(each, click.Argument):
            arguments += [said] if each.required or each is odd else []
        elif each is odd or each.required:
            options += [f"{each.opts[0]}={said}"]
    return [*options, "--", *arguments]


def called(path: tuple[str, ...], *more: str) -> list[str]:
    """A command with arguments that make sense."""
    return [*path, *more, *MORE.get(" ".join(path), ()), *typed(COMMANDS[path])]
