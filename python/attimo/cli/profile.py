"""attimo profile: names for servers elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from attimo.cli import keys, profiles
from attimo.cli.keys import Target
from attimo.cli.output import Json, print_json, print_table
from attimo.cli.profiles import Profile

app = typer.Typer(help="Names for servers, to be used with --profile.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The profile.")]


@app.command()
def add(
    name: Name,
    url: Annotated[str, typer.Option(help="Such as https://cache.example.com:8443.")],
    api_key: Annotated[
        str | None,
        typer.Option(help="The key [ATTIMO_TOKEN]; asked for if neither says it."),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(help="A file with the certificates to trust.", exists=True, dir_okay=False),
    ] = None,
    cache: Annotated[str | None, typer.Option(help="The cache to use where none is named.")] = None,
) -> None:
    """Name a server, or change what a name stands for."""
    target = Target(url, frozenset([keys.place(url)]))
    if api_key is None and keys.variable(keys.TOKEN) is None:
        api_key = typer.prompt("API key", hide_input=True)
    known = profiles.load()
    key = keys.choose(target, api_key)
    known[name] = Profile(url, key, str(ca.resolve()) if ca else None, cache)
    profiles.save(known)


@app.command("list")
def list_profiles(as_json: Json = False) -> None:
    """List the profiles, without their keys."""
    known = profiles.load()
    if as_json:
        print_json([{"name": name, "url": entry.url} for name, entry in known.items()])
    else:
        print_table(["Name", "Address"], [(name, entry.url) for name, entry in known.items()])


@app.command()
def remove(name: Name) -> None:
    """Forget a profile."""
    profiles.get(name)
    known = profiles.load()
    del known[name]
    profiles.save(known)
